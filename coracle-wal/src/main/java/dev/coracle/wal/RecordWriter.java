package dev.coracle.wal;

import dev.coracle.node.DiskFile;
import dev.coracle.raft.Check;
import dev.coracle.raft.Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Writes records to the end of a segment, through one buffer that is reused for ever. Entries are encoded straight into
 * it: their bytes are copied once, the checksum runs over them where they are, and nothing is allocated for them. A
 * record longer than the buffer passes through it in pieces.
 *
 * <p>The checksum stands before the data that it covers, and how many bytes it takes is known last: the data go where
 * they belong if it takes five, as fifteen of sixteen do, and are moved if not.
 */
final class RecordWriter {
    /** Bits of a record's length that tell how many bytes of padding follow: the sign, and the three lowest above 56. */
    private static final int PADDING_SHIFT = 56;

    private static final long PADDED = 0x80L << PADDING_SHIFT;
    private static final int ALIGNMENT = 8;

    /** The most bytes before an entry's data, and between it and its context. */
    private static final int HEAD_BYTES = 64;

    /** What a record takes beside its data, at most: length, type, checksum, length of the data, padding. */
    static final int OVERHEAD_BYTES = 32;

    /** What a record of an entry takes beside the entry's data and context, at most. */
    static final int ENTRY_OVERHEAD_BYTES = OVERHEAD_BYTES + HEAD_BYTES;

    private static final int FIRST_CAPACITY = 64 << 10;
    private static final int LARGEST_CAPACITY = 1 << 20;

    private static final int TYPE_TAG = 1 << 3;
    private static final int CHECKSUM_TAG = 2 << 3;
    private static final int DATA_TAG = 3 << 3 | 2;

    /** The type, the tag of the checksum and that of the data's length. */
    private static final int TYPE_BYTES = 2;

    private static final int TAG_BYTES = 1;
    private static final int LONGEST_CHECKSUM = 5;

    private static final byte[] NONE = new byte[0];

    private final RunningChecksum checksum = new RunningChecksum();
    private byte[] buffer = new byte[FIRST_CAPACITY];
    private ByteBuffer wrapped = ByteBuffer.wrap(buffer);

    /** How much of the buffer is used. */
    private int length;

    private DiskFile file;
    private long position;
    private long records;

    /** Begins at {@code offset} of {@code file}, with the checksum of the data before it. */
    RecordWriter(DiskFile file, long offset, int checksum) {
        this.file = file;
        this.position = offset;
        this.checksum.start(checksum);
    }

    /** Goes on at the start of another file. What was written before must have been flushed. */
    void moveTo(DiskFile next) {
        Check.that(length == 0, "%d bytes were not flushed", length);
        file = next;
        position = 0;
    }

    /** Where the next record will stand. */
    long offset() {
        return position + length;
    }

    /** How many records were written by this. */
    long records() {
        return records;
    }

    /** The checksum of all data up to there. */
    int checksum() {
        return checksum.value();
    }

    /** The most bytes that the record of an entry takes. */
    static long maxRecordBytes(Entry entry) {
        byte @Nullable [] context = entry.context();
        return (long) ENTRY_OVERHEAD_BYTES + entry.payloadSize() + (context == null ? 0 : context.length);
    }

    void writeEntry(Entry entry) throws IOException {
        if (maxRecordBytes(entry) > LARGEST_CAPACITY) {
            writeInPieces(entry);
            return;
        }
        byte @Nullable [] data = entry.data();
        byte @Nullable [] context = entry.context();
        int size = entryBytes(entry);
        int at = reserveRecord(size);
        int end = putHead(buffer, at, entry);
        if (data != null) {
            System.arraycopy(data, 0, buffer, end, data.length);
            end += data.length;
        }
        if (context != null) {
            end = putContextHead(buffer, end, context);
            System.arraycopy(context, 0, buffer, end, context.length);
        }
        finishRecord(RecordType.ENTRY, at, size);
    }

    void write(RecordType type, byte @Nullable [] data) throws IOException {
        if (data == null) {
            writeWithoutData(type);
        } else {
            int at = reserveRecord(data.length);
            System.arraycopy(data, 0, buffer, at, data.length);
            finishRecord(type, at, data.length);
        }
    }

    /** Writes the head of a segment: the checksum so far. */
    void writeChecksum() throws IOException {
        writeWithoutData(RecordType.CHECKSUM);
    }

    /** Hands everything to the file. */
    void flush() throws IOException {
        if (length > 0) {
            file.write(wrapped.clear().limit(length), position);
            position += length;
            length = 0;
        }
    }

    // ---- a record

    private void writeWithoutData(RecordType type) throws IOException {
        reserve(OVERHEAD_BYTES);
        int padding = putRecordHead(type, -1);
        putZeros(padding);
    }

    /** Makes room for a record, and returns where its data go if its checksum is long; their length stands before. */
    private int reserveRecord(int dataLength) throws IOException {
        reserve(OVERHEAD_BYTES + dataLength);
        int at = length + SegmentReader.LENGTH_BYTES + TYPE_BYTES + TAG_BYTES + LONGEST_CHECKSUM;
        buffer[at] = DATA_TAG;
        return putVarint(buffer, at + TAG_BYTES, dataLength);
    }

    /** Puts a record around data that are in the buffer. */
    private void finishRecord(RecordType type, int at, int dataLength) {
        checksum.update(buffer, at, dataLength);
        int value = checksum.value();
        int padding;
        if (isLong(value)) {
            records++;
            padding = putLength((long) at + dataLength - length - SegmentReader.LENGTH_BYTES);
            // Eight bytes at once: the type, the tag of the checksum, and the five that it takes.
            SegmentReader.LONGS.set(
                    buffer,
                    length + SegmentReader.LENGTH_BYTES,
                    TYPE_TAG | type.number() << 8 | CHECKSUM_TAG << 16 | longVarint(value) << 24);
            length = at + dataLength;
        } else {
            int shorter = LONGEST_CHECKSUM - varintSize(value);
            System.arraycopy(buffer, at, buffer, at - shorter, dataLength);
            padding = putRecordHead(type, dataLength);
            length += dataLength;
        }
        putZeros(padding);
    }

    /** The length of a record. Returns how much padding it needs. */
    private int putLength(long recordBytes) {
        int padding = (int) -recordBytes & ALIGNMENT - 1;
        SegmentReader.LONGS.set(
                buffer, length, padding == 0 ? recordBytes : recordBytes | PADDED | (long) padding << PADDING_SHIFT);
        return padding;
    }

    /** The record up to its data, of which there are none if it is -1. Returns how much padding must follow. */
    private int putRecordHead(RecordType type, int dataLength) {
        records++;
        long value = Integer.toUnsignedLong(checksum.value());
        long recordBytes = (long) TYPE_BYTES + TAG_BYTES + varintSize(value);
        if (dataLength >= 0) {
            recordBytes += TAG_BYTES + varintSize(dataLength) + dataLength;
        }
        int padding = putLength(recordBytes);
        int at = length + SegmentReader.LENGTH_BYTES;
        buffer[at++] = TYPE_TAG;
        buffer[at++] = (byte) type.number();
        buffer[at++] = CHECKSUM_TAG;
        at = putVarint(buffer, at, value);
        if (dataLength >= 0) {
            buffer[at++] = DATA_TAG;
            at = putVarint(buffer, at, dataLength);
        }
        length = at;
        return padding;
    }

    /** Less than eight. */
    private void putZeros(int count) {
        SegmentReader.LONGS.set(buffer, length, 0L);
        length += count;
    }

    /** Whether a checksum takes the most bytes that one can. */
    private static boolean isLong(int checksum) {
        return checksum >>> (7 * (LONGEST_CHECKSUM - 1)) != 0;
    }

    /** The varint of such a checksum, the first byte lowest. */
    private static long longVarint(int checksum) {
        long value = Integer.toUnsignedLong(checksum);
        return 0x80808080L
                | (value & 0x7f)
                | ((value << 1) & 0x7f00)
                | ((value << 2) & 0x7f0000)
                | ((value << 3) & 0x7f000000)
                | ((value << 4) & 0xf00000000L);
    }

    // ---- an entry, as gogo writes it: zeros too

    private static int entryBytes(Entry entry) {
        byte @Nullable [] data = entry.data();
        byte @Nullable [] context = entry.context();
        int size = 2 + TAG_BYTES + varintSize(entry.term()) + TAG_BYTES + varintSize(entry.index());
        if (data != null) {
            size += TAG_BYTES + varintSize(data.length) + data.length;
        }
        if (context != null) {
            size += TAG_BYTES + varintSize(context.length) + context.length;
        }
        return size;
    }

    /** Fields 1 to 3, and the length of field 4 if there is one. */
    @SuppressWarnings("EnumOrdinal") // What EntryType says the numbers on the wire are.
    private static int putHead(byte[] target, int offset, Entry entry) {
        byte @Nullable [] data = entry.data();
        int at = offset;
        target[at++] = EntryHead.TYPE_TAG;
        target[at++] = (byte) entry.type().ordinal();
        target[at++] = EntryHead.TERM_TAG;
        at = putVarint(target, at, entry.term());
        target[at++] = EntryHead.INDEX_TAG;
        at = putVarint(target, at, entry.index());
        if (data != null) {
            target[at++] = EntryHead.DATA_TAG;
            at = putVarint(target, at, data.length);
        }
        return at;
    }

    private static int putContextHead(byte[] target, int offset, byte[] context) {
        target[offset] = EntryHead.CONTEXT_TAG;
        return putVarint(target, offset + 1, context.length);
    }

    private void writeInPieces(Entry entry) throws IOException {
        byte[] data = entry.data() == null ? NONE : entry.data();
        byte[] context = entry.context() == null ? NONE : entry.context();
        byte[] head = new byte[HEAD_BYTES];
        int dataAt = putHead(head, 0, entry);
        int end = entry.context() == null ? dataAt : putContextHead(head, dataAt, context);
        checksum.update(head, 0, dataAt);
        checksum.update(data, 0, data.length);
        checksum.update(head, dataAt, end - dataAt);
        checksum.update(context, 0, context.length);
        reserve(OVERHEAD_BYTES);
        int padding = putRecordHead(RecordType.ENTRY, entryBytes(entry));
        put(head, 0, dataAt);
        put(data, 0, data.length);
        put(head, dataAt, end - dataAt);
        put(context, 0, context.length);
        reserve(ALIGNMENT);
        putZeros(padding);
    }

    // ---- the buffer

    private static int putVarint(byte[] target, int offset, long value) {
        int at = offset;
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            target[at++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        target[at++] = (byte) rest;
        return at;
    }

    /** A byte for each seven bits: nine 64ths do what a division by seven does. */
    private static int varintSize(long value) {
        return (10 * Long.SIZE - 9 * Long.numberOfLeadingZeros(value | 1)) >>> 6;
    }

    private void put(byte[] bytes, int offset, int count) throws IOException {
        int from = offset;
        int left = count;
        while (left > 0) {
            if (length == buffer.length) {
                reserve(Math.min(left, LARGEST_CAPACITY));
            }
            int some = Math.min(left, buffer.length - length);
            System.arraycopy(bytes, from, buffer, length, some);
            length += some;
            from += some;
            left -= some;
        }
    }

    /** Makes room for {@code count} bytes: grows the buffer while it may, then empties it. */
    private void reserve(int count) throws IOException {
        if (buffer.length - length >= count) {
            return;
        }
        if (length + count > LARGEST_CAPACITY) {
            flush();
        }
        if (buffer.length - length < count) {
            buffer = Arrays.copyOf(buffer, Integer.highestOneBit(length + count - 1) << 1);
            wrapped = ByteBuffer.wrap(buffer);
        }
    }
}
