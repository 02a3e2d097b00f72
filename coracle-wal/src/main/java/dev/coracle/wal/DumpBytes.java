package dev.coracle.wal;

import dev.coracle.node.DiskFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * The bytes of a file that is only read, through a window of fixed size: nothing that a file claims can make it take more
 * memory. A file that grows meanwhile is as long as it was when it was opened.
 */
final class DumpBytes implements Closeable {
    private static final int WINDOW_BYTES = 64 << 10;
    private static final byte[] NONE = {};

    private final Path path;
    private final DiskFile file;
    private final long size;
    private byte[] window = NONE;
    private long start;
    private int length;

    /** Takes the file, which is closed with this. */
    DumpBytes(Path path, DiskFile file) throws IOException {
        this.path = path;
        this.file = file;
        this.size = file.size();
    }

    Path path() {
        return path;
    }

    long size() {
        return size;
    }

    /** The byte at a position before the end. */
    byte at(long position) throws IOException {
        int at = load(position);
        return window[at];
    }

    /** Eight bytes, the lowest first. */
    long littleEndian(long position) throws IOException {
        long value = 0;
        for (int i = Long.BYTES - 1; i >= 0; i--) {
            value = (value << Byte.SIZE) | (at(position + i) & 0xff);
        }
        return value;
    }

    /** Adds a range to a checksum. */
    void checksum(long from, long to, RunningChecksum checksum) throws IOException {
        for (long position = from; position < to; ) {
            int at = load(position);
            int count = count(at, to - position);
            checksum.update(window, at, count);
            position += count;
        }
    }

    boolean isZero(long from, long to) throws IOException {
        for (long position = from; position < to; position++) {
            if (at(position) != 0) {
                return false;
            }
        }
        return true;
    }

    /** A copy of a range. */
    byte[] copy(long from, long to) throws IOException {
        byte[] bytes = new byte[Math.toIntExact(to - from)];
        for (int copied = 0; copied < bytes.length; ) {
            int at = load(from + copied);
            int count = count(at, bytes.length - copied);
            System.arraycopy(window, at, bytes, copied, count);
            copied += count;
        }
        return bytes;
    }

    /** Gives the window back. It comes again with the next byte that is asked for. */
    void release() {
        window = NONE;
        length = 0;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    private int count(int at, long wanted) {
        return (int) Math.min(length - at, wanted);
    }

    /** Brings the byte at a position into the window and returns where it is there. */
    private int load(long position) throws IOException {
        if (position < start || position >= start + length) {
            if (window.length == 0) {
                window = new byte[(int) Math.min(WINDOW_BYTES, size)];
            }
            start = position;
            length = (int) Math.min(window.length, size - position);
            int read = file.read(ByteBuffer.wrap(window, 0, length), position);
            if (read < length) {
                length = 0;
                throw new IOException("the file became shorter while it was being read");
            }
        }
        return (int) (position - start);
    }
}
