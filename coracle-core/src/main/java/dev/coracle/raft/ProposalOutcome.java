package dev.coracle.raft;

/** What became of a proposal when it was made. Only an appended one can still be committed here. */
public enum ProposalOutcome {
    /** In the leader's log; done once the entry at its term and index is applied. */
    APPENDED(true),
    /** Sent on to the leader; whether it arrives is unknown. */
    FORWARDED(true),
    /** A configuration change that may not be made while another one is not applied; an empty entry took its place. */
    REFUSED_PENDING_CHANGE(true),
    /** A configuration change while the configuration is joint; an empty entry took its place. */
    REFUSED_JOINT(true),
    /** The order to leave a joint configuration while it is not; an empty entry took its place. */
    REFUSED_NOT_JOINT(true),
    /** There is no leader known. */
    DROPPED_NO_LEADER(false),
    /** Another server leads, and forwarding is off. */
    DROPPED_NOT_LEADER(false),
    /** The leader is not a member any more. */
    DROPPED_NOT_MEMBER(false),
    /** The leader is handing leadership over. */
    DROPPED_TRANSFERRING(false),
    /** Too many bytes wait to be committed. */
    DROPPED_BACKLOG(false),
    /** There are no entries, or the data of a configuration change cannot be read. */
    DROPPED_MALFORMED(false);

    private final boolean accepted;

    ProposalOutcome(boolean accepted) {
        this.accepted = accepted;
    }

    /** Tells whether an entry was appended or sent on; otherwise the proposal is certainly not done. */
    public boolean isAccepted() {
        return accepted;
    }
}
