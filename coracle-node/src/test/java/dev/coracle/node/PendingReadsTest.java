package dev.coracle.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.raft.Bytes;
import dev.coracle.raft.Entry;
import dev.coracle.raft.Message;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PendingReadsTest {
    private static PendingReads run(long seed) {
        return new PendingReads(new Random(seed)::nextInt);
    }

    @Test
    void eachQuestionHasItsAnswer() {
        PendingReads reads = run(1);
        Bytes first = reads.ask(List.of(), 1, 0, 0, false);
        Bytes second = reads.ask(List.of(), 1, 0, 0, false);

        assertThat(reads.answered(second)).isNotNull();
        assertThat(reads.answered(first)).as("the answers changed places").isNotNull();
        assertThat(reads.answered(first)).as("the answer came twice").isNull();
        assertThat(reads.hasOpenSince(1)).isFalse();
    }

    /** It may tell an index from before the crash, and so miss what was acknowledged since. */
    @Test
    void theAnswerToTheSameQuestionOfAnEarlierRunIsNotTaken() {
        Bytes before = run(1).ask(List.of(), 1, 0, 0, false);
        PendingReads restarted = run(2);
        Bytes now = restarted.ask(List.of(), 1, 0, 0, false);

        assertThat(restarted.answered(before)).isNull();
        assertThat(restarted.answered(now)).isNotNull();
    }

    @Test
    void theLeadersQuestionsTellWhenTheyWereAsked() {
        PendingReads reads = run(1);
        assertThat(reads.hasLeaderSince(3, 100)).isFalse();
        Bytes asked = reads.ask(List.of(), 1, 100, 3, false);
        assertThat(reads.hasLeaderSince(3, 100)).isTrue();
        assertThat(reads.hasLeaderSince(3, 101)).isFalse();
        assertThat(reads.hasLeaderSince(4, 100)).isFalse();

        PendingReads.Batch batch = reads.answered(asked);

        assertThat(batch).isNotNull();
        assertThat(batch.askedNanos()).isEqualTo(100);
        assertThat(batch.leaderTerm()).isEqualTo(3);
        assertThat(reads.hasLeaderSince(3, 100)).isFalse();
    }

    @Test
    void onlyAQuestionThatSaysSoMayBeAnsweredFromTheLease() {
        PendingReads reads = run(1);
        assertThat(PendingReads.isLeased(question(reads.ask(List.of(), 1, 0, 0, true))))
                .isTrue();
        assertThat(PendingReads.isLeased(question(reads.ask(List.of(), 1, 0, 0, false))))
                .isFalse();
        assertThat(PendingReads.isLeased(new Message.ReadIndex(2, 1, List.of())))
                .isFalse();
    }

    private static Message.ReadIndex question(Bytes name) {
        return new Message.ReadIndex(2, 1, List.of(Entry.normal(name.array())));
    }
}
