package dev.coracle.wal;

import static dev.coracle.wal.LogFixture.GROUP;
import static dev.coracle.wal.LogFixture.SMALL;
import static dev.coracle.wal.LogFixture.entries;
import static dev.coracle.wal.LogFixture.entry;
import static dev.coracle.wal.LogFixture.state;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.node.StorageException;
import dev.coracle.raft.HardState;
import dev.coracle.sim.SimDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SyncedFileTest {
    private static final long SECOND = Housekeeping.MARK_NANOS;
    private static final int SECTOR_BYTES = 512;

    private final SimDisk disk = new SimDisk();
    private final LogFixture log = new LogFixture(disk.process(), Path.of("/data"), SMALL);

    @Test
    void anOpenLogIsMarkedWhereItWasFound() throws IOException, StorageException {
        try (WalLogStore store = log.open()) {
            store.append(GROUP, state(2, 1, 0), entries(2, 1, 3, 10));
        }
        long end = mark().offset();
        try (WalLogStore store = log.open()) {
            assertThat(mark().closed()).as("%s", store).isFalse();
            assertThat(mark().offset()).isEqualTo(end);
            assertThat(mark().index()).isEqualTo(3);
            assertThat(mark().term()).isEqualTo(2);
        }
        assertThat(mark().closed()).isTrue();
    }

    @Test
    void onlyWhatASyncCoveredIsMarkedAndAtMostOnceASecond() throws IOException, StorageException {
        LogFixture reader = new LogFixture(disk.process(), Path.of("/data"), SMALL);
        try (WalLogStore store = log.open()) {
            store.append(GROUP, state(1, 1, 0), entries(1, 1, 3, 10));
            store.housekeeping().doWork(0);
            assertThat(mark().index()).as("not synced").isZero();

            store.sync();
            store.housekeeping().doWork(0);
            assertThat(mark().index()).as("synced").isEqualTo(3);
            long end = mark().offset();

            store.append(GROUP, HardState.EMPTY, entries(1, 4, 5, 10));
            store.sync();
            store.append(GROUP, state(1, 1, 4), List.of());
            store.sync();
            store.housekeeping().doWork(SECOND - 1);
            assertThat(mark().offset()).as("within the same second").isEqualTo(end);
            store.housekeeping().doWork(SECOND);
            assertThat(mark().index()).isEqualTo(5);
            assertThat(mark().offset())
                    .as("the commit index behind is written, and not synced")
                    .isEqualTo(reader.records().get(9).offset());
        }
    }

    @Test
    void aNewSegmentIsMarkedAtOnce() throws IOException, StorageException {
        try (WalLogStore store = log.open()) {
            store.housekeeping().doWork(0);
            for (int i = 1; i <= 7; i++) {
                store.append(GROUP, state(1, 1, 0), List.of(entry(1, i, 10_000)));
                store.sync();
            }
            assertThat(mark().segment()).isEqualTo(SegmentName.FIRST);
            store.housekeeping().doWork(1);
            assertThat(mark().segment()).isEqualTo(new SegmentName(1, 8));
            assertThat(mark().index()).isEqualTo(7);
        }
    }

    @Test
    void aDamagedMarkLeavesTheOneBefore() throws IOException, StorageException {
        log.open().close();
        SyncedMark newest = mark();
        Path path = SyncedFile.pathOf(log.wal);
        byte[] sound = log.read(path);
        for (int sector = 0; sector < 2; sector++) {
            byte[] bytes = sound.clone();
            bytes[sector * SECTOR_BYTES + 20] ^= 1;
            log.write(path, bytes);
            SyncedMark found = mark();
            // Opening wrote the first mark, closing the second, into the sector with the even number.
            assertThat(found.closed()).isEqualTo(sector == 1);
            assertThat(found.offset()).isEqualTo(newest.offset());
        }
        for (int bit = 0; bit < SyncedMark.BYTES * 8; bit++) {
            byte[] bytes = sound.clone();
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
            log.write(path, bytes);
            assertThat(mark().closed()).as("bit %d", bit).isFalse();
        }
    }

    @Test
    void aMarkThatCannotBeWrittenStopsNothing() throws IOException, StorageException {
        try (WalLogStore store = log.open()) {
            disk.setFault((operation, path) -> {
                if (path.equals(SyncedFile.pathOf(log.wal))) {
                    throw new IOException("Input/output error");
                }
            });
            store.append(GROUP, state(1, 1, 0), entries(1, 1, 3, 10));
            store.sync();
            store.housekeeping().doWork(0);
            disk.clearFault();
            store.append(GROUP, HardState.EMPTY, entries(1, 4, 4, 10));
            store.sync();
            store.housekeeping().doWork(SECOND);
            assertThat(mark().index()).as("given up").isZero();
        }
        assertThat(log.recovered().entries()).isEqualTo(entries(1, 1, 4, 10));
    }

    @Test
    void aNewLogDoesNotInheritTheMarkOfTheOneBefore() throws IOException, StorageException {
        try (WalLogStore store = log.open()) {
            store.append(GROUP, state(1, 1, 0), entries(1, 1, 3, 10));
        }
        for (String name : log.disk.list(log.wal)) {
            log.disk.delete(log.wal.resolve(name));
        }
        assertThat(log.recovered().entries()).isEmpty();
        assertThat(log.recovered().entries()).isEmpty();
    }

    private SyncedMark mark() throws IOException {
        return requireNonNull(SyncedFile.read(log.disk, log.wal));
    }
}
