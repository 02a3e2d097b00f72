package dev.coracle.raft;

import static dev.coracle.raft.TestServer.entries;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.raft.Storage.CompactedException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What a log hands out to be applied, and when it pauses. The log begins behind index 3: entries 4 to 6, of 4 bytes each,
 * the first two of them stored.
 */
class RaftLogApplyingTest {
    private static final int ENTRY_SIZE = 4;

    private static RaftLog log(long maxApplyingSize) {
        MemoryStorage storage = new MemoryStorage();
        storage.applySnapshot(Snapshot.of(new SnapshotMetadata(3, 1, ConfState.ofVoters(1L))));
        storage.append(entries(4, 1, 1));
        RaftLog log = new RaftLog(storage, maxApplyingSize, new Log(RaftLogger.NONE), RaftObserver.NONE);
        log.append(entries(6, 1));
        return log;
    }

    @ParameterizedTest
    @CsvSource({
        // Applied, handed out, whether entries that are not stored may be; what comes, from and to, 0 for nothing.
        "3, 3, true, 4, 6",
        "3, 4, true, 5, 6",
        "3, 5, true, 6, 6",
        "3, 6, true, 0, 0",
        "4, 4, true, 5, 6",
        "5, 5, true, 6, 6",
        "6, 6, true, 0, 0",
        "3, 3, false, 4, 5",
        "3, 4, false, 5, 5",
        "3, 5, false, 0, 0",
        "4, 4, false, 5, 5",
        "5, 5, false, 0, 0",
    })
    void whatWasNotHandedOutYetComes(long applied, long applying, boolean allowUnstable, long first, long last) {
        RaftLog log = log(RaftConfig.NO_LIMIT);
        log.commitTo(6);
        log.acceptApplying(applying, 0, true);
        log.appliedTo(applied, 0);

        List<Entry> next = log.nextCommitted(allowUnstable);

        assertThat(log.hasNextCommitted(allowUnstable)).isEqualTo(first != 0);
        assertThat(next).hasSize(first == 0 ? 0 : (int) (last - first + 1));
        if (first != 0) {
            assertThat(next.get(0).index()).isEqualTo(first);
            assertThat(next.get(next.size() - 1).index()).isEqualTo(last);
        }
    }

    @ParameterizedTest
    @CsvSource({
        // The limit, what is handed out of 4 to 6 and how big it is said to be; paused then, by what may be handed out.
        "100, 4, 4, true, true",
        "100, 5, 8, true, true",
        "100, 6, 12, true, false",
        "100, 4, 4, false, true",
        "100, 5, 8, false, false",
        "13, 6, 12, true, false",
        "12, 6, 12, true, true",
        "11, 6, 12, true, true",
        "8, 5, 8, false, true",
        "9, 5, 8, false, false",
    })
    void handingOutPausesIfTheLimitIsReachedOrSomethingWasHeldBack(
            long limit, long upTo, long size, boolean allowUnstable, boolean paused) {
        RaftLog log = log(limit);
        log.commitTo(6);

        log.acceptApplying(upTo, size, allowUnstable);

        // Something more to hand out, whatever was allowed before.
        log.append(entries(7, 1));
        log.commitTo(7);
        assertThat(log.hasNextCommitted(true)).isEqualTo(!paused);
        assertThat(log.nextCommitted(true).isEmpty()).isEqualTo(paused);
    }

    @ParameterizedTest
    @CsvSource({
        // The limit; 4 and 5, 8 bytes, are handed out; applied up to and its size; paused then.
        "8, 4, 4, false",
        "8, 5, 8, false",
        "4, 4, 4, true",
        "4, 5, 8, false",
        "5, 4, 4, false",
        "8, 4, 0, true",
        "8, 5, 100, false",
    })
    void applyingEndsThePauseWhenLessThanTheLimitIsOut(long limit, long applied, long size, boolean paused) {
        RaftLog log = log(limit);
        log.commitTo(6);
        log.acceptApplying(5, 2 * ENTRY_SIZE, true);
        assertThat(log.hasNextCommitted(true)).as("6 was held back").isFalse();

        log.appliedTo(applied, size);

        assertThat(log.applied()).isEqualTo(applied);
        assertThat(log.applying()).isEqualTo(5);
        assertThat(log.hasNextCommitted(true)).isEqualTo(!paused);
    }

    @Test
    void whatIsAppliedAheadOfWhatWasHandedOutTakesThatAlong() {
        RaftLog log = log(RaftConfig.NO_LIMIT);
        log.commitTo(6);

        log.appliedTo(5, 0);

        assertThat(log.applying()).isEqualTo(5);
        assertThat(log.nextCommitted(true)).extracting(Entry::index).containsExactly(6L);
    }

    @Test
    void theSizeThatIsOutNeverFallsBelowNothing() {
        RaftLog log = log(ENTRY_SIZE);
        log.commitTo(6);
        log.acceptApplying(4, ENTRY_SIZE, true);
        log.appliedTo(4, 100);

        log.acceptApplying(5, ENTRY_SIZE, true);

        assertThat(log.hasNextCommitted(true))
                .as("one is out, which is the limit")
                .isFalse();
    }

    @Test
    void anEntryThatIsGoneFromStorageBeforeItWasAppliedStopsTheServer() {
        MemoryStorage stored = new MemoryStorage();
        stored.append(entries(1, 1, 1, 1));
        boolean[] gone = new boolean[1];
        Storage storage = new ForwardingStorage(stored) {
            @Override
            public List<Entry> entries(long low, long high, long maxSize)
                    throws CompactedException, UnavailableException {
                if (gone[0]) {
                    throw CompactedException.INSTANCE;
                }
                return super.entries(low, high, maxSize);
            }
        };
        RaftLog log = new RaftLog(storage, RaftConfig.NO_LIMIT, new Log(RaftLogger.NONE), RaftObserver.NONE);
        log.commitTo(3);
        assertThat(log.nextCommitted(true)).hasSize(3);
        gone[0] = true;

        assertThatThrownBy(() -> log.nextCommitted(true))
                .isInstanceOf(Check.BrokenInvariantException.class)
                .hasMessageStartingWith("unexpected error when getting unapplied entries from 1");
        assertThatThrownBy(() -> log.anyConfChange(1, 4))
                .isInstanceOf(Check.BrokenInvariantException.class)
                .hasMessageStartingWith("error scanning unapplied entries [1, 4)");
    }

    @Test
    void anEntryThatStorageShouldHaveAndHasNotStopsTheServer() {
        MemoryStorage stored = new MemoryStorage();
        stored.append(entries(1, 1, 1, 1));
        Storage storage = new ForwardingStorage(stored) {
            @Override
            public List<Entry> entries(long low, long high, long maxSize) throws UnavailableException {
                throw UnavailableException.INSTANCE;
            }
        };
        RaftLog log = new RaftLog(storage, RaftConfig.NO_LIMIT, new Log(RaftLogger.NONE), RaftObserver.NONE);

        assertThatThrownBy(() -> log.slice(1, 3, RaftConfig.NO_LIMIT))
                .isInstanceOf(Check.BrokenInvariantException.class)
                .hasMessage("entries[1:3) is unavailable from storage");
    }

    @Test
    void aLimitThatIsChangedHoldsFromThenOn() {
        RaftLog log = log(RaftConfig.NO_LIMIT);
        log.commitTo(6);
        log.setMaxApplyingSize(2 * ENTRY_SIZE);
        assertThat(log.nextCommitted(true)).hasSize(2);
        log.acceptApplying(5, 2 * ENTRY_SIZE, true);
        assertThat(log.hasNextCommitted(true)).isFalse();

        log.setMaxApplyingSize(2 * ENTRY_SIZE + 1);

        assertThat(log.nextCommitted(true)).extracting(Entry::index).containsExactly(6L);
    }
}
