package dev.coracle.wal;

import dev.coracle.node.DiskFile;
import dev.coracle.raft.Check;
import dev.coracle.raft.Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Writes records to the end of a segment, through one buffer that is reused for ever. Entries are encoded straight into
 * it: their bytes are copied once, and nothing is allocated for them. A record longer than the buffer passes through it
 * in pieces.
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

    private static final byte[] NONE = new byte[0];

    private final RunningChecksum checksum = new RunningChecksum();
    private final byte[] head = new byte[HEAD_BYTES];
    private ByteBuffer buffer = allocate(FIRST_CAPACITY);
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
        Check.that(buffer.position() == 0, "%d bytes were not flushed", buffer.position());
        file = next;
        position = 0;
    }

    /** Where the next record will stand. */
    long offset() {
        return position + buffer.position();
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
        byte @Nullable [] data = entry.data();
        byte @Nullable [] context = entry.context();
        int dataAt = putEntryHead(entry, data);
        int end = dataAt;
        if (context != null) {
            head[end++] = EntryHead.CONTEXT_TAG;
            end = putVarint(end, context.length);
        }
        write(RecordType.ENTRY, dataAt, data == null ? NONE : data, end, context == null ? NONE : context);
    }

    void write(RecordType type, byte @Nullable [] data) throws IOException {
        if (data == null) {
            putHead(type, -1);
        } else {
            write(type, 0, data, 0, NONE);
        }
    }

    /** Writes the head of a segment: the checksum so far. */
    void writeChecksum() throws IOException {
        putHead(RecordType.CHECKSUM, -1);
    }

    /** Hands everything to the file. */
    void flush() throws IOException {
        if (buffer.position() > 0) {
            int length = buffer.position();
            file.write(buffer.flip(), position);
            position += length;
            buffer.clear();
        }
    }

    /** Fields 1 to 3, and the length of field 4 if there is one, as gogo writes them: zeros too. */
    @SuppressWarnings("EnumOrdinal") // What EntryType says the numbers on the wire are.
    private int putEntryHead(Entry entry, byte @Nullable [] data) {
        head[0] = EntryHead.TYPE_TAG;
        int end = putVarint(1, entry.type().ordinal());
        head[end++] = EntryHead.TERM_TAG;
        end = putVarint(end, entry.term());
        head[end++] = EntryHead.INDEX_TAG;
        end = putVarint(end, entry.index());
        if (data != null) {
            head[end++] = EntryHead.DATA_TAG;
            end = putVarint(end, data.length);
        }
        return end;
    }

    private int putVarint(int offset, long value) {
        int next = offset;
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            head[next++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        head[next++] = (byte) rest;
        return next;
    }

    /**
     * A record whose data is: {@code head} up to {@code firstAt}, {@code first}, {@code head} from there to
     * {@code secondAt}, {@code second}.
     */
    private void write(RecordType type, int firstAt, byte[] first, int secondAt, byte[] second) throws IOException {
        checksum.update(head, 0, firstAt);
        checksum.update(first, 0, first.length);
        checksum.update(head, firstAt, secondAt - firstAt);
        checksum.update(second, 0, second.length);
        int padding = putHead(type, Math.addExact(Math.addExact(secondAt, first.length), second.length));
        put(head, 0, firstAt);
        put(first, 0, first.length);
        put(head, firstAt, secondAt - firstAt);
        put(second, 0, second.length);
        reserve(padding);
        for (int i = 0; i < padding; i++) {
            buffer.put((byte) 0);
        }
    }

    /** The record up to its data, padded if there is none (-1). Returns how much padding must follow the data. */
    private int putHead(RecordType type, int dataLength) throws IOException {
        long recordBytes = 3L + varintSize(checksum.value());
        if (dataLength >= 0) {
            recordBytes += 1 + varintSize(dataLength) + dataLength;
        }
        int padding = (int) -recordBytes & ALIGNMENT - 1;
        records++;
        reserve(OVERHEAD_BYTES);
        buffer.putLong(padding == 0 ? recordBytes : recordBytes | PADDED | (long) padding << PADDING_SHIFT);
        buffer.put((byte) TYPE_TAG).put((byte) type.number());
        buffer.put((byte) CHECKSUM_TAG);
        putVarint(checksum.value());
        if (dataLength >= 0) {
            buffer.put((byte) DATA_TAG);
            putVarint(dataLength);
            return padding;
        }
        for (int i = 0; i < padding; i++) {
            buffer.put((byte) 0);
        }
        return 0;
    }

    /** Without sign. */
    private void putVarint(int value) {
        int rest = value;
        while ((rest & ~0x7f) != 0) {
            buffer.put((byte) (rest | 0x80));
            rest >>>= 7;
        }
        buffer.put((byte) rest);
    }

    private static int varintSize(int value) {
        return (Integer.SIZE - Integer.numberOfLeadingZeros(value | 1) + 6) / 7;
    }

    private void put(byte[] bytes, int offset, int length) throws IOException {
        int from = offset;
        int left = length;
        while (left > 0) {
            reserve(Math.min(left, LARGEST_CAPACITY));
            int count = Math.min(left, buffer.remaining());
            buffer.put(bytes, from, count);
            from += count;
            left -= count;
        }
    }

    /** Makes room for {@code length} bytes: grows the buffer while it may, then empties it. */
    private void reserve(int length) throws IOException {
        if (buffer.remaining() >= length) {
            return;
        }
        int needed = buffer.position() + length;
        if (needed <= LARGEST_CAPACITY) {
            ByteBuffer larger = allocate(Integer.highestOneBit(needed - 1) << 1);
            larger.put(buffer.flip());
            buffer = larger;
        } else {
            flush();
            if (buffer.capacity() < length) {
                buffer = allocate(LARGEST_CAPACITY);
            }
        }
    }

    private static ByteBuffer allocate(int capacity) {
        return ByteBuffer.allocateDirect(capacity).order(ByteOrder.LITTLE_ENDIAN);
    }
}
