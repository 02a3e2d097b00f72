package dev.coracle.wal;

import static dev.coracle.wal.LogFixture.GROUP;
import static dev.coracle.wal.LogFixture.SMALL;
import static dev.coracle.wal.LogFixture.entries;
import static dev.coracle.wal.LogFixture.entry;
import static dev.coracle.wal.LogFixture.state;
import static dev.coracle.wal.WalLogStoreTest.prepare;
import static dev.coracle.wal.WalLogStoreTest.segment;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.node.StorageException;
import dev.coracle.raft.HardState;
import dev.coracle.sim.SimDisk;
import dev.coracle.sim.SimDisk.Operation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Space is taken before it is needed, and a disk that is full is waited for. */
final class FullDiskTest {
    private static final int SEGMENT_BYTES = 64 << 10;
    private static final int SECTOR_BYTES = 512;
    private static final long SECOND = 1_000_000_000;

    private final SimDisk disk = new SimDisk();
    private final LogFixture log = new LogFixture(disk.process(), Path.of("/data"), SMALL);

    @Test
    void theFirstSegmentIsFilledWithZerosBeforeTheLogIsThere() {
        disk.setFault((operation, path) -> {
            if (operation == Operation.SYNC) {
                throw new SimDisk.PowerOffException();
            }
        });
        assertThatThrownBy(log::open).isInstanceOf(StorageException.class);
        assertThat(disk.unsynced()).as("sectors that are written").isGreaterThan(SEGMENT_BYTES / SECTOR_BYTES);
    }

    @Test
    void withoutRoomForItsFirstSegmentALogIsNotCreated() throws StorageException {
        disk.setCapacity(SEGMENT_BYTES - 100);
        assertThatThrownBy(log::open)
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("has no room for the first segment of /data/wal: 65436 bytes are left")
                .hasMessageContaining("Free at least 100 more, then start again");

        disk.setCapacity(2 * SEGMENT_BYTES);
        assertThat(log.recovered().entries()).isEmpty();
    }

    @Test
    void aFullDiskHasRoomInTheSegmentAtHandAndThenTheWriterWaits() throws IOException, StorageException {
        try (WalLogStore store = log.open()) {
            fill();
            int appended = 0;
            while (store.makeRoom(GROUP, 1_100)) {
                appended++;
                store.append(GROUP, state(1, 1, 0), List.of(entry(1, appended, 1_000)));
                store.sync();
            }
            assertThat(appended).as("of 65,536 bytes").isBetween(57, 63);
            assertThat(store.makeRoom(GROUP, 1_100)).as("asked again").isFalse();
            assertThat(log.disk.list(log.wal)).containsExactly(segment(0, 0));

            disk.setCapacity(1_000_000);
            assertThat(store.makeRoom(GROUP, 1_100)).isTrue();
            store.append(GROUP, HardState.EMPTY, entries(1, appended + 1, appended + 1, 1_000));
            store.sync();
            assertThat(log.disk.list(log.wal)).hasSizeBetween(1, 2);
        }
    }

    @Test
    void onAFullDiskAWriteThatDoesNotFitTakesThePreparedSegment() throws IOException, StorageException {
        try (WalLogStore store = log.open()) {
            prepare(store);
            fill();
            store.append(GROUP, state(1, 1, 0), entries(1, 1, 6, 10_000));
            store.sync();
            assertThat(log.disk.list(log.wal)).containsExactly("0.tmp", segment(0, 0));
            assertThat(store.makeRoom(GROUP, SEGMENT_BYTES))
                    .as("more than a segment")
                    .isFalse();
            assertThat(log.disk.list(log.wal)).containsExactly("0.tmp", segment(0, 0));

            assertThat(store.makeRoom(GROUP, 10_100)).isTrue();
            assertThat(log.disk.list(log.wal)).containsExactly(segment(0, 0), segment(1, 7));
            store.append(GROUP, state(1, 1, 0), List.of(entry(1, 7, 10_000)));
            store.sync();
        }
        assertThat(log.recovered().entries()).isEqualTo(entries(1, 1, 7, 10_000));
    }

    @Test
    void aSegmentThatWasMadeOnTheSpotHasNoSpaceYet() throws IOException, StorageException {
        try (WalLogStore store = log.open()) {
            store.append(GROUP, state(1, 1, 0), entries(1, 1, 7, 10_000));
            store.sync();
            assertThat(log.disk.list(log.wal)).containsExactly(segment(0, 0), segment(1, 8));
            fill();
            assertThat(store.makeRoom(GROUP, 10)).isFalse();
        }
    }

    @Test
    void purgingMakesRoomOnAFullDisk() throws IOException, StorageException {
        try (WalLogStore store = log.open()) {
            for (int i = 1; i <= 21; i++) {
                store.append(GROUP, state(1, 1, i - 1), List.of(entry(1, i, 10_000)));
                store.sync();
            }
            log.saveSnapshot(LogFixture.snapshot(20, 1), new byte[10]);
            store.appendSnapshot(GROUP, LogFixture.snapshot(20, 1));
            store.sync();
            fill();
            assertThat(store.makeRoom(GROUP, 10_100)).isFalse();
            store.release(GROUP, 20);
            prepare(store);
            assertThat(store.makeRoom(GROUP, 10_100)).isTrue();
        }
    }

    @Test
    void aSegmentThatCannotBePreparedIsTriedAgainASecondLater() throws IOException, StorageException {
        LogFixture large = new LogFixture(disk.process(), Path.of("/large"), SMALL.withSegmentBytes(3 << 20));
        try (WalLogStore store = large.open()) {
            store.housekeeping().doWork(0);
            store.housekeeping().doWork(0);
            assertThat(large.disk.list(large.wal)).containsExactly("0.tmp", segment(0, 0));
            disk.setFault((operation, path) -> {
                if (operation == Operation.WRITE && path.endsWith("0.tmp")) {
                    throw new IOException("No space left on device");
                }
            });
            assertThat(store.housekeeping().doWork(1)).isZero();
            disk.clearFault();
            assertThat(large.disk.list(large.wal)).containsExactly(segment(0, 0));
            assertThat(store.housekeeping().doWork(SECOND)).isZero();
            assertThat(store.housekeeping().doWork(1 + SECOND)).isPositive();
            assertThat(large.disk.list(large.wal)).containsExactly(segment(0, 0), "1.tmp");
            store.append(GROUP, state(1, 1, 0), entries(1, 1, 1, 10));
            store.sync();
        }
    }

    @Test
    void aTornTailOnAFullDiskIsNotCutBeforeItCanBeKept() throws IOException, StorageException {
        WalLogStore store = log.open();
        store.append(GROUP, state(1, 1, 0), entries(1, 1, 3, 1_000));
        log.closeAsIfKilled(store);
        Path path = log.wal.resolve(segment(0, 0));
        byte[] bytes = log.read(path);
        bytes[2_300] ^= 1;
        log.write(path, bytes);
        fill();
        assertThatThrownBy(log::open)
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("has no room for a copy of " + path + ", whose end is torn")
                .hasMessageContaining("Free at least");
        assertThat(log.read(path)).isEqualTo(bytes);

        disk.setCapacity(1_000_000);
        assertThat(log.recovered().entries()).isEqualTo(entries(1, 1, 2, 1_000));
    }

    /** Leaves nothing free. */
    private void fill() {
        disk.setCapacity(disk.usedBytes());
    }
}
