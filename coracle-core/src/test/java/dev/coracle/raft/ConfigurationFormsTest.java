package dev.coracle.raft;

import static dev.coracle.raft.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The forms in which configurations and their changes are written down. */
class ConfigurationFormsTest {
    @ParameterizedTest
    @CsvSource({
        // Transition, number of changes; enters a joint configuration, which is left by itself; leaves one.
        "AUTO, 0, false, true, true",
        "AUTO, 1, false, true, false",
        "AUTO, 2, true, true, false",
        "JOINT_IMPLICIT, 0, true, true, false",
        "JOINT_IMPLICIT, 1, true, true, false",
        "JOINT_EXPLICIT, 0, true, false, false",
        "JOINT_EXPLICIT, 1, true, false, false",
    })
    void aChangeIsSimpleOrEntersOrLeavesByItsTransitionAndNumber(
            ConfChangeTransition transition, int number, boolean enters, boolean autoLeaves, boolean leaves) {
        List<ConfChangeSingle> changes = List.of(
                        new ConfChangeSingle(ConfChangeType.ADD_NODE, 2),
                        new ConfChangeSingle(ConfChangeType.REMOVE_NODE, 1))
                .subList(0, number);
        for (Bytes context : List.of(Bytes.EMPTY, Bytes.of(bytes("a context makes no difference")))) {
            ConfChangeV2 change = new ConfChangeV2(transition, changes, context);

            assertThat(change.entersJoint()).isEqualTo(enters);
            assertThat(change.autoLeaves()).isEqualTo(autoLeaves);
            assertThat(change.leavesJoint()).isEqualTo(leaves);
        }
    }

    @Test
    void theOlderFormIsASimpleChangeWithTheSameContext() {
        Bytes context = Bytes.of(bytes("address"));

        ConfChangeV2 change = new ConfChange(7, ConfChangeType.ADD_LEARNER_NODE, 3, context).asV2();

        assertThat(change)
                .isEqualTo(new ConfChangeV2(
                        ConfChangeTransition.AUTO,
                        List.of(new ConfChangeSingle(ConfChangeType.ADD_LEARNER_NODE, 3)),
                        context));
    }

    private static ConfState state(
            List<Long> voters, List<Long> learners, List<Long> outgoing, List<Long> next, boolean autoLeave) {
        return new ConfState(voters, learners, outgoing, next, autoLeave);
    }

    @Test
    void configurationsAreEquivalentInWhateverOrder() {
        ConfState state = state(List.of(1L, 2L), List.of(3L, 4L), List.of(5L, 6L), List.of(7L, -3L), true);

        assertThat(state.isEquivalentTo(
                        state(List.of(2L, 1L), List.of(4L, 3L), List.of(6L, 5L), List.of(-3L, 7L), true)))
                .isTrue();
        assertThat(List.of(
                        state(List.of(1L), List.of(3L, 4L), List.of(5L, 6L), List.of(7L, -3L), true),
                        state(List.of(1L, 2L), List.of(3L), List.of(5L, 6L), List.of(7L, -3L), true),
                        state(List.of(1L, 2L), List.of(3L, 4L), List.of(5L), List.of(7L, -3L), true),
                        state(List.of(1L, 2L), List.of(3L, 4L), List.of(5L, 6L), List.of(7L), true),
                        state(List.of(1L, 2L), List.of(3L, 4L), List.of(5L, 6L), List.of(7L, -3L), false),
                        state(List.of(1L, 2L, 2L), List.of(3L, 4L), List.of(5L, 6L), List.of(7L, -3L), true)))
                .noneMatch(state::isEquivalentTo);
        assertThat(state(List.of(), List.of(), List.of(), List.of(), false).isEquivalentTo(ConfState.EMPTY))
                .isTrue();
    }

    @Test
    void membersAreFoundInEverySet() {
        ConfState state = state(List.of(1L), List.of(2L), List.of(3L), List.of(4L), true);

        assertThat(List.of(1L, 2L, 3L, 4L)).allMatch(state::contains);
        assertThat(state.contains(5)).isFalse();
        assertThat(state.isJoint()).isTrue();
        assertThat(ConfState.ofVoters(1L).isJoint()).isFalse();
    }
}
