package dev.coracle.raft.tracker;

import dev.coracle.raft.ConfState;
import dev.coracle.raft.quorum.AckedIndexes;
import dev.coracle.raft.quorum.Groups;
import dev.coracle.raft.quorum.IdSet;
import dev.coracle.raft.quorum.Joint;
import dev.coracle.raft.quorum.VoteResult;
import dev.coracle.raft.quorum.Votes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The members of a cluster, as a server knows them (thesis §4). Immutable; the changer makes the next one and sees to
 * what holds between the sets:
 *
 * <ul>
 *   <li>a learner is in neither half of the voters;
 *   <li>a member of {@code learnersNext} is an outgoing voter and not yet a learner;
 *   <li>unless joint, {@code outgoing} and {@code learnersNext} are empty and {@code autoLeave} is off.
 * </ul>
 */
public final class Configuration {
    /** No members. */
    public static final Configuration EMPTY =
            new Configuration(IdSet.EMPTY, IdSet.EMPTY, false, IdSet.EMPTY, IdSet.EMPTY);

    private final IdSet voters;
    private final IdSet outgoing;
    private final boolean autoLeave;
    private final IdSet learners;
    private final IdSet learnersNext;
    private final IdSet allVoters;
    private final IdSet members;

    /**
     * Takes the sets as they are.
     *
     * @param voters the voters, of a joint configuration the incoming ones
     * @param outgoing the voters of the configuration that a joint one leaves
     * @param autoLeave whether the leader leaves the joint configuration by itself
     * @param learners members that get the log and do not count
     * @param learnersNext outgoing voters that become learners when the joint configuration is left
     */
    public Configuration(IdSet voters, IdSet outgoing, boolean autoLeave, IdSet learners, IdSet learnersNext) {
        this.voters = voters;
        this.outgoing = outgoing;
        this.autoLeave = autoLeave;
        this.learners = learners;
        this.learnersNext = learnersNext;
        this.allVoters = voters.union(outgoing);
        this.members = allVoters.union(learners).union(learnersNext);
    }

    /** The voters, of a joint configuration the incoming ones. */
    public IdSet voters() {
        return voters;
    }

    /** The voters of the configuration that a joint one leaves; else empty. */
    public IdSet outgoing() {
        return outgoing;
    }

    /** Tells whether the leader leaves the joint configuration by itself. */
    public boolean autoLeave() {
        return autoLeave;
    }

    /** The members that get the log and do not count. */
    public IdSet learners() {
        return learners;
    }

    /** The outgoing voters that become learners when the joint configuration is left. */
    public IdSet learnersNext() {
        return learnersNext;
    }

    /** The voters of both halves. */
    public IdSet allVoters() {
        return allVoters;
    }

    /** All to whom a leader replicates. */
    public IdSet members() {
        return members;
    }

    /** Tells whether decisions need two majorities. */
    public boolean isJoint() {
        return !outgoing.isEmpty();
    }

    /** Tells whether {@code id} votes, in either half. */
    public boolean isVoter(long id) {
        return allVoters.contains(id);
    }

    /** Tells whether {@code id} is a learner now. An outgoing voter that will be one is not. */
    public boolean isLearner(long id) {
        return learners.contains(id);
    }

    /** Tells whether {@code id} gets the log. */
    public boolean isMember(long id) {
        return members.contains(id);
    }

    /** Tells whether one voter decides alone. It need not be the server that asks. */
    public boolean isSingleton() {
        return voters.size() == 1 && outgoing.isEmpty();
    }

    /** The highest index that the voters have acknowledged as {@link Joint#committedIndex} counts. */
    public long committedIndex(AckedIndexes acked) {
        return Joint.committedIndex(voters, outgoing, acked);
    }

    /** The highest index that the voters have acknowledged as {@link Joint} counts where groups matter. */
    public long committedIndex(AckedIndexes acked, Groups groups) {
        return Joint.committedIndex(voters, outgoing, acked, groups);
    }

    /** Tells whether the voters are of two groups or more, in each half. */
    public boolean spansGroups(Groups groups) {
        return Joint.spansGroups(voters, outgoing, groups);
    }

    /** How the vote stands as {@link Joint#voteResult} counts. */
    public VoteResult voteResult(Votes votes) {
        return Joint.voteResult(voters, outgoing, votes);
    }

    /** The form in which it is stored with snapshots. */
    public ConfState toConfState() {
        return new ConfState(voters.toList(), learners.toList(), outgoing.toList(), learnersNext.toList(), autoLeave);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Configuration that
                && voters.equals(that.voters)
                && outgoing.equals(that.outgoing)
                && autoLeave == that.autoLeave
                && learners.equals(that.learners)
                && learnersNext.equals(that.learnersNext);
    }

    @Override
    public int hashCode() {
        return Objects.hash(voters, outgoing, autoLeave, learners, learnersNext);
    }

    /** As etcd prints it: {@code voters=(1 2)&&(3) learners=(4) learners_next=(3) autoleave}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        text.append("voters=(").append(voters).append(')');
        if (isJoint()) {
            text.append("&&(").append(outgoing).append(')');
        }
        if (!learners.isEmpty()) {
            text.append(" learners=(").append(learners).append(')');
        }
        if (!learnersNext.isEmpty()) {
            text.append(" learners_next=(").append(learnersNext).append(')');
        }
        return text.append(autoLeave ? " autoleave" : "").toString();
    }
}
