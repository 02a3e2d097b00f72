package dev.coracle.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.raft.Bytes;
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
        Bytes first = reads.ask(List.of(), 1);
        Bytes second = reads.ask(List.of(), 1);

        assertThat(reads.answered(second)).isNotNull();
        assertThat(reads.answered(first)).as("the answers changed places").isNotNull();
        assertThat(reads.answered(first)).as("the answer came twice").isNull();
        assertThat(reads.hasOpenSince(1)).isFalse();
    }

    /** It may tell an index from before the crash, and so miss what was acknowledged since. */
    @Test
    void theAnswerToTheSameQuestionOfAnEarlierRunIsNotTaken() {
        Bytes before = run(1).ask(List.of(), 1);
        PendingReads restarted = run(2);
        Bytes now = restarted.ask(List.of(), 1);

        assertThat(restarted.answered(before)).isNull();
        assertThat(restarted.answered(now)).isNotNull();
    }
}
