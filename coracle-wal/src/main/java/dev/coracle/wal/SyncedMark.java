package dev.coracle.wal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A place up to which a sync made the log durable, whatever is found there later.
 *
 * @param segment the segment
 * @param offset the place in it, where a record ends
 * @param index the last index of the log there
 * @param term its term, or 0 if it was unknown
 * @param checksum the checksum of all data up to there, by which the segment is known again
 * @param closed whether nothing was written behind it by whoever left it: the log was closed there
 */
record SyncedMark(SegmentName segment, long offset, long index, long term, int checksum, boolean closed) {
    /** What an encoded one takes. */
    static final int BYTES = 7 * Long.BYTES + 3 * Integer.BYTES;

    /** "CORSYNC1". */
    private static final long MAGIC = 0x31434e5953524f43L;

    private static final int CLOSED = 1;

    /** A mark as it was written, and how many were written before it. */
    record Numbered(long generation, SyncedMark mark) {}

    void encode(long generation, ByteBuffer target) {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES - Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(MAGIC).putLong(generation);
        bytes.putLong(segment.sequence()).putLong(segment.index());
        bytes.putLong(offset).putLong(index).putLong(term);
        bytes.putInt(checksum).putInt(closed ? CLOSED : 0);
        target.put(bytes.flip());
        target.putInt(Integer.reverseBytes(checksumOf(bytes)));
    }

    /** The mark in {@link #BYTES} bytes, or null if it is not as it was written. */
    static @Nullable Numbered decode(ByteBuffer source) {
        ByteBuffer bytes = source.slice(source.position(), BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int own = bytes.getInt(BYTES - Integer.BYTES);
        bytes.limit(BYTES - Integer.BYTES);
        if (bytes.getLong(0) != MAGIC || checksumOf(bytes) != own) {
            return null;
        }
        bytes.position(Long.BYTES);
        long generation = bytes.getLong();
        SegmentName segment = new SegmentName(bytes.getLong(), bytes.getLong());
        return new Numbered(
                generation,
                new SyncedMark(
                        segment,
                        bytes.getLong(),
                        bytes.getLong(),
                        bytes.getLong(),
                        bytes.getInt(),
                        bytes.getInt() == CLOSED));
    }

    private static int checksumOf(ByteBuffer bytes) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes.duplicate().position(0));
        return (int) checksum.getValue();
    }
}
