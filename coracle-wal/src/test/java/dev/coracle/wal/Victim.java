package dev.coracle.wal;

import static dev.coracle.wal.LogFixture.GROUP;
import static dev.coracle.wal.LogFixture.SMALL;
import static dev.coracle.wal.LogFixture.entry;
import static dev.coracle.wal.LogFixture.snapshot;
import static dev.coracle.wal.LogFixture.state;

import dev.coracle.node.FileDisk;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Entry;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;

/** A process that works on a log until it is killed, and says what was acknowledged to it. */
final class Victim {
    /** The words for what was acknowledged, each followed by an index. */
    static final String APPENDED = "appended ";

    static final String SNAPSHOT = "snapshot ";

    /** The exit status after an error that the log reported. */
    static final int FAILED = 3;

    static final int LAST_INDEX = 8;
    static final int SNAPSHOT_INDEX = 5;
    private static final int ENTRY_BYTES = 700;

    private Victim() {}

    static LogFixture log(Path root) {
        return new LogFixture(
                new FileDisk(), root, SMALL.withSegmentBytes(1_500).withMaxBatchBytes(4_096));
    }

    static Entry entryAt(long index) {
        return entry(1 + index / 4, index, ENTRY_BYTES);
    }

    static HardState stateAt(long index) {
        return state(1 + index / 4, 1, index - 1);
    }

    static SnapshotMetadata snapshotAt(long index) {
        return snapshot(index, 1 + index / 4);
    }

    public static void main(String[] arguments) {
        PrintStream out = System.out;
        try {
            work(log(Path.of(arguments[0])), out);
        } catch (StorageException | IOException e) {
            out.println(e.getMessage());
            out.flush();
            Runtime.getRuntime().halt(FAILED);
        }
    }

    private static void work(LogFixture log, PrintStream out) throws StorageException, IOException {
        WalLogStore store = log.open();
        for (long index = 1; index <= LAST_INDEX; index++) {
            store.append(GROUP, stateAt(index), List.of(entryAt(index)));
            store.sync();
            out.println(APPENDED + index);
            out.flush();
            store.housekeeping().doWork(index * Housekeeping.MARK_NANOS);
            if (index == SNAPSHOT_INDEX + 1) {
                log.saveSnapshot(snapshotAt(SNAPSHOT_INDEX), new byte[300]);
                store.appendSnapshot(GROUP, snapshotAt(SNAPSHOT_INDEX));
                store.sync();
                out.println(SNAPSHOT + SNAPSHOT_INDEX);
                out.flush();
                store.release(GROUP, SNAPSHOT_INDEX);
            }
            if (index % 4 == 0) {
                store.close();
                store = log.open();
            }
        }
        store.close();
    }
}
