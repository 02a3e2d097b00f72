package dev.coracle.raft.quorum;

/** How a vote stands. */
public enum VoteResult {
    /** Votes that are still out decide it. */
    PENDING("VotePending"),
    /** A majority can no longer say yes. */
    LOST("VoteLost"),
    /** A majority said yes. */
    WON("VoteWon");

    private final String etcdName;

    VoteResult(String etcdName) {
        this.etcdName = etcdName;
    }

    /** The name that etcd prints. */
    public String etcdName() {
        return etcdName;
    }
}
