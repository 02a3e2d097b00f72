package dev.coracle.node;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The file operations that a log and its snapshots need, and nothing else; a path is only a name here. May be used by
 * several threads, each file by one at a time unless said otherwise.
 */
public interface Disk {
    /** How a file is opened. */
    enum Mode {
        /** An existing file, to be read. */
        READ,
        /** An existing file, to be read and written. */
        WRITE,
        /** A file to be read and written that must not exist before. */
        CREATE_NEW,
        /** A file to be read and written, emptied if it exists. */
        CREATE_OR_TRUNCATE
    }

    /** A file cannot be opened, because this process holds its lock, which closing a second one would drop. */
    final class LockedException extends IOException {
        private static final long serialVersionUID = 1L;

        /** Names the file. */
        public LockedException(Path path) {
            super(path + " is locked by this process, and opening it again would drop the lock");
        }
    }

    /** The names in a directory, sorted. */
    List<String> list(Path directory) throws IOException;

    /** Tells whether there is a file or directory of that name. */
    boolean exists(Path path) throws IOException;

    /** Creates a directory and those above it, readable only by the owner. Not durable before {@link #syncDirectory}. */
    void createDirectories(Path directory) throws IOException;

    /**
     * Opens a file. A file that is created is not durable before its directory is synced.
     *
     * @throws LockedException if this process holds its lock
     */
    DiskFile open(Path path, Mode mode) throws IOException;

    /** Gives a file or directory another name, replacing a file of that name. Not durable before the directory is synced. */
    void rename(Path from, Path to) throws IOException;

    /** Deletes a file or an empty directory. */
    void delete(Path path) throws IOException;

    /** Makes creations, renames and deletions in a directory durable. */
    void syncDirectory(Path directory) throws IOException;

    /** The bytes that can still be written below a directory. */
    long usableSpace(Path directory) throws IOException;
}
