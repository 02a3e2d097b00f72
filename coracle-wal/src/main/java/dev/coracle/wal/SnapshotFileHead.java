package dev.coracle.wal;

import dev.coracle.codec.EtcdCodec;
import dev.coracle.raft.Check;
import dev.coracle.raft.SnapshotMetadata;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What stands before the data of a snapshot that was streamed. Its size depends on the metadata alone, so that it can be
 * written when the data's length and checksum are known:
 *
 * <pre>
 *   1: checksum, in 5 bytes
 *   2: length of all that follows, in 10 bytes
 *      2: metadata, their length in 5 bytes
 *      1: the data, their length in 10 bytes
 * </pre>
 *
 * <p>Go refuses a file whose checksum is 0. If that comes out, the last two lengths share their 15 bytes differently.
 */
final class SnapshotFileHead {
    static final int CHECKSUM_TAG = 1 << 3;
    static final int SNAPSHOT_TAG = 2 << 3 | 2;
    static final int DATA_TAG = 1 << 3 | 2;
    static final int METADATA_TAG = 2 << 3 | 2;

    private static final int CHECKSUM_BYTES = 5;
    private static final int LENGTH_BYTES = 10;
    private static final int LENGTHS_BYTES = 15;

    /** Two fields, before what the checksum covers. */
    private static final int OUTER_BYTES = 1 + CHECKSUM_BYTES + 1 + LENGTH_BYTES;

    private final byte[] bytes;

    /** The head for data of the given checksum and length. */
    SnapshotFileHead(SnapshotMetadata metadata, int dataChecksum, long dataLength) {
        byte[] encoded = EtcdCodec.INSTANCE.snapshotMetadata().encode(metadata);
        RunningChecksum head = new RunningChecksum();
        for (int metadataLengthBytes = CHECKSUM_BYTES; metadataLengthBytes < LENGTH_BYTES; metadataLengthBytes++) {
            byte[] inner = inner(encoded, metadataLengthBytes, dataLength);
            head.start(0);
            head.update(inner, 0, inner.length);
            int checksum = RunningChecksum.combine(head.value(), dataChecksum, dataLength);
            if (checksum != 0) {
                ByteBuffer all = ByteBuffer.allocate(OUTER_BYTES + inner.length);
                all.put((byte) CHECKSUM_TAG);
                putPadded(all, checksum & 0xffffffffL, CHECKSUM_BYTES);
                all.put((byte) SNAPSHOT_TAG);
                putPadded(all, inner.length + dataLength, LENGTH_BYTES);
                bytes = all.put(inner).array();
                return;
            }
        }
        throw Check.fail("every way to write the head of %d bytes of data has checksum 0", dataLength);
    }

    byte[] bytes() {
        return bytes;
    }

    /** The size of the head of a snapshot with these metadata. */
    static long size(SnapshotMetadata metadata) {
        return OUTER_BYTES
                + 2L
                + LENGTHS_BYTES
                + EtcdCodec.INSTANCE.snapshotMetadata().sizeOf(metadata);
    }

    /** A whole file around an encoded snapshot, in the fewest bytes, or null if its checksum is 0. */
    static byte @Nullable [] canonical(byte[] snapshot) {
        RunningChecksum checksum = new RunningChecksum();
        checksum.update(snapshot, 0, snapshot.length);
        if (checksum.value() == 0) {
            return null;
        }
        ByteBuffer all = ByteBuffer.allocate(OUTER_BYTES + snapshot.length);
        all.put((byte) CHECKSUM_TAG);
        long unsigned = checksum.value() & 0xffffffffL;
        putPadded(all, unsigned, varintSize(unsigned));
        all.put((byte) SNAPSHOT_TAG);
        putPadded(all, snapshot.length, varintSize(snapshot.length));
        all.put(snapshot);
        return Arrays.copyOf(all.array(), all.position());
    }

    private static byte[] inner(byte[] metadata, int metadataLengthBytes, long dataLength) {
        ByteBuffer inner = ByteBuffer.allocate(2 + LENGTHS_BYTES + metadata.length);
        inner.put((byte) METADATA_TAG);
        putPadded(inner, metadata.length, metadataLengthBytes);
        inner.put(metadata);
        inner.put((byte) DATA_TAG);
        putPadded(inner, dataLength, LENGTHS_BYTES - metadataLengthBytes);
        return inner.array();
    }

    /** A varint in exactly {@code size} bytes: the ones in front say that another follows, also if it adds nothing. */
    private static void putPadded(ByteBuffer target, long value, int size) {
        long rest = value;
        for (int i = 1; i < size; i++) {
            target.put((byte) ((rest & 0x7f) | 0x80));
            rest >>>= 7;
        }
        Check.that(rest <= 0x7f, "%d does not fit %d bytes", value, size);
        target.put((byte) rest);
    }

    private static int varintSize(long value) {
        return (Long.SIZE - Long.numberOfLeadingZeros(value | 1) + 6) / 7;
    }
}
