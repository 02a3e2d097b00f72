package dev.coracle.node;

import dev.coracle.raft.ConfState;
import dev.coracle.raft.HardState;
import dev.coracle.raft.RawNode;
import dev.coracle.raft.Ready;
import dev.coracle.raft.RoleName;
import dev.coracle.raft.SoftState;

/**
 * Where this node stands: who it is in which term, how far it has committed and applied, and in which configuration. The
 * loop's; others see it as of the end of the loop's last turn.
 */
final class Standing {
    /**
     * What the core last said of itself: all of one {@link Ready}. It may have gone on since. What would be wrong then,
     * such as an answer from a lease, is decided by asking the core itself; what is here says how to treat requests.
     */
    private RoleName role = RoleName.FOLLOWER;

    private long leader = RawNode.NONE;
    private long term;
    private long commit;

    /** What the applier last said. */
    private long applied;

    /** The configuration in force, which the applier notes later. */
    private ConfState configuration;

    private volatile NodeView view;

    Standing(HardState recovered, long applied, ConfState configuration) {
        this.term = recovered.term();
        this.commit = recovered.commit();
        this.applied = applied;
        this.configuration = configuration;
        this.view = new NodeView(role, leader, term, commit, applied, configuration);
    }

    /** As of the last {@link #publish}. Any thread may call. */
    NodeView view() {
        return view;
    }

    boolean leads() {
        return role == RoleName.LEADER;
    }

    /** Who leads, or {@link RawNode#NONE}. */
    long leader() {
        return leader;
    }

    boolean knowsLeader() {
        return leader != RawNode.NONE;
    }

    /** The term in which this node leads, or 0. */
    long leadingTerm() {
        return role == RoleName.LEADER ? term : 0;
    }

    ConfState configuration() {
        return configuration;
    }

    /** Takes what the core says of itself. */
    void update(Ready ready) {
        SoftState soft = ready.softState();
        if (soft != null) {
            role = soft.role();
            leader = soft.leader();
        }
        HardState hard = ready.hardState();
        if (!hard.isEmpty()) {
            term = hard.term();
            commit = hard.commit();
        }
    }

    void appliedTo(long index) {
        applied = index;
    }

    void configured(ConfState newConfiguration) {
        configuration = newConfiguration;
    }

    /** Shows the others where the node stands now. */
    void publish() {
        NodeView shown = view;
        if (shown.role() != role
                || shown.leader() != leader
                || shown.term() != term
                || shown.commit() != commit
                || shown.applied() != applied
                || !shown.configuration().equals(configuration)) {
            view = new NodeView(role, leader, term, commit, applied, configuration);
        }
    }
}
