package dev.coracle.wal;

import dev.coracle.codec.CodecException;
import dev.coracle.codec.EtcdCodec;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;

/**
 * What a log must know of an entry to find its place, read without copying its data; one object for all entries. An entry
 * that is not written as usual, with fields in their order and each once, is decoded like any other message.
 */
final class EntryHead {
    static final int TYPE_TAG = 1 << 3;
    static final int TERM_TAG = 2 << 3;
    static final int INDEX_TAG = 3 << 3;
    static final int DATA_TAG = 4 << 3 | 2;
    static final int CONTEXT_TAG = 6 << 3 | 2;

    private static final EntryType[] TYPES = EntryType.values();

    /** The most that a varint is shifted and is not negative yet. */
    private static final int LAST_SHIFT = 56;

    private EntryType type = EntryType.NORMAL;
    private long term;
    private long index;
    private boolean hasPayload;

    private byte[] bytes = {};
    private int at;
    private int end;

    /**
     * Reads a range of bytes.
     *
     * @throws CodecException if they are no entry
     */
    void read(byte[] source, int from, int to) throws CodecException {
        bytes = source;
        at = from;
        end = to;
        if (!readUsual()) {
            Entry entry = EtcdCodec.INSTANCE.entries().decode(source, from, to - from);
            type = entry.type();
            term = entry.term();
            index = entry.index();
            hasPayload = !entry.isEmpty();
        }
    }

    EntryType type() {
        return type;
    }

    long term() {
        return term;
    }

    long index() {
        return index;
    }

    /** Whether it has data of at least a byte. */
    boolean hasPayload() {
        return hasPayload;
    }

    private boolean readUsual() {
        long number = field(TYPE_TAG);
        if (number < 0 || number >= TYPES.length) {
            return false;
        }
        type = TYPES[(int) number];
        term = field(TERM_TAG);
        index = field(INDEX_TAG);
        if (term < 0 || index < 0) {
            return false;
        }
        hasPayload = false;
        if (at < end && bytes[at] == DATA_TAG) {
            long length = field(DATA_TAG);
            hasPayload = length > 0;
            if (!skip(length)) {
                return false;
            }
        }
        return at == end || (skip(field(CONTEXT_TAG)) && at == end);
    }

    private boolean skip(long length) {
        if (length < 0 || length > end - at) {
            return false;
        }
        at += (int) length;
        return true;
    }

    /** The number, or the length, of the field that must come now; -1 if it does not, or does not fit 63 bits. */
    private long field(int tag) {
        if (end - at < 2 || bytes[at] != tag) {
            return -1;
        }
        byte first = bytes[at + 1];
        at += 2;
        return first >= 0 ? first : rest(first);
    }

    private long rest(byte first) {
        long value = first & 0x7f;
        for (int shift = 7; shift <= LAST_SHIFT && at < end; shift += 7) {
            byte bits = bytes[at++];
            value |= (long) (bits & 0x7f) << shift;
            if (bits >= 0) {
                return value;
            }
        }
        return -1;
    }
}
