package dev.coracle.wal;

import dev.coracle.codec.CodecException;
import dev.coracle.codec.EtcdCodec;
import dev.coracle.node.DiskFile;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Verifies a snapshot's file in one pass with a small buffer, whoever wrote it: fields in any order, numbers in any
 * number of bytes, unknown fields skipped.
 */
final class SnapshotFileReader {
    /** The file is not what was written, or no snapshot at all. */
    static final class DamagedException extends IOException {
        private static final long serialVersionUID = 1L;

        DamagedException(String message) {
            super(message);
        }
    }

    private static final int BUFFER_BYTES = 64 << 10;

    /** Ids of some 100,000 members. Metadata that claim more are damaged, and are not read into memory. */
    private static final int MAX_METADATA_BYTES = 1 << 20;

    /** By how much the tenth byte of a number is shifted, of which only one bit is left. */
    private static final int LAST_SHIFT = 63;

    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;

    private final DiskFile file;
    private final long size;
    private final RunningChecksum checksum = new RunningChecksum();

    private final byte[] buffer = new byte[BUFFER_BYTES];
    private long bufferStart;
    private int bufferLength;
    private long position;

    private SnapshotMetadata metadata = SnapshotMetadata.EMPTY;
    private long dataOffset;
    private long dataSize;
    private final RunningChecksum dataChecksum = new RunningChecksum();
    private boolean inData;

    SnapshotFileReader(DiskFile file) throws IOException {
        this.file = file;
        this.size = file.size();
    }

    SnapshotMetadata metadata() {
        return metadata;
    }

    long dataOffset() {
        return dataOffset;
    }

    long dataSize() {
        return dataSize;
    }

    /** The checksum of the data alone. */
    int dataChecksum() {
        return dataChecksum.value();
    }

    /** Reads the whole file. Throws {@link DamagedException} if it is not sound. */
    void verify() throws IOException {
        long stated = 0;
        long actual = 0;
        boolean found = false;
        while (position < size) {
            long tag = varint(size);
            if (tag == SnapshotFileHead.CHECKSUM_TAG) {
                stated = varint(size);
            } else if (tag == SnapshotFileHead.SNAPSHOT_TAG && !found) {
                found = true;
                long end = length(size);
                checksum.start(0);
                readSnapshot(end);
                actual = checksum.value() & 0xffffffffL;
            } else {
                skipField(tag, size);
            }
        }
        if (!found) {
            throw new DamagedException("it has " + size + " bytes and no snapshot in them");
        }
        // Go refuses a checksum of 0, which is also what an unwritten one looks like; nobody writes it.
        if (stated != actual || stated == 0) {
            throw new DamagedException("its checksum is " + Long.toHexString(actual) + " and should be "
                    + (stated == 0 ? "anything but 0" : Long.toHexString(stated)));
        }
    }

    private void readSnapshot(long end) throws IOException {
        while (position < end) {
            long tag = varint(end);
            if (tag == SnapshotFileHead.DATA_TAG) {
                long dataEnd = length(end);
                dataOffset = position;
                dataSize = dataEnd - position;
                dataChecksum.start(0);
                inData = true;
                skipTo(dataEnd);
                inData = false;
            } else if (tag == SnapshotFileHead.METADATA_TAG) {
                readMetadata(length(end));
            } else {
                skipField(tag, end);
            }
        }
    }

    private void readMetadata(long end) throws IOException {
        long length = end - position;
        if (length > MAX_METADATA_BYTES) {
            throw new DamagedException("its metadata take " + length + " bytes, more than " + MAX_METADATA_BYTES);
        }
        byte[] bytes = new byte[(int) length];
        file.read(ByteBuffer.wrap(bytes), position);
        skipTo(end);
        try {
            metadata = EtcdCodec.INSTANCE.snapshotMetadata().decode(bytes);
        } catch (CodecException e) {
            throw new DamagedException("its metadata are unreadable: " + e.getMessage());
        }
    }

    private void skipField(long tag, long limit) throws IOException {
        switch ((int) tag & 7) {
            case VARINT -> varint(limit);
            case FIXED64 -> skipTo(position + Long.BYTES);
            case BYTES -> skipTo(length(limit));
            case FIXED32 -> skipTo(position + Integer.BYTES);
            default -> throw notProtobuf();
        }
        if (position > limit) {
            throw notProtobuf();
        }
    }

    /** Reads the length of a field and returns where the field ends. */
    private long length(long limit) throws IOException {
        long length = varint(limit);
        if (length < 0 || length > limit - position) {
            throw new DamagedException("a field of " + Long.toUnsignedString(length) + " bytes at offset " + position
                    + " does not fit the " + (limit - position) + " left: it was cut short");
        }
        return position + length;
    }

    private long varint(long limit) throws IOException {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE && position < limit; shift += 7) {
            fill();
            int at = (int) (position - bufferStart);
            checksum.update(buffer, at, 1);
            position++;
            byte bits = buffer[at];
            value |= (long) (bits & 0x7f) << shift;
            if (bits >= 0 && (shift < LAST_SHIFT || bits <= 1)) {
                return value;
            }
        }
        throw notProtobuf();
    }

    private void skipTo(long end) throws IOException {
        if (end > size) {
            throw notProtobuf();
        }
        while (position < end) {
            fill();
            int at = (int) (position - bufferStart);
            int count = (int) Math.min(bufferLength - at, end - position);
            checksum.update(buffer, at, count);
            if (inData) {
                dataChecksum.update(buffer, at, count);
            }
            position += count;
        }
    }

    private void fill() throws IOException {
        if (position < bufferStart + bufferLength) {
            return;
        }
        bufferStart = position;
        bufferLength = (int) Math.min(buffer.length, size - position);
        if (file.read(ByteBuffer.wrap(buffer, 0, bufferLength), position) < bufferLength) {
            throw new IOException("the file became shorter while it was being read");
        }
    }

    private DamagedException notProtobuf() {
        return new DamagedException("it is no protobuf at offset " + position);
    }
}
