package dev.coracle.wal;

import dev.coracle.node.Disk;
import dev.coracle.node.StorageException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Looks at a log without changing it, for tools and tests: the records one by one as they stand in the files.
 *
 * <p>NB: not for a log that this process has open. Closing a second open file of a locked segment would drop the lock,
 * for which reason {@link dev.coracle.node.FileDisk} refuses to open one. The log of another process may be read while
 * that one writes it; its end then looks like a torn tail at times.
 */
public final class WalReader {
    private WalReader() {}

    /**
     * Reads all records in order.
     *
     * @param disk where the log is
     * @param directory the directory of its segments
     * @param maxBatchBytes the limit of batches it was written with, see {@link WalOptions#maxBatchBytes}
     * @param sink gets each record; of a damaged log those before the damage
     * @return what stands behind the last record, if anything
     * @throws StorageException if the log is corrupt or cannot be read
     */
    public static Optional<TornTail> read(Disk disk, Path directory, int maxBatchBytes, Consumer<WalRecord> sink)
            throws StorageException {
        List<SegmentName> names;
        @Nullable SyncedMark mark;
        try {
            // Before the segments, which the process that has the log open may take further meanwhile.
            mark = SyncedFile.read(disk, directory);
            names = SegmentDirectory.names(disk, directory);
        } catch (IOException e) {
            throw Damage.failed("list", directory, e);
        }
        if (names.isEmpty()) {
            throw new StorageException(
                    directory + " holds no log: expected at least one file named like " + SegmentName.FIRST.fileName());
        }
        List<Segment> segments = SegmentDirectory.open(disk, directory, names);
        try {
            ChainReader records = new ChainReader(segments, maxBatchBytes, mark);
            while (records.next()) {
                sink.accept(records.record());
            }
            return Optional.ofNullable(records.tornTail());
        } finally {
            SegmentDirectory.closeAll(segments);
        }
    }
}
