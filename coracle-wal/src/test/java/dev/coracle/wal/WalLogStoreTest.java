package dev.coracle.wal;

import static dev.coracle.wal.LogFixture.GROUP;
import static dev.coracle.wal.LogFixture.SMALL;
import static dev.coracle.wal.LogFixture.entries;
import static dev.coracle.wal.LogFixture.entry;
import static dev.coracle.wal.LogFixture.snapshot;
import static dev.coracle.wal.LogFixture.state;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.contracts.Recovered;
import dev.coracle.node.FileDisk;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.Check.BrokenInvariantException;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.sim.SimDisk;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WalLogStoreTest {
    @TempDir
    private Path root;

    private LogFixture log;

    @BeforeEach
    void useRealDisk() {
        log = new LogFixture(new FileDisk(), root, SMALL);
    }

    @Test
    void aStateIsWrittenAgainAtTheHeadOfEachSegmentAlsoWhenOnlyTheProcessBeforeStoredOne() throws StorageException {
        try (WalLogStore store = log.open()) {
            store.append(GROUP, state(7, 3, 0), List.of());
            store.sync();
        }
        try (WalLogStore store = log.open()) {
            for (int i = 1; i <= 8; i++) {
                store.append(GROUP, HardState.EMPTY, List.of(entry(7, i, 10_000)));
                store.sync();
            }
        }

        List<WalRecord> second = log.records().stream()
                .filter(r -> r.file().endsWith(segment(1, 8)))
                .toList();
        assertThat(second)
                .extracting(WalRecord::type)
                .startsWith(RecordType.CHECKSUM, RecordType.METADATA, RecordType.STATE);
        assertThat(log.recovered().hardState()).isEqualTo(state(7, 3, 0));
    }

    @Test
    void aSegmentIsClosedByTheSyncThatFindsItFullAndTakesThePreparedOne() throws IOException, StorageException {
        try (WalLogStore store = log.open()) {
            prepare(store);
            assertThat(log.disk.list(log.wal)).containsExactly("0.tmp", segment(0, 0));
            for (int i = 1; i <= 21; i++) {
                store.append(GROUP, state(1, 1, i - 1), List.of(entry(1, i, 10_000)));
                store.sync();
                prepare(store);
            }
            assertThat(log.disk.list(log.wal))
                    .containsExactly(segment(0, 0), segment(1, 8), segment(2, 15), segment(3, 22), "1.tmp");
        }

        assertThat(log.disk.list(log.wal))
                .containsExactly(segment(0, 0), segment(1, 8), segment(2, 15), segment(3, 22));
        assertThat(Files.size(log.wal.resolve(segment(1, 8)))).isBetween(70_000L, 71_000L);
        assertThat(Files.size(log.wal.resolve(segment(3, 22)))).isEqualTo(64 << 10);
        assertThat(log.recovered().entries()).isEqualTo(entries(1, 1, 21, 10_000));
    }

    @Test
    void aSegmentThatIsNotPreparedInTimeIsMadeOnTheSpot() throws IOException, StorageException {
        try (WalLogStore store = log.open()) {
            for (int i = 1; i <= 14; i++) {
                store.append(GROUP, state(1, 1, 0), List.of(entry(1, i, 10_000)));
                store.sync();
            }
        }

        assertThat(log.disk.list(log.wal)).containsExactly(segment(0, 0), segment(1, 8), segment(2, 15));
        assertThat(log.recovered().entries()).isEqualTo(entries(1, 1, 14, 10_000));
    }

    @Test
    void recordsLargerThanTheBufferPassThroughIt() throws StorageException {
        LogFixture large = new LogFixture(new FileDisk(), root, SMALL.withMaxBatchBytes(16 << 20));
        List<Entry> written = List.of(
                entry(1, 1, 100),
                entry(1, 2, 3_000_001),
                entry(1, 3, (1 << 20) - 30),
                entry(1, 4, 70_000),
                new Entry(1, 5, EntryType.NORMAL, new byte[1_500_000], new byte[1_500_003]));
        try (WalLogStore store = large.open()) {
            store.append(GROUP, state(1, 1, 1), written);
            store.sync();
        }

        assertThat(large.recovered().entries()).isEqualTo(written);
    }

    @Test
    void anEntryThatNoBatchCanHoldIsRefusedBeforeAnythingIsWritten() throws StorageException {
        try (WalLogStore store = log.open()) {
            assertThatThrownBy(() -> store.append(GROUP, state(1, 1, 0), List.of(entry(1, 1, 5), entry(1, 2, 40_000))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "entry 2 has 40000 bytes and must not exceed the 32672 that maxBatchBytes 32768 leaves");
            store.append(GROUP, state(1, 1, 0), List.of(entry(1, 1, 6)));
        }

        assertThat(log.recovered().entries()).containsExactly(entry(1, 1, 6));
    }

    @Test
    void aBatchIsSyncedBeforeItGrowsBeyondItsLimit() throws StorageException {
        try (WalLogStore store = log.open()) {
            store.append(GROUP, state(1, 1, 0), entries(1, 1, 3, 10_000));
            assertThat(store.syncs()).isZero();
            store.append(GROUP, state(1, 1, 0), entries(1, 4, 4, 10_000));
            assertThat(store.syncs()).isEqualTo(1);
        }
    }

    @Test
    void onlyWhatMustBeDurableWaitsForTheDisk() throws StorageException {
        try (WalLogStore store = log.open()) {
            store.sync();
            assertThat(store.syncs()).as("nothing").isZero();
            store.append(GROUP, state(1, 1, 0), List.of());
            store.sync();
            assertThat(store.syncs()).as("a vote").isEqualTo(1);
            store.append(GROUP, state(1, 1, 0), List.of(entry(1, 1, 1)));
            store.append(GROUP, state(1, 1, 0), List.of(entry(1, 2, 1)));
            store.sync();
            assertThat(store.syncs()).as("two appends").isEqualTo(2);
            store.append(GROUP, state(1, 1, 2), List.of());
            store.sync();
            assertThat(store.syncs()).as("a commit index").isEqualTo(2);
            store.appendSnapshot(GROUP, snapshot(9, 1));
            store.sync();
            assertThat(store.syncs()).as("a snapshot").isEqualTo(3);
            store.append(GROUP, state(1, 1, 9), List.of());
            store.sync();
            assertThat(store.syncs()).as("the commit index that makes it count").isEqualTo(4);
            store.append(GROUP, state(1, 1, 10), List.of());
            store.sync();
            assertThat(store.syncs()).as("another commit index").isEqualTo(4);
        }
    }

    @Test
    void whatDoesNotContinueTheLogIsNotWritten() throws StorageException {
        try (WalLogStore store = log.open()) {
            store.append(GROUP, state(2, 1, 0), entries(2, 1, 3, 10));
            assertThatThrownBy(() -> store.append(GROUP, HardState.EMPTY, List.of(entry(2, 5, 1))))
                    .isInstanceOf(BrokenInvariantException.class)
                    .hasMessage("entry 5 does not continue the log, which ends at 3");
            assertThatThrownBy(() -> store.append(GROUP, HardState.EMPTY, List.of(entry(1, 4, 1))))
                    .hasMessage("entry 4 has term 1, below the term 2 before it");
            assertThatThrownBy(() -> store.append(GROUP, HardState.EMPTY, List.of(entry(2, 3, 1), entry(2, 3, 1))))
                    .hasMessage("entry 3 does not continue the log, which ends at 3");
        }
        assertThat(log.recovered().entries()).hasSize(3);
    }

    @Test
    void aDamagedSnapshotIsSetAsideAndTheOneBeforeItTaken() throws IOException, StorageException {
        writeWithSnapshots();
        Path newest = log.snap.resolve(FileSnapshotStore.fileName(snapshot(4, 1).id()));
        byte[] bytes = Files.readAllBytes(newest);
        bytes[bytes.length - 1] ^= 1;
        Files.write(newest, bytes);

        assertThat(log.recovered()).isEqualTo(new Recovered(state(1, 1, 4), snapshot(2, 1), entries(1, 3, 6, 10)));
        assertThat(newest).doesNotExist();
        assertThat(newest.resolveSibling(newest.getFileName() + ".broken")).hasBinaryContent(bytes);
    }

    @Test
    void withoutAnySnapshotThatTheLogFollowsOpeningIsRefused() throws IOException, StorageException {
        try (WalLogStore store = log.open()) {
            store.appendSnapshot(GROUP, snapshot(10, 2));
            store.append(GROUP, state(2, 0, 10), entries(2, 11, 12, 10));
            store.sync();
        }

        assertThatThrownBy(log::open)
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("its log begins behind index 10 and is committed up to 10")
                .hasMessageContaining("Restore the snapshot's file");
        log.saveSnapshot(snapshot(10, 2), new byte[0]);
        assertThat(log.recovered()).isEqualTo(new Recovered(state(2, 0, 10), snapshot(10, 2), entries(2, 11, 12, 10)));
    }

    @Test
    void releasedSegmentsAreDeletedOldestFirstOneATurn() throws IOException, StorageException {
        log.saveSnapshot(snapshot(30, 1), new byte[0]);
        try (WalLogStore store = log.open()) {
            prepare(store);
            for (int i = 1; i <= 35; i++) {
                store.append(GROUP, state(1, 1, i - 1), List.of(entry(1, i, 10_000)));
                store.sync();
            }
            store.appendSnapshot(GROUP, snapshot(30, 1));
            assertThatThrownBy(() -> store.release(GROUP, 30))
                    .isInstanceOf(BrokenInvariantException.class)
                    .hasMessage("released up to 30, but the durable snapshot is at 0 and the durable commit at 34");
            store.sync();
            store.release(GROUP, 30);
            prepare(store);
        }

        // The record of the snapshot may stand in the segment before the first one that is named at or above it.
        assertThat(log.disk.list(log.wal)).containsExactly(segment(4, 29), segment(5, 36));
        assertThat(log.recovered())
                .isEqualTo(new Recovered(state(1, 1, 34), snapshot(30, 1), entries(1, 31, 35, 10_000)));
    }

    @Test
    void theNewestSegmentAndTheOneBeforeAreKept() throws IOException, StorageException {
        log.saveSnapshot(snapshot(7, 1), new byte[0]);
        try (WalLogStore store = log.open()) {
            for (int i = 1; i <= 7; i++) {
                store.append(GROUP, state(1, 1, i), List.of(entry(1, i, 10_000)));
                store.sync();
            }
            store.appendSnapshot(GROUP, snapshot(7, 1));
            store.sync();
            store.release(GROUP, 7);
            prepare(store);
        }

        assertThat(log.disk.list(log.wal)).containsExactly(segment(0, 0), segment(1, 8));
    }

    @Test
    void aLogIsOpenOnlyOnceInAProcessAndStaysLockedWhenASecondOpeningFails() throws Exception {
        try (WalLogStore store = log.open()) {
            assertThatThrownBy(log::open)
                    .isInstanceOf(StorageException.class)
                    .hasMessageContaining(log.wal.toString())
                    .hasMessageContaining("locked by this process");
            assertThat(LockProbe.isLockedForOthers(log.wal.resolve(segment(0, 0))))
                    .isTrue();
            store.append(GROUP, state(1, 1, 0), entries(1, 1, 1, 1));
            store.sync();
        }
        assertThat(LockProbe.isLockedForOthers(log.wal.resolve(segment(0, 0)))).isFalse();
    }

    @Test
    void aLogThatAnotherProcessHasOpenIsRefused() throws StorageException {
        SimDisk disk = new SimDisk();
        LogFixture first = new LogFixture(disk.process(), root, SMALL);
        LogFixture second = new LogFixture(disk.process(), root, SMALL);

        try (WalLogStore store = first.open()) {
            assertThatThrownBy(second::open)
                    .isInstanceOf(StorageException.class)
                    .hasMessageContaining(first.wal + " is in use by another process");
            store.append(GROUP, state(1, 1, 0), entries(1, 1, 1, 1));
        }
        assertThat(second.recovered().entries()).hasSize(1);
    }

    @Test
    void aMissingPermissionIsNamedWithItsRule() throws StorageException {
        SimDisk disk = new SimDisk();
        LogFixture sim = new LogFixture(disk.process(), root, SMALL);
        sim.open().close();
        disk.setFault((operation, path) -> {
            if (operation == SimDisk.Operation.OPEN) {
                throw new AccessDeniedException(path.toString());
            }
        });

        Path path = sim.wal.resolve(segment(0, 0));
        assertThatThrownBy(sim::open)
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("cannot open " + path + ": no permission for " + path)
                .hasMessageContaining("must be able to read and write it");
    }

    @Test
    void twoLogsInOneProcessDoNotDisturbEachOther() throws StorageException {
        LogFixture other = new LogFixture(log.disk, root.resolve("other"), SMALL);
        try (WalLogStore one = log.open();
                WalLogStore two = other.open()) {
            one.append(GROUP, state(1, 1, 0), entries(1, 1, 2, 10));
            two.append(GROUP, state(2, 2, 0), entries(2, 1, 1, 10));
            one.sync();
            two.sync();
        }

        assertThat(log.recovered().entries()).isEqualTo(entries(1, 1, 2, 10));
        assertThat(other.recovered().entries()).isEqualTo(entries(2, 1, 1, 10));
    }

    @Test
    void theLogOfAnotherNodeIsRefusedByItsMetadata() throws StorageException {
        LogFixture mine = new LogFixture(log.disk, root, SMALL.withMetadata(Bytes.of((byte) 1)));
        LogFixture other = new LogFixture(log.disk, root, SMALL.withMetadata(Bytes.of((byte) 2)));
        mine.open().close();

        assertThatThrownBy(other::open)
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("is the log of another node: its metadata are 01 and must be 02");
        try (WalLogStore store = log.open()) {
            assertThat(store.metadata()).contains(Bytes.of((byte) 1));
        }
        mine.open().close();
    }

    @Test
    void aDirectoryOfOtherFilesIsNotTakenForAnEmptyLog() throws IOException {
        Files.createDirectories(log.wal);
        Files.writeString(log.wal.resolve("notes.txt"), "mine");

        assertThatThrownBy(log::open)
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("holds no log, but files")
                .hasMessageContaining("notes.txt");
        assertThat(log.wal.resolve("notes.txt")).exists();
    }

    @Test
    void whatACrashLeftOfACreationIsReplaced() throws IOException, StorageException {
        Path building = root.resolve("wal.tmp");
        Files.createDirectories(building);
        Files.write(building.resolve(segment(0, 0)), new byte[] {1, 2, 3});
        Files.createDirectories(log.wal);
        Files.write(log.wal.resolve("0.tmp"), new byte[10]);

        assertThat(log.recovered().entries()).isEmpty();
        assertThat(building).doesNotExist();
        assertThat(log.disk.list(log.wal)).containsExactly(segment(0, 0));
    }

    @Test
    void whatACrashLeftOfTheNextSegmentIsDeletedByTheNextOpening() throws IOException, StorageException {
        log.open().close();
        log.write(log.wal.resolve("0.tmp"), new byte[] {1, 2, 3});
        log.write(log.wal.resolve("2.tmp"), new byte[100]);

        log.open().close();
        assertThat(log.disk.list(log.wal)).containsExactly(segment(0, 0));
    }

    @Test
    void everythingBelongsToTheOwnerAlone() throws IOException, StorageException {
        log.saveSnapshot(snapshot(1, 1), new byte[0]);
        try (WalLogStore store = log.open()) {
            prepare(store);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(log.wal)))
                    .isEqualTo("rwx------");
            try (var files = Files.list(log.wal)) {
                assertThat(files)
                        .hasSize(2)
                        .allSatisfy(
                                file -> assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                                        .isEqualTo("rw-------"));
            }
        }
    }

    @Test
    void afterTheFirstFailureEveryCallThrowsItAndNothingIsTriedAgain() throws StorageException {
        for (SimDisk.Operation operation :
                List.of(SimDisk.Operation.WRITE, SimDisk.Operation.SYNC, SimDisk.Operation.RENAME)) {
            SimDisk disk = new SimDisk();
            LogFixture sim = new LogFixture(disk.process(), root, SMALL);
            WalLogStore store = sim.open();
            disk.setFault(SimDisk.failing(operation, 1));

            StorageException first = null;
            for (int i = 1; first == null; i++) {
                try {
                    store.append(GROUP, state(1, 1, 0), List.of(entry(1, i, 10_000)));
                    store.sync();
                } catch (StorageException e) {
                    first = e;
                }
            }

            assertThat(first).hasMessageContaining("Input/output error").hasMessageContaining("Nothing is tried again");
            StorageException expected = first;
            int[] operations = {0};
            disk.setFault((any, path) -> operations[0]++);
            assertThatThrownBy(store::sync).isSameAs(expected);
            assertThatThrownBy(() -> store.append(GROUP, state(9, 9, 0), List.of()))
                    .isSameAs(expected);
            assertThatThrownBy(() -> store.appendSnapshot(GROUP, snapshot(1, 1)))
                    .isSameAs(expected);
            assertThatThrownBy(() -> store.release(GROUP, 0)).isSameAs(expected);
            assertThat(store.hasSpace()).isFalse();
            store.close();
            assertThat(operations[0])
                    .as("%s: operations after the failure", operation)
                    .isZero();
        }
    }

    @Test
    void whatAFailedSyncForgotIsWrittenAgainAtTheNextOpening() throws StorageException {
        SimDisk disk = new SimDisk();
        LogFixture first = new LogFixture(disk.process(), root, SMALL);
        WalLogStore store = first.open();
        disk.setFault(SimDisk.failing(SimDisk.Operation.SYNC, 1));
        store.append(GROUP, state(1, 1, 0), entries(1, 1, 3, 1_000));
        assertThatThrownBy(store::sync).hasMessageContaining("Input/output error");
        disk.kill();

        // The pages are in the system's cache, and count as written there.
        LogFixture second = new LogFixture(disk.process(), root, SMALL);
        try (WalLogStore again = second.open()) {
            assertThat(Recovered.of(again, GROUP).entries()).isEqualTo(entries(1, 1, 3, 1_000));
        }
        disk.crash(bound -> bound - 1);
        assertThat(second.recovered().entries()).isEqualTo(entries(1, 1, 3, 1_000));
    }

    @Test
    void aShortWriteIsFinalAndNothingOfItCounts() throws StorageException {
        SimDisk disk = new SimDisk();
        LogFixture sim = new LogFixture(disk.process(), root, SMALL);
        WalLogStore store = sim.open();
        store.append(GROUP, state(1, 1, 0), entries(1, 1, 1, 1_000));
        store.sync();
        disk.setFault((operation, path) -> {
            if (operation == SimDisk.Operation.WRITE) {
                throw new SimDisk.ShortWriteException(500);
            }
        });
        store.append(GROUP, HardState.EMPTY, entries(1, 2, 2, 1_000));
        assertThatThrownBy(store::sync)
                .hasMessageContaining("after 500 bytes")
                .hasMessageContaining("Nothing is tried");
        disk.clearFault();
        disk.kill();

        try (WalLogStore again = new LogFixture(disk.process(), root, SMALL).open()) {
            assertThat(Recovered.of(again, GROUP).entries()).isEqualTo(entries(1, 1, 1, 1_000));
            assertThat(again.tornTail()).isPresent();
        }
    }

    @Test
    void withoutRoomForAnotherSegmentThereIsNoSpaceAndTheOneAtHandGrows() throws IOException, StorageException {
        SimDisk disk = new SimDisk();
        LogFixture sim = new LogFixture(disk.process(), root, SMALL.withLowSpaceBytes(10_000));
        try (WalLogStore store = sim.open()) {
            disk.setCapacity(150_000);
            prepare(store);
            assertThat(store.hasSpace())
                    .as("a segment is prepared, 18,928 bytes are free")
                    .isTrue();
            for (int i = 1; i <= 9; i++) {
                store.append(GROUP, state(1, 1, 0), List.of(entry(1, i, 8_000)));
                store.sync();
            }
            prepare(store);
            assertThat(sim.disk.list(sim.wal)).containsExactly(segment(0, 0), segment(1, 10));
            assertThat(store.hasSpace()).as("no segment can be prepared").isFalse();
            for (int i = 10; i <= 18; i++) {
                store.append(GROUP, state(1, 1, 0), List.of(entry(1, i, 8_000)));
                store.sync();
            }
            assertThat(sim.disk.list(sim.wal)).containsExactly(segment(0, 0), segment(1, 10));
            disk.setCapacity(1_000_000);
            prepare(store);
            assertThat(store.hasSpace()).isTrue();
        }
        assertThat(sim.recovered().entries()).isEqualTo(entries(1, 1, 18, 8_000));
    }

    @Test
    void whatIsPreparedOfASegmentIsNotAskedForAgain() throws IOException, StorageException {
        SimDisk disk = new SimDisk();
        long segmentBytes = 4 << 20;
        LogFixture sim = new LogFixture(
                disk.process(), root, SMALL.withSegmentBytes(segmentBytes).withLowSpaceBytes(10_000));
        try (WalLogStore store = sim.open()) {
            // Room for one more segment, and nothing for another one.
            disk.setCapacity(2 * segmentBytes + 20_000);
            store.housekeeping().doWork(0);
            int turns = 0;
            do {
                assertThat(store.hasSpace()).as("after %d more turns", turns++).isTrue();
            } while (store.housekeeping().doWork(0) > 0);
            assertThat(turns).isGreaterThan(4);
        }
    }

    @Test
    void aSegmentThatCannotBePutIntoUseIsLeftClosed() throws StorageException {
        for (SimDisk.Operation operation :
                List.of(SimDisk.Operation.WRITE, SimDisk.Operation.RENAME, SimDisk.Operation.SYNC_DIRECTORY)) {
            SimDisk disk = new SimDisk();
            LogFixture sim = new LogFixture(disk.process(), root, SMALL);
            try (WalLogStore store = sim.open()) {
                store.append(GROUP, state(1, 1, 0), entries(1, 1, 3, 30_000));
                disk.setFault((any, path) -> {
                    boolean next =
                            path.getFileName().toString().endsWith(".tmp") || any == SimDisk.Operation.SYNC_DIRECTORY;
                    if (next && any == operation) {
                        throw new IOException("Input/output error");
                    }
                });
                assertThatThrownBy(store::sync).as("%s", operation).hasMessageContaining("Input/output error");
            }
            disk.clearFault();
            assertThat(sim.recovered().entries()).isEqualTo(entries(1, 1, 3, 30_000));
        }
    }

    @Test
    void aFullDiskEndsTheLogWithWhatToDoAndKeepsAllThatWasSynced() throws StorageException {
        SimDisk disk = new SimDisk();
        LogFixture sim = new LogFixture(disk.process(), root, SMALL.withLowSpaceBytes(20_000));
        WalLogStore store = sim.open();
        disk.setCapacity(100_000);
        StorageException end = null;
        int synced = 0;
        while (end == null) {
            try {
                store.append(GROUP, state(1, 1, 0), List.of(entry(1, synced + 1, 3_000)));
                store.sync();
                synced++;
            } catch (StorageException e) {
                end = e;
            }
        }
        assertThat(synced).as("all but a record of the 100,000 bytes are used").isEqualTo(32);
        assertThat(end)
                .hasMessageContaining("full disk")
                .hasMessageContaining("No space left on device")
                .hasMessageContaining("Free at least 85536 bytes, then start again");
        assertThatThrownBy(store::sync).isSameAs(end);
        store.close();

        disk.setCapacity(300_000);
        disk.crash(bound -> 0);
        LogFixture again = new LogFixture(disk.process(), root, SMALL.withLowSpaceBytes(20_000));
        assertThat(again.recovered().entries()).isEqualTo(entries(1, 1, synced, 3_000));
    }

    /** Snapshots of 2 and 4; records of those, of 3, whose file is missing, and of 5, which is not committed. */
    private void writeWithSnapshots() throws IOException, StorageException {
        log.saveSnapshot(snapshot(2, 1), new byte[] {1});
        log.saveSnapshot(snapshot(4, 1), new byte[] {2});
        try (WalLogStore store = log.open()) {
            store.append(GROUP, state(1, 1, 4), entries(1, 1, 6, 10));
            store.appendSnapshot(GROUP, snapshot(2, 1));
            store.appendSnapshot(GROUP, snapshot(3, 1));
            store.appendSnapshot(GROUP, snapshot(4, 1));
            store.appendSnapshot(GROUP, snapshot(5, 1));
            store.sync();
        }
    }

    static String segment(long sequence, long index) {
        return new SegmentName(sequence, index).fileName();
    }

    /** Runs the housekeeping until it has nothing to do. */
    static void prepare(WalLogStore store) {
        int turns = 0;
        while (store.housekeeping().doWork(0) > 0) {
            assertThat(++turns).isLessThan(1000);
        }
    }
}
