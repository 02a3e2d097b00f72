package dev.coracle.wal;

import dev.coracle.node.StorageException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;

/** The texts of what goes wrong with files: what, where, and what to do next. */
final class Damage {
    private Damage() {}

    /** A log that must not be used, because what it held may have been promised to somebody. */
    static StorageException corrupt(Path file, long offset, String expected, String found) {
        return new StorageException(file + " is corrupt at offset " + offset + ": expected " + expected + ", found "
                + found + ". Committed entries may be lost, so this node must not go on with it: restore the files, or"
                + " remove this node from the cluster and let it join again under a new id with an empty directory");
    }

    /** The system refused something. */
    static StorageException failed(String what, Path path, IOException cause) {
        if (cause instanceof AccessDeniedException denied) {
            return new StorageException(
                    "cannot " + what + " " + path + ": no permission for " + denied.getFile()
                            + ". The process must be able to read and write it, and the directories above it to list;"
                            + " correct owner or mode, then start again",
                    cause);
        }
        return new StorageException(
                "cannot " + what + " " + path + ": " + cause.getMessage()
                        + ". Nothing is tried again on this file: see what the system says about the disk, then start"
                        + " again",
                cause);
    }

    /** Somebody else works in the directory. */
    static StorageException inUse(Path directory) {
        return new StorageException(directory
                + " is in use by another process, or opened twice by this one: a segment is locked. Stop the other"
                + " one, or give this node a directory of its own");
    }
}
