package dev.coracle.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.raft.Check.BrokenInvariantException;
import dev.coracle.raft.Storage.CompactedException;
import dev.coracle.raft.Storage.UnavailableException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** In most tests the log is 3/3 (compacted), 4/4, 5/5, 6/6, each number being term and index at once. */
class MemoryStorageTest {
    private static final long UNLIMITED = Long.MAX_VALUE;
    private static final ConfState VOTERS = ConfState.ofVoters(1L, 2L, 3L);

    @Test
    void aNewLogIsEmpty() {
        MemoryStorage storage = new MemoryStorage();
        assertThat(storage.initialState()).isEqualTo(new Storage.InitialState(HardState.EMPTY, ConfState.EMPTY));
        assertThat(storage.firstIndex()).isEqualTo(1);
        assertThat(storage.lastIndex()).isZero();
        assertThat(storage.term(0)).isZero();
        assertThat(storage.term(1)).isEqualTo(Storage.UNAVAILABLE);
        assertThat(storage.snapshot()).isNull();
        assertThatThrownBy(() -> storage.entries(1, 1, UNLIMITED)).isInstanceOf(UnavailableException.class);
    }

    @Test
    void theHardStateIsTheOneLastSet() {
        MemoryStorage storage = new MemoryStorage();
        HardState hardState = new HardState(3, 2, 1);
        storage.setHardState(hardState);
        assertThat(storage.hardState()).isEqualTo(hardState);
        assertThat(storage.initialState().hardState()).isEqualTo(hardState);
    }

    @ParameterizedTest
    @CsvSource({"2, -1", "3, 3", "4, 4", "5, 5", "6, 6", "7, -2"})
    void termsAreKnownFromTheCompactedEntryOn(long index, long term) {
        assertThat(fourToSix().term(index)).isEqualTo(term);
    }

    @Test
    void firstAndLastIndexFollowTheLog() {
        MemoryStorage storage = fourToSix();
        assertThat(storage.firstIndex()).isEqualTo(4);
        assertThat(storage.lastIndex()).isEqualTo(6);
        storage.append(List.of(entry(6, 7)));
        assertThat(storage.lastIndex()).isEqualTo(7);
        assertThat(storage.compact(4)).isTrue();
        assertThat(storage.firstIndex()).isEqualTo(5);
        assertThat(storage.lastIndex()).isEqualTo(7);
    }

    // Reading

    @ParameterizedTest
    @CsvSource({"4, 5, 4", "4, 6, 4 5", "4, 7, 4 5 6", "5, 6, 5", "6, 7, 6", "5, 5, ''", "7, 7, ''"})
    void entriesAreThoseOfTheHalfOpenRange(long low, long high, String expected) throws Exception {
        assertThat(indexes(fourToSix().entries(low, high, UNLIMITED))).isEqualTo(expected);
    }

    @Test
    void compactedEntriesAreRefused() {
        MemoryStorage storage = fourToSix();
        assertThatThrownBy(() -> storage.entries(2, 6, UNLIMITED)).isInstanceOf(CompactedException.class);
        assertThatThrownBy(() -> storage.entries(3, 4, UNLIMITED)).isInstanceOf(CompactedException.class);
    }

    @Test
    void entriesBeyondTheLogAreAMistakeOfTheCaller() {
        MemoryStorage storage = fourToSix();
        assertThatThrownBy(() -> storage.entries(4, 8, UNLIMITED))
                .isInstanceOf(BrokenInvariantException.class)
                .hasMessage("entries' hi(8) is out of bound lastindex(6)");
        assertThatThrownBy(() -> storage.entries(6, 5, UNLIMITED)).isInstanceOf(BrokenInvariantException.class);
    }

    @Test
    void theLimitCountsEncodedSizesAndLetsOneEntryThrough() throws Exception {
        MemoryStorage storage = fourToSix();
        int size = entry(4, 4).encodedSize();
        assertThat(indexes(storage.entries(4, 7, 0))).isEqualTo("4");
        assertThat(indexes(storage.entries(4, 7, 2L * size - 1))).isEqualTo("4");
        assertThat(indexes(storage.entries(4, 7, 2L * size))).isEqualTo("4 5");
        assertThat(indexes(storage.entries(4, 7, 3L * size - 1))).isEqualTo("4 5");
        assertThat(indexes(storage.entries(4, 7, 3L * size))).isEqualTo("4 5 6");
    }

    @Test
    void aListThatWasReadNeverChanges() throws Exception {
        MemoryStorage storage = fourToSix();
        List<Entry> read = storage.entries(4, 7, UNLIMITED);
        List<Entry> copy = List.copyOf(read);

        storage.append(List.of(entry(6, 7)));
        assertThat(read).isEqualTo(copy);
        storage.append(List.of(entry(7, 5)));
        assertThat(read).isEqualTo(copy);
        storage.append(List.of(entry(8, 6), entry(8, 7), entry(8, 8)));
        assertThat(read).isEqualTo(copy);
        storage.compact(7);
        assertThat(read).isEqualTo(copy);
        storage.applySnapshot(snapshot(20, 9));
        assertThat(read).isEqualTo(copy);
        assertThatThrownBy(() -> read.set(0, entry(1, 1))).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> read.add(entry(1, 1))).isInstanceOf(UnsupportedOperationException.class);
    }

    // Appending

    @ParameterizedTest
    @CsvSource({
        // appended (term/index), the log from 4 on
        "'', 4/4 5/5 6/6",
        "1/1 2/2, 4/4 5/5 6/6",
        "3/3 4/4 5/5 6/6, 4/4 5/5 6/6",
        "3/3 6/4 6/5 6/6, 6/4 6/5 6/6",
        "3/3 4/4 5/5 6/6 6/7, 4/4 5/5 6/6 6/7",
        "2/2 3/3 5/4, 5/4",
        "5/4, 5/4",
        "6/5, 4/4 6/5",
        "6/7, 4/4 5/5 6/6 6/7"
    })
    void appendedEntriesReplaceAllFromTheFirstOn(String appended, String expected) throws Exception {
        MemoryStorage storage = fourToSix();
        storage.append(parse(appended));
        assertThat(storage.entries(4, storage.lastIndex() + 1, UNLIMITED)).isEqualTo(parse(expected));
    }

    @Test
    void aHoleIsRefused() {
        MemoryStorage storage = fourToSix();
        assertThatThrownBy(() -> storage.append(List.of(entry(6, 8))))
                .isInstanceOf(BrokenInvariantException.class)
                .hasMessage("missing log entry [last: 6, append at: 8]");
        assertThatThrownBy(() -> storage.append(List.of(entry(6, 7), entry(6, 9))))
                .isInstanceOf(BrokenInvariantException.class)
                .hasMessage("entries to append are not consecutive: 9 follows 7");
        assertThat(storage.lastIndex()).isEqualTo(6);
    }

    // Compacting

    @ParameterizedTest
    @CsvSource({"2, false, 4", "3, false, 4", "4, true, 5", "5, true, 6", "6, true, 7"})
    void compactingDropsEntriesOnceAndKeepsTheTermOfTheLast(long index, boolean compacts, long firstIndex) {
        MemoryStorage storage = fourToSix();
        assertThat(storage.compact(index)).isEqualTo(compacts);
        assertThat(storage.firstIndex()).isEqualTo(firstIndex);
        assertThat(storage.lastIndex()).isEqualTo(6);
        assertThat(storage.term(firstIndex - 1)).isEqualTo(firstIndex - 1);
        assertThat(storage.term(firstIndex - 2)).isEqualTo(Storage.COMPACTED);
    }

    @Test
    void compactingBeyondTheLogIsAMistakeOfTheCaller() {
        assertThatThrownBy(() -> fourToSix().compact(7)).isInstanceOf(BrokenInvariantException.class);
    }

    @Test
    void aLogThatIsCompactedAwayGoesOn() throws Exception {
        MemoryStorage storage = fourToSix();
        storage.compact(6);
        assertThatThrownBy(() -> storage.entries(7, 7, UNLIMITED)).isInstanceOf(UnavailableException.class);
        storage.append(List.of(entry(7, 7)));
        assertThat(indexes(storage.entries(7, 8, UNLIMITED))).isEqualTo("7");
    }

    // Snapshots

    @ParameterizedTest
    @CsvSource({"4, 4", "5, 5", "6, 6", "3, 3"})
    void aSnapshotIsMadeOfWhatIsInTheLog(long index, long term) {
        MemoryStorage storage = fourToSix();
        Snapshot created = storage.createSnapshot(index, VOTERS, Bytes.of((byte) 1));
        assertThat(created)
                .isEqualTo(new Snapshot(new SnapshotMetadata(index, term, VOTERS), Bytes.of((byte) 1)))
                .isEqualTo(storage.snapshot());
        assertThat(storage.initialState().confState()).isEqualTo(VOTERS);
        assertThat(storage.firstIndex()).as("nothing is dropped").isEqualTo(4);
    }

    @Test
    void aSnapshotWithoutAConfigurationHasThatOfTheOneBefore() {
        MemoryStorage storage = fourToSix();
        storage.createSnapshot(4, VOTERS, Bytes.EMPTY);
        storage.createSnapshot(5, null, Bytes.EMPTY);
        assertThat(storage.initialState().confState()).isEqualTo(VOTERS);
    }

    @Test
    void anOlderSnapshotIsNotMade() {
        MemoryStorage storage = fourToSix();
        Snapshot five = storage.createSnapshot(5, VOTERS, Bytes.EMPTY);
        assertThat(storage.createSnapshot(5, ConfState.EMPTY, Bytes.EMPTY)).isNull();
        assertThat(storage.createSnapshot(4, ConfState.EMPTY, Bytes.EMPTY)).isNull();
        assertThat(storage.snapshot()).isEqualTo(five);
    }

    @Test
    void aSnapshotOfWhatIsNotInTheLogIsAMistakeOfTheCaller() {
        MemoryStorage storage = fourToSix();
        assertThatThrownBy(() -> storage.createSnapshot(7, VOTERS, Bytes.EMPTY))
                .isInstanceOf(BrokenInvariantException.class)
                .hasMessage("snapshot at 7 is beyond the last index 6");
        assertThatThrownBy(() -> storage.createSnapshot(2, VOTERS, Bytes.EMPTY))
                .isInstanceOf(BrokenInvariantException.class)
                .hasMessage("snapshot at 2, compacted up to 3");
    }

    @Test
    void anAppliedSnapshotReplacesTheLog() {
        MemoryStorage storage = fourToSix();
        Snapshot snapshot = snapshot(5, 4);
        assertThat(storage.applySnapshot(snapshot)).isTrue();
        assertThat(storage.snapshot()).isEqualTo(snapshot);
        assertThat(storage.firstIndex()).isEqualTo(6);
        assertThat(storage.lastIndex()).isEqualTo(5);
        assertThat(storage.term(5)).isEqualTo(4);
        assertThat(storage.initialState().confState()).isEqualTo(VOTERS);
    }

    @Test
    void anOutOfDateSnapshotIsNotApplied() {
        MemoryStorage storage = new MemoryStorage();
        storage.applySnapshot(snapshot(4, 4));
        storage.append(List.of(entry(4, 5)));
        assertThat(storage.applySnapshot(snapshot(4, 5))).isFalse();
        assertThat(storage.applySnapshot(snapshot(3, 3))).isFalse();
        assertThat(storage.snapshot()).isEqualTo(snapshot(4, 4));
        assertThat(storage.lastIndex()).isEqualTo(5);
    }

    @Test
    void aSnapshotAtIndexZeroSetsTheFirstConfigurationOnly() {
        MemoryStorage storage = new MemoryStorage();
        assertThat(storage.applySnapshot(Snapshot.of(new SnapshotMetadata(0, 0, VOTERS))))
                .isTrue();
        assertThat(storage.initialState().confState()).isEqualTo(VOTERS);
        assertThat(storage.firstIndex()).isEqualTo(1);
        assertThat(storage.lastIndex()).isZero();
        assertThat(storage.snapshot()).as("nothing to send").isNull();
    }

    // All together

    @Test
    void itDoesWhatAPlainListDoes() throws Exception {
        long seed = 1905;
        System.out.println("MemoryStorageTest: seed " + seed);
        Random random = new Random(seed);
        MemoryStorage storage = new MemoryStorage();
        List<Entry> expected = new ArrayList<>(); // the whole log, entry i at position i - 1
        long compacted = 0;
        List<List<Entry>> read = new ArrayList<>();
        List<List<Entry>> copies = new ArrayList<>();
        for (int step = 1; step <= 3_000; step++) {
            if (random.nextInt(8) == 0) {
                long to = compacted + random.nextInt((int) (storage.lastIndex() - compacted) + 1);
                assertThat(storage.compact(to)).isEqualTo(to > compacted);
                compacted = to;
            } else {
                long from = Math.max(1, storage.lastIndex() + 1 - (random.nextInt(3) == 0 ? random.nextInt(4) : 0));
                List<Entry> batch = new ArrayList<>();
                for (long index = from; index < from + random.nextInt(5); index++) {
                    batch.add(entry(step, index));
                }
                storage.append(batch);
                for (Entry entry : batch) {
                    if (entry.index() > compacted) {
                        expected.subList((int) entry.index() - 1, expected.size())
                                .clear();
                        expected.add(entry);
                    }
                }
            }
            assertThat(storage.firstIndex()).isEqualTo(compacted + 1);
            assertThat(storage.lastIndex()).isEqualTo(expected.size());
            if (compacted < expected.size()) {
                List<Entry> entries = storage.entries(compacted + 1, expected.size() + 1L, UNLIMITED);
                assertThat(entries).isEqualTo(expected.subList((int) compacted, expected.size()));
                read.add(entries);
                copies.add(List.copyOf(entries));
            }
        }
        assertThat(read).isEqualTo(copies);
    }

    private static MemoryStorage fourToSix() {
        MemoryStorage storage = new MemoryStorage();
        storage.append(List.of(entry(1, 1), entry(2, 2), entry(3, 3), entry(4, 4), entry(5, 5), entry(6, 6)));
        storage.compact(3);
        return storage;
    }

    private static Entry entry(long term, long index) {
        return new Entry(term, index, EntryType.NORMAL, null);
    }

    private static Snapshot snapshot(long index, long term) {
        return Snapshot.of(new SnapshotMetadata(index, term, VOTERS));
    }

    private static List<Entry> parse(String entries) {
        List<Entry> parsed = new ArrayList<>();
        for (String text : entries.isEmpty() ? new String[0] : entries.split(" ")) {
            String[] parts = text.split("/");
            parsed.add(entry(Long.parseLong(parts[0]), Long.parseLong(parts[1])));
        }
        return parsed;
    }

    private static String indexes(List<Entry> entries) {
        List<String> indexes = new ArrayList<>();
        for (Entry entry : entries) {
            indexes.add(Long.toString(entry.index()));
        }
        return String.join(" ", indexes);
    }
}
