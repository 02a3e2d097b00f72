package dev.coracle.contracts;

import static dev.coracle.contracts.Samples.entries;
import static dev.coracle.contracts.Samples.entry;
import static dev.coracle.contracts.Samples.snapshot;
import static dev.coracle.contracts.Samples.state;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.node.LogStore;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/**
 * What every {@link LogStore} promises to the node, whatever it is made of. What a crash leaves is for each to test in
 * its own way: here the store is opened again after it was synced and closed.
 */
public abstract class LogStoreContract {
    /** The group of all tests but that of several groups. */
    protected static final long GROUP = 0;

    private static final long OTHER_GROUP = 5;
    private static final long SEED = 20261127;
    private static final int PATIENCE_SECONDS = 60;

    /**
     * Opens the test's store, which is empty the first time, and then holds what was synced before the one that was
     * opened last was closed. An entry must have place for some ten thousand bytes, and not for more than some millions.
     */
    protected abstract LogStore open() throws StorageException;

    /** The snapshots beside it. */
    protected abstract SnapshotStore snapshots() throws StorageException;

    /** Tells whether it holds several groups; otherwise it must refuse all but {@link #GROUP}. */
    protected abstract boolean holdsSeveralGroups();

    /** For the implementations' tests. */
    protected LogStoreContract() {}

    private Recovered recovered() throws StorageException {
        try (LogStore store = open()) {
            return Recovered.of(store, GROUP);
        }
    }

    private LogStore openAndRecover() throws StorageException {
        LogStore store = open();
        Recovered.of(store, GROUP);
        return store;
    }

    private void save(SnapshotMetadata metadata) throws StorageException, IOException {
        Samples.save(snapshots(), GROUP, metadata, new byte[10]);
    }

    // ---- recovery

    @Test
    void aNewLogIsEmpty() throws StorageException {
        Recovered empty = new Recovered(HardState.EMPTY, SnapshotMetadata.EMPTY, List.of());

        assertThat(recovered()).isEqualTo(empty);
        assertThat(recovered()).isEqualTo(empty);
    }

    @Test
    void whatWasSyncedIsThereAfterOpeningAgain() throws StorageException {
        List<Entry> written = List.of(
                entry(1, 1, "a"),
                new Entry(1, 2, EntryType.CONF_CHANGE_V2, null),
                new Entry(1, 3, EntryType.CONF_CHANGE_V2, new byte[0], new byte[] {1, 2}),
                new Entry(1, 4, EntryType.NORMAL, null, new byte[0]));
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, state(1, -2, 3), written);
            store.sync();
        }

        assertThat(recovered()).isEqualTo(new Recovered(state(1, -2, 3), SnapshotMetadata.EMPTY, written));
    }

    @Test
    void theLastHardStateCounts() throws StorageException {
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, state(1, 2, 0), List.of());
            store.append(GROUP, HardState.EMPTY, entries(1, 1, 3, 10));
            store.append(GROUP, state(2, 0, 0), List.of());
            store.sync();
            store.append(GROUP, state(2, 3, 1), List.of());
            store.sync();
        }

        assertThat(recovered().hardState()).isEqualTo(state(2, 3, 1));
    }

    @Test
    void laterEntriesReplaceEarlierOnesFromTheirIndexOn() throws StorageException {
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, state(1, 0, 1), entries(1, 1, 9, 10));
            store.append(GROUP, state(2, 0, 1), entries(2, 7, 8, 20));
            store.sync();
            assertThat(store.read(GROUP, 5, 9, 1 << 20))
                    .containsExactly(entry(1, 5, 10), entry(1, 6, 10), entry(2, 7, 20), entry(2, 8, 20));
            store.append(GROUP, state(3, 0, 1), List.of(entry(3, 3, "replaced")));
            store.sync();
        }
        List<Entry> expected = new ArrayList<>(List.of(entry(1, 1, 10), entry(1, 2, 10), entry(3, 3, "replaced")));

        assertThat(recovered().entries()).isEqualTo(expected);
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, HardState.EMPTY, entries(3, 4, 5, 30));
            store.sync();
        }
        expected.addAll(entries(3, 4, 5, 30));
        assertThat(recovered().entries()).isEqualTo(expected);
    }

    @Test
    void theFirstEntryCanBeReplaced() throws StorageException {
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, state(1, 0, 0), entries(1, 1, 4, 10));
            store.sync();
            store.append(GROUP, state(2, 0, 0), entries(2, 1, 2, 10));
            store.sync();
        }

        assertThat(recovered().entries()).isEqualTo(entries(2, 1, 2, 10));
    }

    @Test
    void theLogGoesOnAfterOpeningAtAnyLength() throws StorageException {
        List<Entry> all = new ArrayList<>();
        for (int i = 1; i <= 40; i++) {
            try (LogStore store = open()) {
                assertThat(Recovered.of(store, GROUP).entries()).isEqualTo(all);
                Entry next = entry(1 + i / 3, i, i * 97);
                store.append(GROUP, state(1 + i / 3, 1, i - 1), List.of(next));
                store.sync();
                all.add(next);
            }
        }
        assertThat(recovered().entries()).isEqualTo(all);
    }

    @Test
    void randomWorkIsFoundAgain() throws StorageException, IOException {
        System.out.println(getClass().getSimpleName() + ": seed " + SEED);
        Random random = new Random(SEED);
        LogWorkload workload =
                new LogWorkload(random, GROUP, (metadata, data) -> Samples.save(snapshots(), GROUP, metadata, data));
        for (int opening = 0; opening < 30; opening++) {
            try (LogStore store = open()) {
                workload.recover(store);
                for (int step = random.nextInt(60); step > 0; step--) {
                    workload.work(store);
                }
            }
        }
    }

    // ---- snapshots

    @Test
    void recoveryBeginsAtTheNewestCommittedSnapshotThatIsThere() throws IOException, StorageException {
        save(snapshot(2, 1));
        save(snapshot(4, 1));
        save(snapshot(5, 1));
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, state(1, 1, 4), entries(1, 1, 6, 10));
            // 3 has no snapshot, and 5 is not committed.
            for (long index = 2; index <= 5; index++) {
                store.appendSnapshot(GROUP, snapshot(index, 1));
            }
            store.sync();
        }

        assertThat(recovered()).isEqualTo(new Recovered(state(1, 1, 4), snapshot(4, 1), entries(1, 5, 6, 10)));
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, state(1, 1, 5), List.of());
            store.sync();
        }
        assertThat(recovered()).isEqualTo(new Recovered(state(1, 1, 5), snapshot(5, 1), entries(1, 6, 6, 10)));
    }

    @Test
    void aReceivedSnapshotReplacesTheLogOnceItIsCommitted() throws IOException, StorageException {
        save(snapshot(100, 3));
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, state(1, 1, 2), entries(1, 1, 5, 10));
            store.appendSnapshot(GROUP, snapshot(100, 3));
            store.append(GROUP, state(3, 0, 100), List.of());
            store.append(GROUP, state(3, 0, 100), entries(3, 101, 103, 10));
            store.sync();
            assertThat(store.read(GROUP, 101, 104, 1 << 20)).isEqualTo(entries(3, 101, 103, 10));
        }

        Recovered expected = new Recovered(state(3, 0, 100), snapshot(100, 3), entries(3, 101, 103, 10));
        assertThat(recovered()).isEqualTo(expected);
        assertThat(recovered()).as("once more").isEqualTo(expected);
    }

    @Test
    void aReceivedSnapshotWithoutTheStateThatCommitsItIsAsIfItHadNotCome() throws IOException, StorageException {
        save(snapshot(100, 3));
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, state(1, 1, 2), entries(1, 1, 5, 10));
            store.appendSnapshot(GROUP, snapshot(100, 3));
            store.append(GROUP, HardState.EMPTY, entries(3, 101, 103, 10));
            store.sync();
        }

        assertThat(recovered()).isEqualTo(new Recovered(state(1, 1, 2), SnapshotMetadata.EMPTY, entries(1, 1, 5, 10)));
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, HardState.EMPTY, entries(1, 6, 7, 10));
            store.sync();
        }
        assertThat(recovered()).isEqualTo(new Recovered(state(1, 1, 2), SnapshotMetadata.EMPTY, entries(1, 1, 7, 10)));
        try (LogStore store = openAndRecover()) {
            store.appendSnapshot(GROUP, snapshot(100, 3));
            store.append(GROUP, state(3, 0, 100), List.of());
            store.sync();
        }
        assertThat(recovered()).isEqualTo(new Recovered(state(3, 0, 100), snapshot(100, 3), List.of()));
    }

    @Test
    void aReceivedSnapshotIsCommittedByAStateOfALaterSync() throws IOException, StorageException {
        save(snapshot(100, 3));
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, state(1, 1, 2), entries(1, 1, 5, 10));
            store.appendSnapshot(GROUP, snapshot(100, 3));
            store.sync();
            store.append(GROUP, HardState.EMPTY, entries(3, 101, 102, 10));
            store.sync();
            store.append(GROUP, state(1, 1, 100), List.of());
            store.sync();
        }

        assertThat(recovered()).isEqualTo(new Recovered(state(1, 1, 100), snapshot(100, 3), entries(3, 101, 102, 10)));
    }

    @Test
    void theLogThatASnapshotInterruptedGoesOnWhereItWasAfterOpeningAgain() throws IOException, StorageException {
        save(snapshot(10, 2));
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, state(1, 0, 5), entries(1, 1, 20, 10));
            store.appendSnapshot(GROUP, snapshot(10, 2));
            store.sync();
        }
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, HardState.EMPTY, entries(1, 21, 22, 10));
            store.sync();
        }
        assertThat(recovered().entries()).isEqualTo(entries(1, 1, 22, 10));
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, state(3, 0, 5), List.of(entry(3, 11, "the one behind the snapshot")));
            store.sync();
        }
        assertThat(recovered().entries()).hasSize(11).endsWith(entry(3, 11, "the one behind the snapshot"));
    }

    @Test
    void anEntryBeforeAReceivedSnapshotTakesUpTheLogThatItInterrupted() throws IOException, StorageException {
        save(snapshot(100, 3));
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, state(1, 0, 2), entries(1, 1, 5, 10));
            store.appendSnapshot(GROUP, snapshot(100, 3));
            store.append(GROUP, HardState.EMPTY, entries(3, 101, 102, 10));
            store.append(GROUP, HardState.EMPTY, entries(1, 6, 7, 10));
            store.sync();
        }

        assertThat(recovered()).isEqualTo(new Recovered(state(1, 0, 2), SnapshotMetadata.EMPTY, entries(1, 1, 7, 10)));
    }

    @Test
    void anotherReceivedSnapshotTakesThePlaceOfOneThatIsNotCommitted() throws IOException, StorageException {
        save(snapshot(100, 3));
        save(snapshot(50, 4));
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, state(1, 0, 2), entries(1, 1, 5, 10));
            store.appendSnapshot(GROUP, snapshot(100, 3));
            store.append(GROUP, HardState.EMPTY, entries(3, 101, 103, 10));
            store.sync();
            store.appendSnapshot(GROUP, snapshot(50, 4));
            store.append(GROUP, HardState.EMPTY, entries(4, 51, 52, 10));
            store.sync();
        }
        assertThat(recovered().entries()).as("neither is committed").isEqualTo(entries(1, 1, 5, 10));
        try (LogStore store = openAndRecover()) {
            store.appendSnapshot(GROUP, snapshot(100, 3));
            store.append(GROUP, HardState.EMPTY, entries(3, 101, 103, 10));
            store.appendSnapshot(GROUP, snapshot(50, 4));
            store.append(GROUP, state(4, 0, 50), entries(4, 51, 52, 10));
            store.sync();
        }

        assertThat(recovered()).isEqualTo(new Recovered(state(4, 0, 50), snapshot(50, 4), entries(4, 51, 52, 10)));
    }

    @Test
    void aReceivedSnapshotDropsTheEntriesThatItContradicts() throws IOException, StorageException {
        save(snapshot(3, 2));
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, state(1, 1, 2), entries(1, 1, 5, 10));
            store.appendSnapshot(GROUP, snapshot(3, 2));
            store.append(GROUP, state(2, 0, 3), List.of());
            store.sync();
        }

        assertThat(recovered()).isEqualTo(new Recovered(state(2, 0, 3), snapshot(3, 2), List.of()));
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, HardState.EMPTY, entries(2, 4, 4, 20));
            store.sync();
        }
        assertThat(recovered()).isEqualTo(new Recovered(state(2, 0, 3), snapshot(3, 2), entries(2, 4, 4, 20)));
    }

    @Test
    void aSnapshotWhoseLastEntryTheLogHoldsLeavesWhatIsBehindIt() throws IOException, StorageException {
        save(snapshot(3, 1));
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, state(1, 1, 2), entries(1, 1, 5, 10));
            store.appendSnapshot(GROUP, snapshot(3, 1));
            store.append(GROUP, state(1, 1, 3), List.of());
            store.sync();
        }

        assertThat(recovered()).isEqualTo(new Recovered(state(1, 1, 3), snapshot(3, 1), entries(1, 4, 5, 10)));
    }

    // ---- reading

    @Test
    void readsAsManyAsFitButAtLeastOne() throws StorageException {
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, state(1, 1, 0), entries(1, 1, 10, 100));
            store.sync();
            long each = entry(1, 1, 100).encodedSize();

            assertThat(store.read(GROUP, 3, 11, 0)).isEqualTo(entries(1, 3, 3, 100));
            assertThat(store.read(GROUP, 3, 11, 3 * each)).isEqualTo(entries(1, 3, 5, 100));
            assertThat(store.read(GROUP, 3, 11, 3 * each - 1)).isEqualTo(entries(1, 3, 4, 100));
            assertThat(store.read(GROUP, 9, 11, 100 * each)).isEqualTo(entries(1, 9, 10, 100));
            assertThat(store.read(GROUP, 4, 6, Long.MAX_VALUE)).isEqualTo(entries(1, 4, 5, 100));
        }
    }

    @Test
    void whatIsNotThereAnyMoreIsNotReadAndIsNoFailure() throws StorageException {
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, state(1, 1, 0), entries(1, 1, 10, 100));
            store.sync();
            store.append(GROUP, state(2, 1, 0), entries(2, 3, 4, 100));
            store.sync();

            assertThat(store.read(GROUP, 7, 11, 1 << 20)).isEmpty();
            assertThat(store.read(GROUP, 4, 11, 1 << 20)).isEqualTo(entries(2, 4, 4, 100));
        }
    }

    @Test
    void whatIsNotReleasedIsThereAlsoAfterOpeningAgain() throws IOException, StorageException {
        save(snapshot(40, 1));
        try (LogStore store = openAndRecover()) {
            store.append(GROUP, state(1, 1, 40), entries(1, 1, 45, 5_000));
            store.appendSnapshot(GROUP, snapshot(40, 1));
            store.sync();

            store.release(GROUP, 35);
            clean(store);
            assertThat(store.read(GROUP, 1, 5, 1 << 20)).isIn(List.of(), entries(1, 1, 4, 5_000));
            assertThat(store.read(GROUP, 36, 46, 1 << 20)).isEqualTo(entries(1, 36, 45, 5_000));
            store.release(GROUP, 40);
            store.release(GROUP, 35);
            clean(store);
            assertThat(store.read(GROUP, 41, 46, 1 << 20)).isEqualTo(entries(1, 41, 45, 5_000));
            store.append(GROUP, HardState.EMPTY, entries(1, 46, 47, 5_000));
            store.sync();
        }

        assertThat(recovered()).isEqualTo(new Recovered(state(1, 1, 40), snapshot(40, 1), entries(1, 41, 47, 5_000)));
    }

    private static void clean(LogStore store) {
        for (int turns = 0; store.housekeeping().doWork(0) > 0; turns++) {
            assertThat(turns).isLessThan(1_000);
        }
    }

    @Test
    void tellsHowFarBackANumberOfBytesReaches() throws StorageException {
        try (LogStore store = openAndRecover()) {
            for (int first = 1; first < 400; first += 4) {
                store.append(GROUP, state(1, 1, 0), entries(1, first, first + 3, 5_000));
                store.sync();
            }

            assertThat(store.lowestWithin(GROUP, 1, 401, Long.MAX_VALUE / 2)).isEqualTo(1);
            assertThat(store.lowestWithin(GROUP, 260, 401, Long.MAX_VALUE / 2)).isEqualTo(260);
            assertThat(store.lowestWithin(GROUP, 1, 401, 1_000_000)).isBetween(100L, 280L);
            assertThat(store.lowestWithin(GROUP, 1, 201, 500_000)).isBetween(50L, 140L);
            assertThat(store.lowestWithin(GROUP, 390, 401, 1)).isBetween(380L, 401L);
        }
    }

    @Test
    void whatIsSyncedIsReadWhileMoreIsOnItsWay() throws StorageException {
        try (LogStore store = openAndRecover()) {
            long synced = 0;
            for (long next = 1; next < 80; next++) {
                store.append(GROUP, state(1, 1, 0), entries(1, next, next, 5_000));
                if (next % 4 == 0) {
                    store.sync();
                    synced = next;
                }
                for (long low = 1; low <= synced; low += 5) {
                    assertThat(store.read(GROUP, low, synced + 1, 1 << 20)).isEqualTo(entries(1, low, synced, 5_000));
                }
            }
        }
    }

    @Test
    void anyThreadReadsWhileAnotherOneAppends() throws Exception {
        int last = 2_000;
        AtomicLong synced = new AtomicLong();
        CountDownLatch bothRead = new CountDownLatch(2);
        ExecutorService readers = Executors.newFixedThreadPool(2);
        try (LogStore store = openAndRecover()) {
            Callable<Void> reading = () -> {
                Random random = new Random(SEED);
                for (long end = 0; end < last; end = synced.get()) {
                    if (end > 0) {
                        readSome(store, 1 + random.nextInt((int) end), end + 1);
                        bothRead.countDown();
                    }
                }
                return null;
            };
            List<Future<Void>> results = List.of(readers.submit(reading), readers.submit(reading));
            long term = 1;
            for (long next = 1; next <= last; ) {
                // What was synced and told stays; what is behind it is replaced before any reader is told.
                store.append(GROUP, state(term, 1, 0), entries(term, next, next + 9, 300));
                store.append(GROUP, HardState.EMPTY, entries(term, next + 2, next + 4, 300));
                store.sync();
                next += 5;
                term += next % 50 == 1 ? 1 : 0;
                synced.set(next - 1);
                if (next == last / 2 + 1) {
                    // A reader that failed never comes here, and says why below.
                    var unused = bothRead.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
                }
            }
            for (Future<Void> result : results) {
                result.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            }
            assertThat(bothRead.getCount()).isZero();
            assertThat(readSome(store, last - 3, last + 1)).isEqualTo(4);
        } finally {
            readers.shutdownNow();
        }
    }

    private static int readSome(LogStore store, long low, long high) throws StorageException {
        List<Entry> found = store.read(GROUP, low, high, 20_000);
        long next = low;
        for (Entry each : found) {
            assertThat(each).isEqualTo(entry(each.term(), next++, 300));
        }
        assertThat(found)
                .as("entries from %d to before %d, which were synced", low, high)
                .isNotEmpty();
        return found.size();
    }

    // ---- limits, groups, the end

    @Test
    void anEntryOfTheGreatestLengthIsTakenAndALongerOneRefusedBeforeAnythingIsWritten() throws StorageException {
        List<Entry> taken;
        try (LogStore store = openAndRecover()) {
            int most = store.maxEntryBytes();
            assertThatThrownBy(() ->
                            store.append(GROUP, state(1, 1, 0), List.of(entry(1, 1, 5), entry(1, 2, most + 1))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("entry 2 has " + (most + 1) + " bytes")
                    .hasMessageContaining(String.valueOf(most));
            Entry inTwoParts = new Entry(1, 2, EntryType.NORMAL, new byte[most - 100], new byte[101]);
            assertThatThrownBy(() -> store.append(GROUP, state(1, 1, 0), List.of(entry(1, 1, 5), inTwoParts)))
                    .isInstanceOf(IllegalArgumentException.class);
            taken = List.of(entry(1, 1, most), new Entry(1, 2, EntryType.NORMAL, new byte[most - 100], new byte[100]));
            store.append(GROUP, state(1, 1, 0), taken);
            store.sync();
        }

        assertThat(recovered().entries()).isEqualTo(taken);
    }

    @Test
    void thereIsRoomInANewLog() throws StorageException {
        try (LogStore store = openAndRecover()) {
            clean(store);
            assertThat(store.makeRoom(GROUP, 10_000)).isTrue();
            assertThat(store.hasSpace()).isTrue();
        }
    }

    @Test
    void groupsHaveNothingToDoWithEachOther() throws IOException, StorageException {
        if (!holdsSeveralGroups()) {
            refusesOtherGroups();
            return;
        }
        SnapshotMetadata other = snapshot(2, 7);
        Samples.save(snapshots(), OTHER_GROUP, other, new byte[10]);
        try (LogStore store = openAndRecover()) {
            store.recover(OTHER_GROUP);
            store.append(GROUP, state(1, 1, 0), entries(1, 1, 3, 10));
            store.append(OTHER_GROUP, state(7, 2, 2), entries(7, 1, 5, 20));
            store.append(GROUP, state(2, 0, 0), entries(2, 2, 2, 30));
            store.appendSnapshot(OTHER_GROUP, other);
            store.sync();
            store.release(OTHER_GROUP, 2);
            assertThat(store.read(OTHER_GROUP, 4, 6, 1 << 20)).isEqualTo(entries(7, 4, 5, 20));
            assertThat(store.read(GROUP, 1, 3, 1 << 20)).containsExactly(entry(1, 1, 10), entry(2, 2, 30));
        }

        assertThat(recovered().entries()).containsExactly(entry(1, 1, 10), entry(2, 2, 30));
        try (LogStore store = open()) {
            assertThat(Recovered.of(store, OTHER_GROUP))
                    .isEqualTo(new Recovered(state(7, 2, 2), other, entries(7, 3, 5, 20)));
        }
    }

    private void refusesOtherGroups() throws StorageException {
        try (LogStore store = openAndRecover()) {
            assertThatThrownBy(() -> store.append(OTHER_GROUP, HardState.EMPTY, List.of()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("group 5 is not in this log: it holds group 0 alone");
            assertThatThrownBy(() -> store.recover(OTHER_GROUP)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> store.read(OTHER_GROUP, 1, 2, 1)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> store.release(OTHER_GROUP, 0)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void closingTwiceDoesNoHarm() throws StorageException {
        LogStore store = openAndRecover();
        store.append(GROUP, state(1, 1, 0), entries(1, 1, 3, 10));
        store.sync();
        store.close();
        store.close();

        assertThat(recovered().entries()).isEqualTo(entries(1, 1, 3, 10));
    }
}
