package dev.coracle.raft;

/** The role of a server (§5.1). Ordinals are etcd's numbers. */
public enum RoleName {
    /** Answers leaders and candidates. */
    FOLLOWER("StateFollower"),
    /** Asks for votes. */
    CANDIDATE("StateCandidate"),
    /** Replicates the log. */
    LEADER("StateLeader"),
    /** Asks whether it would get votes (thesis §9.6). */
    PRE_CANDIDATE("StatePreCandidate");

    private final String etcdName;

    RoleName(String etcdName) {
        this.etcdName = etcdName;
    }

    /** The name that etcd prints. */
    public String etcdName() {
        return etcdName;
    }
}
