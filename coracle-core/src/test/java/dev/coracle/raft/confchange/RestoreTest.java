package dev.coracle.raft.confchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.raft.ConfState;
import dev.coracle.raft.InvalidConfChangeException;
import dev.coracle.raft.tracker.Configuration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RestoreTest {
    private static final List<Long> NONE = List.of();

    @Test
    void theEmptyStateIsTheEmptyConfiguration() throws InvalidConfChangeException {
        assertThat(Restore.restore(ConfState.EMPTY)).isEqualTo(Configuration.EMPTY);
    }

    @Test
    void votersComeBack() throws InvalidConfChangeException {
        comesBack(ConfState.ofVoters(1L, 2L, 3L), "voters=(1 2 3)");
    }

    @Test
    void learnersComeBack() throws InvalidConfChangeException {
        comesBack(
                new ConfState(List.of(1L, 2L, 3L), List.of(4L, 5L, 6L), NONE, NONE, false),
                "voters=(1 2 3) learners=(4 5 6)");
    }

    @Test
    void jointConfigurationsComeBack() throws InvalidConfChangeException {
        comesBack(
                new ConfState(List.of(1L, 2L, 3L), List.of(5L), List.of(1L, 2L, 4L, 6L), List.of(4L), false),
                "voters=(1 2 3)&&(1 2 4 6) learners=(5) learners_next=(4)");
        comesBack(new ConfState(List.of(3L, 2L), NONE, List.of(1L, 2L), NONE, true), "voters=(2 3)&&(1 2) autoleave");
    }

    private static void comesBack(ConfState confState, String text) throws InvalidConfChangeException {
        Configuration restored = Restore.restore(confState);
        assertThat(restored).hasToString(text);
        assertThat(restored.toConfState().isEquivalentTo(confState)).isTrue();
    }

    @Test
    void anyConfigurationComesBackInWhateverOrderItIsListed() throws InvalidConfChangeException {
        long seed = 1848;
        System.out.println("RestoreTest: seed " + seed);
        Random random = new Random(seed);
        int simple = 0;
        int leftByItself = 0;
        int demoting = 0;
        for (int run = 0; run < 1_000; run++) {
            ConfState confState = randomConfState(random);
            Configuration restored = Restore.restore(confState);
            assertThat(restored.toConfState().isEquivalentTo(confState))
                    .as("%s gave %s", confState, restored)
                    .isTrue();
            assertThat(Restore.restore(shuffled(confState, random))).isEqualTo(restored);
            simple += confState.isJoint() ? 0 : 1;
            leftByItself += confState.autoLeave() ? 1 : 0;
            demoting += confState.learnersNext().isEmpty() ? 0 : 1;
        }
        assertThat(List.of(simple, leftByItself, demoting)).allMatch(count -> count > 50);
    }

    private static ConfState shuffled(ConfState state, Random random) {
        return new ConfState(
                shuffled(state.voters(), random),
                shuffled(state.learners(), random),
                shuffled(state.votersOutgoing(), random),
                shuffled(state.learnersNext(), random),
                state.autoLeave());
    }

    private static List<Long> shuffled(List<Long> ids, Random random) {
        List<Long> copy = new ArrayList<>(ids);
        Collections.shuffle(copy, random);
        return copy;
    }

    private static ConfState randomConfState(Random random) {
        List<Long> ids = new ArrayList<>();
        for (long id = 1; id <= 20; id++) {
            ids.add(id);
        }
        Collections.shuffle(ids, random);
        List<Long> voters = take(ids, 1 + random.nextInt(5));
        List<Long> learners = take(ids, random.nextInt(5));
        List<Long> removed = take(ids, random.nextInt(3));
        List<Long> learnersNext = take(ids, random.nextInt(3));

        List<Long> outgoing = new ArrayList<>(removed);
        outgoing.addAll(learnersNext);
        if (random.nextBoolean()) {
            outgoing.addAll(voters.subList(0, random.nextInt(voters.size() + 1)));
        }
        Collections.shuffle(outgoing, random);
        boolean autoLeave = !outgoing.isEmpty() && random.nextBoolean();
        return new ConfState(voters, learners, outgoing, learnersNext, autoLeave);
    }

    /** Takes so many ids away from the front of the list. */
    private static List<Long> take(List<Long> ids, int count) {
        List<Long> front = ids.subList(0, count);
        List<Long> taken = List.copyOf(front);
        front.clear();
        return taken;
    }

    @Test
    void aStateThatContradictsItselfIsRefused() {
        List<Long> one = List.of(1L);
        List<Long> two = List.of(2L);
        refused(new ConfState(NONE, one, NONE, NONE, false), "removed all voters");
        refused(new ConfState(NONE, NONE, one, NONE, false), "removed all voters");
        refused(new ConfState(NONE, NONE, NONE, one, false), "contradicts itself");
        refused(new ConfState(one, NONE, NONE, NONE, true), "contradicts itself");
        refused(new ConfState(List.of(1L, 2L), two, NONE, NONE, false), "contradicts itself");
        refused(new ConfState(List.of(1L, 1L), NONE, NONE, NONE, false), "contradicts itself");
        refused(new ConfState(List.of(1L, 0L), NONE, NONE, NONE, false), "contradicts itself");
        refused(new ConfState(one, two, two, NONE, false), "contradicts itself");
        refused(new ConfState(one, NONE, one, two, false), "contradicts itself");
    }

    private static void refused(ConfState confState, String reason) {
        assertThatThrownBy(() -> Restore.restore(confState))
                .as(confState.toString())
                .isInstanceOf(InvalidConfChangeException.class)
                .hasMessageContaining(reason);
    }
}
