package dev.coracle.raft.tracker;

/** How a leader replicates to a member. */
public enum ProgressState {
    /** Where the member's log agrees is not known: one append at a time, until one is accepted. */
    PROBE("StateProbe"),
    /** The logs agree: appends are sent without waiting for the answers, up to the limits of the in-flight window. */
    REPLICATE("StateReplicate"),
    /** The entries that the member needs are compacted: a snapshot is under way, and nothing else is sent. */
    SNAPSHOT("StateSnapshot");

    private final String etcdName;

    ProgressState(String etcdName) {
        this.etcdName = etcdName;
    }

    /** The name that etcd prints. */
    public String etcdName() {
        return etcdName;
    }
}
