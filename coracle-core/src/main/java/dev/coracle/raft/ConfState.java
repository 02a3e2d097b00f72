package dev.coracle.raft;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A cluster's configuration as it is stored with snapshots (thesis §4). While {@code votersOutgoing} is not empty the
 * configuration is joint, and a decision needs a majority of both voter sets.
 *
 * @param voters the voters, of a joint configuration the incoming ones
 * @param learners members that get the log and do not count
 * @param votersOutgoing the voters of the configuration that a joint one leaves
 * @param learnersNext outgoing voters that become learners when the joint configuration is left
 * @param autoLeave whether the leader leaves the joint configuration by itself
 */
public record ConfState(
        List<Long> voters, List<Long> learners, List<Long> votersOutgoing, List<Long> learnersNext, boolean autoLeave) {
    /** No members: the state of a server that waits for a snapshot, or for a bootstrap. */
    public static final ConfState EMPTY = new ConfState(List.of(), List.of(), List.of(), List.of(), false);

    /** Copies the lists. */
    public ConfState {
        voters = List.copyOf(voters);
        learners = List.copyOf(learners);
        votersOutgoing = List.copyOf(votersOutgoing);
        learnersNext = List.copyOf(learnersNext);
    }

    /** A simple configuration of voters only. */
    public static ConfState ofVoters(Long... ids) {
        return new ConfState(List.of(ids), List.of(), List.of(), List.of(), false);
    }

    /** Tells whether the configuration is joint. */
    public boolean isJoint() {
        return !votersOutgoing.isEmpty();
    }

    /** Tells whether {@code id} is in any of the sets. */
    public boolean contains(long id) {
        return voters.contains(id) || learners.contains(id) || votersOutgoing.contains(id) || learnersNext.contains(id);
    }

    /** Tells whether both say the same, in whatever order they list it. */
    public boolean isEquivalentTo(ConfState other) {
        return sorted(voters).equals(sorted(other.voters))
                && sorted(learners).equals(sorted(other.learners))
                && sorted(votersOutgoing).equals(sorted(other.votersOutgoing))
                && sorted(learnersNext).equals(sorted(other.learnersNext))
                && autoLeave == other.autoLeave;
    }

    private static List<Long> sorted(List<Long> ids) {
        List<Long> copy = new ArrayList<>(ids);
        copy.sort(Long::compareUnsigned);
        return Collections.unmodifiableList(copy);
    }
}
