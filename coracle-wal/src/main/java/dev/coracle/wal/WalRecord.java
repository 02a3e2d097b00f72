package dev.coracle.wal;

import dev.coracle.raft.Bytes;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A record of the log as it stands in its file.
 *
 * @param file the segment
 * @param offset where in the segment the record's length stands, in bytes
 * @param type what it holds
 * @param checksum the checksum of all data up to and with its own
 * @param data its data, or null if it has none
 */
public record WalRecord(
        Path file,
        long offset,
        RecordType type,
        int checksum,
        @Nullable Bytes data) {}
