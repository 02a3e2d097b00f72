package dev.coracle.raft;

/** How a change of several members is carried out (thesis §4.3). Ordinals are the numbers on the wire. */
public enum ConfChangeTransition {
    /** Simple if one change, else joint and left automatically. */
    AUTO("ConfChangeTransitionAuto"),
    /** Joint, left automatically. */
    JOINT_IMPLICIT("ConfChangeTransitionJointImplicit"),
    /** Joint, left by a proposal of the application. */
    JOINT_EXPLICIT("ConfChangeTransitionJointExplicit");

    private final String etcdName;

    ConfChangeTransition(String etcdName) {
        this.etcdName = etcdName;
    }

    /** The name that etcd prints. */
    public String etcdName() {
        return etcdName;
    }
}
