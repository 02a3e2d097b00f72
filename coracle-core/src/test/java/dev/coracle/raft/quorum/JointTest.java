package dev.coracle.raft.quorum;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JointTest {
    private static final IdSet ONE_TO_THREE = IdSet.of(1, 2, 3);
    private static final IdSet THREE_TO_FIVE = IdSet.of(3, 4, 5);

    @Test
    void bothHalvesMustHaveAcknowledged() {
        assertThat(Joint.committedIndex(ONE_TO_THREE, THREE_TO_FIVE, Scores.acked(9, 9, 9, -1, -1)))
                .isZero();
        assertThat(Joint.committedIndex(ONE_TO_THREE, THREE_TO_FIVE, Scores.acked(9, 9, -1, 5, 6)))
                .isEqualTo(5);
        assertThat(Joint.committedIndex(ONE_TO_THREE, THREE_TO_FIVE, Scores.acked(1, 2, 9, 9, 9)))
                .isEqualTo(2);
    }

    @Test
    void anEmptyHalfHoldsNothingBack() {
        Scores scores = Scores.acked(1, 2, 3);
        assertThat(Joint.committedIndex(ONE_TO_THREE, IdSet.EMPTY, scores)).isEqualTo(2);
        assertThat(Joint.committedIndex(IdSet.EMPTY, ONE_TO_THREE, scores)).isEqualTo(2);
        assertThat(Joint.committedIndex(IdSet.EMPTY, IdSet.EMPTY, scores)).isEqualTo(Majority.EVERYTHING);
        assertThat(Joint.voteResult(ONE_TO_THREE, IdSet.EMPTY, Scores.votes("yn_")))
                .isEqualTo(VoteResult.PENDING);
        assertThat(Joint.voteResult(ONE_TO_THREE, IdSet.EMPTY, Scores.votes("ynn")))
                .isEqualTo(VoteResult.LOST);
        assertThat(Joint.voteResult(IdSet.EMPTY, IdSet.EMPTY, Scores.votes(""))).isEqualTo(VoteResult.WON);
    }

    @ParameterizedTest
    @CsvSource({
        "yy_yy, WON",
        "__y__, PENDING",
        "yy___, PENDING",
        "y_y_y, WON",
        "yy_nn, LOST",
        "nn_yy, LOST",
        "nn___, LOST",
        "nn_nn, LOST",
        "yyynn, LOST"
    })
    void aVoteIsWonByBothHalvesAndLostByEither(String votes, VoteResult expected) {
        assertThat(Joint.voteResult(ONE_TO_THREE, THREE_TO_FIVE, Scores.votes(votes)))
                .isEqualTo(expected);
        assertThat(Joint.voteResult(THREE_TO_FIVE, ONE_TO_THREE, Scores.votes(votes)))
                .isEqualTo(expected);
    }

    @Test
    void theDescriptionHasEachVoterOfBothHalvesOnce() {
        assertThat(Joint.describe(IdSet.of(2, 3), IdSet.of(1, 2), Scores.acked(5, 5, 6)))
                .isEqualTo(String.join(
                        "\n", //
                        "       idx",
                        ">        5    (id=1)",
                        ">        5    (id=2)",
                        "xx>      6    (id=3)",
                        ""));
    }
}
