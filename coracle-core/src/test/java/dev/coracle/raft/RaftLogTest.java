package dev.coracle.raft;

import static dev.coracle.raft.TestServer.entries;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.raft.Storage.CompactedException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RaftLogTest {
    /** Encoded: tag and one byte each of term and index. */
    private static final int ENTRY_SIZE = 4;

    private static RaftLog log(Storage storage, long maxApplyingSize) {
        return new RaftLog(storage, maxApplyingSize, new Log(RaftLogger.NONE), RaftObserver.NONE);
    }

    /** Stored terms from index 1 on, then unstable ones. */
    private static RaftLog log(long[] stored, long... unstable) {
        MemoryStorage storage = new MemoryStorage();
        storage.append(entries(1, stored));
        RaftLog log = log(storage, RaftConfig.NO_LIMIT);
        log.append(entries(stored.length + 1, unstable));
        return log;
    }

    /** A log whose first index is 11: entries 11 to 15 are stored, 16 to 20 are not. All of term 1. */
    private static RaftLog compacted(long maxApplyingSize) {
        MemoryStorage storage = new MemoryStorage();
        storage.applySnapshot(Snapshot.of(new SnapshotMetadata(10, 1, ConfState.ofVoters(1L))));
        storage.append(entries(11, 1, 1, 1, 1, 1));
        RaftLog log = log(storage, maxApplyingSize);
        log.append(entries(16, 1, 1, 1, 1, 1));
        return log;
    }

    private static long[] digits(String text) {
        return text.chars().mapToLong(digit -> digit - '0').toArray();
    }

    private static long[] terms(RaftLog log) {
        long[] terms = new long[(int) log.lastIndex()];
        Arrays.setAll(terms, i -> log.term(i + 1));
        return terms;
    }

    @ParameterizedTest
    @CsvSource({"2, 9, false", "2, 2, false", "3, 3, true", "3, 4, true", "3, 2, false", "4, 1, true"})
    void aLogIsUpToDateByTermThenByIndex(long term, long index, boolean upToDate) {
        assertThat(log(new long[] {1, 2, 3}).isUpToDate(new EntryId(term, index)))
                .isEqualTo(upToDate);
    }

    @ParameterizedTest
    @CsvSource({
        // Stored are terms 1, 2. Appended from; terms; terms then; the first unstable index.
        "3, '', 12, 3",
        "3, 2, 122, 3",
        "1, 2, 2, 1",
        "2, 33, 133, 2",
    })
    void appendingReplacesWhatIsAtAndAfter(long from, String terms, String then, long offset) {
        RaftLog log = log(new long[] {1, 2});

        long last = log.append(entries(from, digits(terms)));

        assertThat(last).isEqualTo(then.length());
        assertThat(terms(log)).containsExactly(digits(then));
        assertThat(log.unstable().offset()).isEqualTo(offset);
    }

    @ParameterizedTest
    @CsvSource({
        // Terms 1, 2, 3; committed 1. Previous term and index; terms sent; leader's commit; last index or -1; commit.
        "2, 3, 4, 3, -1, 1",
        "3, 4, 4, 3, -1, 1",
        "3, 3, '', 3, 3, 3",
        "3, 3, '', 4, 3, 3",
        "3, 3, '', 2, 3, 2",
        "3, 3, '', 0, 3, 1",
        "0, 0, '', 3, 0, 1",
        "3, 3, 4, 3, 4, 3",
        "3, 3, 4, 4, 4, 4",
        "3, 3, 4, 5, 4, 4",
        "3, 3, 44, 4, 5, 4",
        "2, 2, 4, 3, 3, 3",
        "1, 1, 4, 3, 2, 2",
        "1, 1, 44, 3, 3, 3",
    })
    void entriesAreAppendedIfWhatIsBeforeMatches(
            long prevTerm, long prevIndex, String terms, long commit, long last, long committed) {
        RaftLog log = log(new long[] {1, 2, 3});
        log.commitTo(1);

        assertThat(log.maybeAppend(prevTerm, prevIndex, entries(prevIndex + 1, digits(terms)), commit))
                .isEqualTo(last);

        assertThat(log.committed()).isEqualTo(committed);
        for (int i = 0; last >= 0 && i < terms.length(); i++) {
            assertThat(log.term(prevIndex + 1 + i)).isEqualTo(terms.charAt(i) - '0');
        }
    }

    @Test
    void committedEntriesAreNotReplaced() {
        RaftLog log = log(new long[] {1, 2, 3});
        log.commitTo(2);

        assertThatThrownBy(() -> log.maybeAppend(1, 1, entries(2, 4), 2))
                .hasMessageContaining("conflict with committed");
        assertThatThrownBy(() -> log.append(entries(2, 4))).hasMessageContaining("after(1) is out of range");
        assertThatThrownBy(() -> log.commitTo(4)).hasMessageContaining("tocommit(4) is out of range [lastIndex(3)]");
        log.commitTo(1);
        assertThat(log.committed()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({
        // Terms by index from 0; guess and its term; the conflict and our term there.
        "0123456789, 100, 2, 100, 0",
        "022222555, 8, 5, 8, 5",
        "022222555, 8, 4, 5, 2",
        "022222555, 5, 3, 5, 2",
        "022222555, 5, 2, 5, 2",
        "022222555, 4, 1, 0, 0",
        "0112233, 6, 3, 6, 3",
        "0112233, 6, 1, 2, 1",
        "0112233, 6, 0, 0, 0",
        "0112233, 4, 9, 4, 2",
        "0, 0, 5, 0, 0",
        "0, 1, 5, 1, 0",
        "022222555, 9, 5, 9, 0",
        "022222555, 8, 0, 0, 0",
        "022222555, 6, 9, 6, 5",
        "012345, 3, 3, 3, 3",
        "012345, 5, 2, 2, 2",
        "012345, 5, 0, 0, 0",
    })
    void aConflictIsSoughtFromAGuessDownwards(String terms, long index, long term, long found, long foundTerm) {
        RaftLog log = log(digits(terms.substring(1)));

        assertThat(log.findConflictByTerm(index, term)).isEqualTo(new EntryId(foundTerm, found));
    }

    @Test
    void aConflictInWhatIsCompactedIsReportedWithoutATerm() {
        RaftLog log = compacted(RaftConfig.NO_LIMIT);

        assertThat(log.findConflictByTerm(15, 0)).isEqualTo(new EntryId(0, 9));
        assertThat(log.findConflictByTerm(10, 1)).isEqualTo(new EntryId(1, 10));
        assertThat(log.findConflictByTerm(3, 1)).isEqualTo(new EntryId(0, 3));
        assertThat(log.findConflictByTerm(10, 0)).isEqualTo(new EntryId(0, 9));
        assertThat(log.findConflictByTerm(30, 1)).as("beyond the log").isEqualTo(new EntryId(0, 30));
    }

    @Test
    void termsAreKnownFromOneBeforeTheFirstIndexToTheLast() {
        RaftLog log = compacted(RaftConfig.NO_LIMIT);
        assertThat(log.term(9)).isEqualTo(Storage.COMPACTED);
        assertThat(log.term(10)).isEqualTo(1);
        assertThat(log.term(20)).isEqualTo(1);
        assertThat(log.term(21)).isEqualTo(Storage.UNAVAILABLE);

        log.restore(Snapshot.of(new SnapshotMetadata(30, 2, ConfState.ofVoters(1L))));

        assertThat(log.term(20)).as("behind the stored log begins the snapshot").isEqualTo(Storage.COMPACTED);
        assertThat(log.term(29)).isEqualTo(Storage.COMPACTED);
        assertThat(log.term(30)).isEqualTo(2);
        assertThat(log.term(31)).isEqualTo(Storage.UNAVAILABLE);
    }

    @Test
    void aTermOfZeroMatchesNoCommit() {
        RaftLog log = log(new long[] {1});

        assertThat(log.maybeCommit(0, 0)).isFalse();
        assertThat(log.maybeCommit(0, 2)).isFalse();
        assertThat(log.maybeCommit(2, 1)).isFalse();
        assertThat(log.maybeCommit(1, 1)).isTrue();
        assertThat(log.maybeCommit(1, 1)).as("again").isFalse();
    }

    @ParameterizedTest
    @CsvSource({"true, 17", "false, 15"})
    void committedEntriesAreHandedOutOnceAndStoredOnesOnlyUnlessAllowed(boolean allowUnstable, long last) {
        RaftLog log = compacted(RaftConfig.NO_LIMIT);
        log.commitTo(17);
        assertThat(log.hasNextCommitted(allowUnstable)).isTrue();
        List<Entry> next = log.nextCommitted(allowUnstable);
        assertThat(next).extracting(Entry::index).startsWith(11L).endsWith(last);

        log.acceptApplying(last, Entries.encodedSize(next), allowUnstable);

        assertThat(log.hasNextCommitted(allowUnstable)).isFalse();
        assertThat(log.nextCommitted(allowUnstable)).isEmpty();
        assertThat(log.applied()).isEqualTo(10);
    }

    @Test
    void nothingIsHandedOutWhileASnapshotIsToBeStored() {
        RaftLog log = compacted(RaftConfig.NO_LIMIT);
        log.restore(Snapshot.of(new SnapshotMetadata(30, 2, ConfState.ofVoters(1L))));
        log.append(entries(31, 2));
        log.commitTo(31);
        assertThat(log.hasNextCommitted(true)).isFalse();

        log.unstable().acceptInProgress();
        assertThat(log.hasNextCommitted(true)).as("being stored").isFalse();
        log.unstable().stableSnapshotTo(30);
        log.appliedTo(30, 0);

        assertThat(log.hasNextCommitted(true)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        // The limit; entries handed out of five; whether no more may follow before these are applied.
        "1000, 5, false",
        "20, 5, true",
        "19, 4, true",
        "8, 2, true",
        "3, 1, true",
    })
    void handingOutPausesAtTheLimitAndWhenSomethingWasHeldBack(long limit, int handedOut, boolean paused) {
        RaftLog log = compacted(limit);
        log.commitTo(15);
        List<Entry> next = log.nextCommitted(false);
        assertThat(next).hasSize(handedOut);

        log.acceptApplying(10 + handedOut, (long) handedOut * ENTRY_SIZE, false);
        log.commitTo(17);

        assertThat(log.hasNextCommitted(true)).isEqualTo(!paused);
        log.appliedTo(10 + handedOut, (long) handedOut * ENTRY_SIZE);
        assertThat(log.hasNextCommitted(true)).as("all that was out is applied").isTrue();
    }

    @Test
    void theLimitIsOnWhatIsOutstandingNotOnEachPiece() {
        RaftLog log = compacted(12);
        log.commitTo(15);
        log.acceptApplying(12, 2 * ENTRY_SIZE, false);
        log.appliedTo(11, ENTRY_SIZE);

        assertThat(log.nextCommitted(false)).as("one of three places is taken").hasSize(2);
    }

    @ParameterizedTest
    @CsvSource({"9, 'applied(9) is out of range [prevApplied(10), committed(15)]'", "16, applied(16)"})
    void whatIsAppliedStaysBetweenWhatWasAndWhatIsCommitted(long index, String text) {
        RaftLog log = compacted(RaftConfig.NO_LIMIT);
        log.commitTo(15);

        assertThatThrownBy(() -> log.appliedTo(index, 0)).hasMessageContaining(text);
        assertThatThrownBy(() -> log.acceptApplying(16, 0, true)).hasMessageContaining("applying(16)");
    }

    @Test
    void aRestoredLogIsEmptyBehindItsSnapshot() {
        RaftLog log = compacted(RaftConfig.NO_LIMIT);

        log.restore(Snapshot.of(new SnapshotMetadata(30, 2, ConfState.ofVoters(1L))));

        assertThat(log.firstIndex()).isEqualTo(31);
        assertThat(log.lastId()).isEqualTo(new EntryId(2, 30));
        assertThat(log.committed()).isEqualTo(30);
        assertThat(log.applied()).isEqualTo(10);
        assertThat(log.unstable().offset()).isEqualTo(31);
    }

    @Test
    void theSnapshotIsTheOneToBeStoredOrTheStoredOneIfItReachesWhatIsAskedFor() {
        RaftLog log = compacted(RaftConfig.NO_LIMIT);
        assertThat(log.snapshot(0, 2)).extracting(Snapshot::index).isEqualTo(10L);
        assertThat(log.snapshot(11, 2)).isNull();

        Snapshot pending = Snapshot.of(new SnapshotMetadata(30, 2, ConfState.ofVoters(1L)));
        log.restore(pending);

        assertThat(log.snapshot(30, 2)).isEqualTo(pending);
        assertThat(log.snapshot(31, 2)).isNull();
    }

    @Test
    void slicesStopAtTheLimitWhereverTheBorderOfStorageIs() throws CompactedException {
        RaftLog log = compacted(RaftConfig.NO_LIMIT);
        for (long low = 11; low <= 21; low++) {
            for (long high = low; high <= 21; high++) {
                for (int fitting = 0; fitting <= 11; fitting++) {
                    long expected = Math.min(high - low, Math.max(fitting, 1));
                    List<Entry> slice = log.slice(low, high, (long) fitting * ENTRY_SIZE);
                    long[] terms = new long[(int) expected];
                    Arrays.fill(terms, 1);
                    assertThat(slice).as("[%d, %d) of %d", low, high, fitting).isEqualTo(entries(low, terms));
                    assertThat(log.slice(low, high, (long) fitting * ENTRY_SIZE + 3))
                            .hasSize((int) expected);
                }
            }
        }
    }

    @Test
    void slicesDoNotReachBeyondTheLog() {
        RaftLog log = compacted(RaftConfig.NO_LIMIT);

        assertThatThrownBy(() -> log.slice(10, 12, 100)).isSameAs(CompactedException.INSTANCE);
        assertThatThrownBy(() -> log.slice(20, 22, 100)).hasMessageContaining("slice[20,22) out of bound [11,20]");
        assertThatThrownBy(() -> log.slice(13, 12, 100)).hasMessageContaining("invalid slice 13 > 12");
    }

    @Test
    void aStorageThatReturnsLessThanTheLimitIsNotSkipped() throws CompactedException {
        MemoryStorage stored = new MemoryStorage();
        stored.append(entries(1, 1, 1, 1));
        Storage miserly = new ForwardingStorage(stored) {
            @Override
            public List<Entry> entries(long low, long high, long maxSize)
                    throws CompactedException, Storage.UnavailableException {
                return super.entries(low, low + 1, maxSize);
            }
        };
        RaftLog log = log(miserly, RaftConfig.NO_LIMIT);
        log.append(entries(4, 1));

        assertThat(log.slice(1, 5, RaftConfig.NO_LIMIT)).isEqualTo(entries(1, 1));
    }

    @Test
    void configurationChangesAreFoundOnWhateverPageTheyAre() {
        for (int at = 1; at <= 6; at++) {
            List<Entry> all = new ArrayList<>(entries(1, 1, 1, 1, 1, 1, 1));
            all.set(at - 1, new Entry(1, at, EntryType.CONF_CHANGE, null));
            for (long pageSize : new long[] {1, 9, RaftConfig.NO_LIMIT}) {
                MemoryStorage storage = new MemoryStorage();
                storage.append(all.subList(0, 3));
                RaftLog log = log(storage, pageSize);
                log.append(all.subList(3, 6));
                assertThat(log.anyConfChange(1, 7)).isTrue();
                assertThat(log.anyConfChange(at, at + 1)).isTrue();
                assertThat(log.anyConfChange(1, at)).isFalse();
                assertThat(log.anyConfChange(at + 1, 7)).isFalse();
            }
        }
    }

    @Test
    void compactionBehindTheAppliedIndexChangesNothingElse() {
        MemoryStorage storage = new MemoryStorage();
        storage.append(entries(1, 1, 2, 3, 4));
        RaftLog log = log(storage, RaftConfig.NO_LIMIT);
        log.append(entries(5, 5));
        log.commitTo(4);
        log.appliedTo(4, 0);

        storage.compact(3);

        assertThat(log.firstIndex()).isEqualTo(4);
        assertThat(log.lastIndex()).isEqualTo(5);
        assertThat(log.term(3)).isEqualTo(3);
        assertThat(log.term(2)).isEqualTo(Storage.COMPACTED);
        assertThat(log.unstable().offset()).isEqualTo(5);
        assertThat(log.append(entries(6, 5))).isEqualTo(6);
    }
}
