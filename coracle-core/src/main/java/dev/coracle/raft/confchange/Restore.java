package dev.coracle.raft.confchange;

import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.InvalidConfChangeException;
import dev.coracle.raft.tracker.Configuration;
import java.util.ArrayList;
import java.util.List;

/** Makes a configuration from its stored form. */
public final class Restore {
    private Restore() {}

    /**
     * The configuration that {@code confState} describes. It is reached by changes from the empty one, so nothing comes
     * out that changes could not lead to.
     *
     * @throws InvalidConfChangeException if there is no such configuration, because the sets contradict each other
     */
    public static Configuration restore(ConfState confState) throws InvalidConfChangeException {
        Configuration configuration = Configuration.EMPTY;
        if (confState.isJoint()) {
            for (long id : confState.votersOutgoing()) {
                configuration = simple(configuration, ConfChangeType.ADD_NODE, id);
            }
            configuration = Changer.enterJoint(configuration, confState.autoLeave(), changesToIncoming(confState))
                    .configuration();
        } else {
            for (long id : confState.voters()) {
                configuration = simple(configuration, ConfChangeType.ADD_NODE, id);
            }
            for (long id : confState.learners()) {
                configuration = simple(configuration, ConfChangeType.ADD_LEARNER_NODE, id);
            }
        }
        if (!configuration.toConfState().isEquivalentTo(confState)) {
            throw new InvalidConfChangeException(
                    "stored configuration contradicts itself: " + confState + " gives " + configuration);
        }
        return configuration;
    }

    private static Configuration simple(Configuration configuration, ConfChangeType type, long id)
            throws InvalidConfChangeException {
        return Changer.simple(configuration, List.of(new ConfChangeSingle(type, id)))
                .configuration();
    }

    /** What makes the incoming half of a joint configuration, and the learners, out of the outgoing half. */
    private static List<ConfChangeSingle> changesToIncoming(ConfState confState) {
        List<ConfChangeSingle> changes = new ArrayList<>();
        addAll(changes, ConfChangeType.REMOVE_NODE, confState.votersOutgoing());
        addAll(changes, ConfChangeType.ADD_NODE, confState.voters());
        addAll(changes, ConfChangeType.ADD_LEARNER_NODE, confState.learners());
        addAll(changes, ConfChangeType.ADD_LEARNER_NODE, confState.learnersNext());
        return changes;
    }

    private static void addAll(List<ConfChangeSingle> changes, ConfChangeType type, List<Long> ids) {
        for (long id : ids) {
            changes.add(new ConfChangeSingle(type, id));
        }
    }
}
