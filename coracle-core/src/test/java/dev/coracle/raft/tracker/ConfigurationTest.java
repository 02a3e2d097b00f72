package dev.coracle.raft.tracker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.raft.ConfState;
import dev.coracle.raft.quorum.IdSet;
import dev.coracle.raft.quorum.Majority;
import dev.coracle.raft.quorum.VoteResult;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConfigurationTest {
    private static final Configuration SIMPLE = simple(IdSet.of(1, 2, 3), IdSet.of(4));
    private static final Configuration JOINT =
            new Configuration(IdSet.of(1, 2), IdSet.of(2, 3), true, IdSet.of(4), IdSet.of(3));

    @Test
    void itPrintsAsEtcdPrintsIt() {
        assertThat(Configuration.EMPTY).hasToString("voters=()");
        assertThat(SIMPLE).hasToString("voters=(1 2 3) learners=(4)");
        assertThat(JOINT).hasToString("voters=(1 2)&&(2 3) learners=(4) learners_next=(3) autoleave");
        assertThat(simple(IdSet.of(255, -1), IdSet.EMPTY)).hasToString("voters=(ff ffffffffffffffff)");
    }

    @Test
    void votersAreThoseOfBothHalvesAndMembersAreAll() {
        assertThat(JOINT.allVoters()).isEqualTo(IdSet.of(1, 2, 3));
        assertThat(JOINT.members()).isEqualTo(IdSet.of(1, 2, 3, 4));
        assertThat(JOINT.isVoter(3)).isTrue();
        assertThat(JOINT.isVoter(4)).isFalse();
        assertThat(JOINT.isMember(4)).isTrue();
        assertThat(JOINT.isMember(5)).isFalse();
        assertThat(JOINT.isLearner(4)).isTrue();
        assertThat(JOINT.isLearner(3))
                .as("not before the joint configuration is left")
                .isFalse();
        assertThat(JOINT.isJoint()).isTrue();
        assertThat(SIMPLE.isJoint()).isFalse();
    }

    @Test
    void aSingletonHasOneVoterInAll() {
        assertThat(simple(IdSet.of(1), IdSet.of(2, 3)).isSingleton()).isTrue();
        assertThat(SIMPLE.isSingleton()).isFalse();
        assertThat(Configuration.EMPTY.isSingleton()).isFalse();
        assertThat(new Configuration(IdSet.of(1), IdSet.of(1), false, IdSet.EMPTY, IdSet.EMPTY).isSingleton())
                .isFalse();
    }

    @Test
    void learnersDoNotCount() {
        assertThat(SIMPLE.committedIndex(id -> id == 1 || id == 4 ? 9 : 0)).isZero();
        assertThat(SIMPLE.voteResult(id -> id == 1 || id == 4 ? 1 : 0)).isEqualTo(VoteResult.PENDING);
    }

    @Test
    void bothHalvesCount() {
        assertThat(JOINT.committedIndex(id -> id == 3 ? 0 : 9)).isZero();
        assertThat(JOINT.committedIndex(id -> id + 6)).isEqualTo(7);
        assertThat(JOINT.voteResult(id -> id == 3 ? -1 : 1)).isEqualTo(VoteResult.LOST);
        assertThat(Configuration.EMPTY.committedIndex(id -> 0)).isEqualTo(Majority.EVERYTHING);
    }

    @Test
    void theStoredFormHasAllSets() {
        assertThat(JOINT.toConfState())
                .isEqualTo(new ConfState(List.of(1L, 2L), List.of(4L), List.of(2L, 3L), List.of(3L), true));
        assertThat(Configuration.EMPTY.toConfState()).isEqualTo(ConfState.EMPTY);
    }

    @Test
    void itIsAValue() {
        assertThat(simple(IdSet.of(3, 2, 1), IdSet.of(4))).isEqualTo(SIMPLE).hasSameHashCodeAs(SIMPLE);
        assertThat(JOINT)
                .isNotEqualTo(new Configuration(IdSet.of(1, 2), IdSet.of(2, 3), false, IdSet.of(4), IdSet.of(3)))
                .isNotEqualTo(new Configuration(IdSet.of(1), IdSet.of(2, 3), true, IdSet.of(4), IdSet.of(3)))
                .isNotEqualTo(new Configuration(IdSet.of(1, 2), IdSet.of(3), true, IdSet.of(4), IdSet.of(3)))
                .isNotEqualTo(new Configuration(IdSet.of(1, 2), IdSet.of(2, 3), true, IdSet.EMPTY, IdSet.of(3)))
                .isNotEqualTo(new Configuration(IdSet.of(1, 2), IdSet.of(2, 3), true, IdSet.of(4), IdSet.EMPTY));
    }

    private static Configuration simple(IdSet voters, IdSet learners) {
        return new Configuration(voters, IdSet.EMPTY, false, learners, IdSet.EMPTY);
    }
}
