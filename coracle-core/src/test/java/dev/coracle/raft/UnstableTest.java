package dev.coracle.raft;

import static dev.coracle.raft.TestServer.entries;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UnstableTest {
    private static final Snapshot SNAPSHOT = Snapshot.of(new SnapshotMetadata(4, 1, ConfState.ofVoters(1L)));

    private static Unstable unstable(long offset, long... terms) {
        Unstable unstable = new Unstable(offset, new Log(RaftLogger.NONE));
        if (terms.length > 0) {
            unstable.truncateAndAppend(entries(offset, terms));
        }
        return unstable;
    }

    private static Unstable withSnapshot(long... terms) {
        Unstable unstable = unstable(1);
        unstable.restore(SNAPSHOT);
        if (terms.length > 0) {
            unstable.truncateAndAppend(entries(5, terms));
        }
        return unstable;
    }

    private static List<Entry> all(Unstable unstable) {
        return unstable.slice(unstable.offset(), unstable.offset() + unstable.size());
    }

    @Test
    void theLastIndexIsThatOfTheEntriesElseOfTheSnapshot() {
        assertThat(unstable(5).lastIndexOrNone()).isEqualTo(-1);
        assertThat(unstable(5, 1, 1).lastIndexOrNone()).isEqualTo(6);
        assertThat(withSnapshot().lastIndexOrNone()).isEqualTo(4);
        assertThat(withSnapshot(1).lastIndexOrNone()).isEqualTo(5);
    }

    @ParameterizedTest
    @CsvSource({"5, 3", "6, 4", "4, 1", "7, -1", "3, -1"})
    void termsAreKnownOfTheEntriesAndOfTheSnapshotsIndex(long index, long term) {
        assertThat(withSnapshot(3, 4).termOrNone(index)).isEqualTo(term);
        assertThat(unstable(5, 3, 4).termOrNone(index)).isEqualTo(index == 4 ? -1 : term);
    }

    @Test
    void aSnapshotReplacesEverything() {
        Unstable unstable = unstable(2, 1, 1, 1);
        unstable.acceptInProgress();

        unstable.restore(SNAPSHOT);

        assertThat(unstable.size()).isZero();
        assertThat(unstable.offset()).isEqualTo(5);
        assertThat(unstable.offsetInProgress()).isEqualTo(5);
        assertThat(unstable.nextSnapshot()).as("not handed out").isEqualTo(SNAPSHOT);
    }

    @Test
    void aNewerSnapshotIsHandedOutThoughAnOlderOneIsBeingStored() {
        Unstable unstable = withSnapshot();
        unstable.acceptInProgress();
        assertThat(unstable.nextSnapshot()).isNull();
        Snapshot newer = Snapshot.of(new SnapshotMetadata(9, 2, ConfState.ofVoters(1L)));

        unstable.restore(newer);
        assertThat(unstable.nextSnapshot()).isEqualTo(newer);
        unstable.acceptInProgress();
        unstable.stableSnapshotTo(4);

        assertThat(unstable.snapshot()).as("the older one's completion").isEqualTo(newer);
        assertThat(unstable.nextSnapshot()).isNull();
    }

    @Test
    void whatWasHandedOutIsNotHandedOutAgain() {
        Unstable unstable = withSnapshot(1, 1);
        assertThat(unstable.nextEntries()).hasSize(2);
        assertThat(unstable.nextSnapshot()).isEqualTo(SNAPSHOT);

        unstable.acceptInProgress();
        assertThat(unstable.hasNextEntries()).isFalse();
        assertThat(unstable.nextEntries()).isEmpty();
        assertThat(unstable.nextSnapshot()).isNull();
        assertThat(unstable.snapshot()).as("and is still there").isEqualTo(SNAPSHOT);
        unstable.truncateAndAppend(entries(7, 2));

        assertThat(unstable.nextEntries()).isEqualTo(entries(7, 2));
    }

    @ParameterizedTest
    @CsvSource({
        // Of entries 5 to 7 with terms 1, 1, 2 the first two are in progress. Confirmed; offset, offsetInProgress then.
        "1, 5, 6, 7",
        "1, 6, 7, 7",
        "2, 7, 8, 8",
        "2, 5, 5, 7",
        "1, 7, 5, 7",
        "1, 4, 5, 7",
        "1, 8, 5, 7",
    })
    void confirmedEntriesLeaveIfTheirTermMatches(long term, long index, long offset, long inProgress) {
        Unstable unstable = unstable(5, 1, 1);
        unstable.acceptInProgress();
        unstable.truncateAndAppend(entries(7, 2));

        unstable.stableTo(term, index);

        assertThat(unstable.offset()).isEqualTo(offset);
        assertThat(unstable.offsetInProgress()).isEqualTo(inProgress);
        assertThat(unstable.size()).isEqualTo((int) (8 - offset));
        assertThat(unstable.lastIndexOrNone()).isEqualTo(offset == 8 ? -1 : 7);
    }

    @Test
    void aSnapshotIsNotConfirmedByItsIndexAsAnEntry() {
        Unstable unstable = withSnapshot(1);

        unstable.stableTo(1, 4);
        assertThat(unstable.snapshot()).isEqualTo(SNAPSHOT);
        assertThat(unstable.offset()).isEqualTo(5);
        unstable.stableSnapshotTo(3);
        assertThat(unstable.snapshot()).isEqualTo(SNAPSHOT);
        unstable.stableSnapshotTo(4);

        assertThat(unstable.snapshot()).isNull();
        assertThat(unstable.size()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        // Entries 5 to 7 with term 1, those before inProgress handed out. What comes; then terms, offset, inProgress.
        "5, 8, 22, 11122, 5, 5",
        "8, 8, 22, 11122, 5, 8",
        "5, 5, 22, 22, 5, 5",
        "8, 5, 2, 2, 5, 5",
        "8, 4, 222, 222, 4, 4",
        "8, 6, 2, 12, 5, 6",
        "8, 7, 22, 1122, 5, 7",
        "5, 7, 2, 112, 5, 5",
        "8, 1, 2, 2, 1, 1",
    })
    void newEntriesReplaceWhatIsAtAndAfterThem(
            long inProgress, long from, String terms, String then, long offset, long inProgressThen) {
        Unstable unstable = unstable(5, 1, 1, 1);
        if (inProgress == 8) {
            unstable.acceptInProgress();
        }

        unstable.truncateAndAppend(entries(from, digits(terms)));

        assertThat(all(unstable)).isEqualTo(entries(offset, digits(then)));
        assertThat(unstable.offset()).isEqualTo(offset);
        assertThat(unstable.offsetInProgress()).isEqualTo(inProgressThen);
    }

    private static long[] digits(String text) {
        return text.chars().mapToLong(digit -> digit - '0').toArray();
    }

    @Test
    void viewsThatWereGivenOutNeverChange() {
        Unstable unstable = unstable(1);
        for (int i = 1; i <= 200; i++) {
            unstable.truncateAndAppend(entries(i, 1));
        }
        List<Entry> view = unstable.slice(101, 201);
        List<Entry> copy = List.copyOf(view);

        unstable.stableTo(1, 150);
        unstable.truncateAndAppend(entries(180, 2, 2, 2));
        for (int i = 183; i < 400; i++) {
            unstable.truncateAndAppend(entries(i, 2));
        }
        unstable.truncateAndAppend(entries(120, 3));

        assertThat(view).isEqualTo(copy);
        assertThat(all(unstable)).isEqualTo(entries(120, 3));
    }

    @Test
    void aGapStopsTheServer() {
        assertThatThrownBy(() -> unstable(5, 1).truncateAndAppend(entries(7, 1)))
                .isInstanceOf(Check.BrokenInvariantException.class)
                .hasMessageContaining("from 7, end 6");
    }

    @ParameterizedTest
    @CsvSource({"4, 5", "5, 8", "6, 5"})
    void slicesStayWithinWhatIsThere(long low, long high) {
        assertThatThrownBy(() -> unstable(5, 1, 1).slice(low, high)).isInstanceOf(Check.BrokenInvariantException.class);
    }

    @Test
    void slicesAreHalfOpen() {
        long[] terms = {1, 2, 3};
        for (int low = 5; low <= 8; low++) {
            for (int high = low; high <= 8; high++) {
                assertThat(unstable(5, terms).slice(low, high))
                        .isEqualTo(entries(low, Arrays.copyOfRange(terms, low - 5, high - 5)));
            }
        }
    }
}
