package dev.coracle.wal;

import java.nio.file.Path;

/**
 * What a crash left behind the last whole record: part of a batch that was never synced, so nobody was promised it.
 *
 * @param file the segment
 * @param offset where the last whole record ends, in bytes
 * @param bytes how many bytes from there to the last one that is not zero
 * @param reason what is wrong there
 */
public record TornTail(Path file, long offset, long bytes, String reason) {
    /** File, offset, bytes and reason, for a report. */
    @Override
    public String toString() {
        return bytes + " bytes at offset " + offset + " of " + file + " (" + reason + ")";
    }
}
