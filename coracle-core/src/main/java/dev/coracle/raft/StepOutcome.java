package dev.coracle.raft;

/** What became of a message that was stepped. */
public enum StepOutcome {
    /** Taken; perhaps ignored, as late messages are. */
    OK(""),
    /** A proposal that was not appended and never will be. */
    PROPOSAL_DROPPED("raft proposal dropped"),
    /** A type that only the server itself may use. */
    LOCAL_MESSAGE("raft: cannot step raft local message"),
    /** An answer from a node that is not a member. */
    PEER_NOT_FOUND("raft: cannot step as peer not found");

    private final String etcdText;

    StepOutcome(String etcdText) {
        this.etcdText = etcdText;
    }

    /** The text of etcd's error, empty for {@link #OK}. */
    public String etcdText() {
        return etcdText;
    }
}
