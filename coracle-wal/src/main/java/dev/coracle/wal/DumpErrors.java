package dev.coracle.wal;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Locale;

/** What the system refuses, in the words of Go. */
final class DumpErrors {
    private DumpErrors() {}

    static String text(String operation, Path path, IOException failure) {
        if (failure instanceof NoSuchFileException) {
            return operation + " " + path + ": no such file or directory";
        }
        if (failure instanceof AccessDeniedException) {
            return operation + " " + path + ": permission denied";
        }
        if (failure instanceof NotDirectoryException) {
            return "readdirent " + path + ": not a directory";
        }
        String reason = failure instanceof FileSystemException system ? system.getReason() : failure.getMessage();
        return operation + " " + path + ": " + (reason == null ? failure.toString() : reason.toLowerCase(Locale.ROOT));
    }
}
