package dev.coracle.raft.quorum;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MajorityTest {
    private static final IdSet FOUR = IdSet.of(1, 2, 3, 4);
    private static final IdSet FIVE = IdSet.of(1, 2, 3, 4, 5);

    @Test
    void withoutVotersEverythingIsCommittedAndWon() {
        assertThat(Majority.committedIndex(IdSet.EMPTY, Scores.acked())).isEqualTo(Majority.EVERYTHING);
        assertThat(Majority.indexText(Majority.EVERYTHING)).isEqualTo("∞");
        assertThat(Majority.voteResult(IdSet.EMPTY, Scores.votes(""))).isEqualTo(VoteResult.WON);
        assertThat(Majority.describe(IdSet.EMPTY, Scores.acked())).isEqualTo("<empty majority quorum>");
    }

    @ParameterizedTest
    @CsvSource({
        "5, 5",
        "-1, 0",
        "5 5, 5",
        "5 4, 4",
        "5 -1, 0",
        "1 2 3, 2",
        "-1 9 9, 9",
        "-1 -1 9, 0",
        "1 2 3 4, 2",
        "7 7 7 1, 7",
        "101 102 103 104 105, 103",
        "-1 -1 103 103 104, 103",
        "-1 -1 -1 104 105, 0"
    })
    void anIndexIsCommittedIfMoreThanHalfHaveIt(String acked, long committed) {
        long[] values =
                Arrays.stream(acked.split(" ")).mapToLong(Long::parseLong).toArray();
        IdSet voters = IdSet.EMPTY;
        for (int i = 1; i <= values.length; i++) {
            voters = voters.with(i);
        }
        assertThat(Majority.committedIndex(voters, Scores.acked(values))).isEqualTo(committed);
    }

    @Test
    void whatOthersAcknowledgeDoesNotCount() {
        assertThat(Majority.committedIndex(IdSet.of(1, 2, 3), Scores.acked(1, 0, 0, 9, 9, 9)))
                .isZero();
        assertThat(Majority.voteResult(IdSet.of(1, 2, 3), Scores.votes("y__yyy")))
                .isEqualTo(VoteResult.PENDING);
    }

    @ParameterizedTest
    @CsvSource({
        "____, PENDING",
        "yy__, PENDING",
        "yyy_, WON",
        "yyyn, WON",
        "nn__, LOST",
        "n___, PENDING",
        "ynyn, LOST",
        "nyyy, WON"
    })
    void fourVotersNeedThreeAndAreLostWithTwoAgainst(String votes, VoteResult expected) {
        assertThat(Majority.voteResult(FOUR, Scores.votes(votes))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"yy___, PENDING", "yyy__, WON", "nn___, PENDING", "nnn__, LOST", "yynn_, PENDING", "yynny, WON"})
    void fiveVotersNeedThree(String votes, VoteResult expected) {
        assertThat(Majority.voteResult(FIVE, Scores.votes(votes))).isEqualTo(expected);
    }

    @Test
    void resultsPrintAsEtcdPrintsThem() {
        assertThat(VoteResult.values())
                .extracting(VoteResult::etcdName)
                .containsExactly("VotePending", "VoteLost", "VoteWon");
    }

    @Test
    void barsShowHowManyVotersAreBehind() {
        Scores scores = Scores.acked(100, 101, 99, -1);
        assertThat(Majority.describe(FOUR, scores))
                .isEqualTo(String.join(
                        "\n",
                        "        idx",
                        "xx>     100    (id=1)",
                        "xxx>    101    (id=2)",
                        "x>       99    (id=3)",
                        "?         0    (id=4)",
                        ""));
    }

    @Test
    void equalIndexesHaveEqualBarsAndIdsPrintInHexadecimal() {
        Scores scores = new Scores();
        scores.put(0x1f, 7);
        scores.put(-1, 7);
        scores.put(3, 2);
        assertThat(Majority.describe(IdSet.of(3, 0x1f, -1), scores))
                .isEqualTo(String.join(
                        "\n",
                        "       idx",
                        ">        2    (id=3)",
                        "x>       7    (id=1f)",
                        "x>       7    (id=ffffffffffffffff)",
                        ""));
    }
}
