package dev.coracle.wal;

import static dev.coracle.wal.LogFixture.GROUP;
import static dev.coracle.wal.LogFixture.entries;
import static dev.coracle.wal.LogFixture.entry;
import static dev.coracle.wal.LogFixture.snapshot;
import static dev.coracle.wal.LogFixture.state;
import static dev.coracle.wal.WalLogStoreTest.prepare;
import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.node.StorageException;
import dev.coracle.node.StorageObserver;
import dev.coracle.sim.SimDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a log tells its observer, by a clock that goes on by a microsecond whenever it is read. */
class StorageObserverTest {
    private final List<String> events = new ArrayList<>();
    private long nanos;

    private final StorageObserver observer = new StorageObserver() {
        @Override
        public void onSync(long took, long bytes, long records) {
            events.add("sync in " + took + ": " + bytes + " bytes, " + records + " records");
        }

        @Override
        public void onSegmentCut(long took, int segments) {
            events.add("cut in " + took + ": " + segments + " segments");
        }

        @Override
        public void onSegmentPrepared() {
            events.add("prepared");
        }

        @Override
        public void onSegmentPurged() {
            events.add("purged");
        }
    };

    private final LogFixture log = new LogFixture(
            new SimDisk().process(), Path.of("/data"), LogFixture.SMALL.withObserver(observer, () -> nanos += 1_000));

    @Test
    void eachSyncIsToldWithWhatWasWrittenSinceTheLast() throws StorageException {
        try (WalLogStore store = log.open()) {
            store.append(GROUP, state(1, 1, 0), entries(1, 1, 3, 100));
            store.sync();
            store.append(GROUP, state(1, 1, 2), List.of());
            store.sync();
            assertThat(events)
                    .as("a commit index alone waits for the next sync")
                    .hasSize(1);
            store.append(GROUP, state(2, 1, 3), entries(2, 4, 4, 100));
            store.sync();
            store.append(GROUP, state(2, 1, 4), List.of());
        }

        // Checksum, metadata, snapshot; then what was appended.
        long[] at = log.records().stream().mapToLong(WalRecord::offset).toArray();
        assertThat(at).hasSize(11);
        assertThat(events)
                .containsExactly(
                        "sync in 1000: " + (at[7] - at[3]) + " bytes, 4 records",
                        "sync in 1000: " + (at[10] - at[7]) + " bytes, 3 records",
                        "sync in 1000: " + (at[10] - at[9]) + " bytes, 1 records");
    }

    @Test
    void segmentsAreToldWhenTheyArePreparedBegunAndDeleted() throws IOException, StorageException {
        log.saveSnapshot(snapshot(14, 1), new byte[0]);
        try (WalLogStore store = log.open()) {
            prepare(store);
            assertThat(takeEvents()).containsExactly("prepared");
            for (int i = 1; i <= 14; i++) {
                store.append(GROUP, state(1, 1, i), List.of(entry(1, i, 10_000)));
                store.sync();
            }
            assertThat(takeEvents())
                    .as("the second one was not prepared in time; a head is the checksum, the metadata and the state")
                    .filteredOn(event -> !event.endsWith(", 2 records"))
                    .containsExactly(
                            "sync in 1000: 56 bytes, 3 records",
                            "cut in 3000: 2 segments",
                            "sync in 1000: 56 bytes, 3 records",
                            "cut in 3000: 3 segments");
            store.appendSnapshot(GROUP, snapshot(14, 1));
            store.sync();
            store.release(GROUP, 14);
            takeEvents();
            prepare(store);
            assertThat(takeEvents()).containsExactly("purged", "prepared");
        }
    }

    private List<String> takeEvents() {
        List<String> taken = List.copyOf(events);
        events.clear();
        return taken;
    }
}
