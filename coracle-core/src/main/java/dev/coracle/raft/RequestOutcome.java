package dev.coracle.raft;

/** What became of a request to a server that is no proposal, when it was made. */
public enum RequestOutcome {
    /** Taken: done, or begun. */
    ACCEPTED(true),
    /** Sent on to the leader; whether it arrives is unknown. */
    FORWARDED(true),
    /** There is no leader known. */
    NO_LEADER(false),
    /** Only a leader can do it, and this server is none. */
    NOT_LEADER(false),
    /** A leader cannot do it, and this server is one. */
    IS_LEADER(false),
    /** The member that was named is not one. */
    NOT_MEMBER(false),
    /** The member that was named does not vote. */
    IS_LEARNER(false),
    /** It is being done already. */
    ALREADY_PENDING(false),
    /** The server does not vote, or is about to be replaced by a snapshot, and so cannot be elected. */
    NOT_PROMOTABLE(false),
    /** A configuration change is committed and not applied: nobody knows yet whose votes count. */
    PENDING_CHANGE(false),
    /** A snapshot waits to be stored. */
    PENDING_SNAPSHOT(false),
    /** The log has no entry of the current term yet. */
    NO_ENTRY_OF_TERM(false),
    /** Reads by lease count on this follower's not voting. */
    LEASE(false),
    /** Too many wait already. */
    TOO_MANY(false);

    private final boolean accepted;

    RequestOutcome(boolean accepted) {
        this.accepted = accepted;
    }

    /** Tells whether something was done or sent; otherwise the request has changed nothing. */
    public boolean isAccepted() {
        return accepted;
    }
}
