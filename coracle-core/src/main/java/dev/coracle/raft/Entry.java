package dev.coracle.raft;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One entry of the replicated log (§5.3). Immutable; it owns its bytes, and everybody who is shown them only reads.
 *
 * <p>Data and context are absent ({@code null}) or present and possibly empty; the difference is kept on disk and wire.
 * The context is raft-rs's: etcd's dialect has none.
 */
public final class Entry {
    private final long term;
    private final long index;
    private final Kind kind;
    private final byte @Nullable [] data;
    private final int encodedSize;

    /**
     * Type and context behind one reference. All entries of a type that have no context share one: it makes each eight
     * bytes smaller, and a server may hold millions.
     */
    private static final class Kind {
        private static final Kind[] WITHOUT_CONTEXT = new Kind[EntryType.values().length];

        static {
            for (EntryType type : EntryType.values()) {
                WITHOUT_CONTEXT[type.ordinal()] = new Kind(type, null);
            }
        }

        private final EntryType type;
        private final byte @Nullable [] context;

        private Kind(EntryType type, byte @Nullable [] context) {
            this.type = type;
            this.context = context;
        }

        static Kind of(EntryType type, byte @Nullable [] context) {
            return context == null ? WITHOUT_CONTEXT[type.ordinal()] : new Kind(type, context);
        }
    }

    /** Takes ownership of {@code data} and {@code context}. */
    public Entry(long term, long index, EntryType type, byte @Nullable [] data, byte @Nullable [] context) {
        this(term, index, Kind.of(type, context), data);
    }

    private Entry(long term, long index, Kind kind, byte @Nullable [] data) {
        this.term = term;
        this.index = index;
        this.kind = kind;
        this.data = data;
        this.encodedSize = computeSize(term, index, kind, data);
    }

    /** Takes ownership of {@code data}. */
    public Entry(long term, long index, EntryType type, byte @Nullable [] data) {
        this(term, index, type, data, null);
    }

    /** An entry yet without a place in the log, to be proposed. Takes ownership of {@code data}. */
    public static Entry normal(byte @Nullable [] data) {
        return new Entry(0, 0, EntryType.NORMAL, data);
    }

    /** The same content at another place. */
    public Entry at(long newTerm, long newIndex) {
        return new Entry(newTerm, newIndex, kind, data);
    }

    /** The term in which a leader created it. */
    public long term() {
        return term;
    }

    /** Its place in the log, from 1. */
    public long index() {
        return index;
    }

    /** What its data is. */
    public EntryType type() {
        return kind.type;
    }

    /** The data itself, not a copy: read only. */
    public byte @Nullable [] data() {
        return data;
    }

    /** The context itself, not a copy: read only. */
    public byte @Nullable [] context() {
        return kind.context;
    }

    /** The term and index. */
    public EntryId id() {
        return new EntryId(term, index);
    }

    /** The number of bytes of data, the payload size by which proposals and in-flight messages are counted. */
    public int payloadSize() {
        return data == null ? 0 : data.length;
    }

    /** Tells whether it carries no data. */
    public boolean isEmpty() {
        return payloadSize() == 0;
    }

    /**
     * The size in bytes of the protobuf encoding by which messages and Readys are limited: term and index always, the
     * type only of configuration changes, data and context where present. Files and streams may write it differently.
     */
    public int encodedSize() {
        return encodedSize;
    }

    private static int computeSize(long term, long index, Kind kind, byte @Nullable [] data) {
        int size = 2 + varintSize(term) + varintSize(index);
        if (kind.type != EntryType.NORMAL) {
            size += 2;
        }
        if (data != null) {
            size += 1 + varintSize(data.length) + data.length;
        }
        if (kind.context != null) {
            size += 1 + varintSize(kind.context.length) + kind.context.length;
        }
        return size;
    }

    private static int varintSize(long value) {
        return (Long.SIZE - Long.numberOfLeadingZeros(value | 1) + 6) / 7;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Entry that
                && term == that.term
                && index == that.index
                && kind.type == that.kind.type
                && Arrays.equals(data, that.data)
                && Arrays.equals(kind.context, that.kind.context);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * Long.hashCode(term) + Long.hashCode(index)) + Arrays.hashCode(data);
    }

    /** Term, index, type and the number of bytes; never the bytes themselves. */
    @Override
    public String toString() {
        return term + "/" + index + " " + kind.type.etcdName() + " " + payloadSize() + " bytes";
    }
}
