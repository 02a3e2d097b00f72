package dev.coracle.raft.tracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.raft.Check.BrokenInvariantException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressTest {
    // Probing

    @Test
    void aNewMemberIsProbedAndNothingIsKnownOfIt() {
        Progress progress = probing(0, 5);
        assertThat(progress.state()).isEqualTo(ProgressState.PROBE);
        assertThat(progress.match()).isZero();
        assertThat(progress.next()).isEqualTo(5);
        assertThat(progress.sentCommit()).isZero();
        assertThat(progress.recentlyActive()).isFalse();
        assertThat(progress.isPaused()).isFalse();
        assertThatThrownBy(() -> probing(0, 0)).isInstanceOf(BrokenInvariantException.class);
    }

    @Test
    void aProbeWithEntriesPausesAndLeavesNextWhereItIs() {
        Progress progress = probing(0, 5);
        progress.sentEntries(3, 30);
        assertThat(progress.isPaused()).isTrue();
        assertThat(progress.next()).isEqualTo(5);
        assertThat(progress.inflights().count()).isZero();
    }

    @Test
    void aProbeWithoutEntriesNeitherPausesNorLiftsThePause() {
        Progress progress = probing(0, 5);
        progress.sentEntries(0, 0);
        assertThat(progress.isPaused()).isFalse();
        progress.sentEntries(1, 1);
        progress.sentEntries(0, 0);
        assertThat(progress.isPaused()).isTrue();
    }

    // Replicating

    @Test
    void replicatingGoesOnFromBehindWhatMatches() {
        Progress progress = probing(1, 5);
        progress.setPaused(true);
        progress.becomeReplicate();
        assertThat(progress.state()).isEqualTo(ProgressState.REPLICATE);
        assertThat(progress.match()).isEqualTo(1);
        assertThat(progress.next()).isEqualTo(2);
        assertThat(progress.isPaused()).isFalse();
    }

    @Test
    void nextRunsAheadOfTheAnswersWhileReplicating() {
        Progress progress = replicating(1);
        progress.sentEntries(3, 30);
        progress.sentEntries(2, 20);
        assertThat(progress.next()).isEqualTo(7);
        assertThat(progress.match()).isEqualTo(1);
        assertThat(progress.inflights().count()).isEqualTo(2);
        assertThat(progress.inflights().indexAt(0)).isEqualTo(4);
        assertThat(progress.inflights().indexAt(1)).isEqualTo(6);
        assertThat(progress.inflights().bytes()).isEqualTo(50);
        assertThat(progress.isPaused()).isFalse();
    }

    @Test
    void aFullWindowPausesAtTheNextAppendAndNotByItself() {
        Progress progress = new Progress(1, new Inflights(2, 0));
        progress.becomeReplicate();
        progress.sentEntries(1, 1);
        assertThat(progress.isPaused()).isFalse();
        progress.sentEntries(1, 1);
        assertThat(progress.isPaused()).isTrue();

        // A heartbeat's answer lifts the pause: one empty append gets out, and that one pauses again.
        progress.setPaused(false);
        assertThat(progress.inflights().isFull()).isTrue();
        assertThat(progress.isPaused()).isFalse();
        progress.sentEntries(0, 0);
        assertThat(progress.isPaused()).isTrue();
        assertThat(progress.next()).isEqualTo(3);
        assertThat(progress.inflights().count()).isEqualTo(2);
    }

    @Test
    void anAppendWithARoomyWindowLiftsThePause() {
        Progress progress = replicating(1);
        progress.setPaused(true);
        progress.sentEntries(0, 0);
        assertThat(progress.isPaused()).isFalse();
    }

    @Test
    void moreThanTheWindowTakesIsRefused() {
        Progress progress = new Progress(1, new Inflights(1, 0));
        progress.becomeReplicate();
        progress.sentEntries(1, 1);
        assertThatThrownBy(() -> progress.sentEntries(1, 1)).isInstanceOf(BrokenInvariantException.class);
    }

    // Snapshots

    @Test
    void aSnapshotPausesWhateverTheFlagSays() {
        Progress progress = replicating(1);
        progress.sentEntries(3, 30);
        progress.becomeSnapshot(10);
        assertThat(progress.state()).isEqualTo(ProgressState.SNAPSHOT);
        assertThat(progress.match()).isEqualTo(1);
        assertThat(progress.next()).isEqualTo(11);
        assertThat(progress.pendingSnapshot()).isEqualTo(10);
        assertThat(progress.sentCommit()).isEqualTo(10);
        assertThat(progress.inflights().count()).isZero();
        progress.setPaused(false);
        assertThat(progress.isPaused()).isTrue();
    }

    @Test
    void nothingIsAppendedWhileASnapshotIsUnderWay() {
        Progress progress = probing(1, 2);
        progress.becomeSnapshot(10);
        assertThatThrownBy(() -> progress.sentEntries(0, 0))
                .isInstanceOf(BrokenInvariantException.class)
                .hasMessageContaining("from 11");
    }

    @Test
    void aSnapshotOlderThanWhatMatchesDoesNotMoveNextBehindIt() {
        Progress progress = probing(7, 8);
        progress.becomeSnapshot(3);
        assertThat(progress.next()).isEqualTo(8);
    }

    // Back to probing

    @Test
    void probingAfterReplicatingBeginsBehindWhatMatches() {
        Progress progress = replicating(1);
        progress.sentEntries(5, 50);
        progress.setPaused(true);
        progress.becomeProbe();
        assertThat(progress.state()).isEqualTo(ProgressState.PROBE);
        assertThat(progress.next()).isEqualTo(2);
        assertThat(progress.isPaused()).isFalse();
        assertThat(progress.inflights().count()).isZero();
    }

    @Test
    void probingAfterASnapshotBeginsBehindTheSnapshot() {
        Progress progress = probing(1, 5);
        progress.becomeSnapshot(10);
        progress.becomeProbe();
        assertThat(progress.next()).isEqualTo(11);
        assertThat(progress.pendingSnapshot()).isZero();
    }

    @Test
    void probingAfterAFailedSnapshotBeginsBehindWhatMatches() {
        Progress progress = probing(1, 5);
        progress.becomeSnapshot(10);
        progress.clearPendingSnapshot();
        assertThat(progress.state()).isEqualTo(ProgressState.SNAPSHOT);
        progress.becomeProbe();
        assertThat(progress.next()).isEqualTo(2);
        assertThat(progress.sentCommit()).isEqualTo(1);
    }

    @Test
    void probingAfterTheMemberWentBeyondTheSnapshotBeginsBehindWhatMatches() {
        Progress progress = probing(1, 5);
        progress.becomeSnapshot(10);
        progress.maybeUpdate(20);
        progress.becomeProbe();
        assertThat(progress.next()).isEqualTo(21);
    }

    @Test
    void probingForgetsTheCommitIndexThatMayBeLost() {
        Progress progress = replicating(3);
        progress.sentEntries(5, 50);
        progress.sentCommit(8);
        progress.becomeProbe();
        assertThat(progress.sentCommit()).isEqualTo(3);

        progress.sentCommit(2);
        progress.becomeProbe();
        assertThat(progress.sentCommit()).as("never raised").isEqualTo(2);
    }

    // Answers

    @ParameterizedTest
    @CsvSource({
        // acknowledged, news, match, next; before: match 3, next 5
        "2, false, 3, 5",
        "3, false, 3, 5",
        "4, true, 4, 5",
        "5, true, 5, 6",
        "9, true, 9, 10"
    })
    void anAcknowledgementRaisesMatchAndNeverLowersNext(long index, boolean news, long match, long next) {
        Progress progress = probing(3, 5);
        progress.setPaused(true);
        assertThat(progress.maybeUpdate(index)).isEqualTo(news);
        assertThat(progress.match()).isEqualTo(match);
        assertThat(progress.next()).isEqualTo(next);
        assertThat(progress.isPaused()).as("only news lift the pause").isEqualTo(!news);
    }

    @ParameterizedTest
    @CsvSource({
        // match, appended, rejected, counts, next
        "5, 5, 4, false, 11",
        "5, 5, 5, false, 11",
        "5, 5, 6, true, 6",
        "5, 5, 10, true, 6",
        "0, 9, 9, true, 1"
    })
    void whileReplicatingARejectionAboveMatchGoesBackToMatch(
            long match, int appended, long rejected, boolean counts, long next) {
        Progress progress = replicating(match);
        progress.sentEntries(appended, 10);
        assertThat(progress.maybeDecreaseTo(rejected, 2)).isEqualTo(counts);
        assertThat(progress.match()).isEqualTo(match);
        assertThat(progress.next()).isEqualTo(next);
    }

    @ParameterizedTest
    @CsvSource({
        // match, next, rejected, hint, counts, next
        "0, 10, 5, 5, false, 10",
        "0, 10, 10, 10, false, 10",
        "0, 0x7fffffffffffffff, 3, 1, false, 0x7fffffffffffffff",
        "0, 10, 9, 9, true, 9",
        "0, 10, 9, 2, true, 3",
        "0, 10, 9, 0, true, 1",
        "0, 2, 1, 1, true, 1",
        "4, 10, 9, 2, true, 5",
        "8, 10, 9, 9, true, 9",
        "0, 10, 9, 0x7fffffffffffffff, true, 1"
    })
    void whileProbingOnlyTheRejectionOfTheLastProbeCounts(
            long match, String before, long rejected, String hint, boolean counts, String after) {
        Progress progress = probing(match, Long.decode(before));
        progress.setPaused(true);
        assertThat(progress.maybeDecreaseTo(rejected, Long.decode(hint))).isEqualTo(counts);
        assertThat(progress.next()).isEqualTo(Long.decode(after));
        assertThat(progress.isPaused()).as("only news lift the pause").isEqualTo(!counts);
    }

    @Test
    void aRejectionThatCountsForgetsTheCommitIndexThatMayBeLost() {
        Progress probing = probing(0, 10);
        probing.sentCommit(8);
        assertThat(probing.maybeDecreaseTo(9, 4)).isTrue();
        assertThat(probing.sentCommit()).isEqualTo(4);

        Progress replicating = replicating(2);
        replicating.sentEntries(5, 10);
        replicating.sentCommit(6);
        assertThat(replicating.maybeDecreaseTo(7, 7)).isTrue();
        assertThat(replicating.sentCommit()).isEqualTo(2);

        probing.sentCommit(1);
        assertThat(probing.maybeDecreaseTo(99, 99)).isFalse();
        assertThat(probing.sentCommit()).isEqualTo(1);
    }

    // Commit index

    @ParameterizedTest
    @CsvSource({
        // sent, commit, can be bumped; next is 6
        "3, 3, false",
        "3, 2, false",
        "3, 4, true",
        "4, 9, true",
        "5, 9, false",
        "7, 9, false"
    })
    void aHigherCommitIndexIsWorthAMessageOnlyWithinWhatTheMemberHas(long sent, long commit, boolean expected) {
        Progress progress = replicating(5);
        progress.sentCommit(sent);
        assertThat(progress.canBumpCommit(commit)).isEqualTo(expected);
    }

    @Test
    void aHeartbeatMayLowerTheSentCommitIndex() {
        Progress progress = replicating(5);
        progress.sentCommit(5);
        progress.sentCommit(2);
        assertThat(progress.sentCommit()).isEqualTo(2);
    }

    // Texts

    @Test
    void theTextSaysOnlyWhatIsOutOfTheOrdinary() {
        Progress progress = replicating(1);
        progress.setRecentlyActive(true);
        assertThat(progress.describe(false)).isEqualTo("StateReplicate match=1 next=2");
        progress.sentEntries(1, 1);
        assertThat(progress.describe(true)).isEqualTo("StateReplicate match=1 next=3 learner inflight=1");
    }

    @Test
    void theTextSaysAll() {
        Progress full = new Progress(2, new Inflights(1, 0));
        full.maybeUpdate(1);
        full.becomeReplicate();
        full.sentEntries(1, 1);
        assertThat(full.describe(true))
                .isEqualTo("StateReplicate match=1 next=3 learner paused inactive inflight=1[full]");
        full.becomeSnapshot(123);
        assertThat(full.describe(true))
                .isEqualTo("StateSnapshot match=1 next=124 learner paused pendingSnap=123 inactive");
        full.becomeProbe();
        assertThat(full.describe(false)).isEqualTo("StateProbe match=1 next=124 inactive");
    }

    private static Progress probing(long match, long next) {
        Progress progress = new Progress(next, new Inflights(256, 0));
        progress.maybeUpdate(match);
        return progress;
    }

    private static Progress replicating(long match) {
        Progress progress = probing(match, match + 1);
        progress.becomeReplicate();
        return progress;
    }
}
