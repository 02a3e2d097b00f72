package dev.coracle.wal;

import dev.coracle.node.DiskFile;
import dev.coracle.raft.Check;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Writes records to the end of a segment. They are put together in a small array, which stays near the processor, and go
 * from there to the buffer that the system reads from; both are reused for ever, and nothing is allocated for an entry.
 * What is longer than the array goes to the buffer directly.
 *
 * <p>The checksum stands before the data that it covers, and how many bytes it takes is known last: an entry goes where
 * it belongs if it takes five, as fifteen of sixteen do, and is moved if not. It runs over data where they come from and
 * not over their copy, because a processor waits when it reads bytes that it has just stored in other pieces.
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

    private static final int CHUNK_BYTES = 8 << 10;
    private static final int FIRST_CAPACITY = 64 << 10;
    private static final int LARGEST_CAPACITY = 1 << 20;

    private static final int TYPE_TAG = 1 << 3;
    private static final int CHECKSUM_TAG = 2 << 3;
    private static final int DATA_TAG = 3 << 3 | 2;

    /** The type, the tag of the checksum and that of the data's length. */
    private static final int TYPE_BYTES = 2;

    private static final int TAG_BYTES = 1;
    private static final int LONGEST_CHECKSUM = 5;

    /** What stands before the length of the data if the checksum is long. */
    private static final int LONG_HEAD_BYTES = SegmentReader.LENGTH_BYTES + TYPE_BYTES + TAG_BYTES + LONGEST_CHECKSUM;

    private static final byte[] NONE = new byte[0];

    private final RunningChecksum checksum = new RunningChecksum();
    private final EntryHeadWriter heads = new EntryHeadWriter();

    /** Words may reach a little further than the record that they are in. */
    private final byte[] chunk = new byte[CHUNK_BYTES + EntryHeadWriter.TWO_WORDS];

    /** How much of the chunk is used. */
    private int length;

    /** What comes before the chunk and is not in the file yet. */
    private ByteBuffer buffer = ByteBuffer.allocateDirect(FIRST_CAPACITY);

    private DiskFile file;

    /** Where in the file the chunk begins. */
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
        int waiting = buffer.position() + length;
        Check.that(waiting == 0, "%d bytes were not flushed", waiting);
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
        // The codec leaves out a type that is 0.
        int size = entry.encodedSize() + (entry.type() == EntryType.NORMAL ? 2 : 0);
        if (size > CHUNK_BYTES - OVERHEAD_BYTES) {
            writeLongEntry(entry, size);
            return;
        }
        byte @Nullable [] data = entry.data();
        byte @Nullable [] context = entry.context();
        reserve(OVERHEAD_BYTES + size);
        SegmentReader.LONGS.set(chunk, length + LONG_HEAD_BYTES, DATA_TAG | Varints.shortWord(size) << 8);
        int at = length + LONG_HEAD_BYTES + TAG_BYTES + Varints.shortSize(size);
        int end = heads.put(chunk, at, entry);
        checksum.update(chunk, at, end - at);
        if (data != null) {
            end = copy(data, end);
        }
        if (context != null) {
            int contextAt = putContextHead(chunk, end, context);
            checksum.update(chunk, end, contextAt - end);
            copy(context, contextAt);
        }
        finishEntry(at, size);
    }

    void write(RecordType type, byte @Nullable [] data) throws IOException {
        reserve(OVERHEAD_BYTES);
        if (data == null) {
            putZeros(putRecordHead(type, -1));
        } else {
            checksum.update(data, 0, data.length);
            int padding = putRecordHead(type, data.length);
            put(data, data.length);
            putZeros(padding);
        }
    }

    /** Writes the head of a segment: the checksum so far. */
    void writeChecksum() throws IOException {
        write(RecordType.CHECKSUM, null);
    }

    /** Hands everything to the file. */
    void flush() throws IOException {
        spill();
        writeBuffer();
    }

    // ---- entries

    private int copy(byte[] bytes, int to) {
        System.arraycopy(bytes, 0, chunk, to, bytes.length);
        checksum.update(bytes, 0, bytes.length);
        return to + bytes.length;
    }

    private static int putContextHead(byte[] target, int offset, byte[] context) {
        target[offset] = EntryHead.CONTEXT_TAG;
        return Varints.put(target, offset + TAG_BYTES, context.length);
    }

    /** Puts a record around an entry that is in the chunk. */
    private void finishEntry(int at, int size) {
        long value = Integer.toUnsignedLong(checksum.value());
        int shorter = LONGEST_CHECKSUM - Varints.size(value);
        int padding;
        if (shorter == 0) {
            records++;
            padding = putLength((long) at + size - length - SegmentReader.LENGTH_BYTES);
            // Eight bytes at once: the type, the tag of the checksum, and the five that it takes.
            SegmentReader.LONGS.set(
                    chunk,
                    length + SegmentReader.LENGTH_BYTES,
                    TYPE_TAG
                            | RecordType.ENTRY.number() << 8
                            | CHECKSUM_TAG << 16
                            | Varints.word(value, LONGEST_CHECKSUM) << 24);
            length = at + size;
        } else {
            System.arraycopy(chunk, at, chunk, at - shorter, size);
            padding = putRecordHead(RecordType.ENTRY, size);
            length += size;
        }
        putZeros(padding);
    }

    private void writeLongEntry(Entry entry, int size) throws IOException {
        byte[] data = entry.data() == null ? NONE : entry.data();
        byte[] context = entry.context() == null ? NONE : entry.context();
        byte[] head = new byte[HEAD_BYTES];
        int headBytes = EntryHeadWriter.putLong(head, 0, entry);
        byte[] between = new byte[HEAD_BYTES];
        int betweenBytes = entry.context() == null ? 0 : putContextHead(between, 0, context);
        checksum.update(head, 0, headBytes);
        checksum.update(data, 0, data.length);
        checksum.update(between, 0, betweenBytes);
        checksum.update(context, 0, context.length);
        reserve(OVERHEAD_BYTES);
        int padding = putRecordHead(RecordType.ENTRY, size);
        put(head, headBytes);
        put(data, data.length);
        put(between, betweenBytes);
        put(context, context.length);
        putZeros(padding);
    }

    // ---- any record

    /** The length of a record. Returns how much padding it needs. */
    private int putLength(long recordBytes) {
        int padding = (int) -recordBytes & ALIGNMENT - 1;
        SegmentReader.LONGS.set(
                chunk, length, padding == 0 ? recordBytes : recordBytes | PADDED | (long) padding << PADDING_SHIFT);
        return padding;
    }

    /** The record up to its data, of which there are none if it is -1. Returns how much padding must follow. */
    private int putRecordHead(RecordType type, int dataLength) {
        records++;
        long value = Integer.toUnsignedLong(checksum.value());
        long recordBytes = (long) TYPE_BYTES + TAG_BYTES + Varints.size(value);
        if (dataLength >= 0) {
            recordBytes += TAG_BYTES + Varints.size(dataLength) + dataLength;
        }
        int padding = putLength(recordBytes);
        int at = length + SegmentReader.LENGTH_BYTES;
        chunk[at++] = TYPE_TAG;
        chunk[at++] = (byte) type.number();
        chunk[at++] = CHECKSUM_TAG;
        at = Varints.put(chunk, at, value);
        if (dataLength >= 0) {
            chunk[at++] = DATA_TAG;
            at = Varints.put(chunk, at, dataLength);
        }
        length = at;
        return padding;
    }

    /** Less than eight, which may reach beyond the chunk as words may. */
    private void putZeros(int count) {
        SegmentReader.LONGS.set(chunk, length, 0L);
        length += count;
    }

    private void put(byte[] bytes, int count) throws IOException {
        if (count <= CHUNK_BYTES - length) {
            System.arraycopy(bytes, 0, chunk, length, count);
            length += count;
        } else {
            spill();
            putIntoBuffer(bytes, count);
        }
    }

    // ---- the chunk and the buffer

    /** Makes room for {@code count} bytes in the chunk, which has that much when it is empty. */
    private void reserve(int count) throws IOException {
        if (count > CHUNK_BYTES - length) {
            spill();
        }
    }

    private void spill() throws IOException {
        putIntoBuffer(chunk, length);
        // Only now: if there was no memory for a larger buffer, the records are still in the chunk.
        length = 0;
    }

    private void putIntoBuffer(byte[] bytes, int count) throws IOException {
        int from = 0;
        while (from < count) {
            reserveInBuffer(Math.min(count - from, LARGEST_CAPACITY));
            int some = Math.min(count - from, buffer.remaining());
            buffer.put(bytes, from, some);
            position += some;
            from += some;
        }
    }

    /** Makes room for {@code count} bytes in the buffer: grows it while it may, then empties it. */
    private void reserveInBuffer(int count) throws IOException {
        if (buffer.remaining() >= count) {
            return;
        }
        if (buffer.position() + count > LARGEST_CAPACITY) {
            writeBuffer();
        }
        if (buffer.remaining() < count) {
            int capacity = Integer.highestOneBit(buffer.position() + count - 1) << 1;
            buffer = ByteBuffer.allocateDirect(capacity).put(buffer.flip());
        }
    }

    private void writeBuffer() throws IOException {
        int bytes = buffer.position();
        if (bytes > 0) {
            file.write(buffer.flip(), position - bytes);
            buffer.clear();
        }
    }
}
