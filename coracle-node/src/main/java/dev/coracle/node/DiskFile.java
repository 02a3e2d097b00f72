package dev.coracle.node;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** An open file. Positions and sizes are in bytes. */
public interface DiskFile extends Closeable {
    /**
     * Reads at {@code position} until the buffer is full or the file ends, leaving the file's own position alone. May be
     * called by any thread.
     *
     * @return how many bytes were read, 0 at the end of the file
     */
    int read(ByteBuffer target, long position) throws IOException;

    /** Writes the whole buffer at {@code position}. Not durable before {@link #sync}. */
    void write(ByteBuffer source, long position) throws IOException;

    /**
     * Makes durable what was written: data and, where it grew, size (fdatasync).
     *
     * <p>NB: after a failure the system may have dropped the pages, and a second call may succeed without them. Whoever
     * gets an exception here must give the file up.
     */
    void sync() throws IOException;

    /** Cuts the file to {@code size}, or extends it with zeros. */
    void truncate(long size) throws IOException;

    /** The size of the file. */
    long size() throws IOException;

    /**
     * Takes the exclusive lock of the file, which is held until it is closed.
     *
     * <p>NB: closing <em>any</em> open file of the same name in this process drops the lock on Linux.
     *
     * @return false if another process, or another open file of this one, holds it
     */
    boolean tryLock() throws IOException;

    @Override
    void close() throws IOException;
}
