package dev.coracle.raft.confchange;

import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.InvalidConfChangeException;
import dev.coracle.raft.quorum.IdSet;
import dev.coracle.raft.tracker.Configuration;
import dev.coracle.raft.tracker.MemberChange;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;

/**
 * Changes configurations (thesis §4), one voter at a time or any number through a joint configuration. Pure functions:
 * what they are given stays as it is, and a change that is refused has changed nothing.
 */
public final class Changer {
    private Changer() {}

    /**
     * What a change leads to.
     *
     * @param configuration the configuration from now on
     * @param changes the members that came and went, in that order
     */
    public record Result(Configuration configuration, List<MemberChange> changes) {
        /** Copies the list. */
        public Result {
            changes = List.copyOf(changes);
        }
    }

    /** Leaves or enters a joint configuration or makes a simple change, whichever {@code change} asks for. */
    public static Result apply(Configuration configuration, ConfChangeV2 change) throws InvalidConfChangeException {
        if (change.leavesJoint()) {
            return leaveJoint(configuration);
        }
        if (change.entersJoint()) {
            return enterJoint(configuration, change.autoLeaves(), change.changes());
        }
        return simple(configuration, change.changes());
    }

    /**
     * Changes at most one voter, and any number of learners. Majorities before and after one such change overlap, so it
     * needs no joint configuration (thesis §4.1).
     */
    public static Result simple(Configuration configuration, List<ConfChangeSingle> changes)
            throws InvalidConfChangeException {
        Draft draft = new Draft(configuration);
        require(!configuration.isJoint(), "can't apply simple config change in joint config");
        draft.change(changes);
        require(
                differences(configuration.voters(), draft.voters) <= 1,
                "more than one voter changed without entering joint config");
        return draft.finish();
    }

    /** The number of ids that are in one set and not in the other. */
    private static int differences(IdSet one, IdSet other) {
        return 2 * one.union(other).size() - one.size() - other.size();
    }

    /**
     * Enters a joint configuration (thesis §4.3): the present voters become the outgoing half, and the incoming half is
     * the present voters changed.
     *
     * @param autoLeave whether the leader shall leave it by itself
     */
    public static Result enterJoint(Configuration configuration, boolean autoLeave, List<ConfChangeSingle> changes)
            throws InvalidConfChangeException {
        Draft draft = new Draft(configuration);
        require(!configuration.isJoint(), "config is already joint");
        require(!configuration.voters().isEmpty(), "can't make a zero-voter config joint");
        draft.outgoing = configuration.voters();
        draft.change(changes);
        draft.autoLeave = autoLeave;
        return draft.finish();
    }

    /** Leaves a joint configuration: the incoming half decides alone, and demoted voters become learners. */
    public static Result leaveJoint(Configuration configuration) throws InvalidConfChangeException {
        Draft draft = new Draft(configuration);
        require(configuration.isJoint(), "can't leave a non-joint config");
        draft.leave();
        return draft.finish();
    }

    private static void require(boolean condition, String text) throws InvalidConfChangeException {
        if (!condition) {
            throw new InvalidConfChangeException(text);
        }
    }

    /** A configuration being changed. A node is in {@code members} exactly while a leader keeps track of it. */
    private static final class Draft {
        private IdSet voters;
        private IdSet outgoing;
        private boolean autoLeave;
        private IdSet learners;
        private IdSet learnersNext;
        private IdSet members;
        private final List<MemberChange> changes = new ArrayList<>();

        Draft(Configuration from) throws InvalidConfChangeException {
            voters = from.voters();
            outgoing = from.outgoing();
            autoLeave = from.autoLeave();
            learners = from.learners();
            learnersNext = from.learnersNext();
            members = from.members();
            checkInvariants();
        }

        void change(List<ConfChangeSingle> singles) throws InvalidConfChangeException {
            for (ConfChangeSingle single : singles) {
                // An application cancels a change that it no longer wants by clearing its node id.
                if (single.nodeId() != 0) {
                    change(single);
                }
            }
            require(!voters.isEmpty(), "removed all voters");
        }

        private void change(ConfChangeSingle single) {
            long id = single.nodeId();
            switch (single.type()) {
                case ADD_NODE -> makeVoter(id);
                case ADD_LEARNER_NODE -> makeLearner(id);
                case REMOVE_NODE -> remove(id);
                case UPDATE_NODE -> {}
            }
        }

        private void makeVoter(long id) {
            leaveSets(id);
            voters = voters.with(id);
            addMember(id);
        }

        private void makeLearner(long id) {
            leaveSets(id);
            // While the outgoing half still counts it as a voter it cannot be a learner: the sets must not overlap.
            if (outgoing.contains(id)) {
                learnersNext = learnersNext.with(id);
            } else {
                learners = learners.with(id);
            }
            addMember(id);
        }

        private void remove(long id) {
            leaveSets(id);
            // An outgoing voter still gets the log, for it is still needed to commit.
            if (!outgoing.contains(id)) {
                removeMember(id);
            }
        }

        void leave() {
            learners = learners.union(learnersNext);
            learnersNext = IdSet.EMPTY;
            IdSet left = outgoing;
            outgoing = IdSet.EMPTY;
            autoLeave = false;
            for (int i = 0; i < left.size(); i++) {
                long id = left.at(i);
                if (!voters.contains(id) && !learners.contains(id)) {
                    removeMember(id);
                }
            }
        }

        /** Takes {@code id} out of all sets that a change may touch. */
        private void leaveSets(long id) {
            voters = voters.without(id);
            learners = learners.without(id);
            learnersNext = learnersNext.without(id);
        }

        private void addMember(long id) {
            if (!members.contains(id)) {
                members = members.with(id);
                changes.add(new MemberChange(id, true));
            }
        }

        private void removeMember(long id) {
            if (members.contains(id)) {
                members = members.without(id);
                changes.add(new MemberChange(id, false));
            }
        }

        Result finish() throws InvalidConfChangeException {
            checkInvariants();
            return new Result(new Configuration(voters, outgoing, autoLeave, learners, learnersNext), changes);
        }

        /** What must hold of every configuration, before a change and after it. */
        private void checkInvariants() throws InvalidConfChangeException {
            IdSet all = voters.union(outgoing).union(learners).union(learnersNext);
            requireNone(all, id -> !members.contains(id), "no progress for %s");
            requireNone(learnersNext, id -> !outgoing.contains(id), "%s is in LearnersNext, but not Voters[1]");
            requireNone(learnersNext, learners::contains, "%s is in LearnersNext, but is already marked as learner");
            requireNone(learners, outgoing::contains, "%s is in Learners and Voters[1]");
            requireNone(learners, voters::contains, "%s is in Learners and Voters[0]");
            require(!autoLeave || !outgoing.isEmpty(), "AutoLeave must be false when not joint");
        }

        private static void requireNone(IdSet ids, LongPredicate isWrong, String format)
                throws InvalidConfChangeException {
            for (int i = 0; i < ids.size(); i++) {
                if (isWrong.test(ids.at(i))) {
                    throw new InvalidConfChangeException(format.replace("%s", Long.toUnsignedString(ids.at(i))));
                }
            }
        }
    }
}
