package dev.coracle.raft;

import java.util.List;

/** A change of any number of members (thesis §4). One without changes leaves a joint configuration. */
public record ConfChangeV2(ConfChangeTransition transition, List<ConfChangeSingle> changes, Bytes context) {
    /** Leaves a joint configuration. */
    public static final ConfChangeV2 LEAVE_JOINT = new ConfChangeV2(ConfChangeTransition.AUTO, List.of(), Bytes.EMPTY);

    /** Copies the list. */
    public ConfChangeV2 {
        changes = List.copyOf(changes);
    }

    /** Changes carried out automatically, simple or joint as their number asks. */
    public static ConfChangeV2 of(ConfChangeSingle... changes) {
        return new ConfChangeV2(ConfChangeTransition.AUTO, List.of(changes), Bytes.EMPTY);
    }

    /** Tells whether it takes the cluster into a joint configuration. */
    public boolean entersJoint() {
        return transition != ConfChangeTransition.AUTO || changes.size() > 1;
    }

    /** Tells whether the joint configuration that it enters is left automatically. */
    public boolean autoLeaves() {
        return transition != ConfChangeTransition.JOINT_EXPLICIT;
    }

    /** Tells whether it leaves a joint configuration. */
    public boolean leavesJoint() {
        return transition == ConfChangeTransition.AUTO && changes.isEmpty();
    }
}
