package dev.coracle.testkit;

/** What must hold in every simulated world, whatever is done to it. */
public enum Invariant {
    /** A term has one leader at most (§5.2). */
    ELECTION_SAFETY,
    /** A member votes for one candidate in a term, and remembers its terms, through every restart (§5.2). */
    ONE_VOTE_A_TERM,
    /** An id belongs to one data directory for ever: no other one runs under it. */
    ONE_DIRECTORY_AN_ID,
    /** What a member says of its own log or vote, its disk would still say after a power cut. */
    DURABLE_BEFORE_SAID,
    /** What anybody takes for committed, the disks of a majority would still hold after a power cut. */
    DURABLE_BEFORE_COMMITTED,
    /** Entries of one index and term are the same everywhere, and follow entries of the same term (§5.3). */
    LOG_MATCHING,
    /** A leader has every committed entry (§5.4). */
    LEADER_COMPLETENESS,
    /** A member that starts again has all that was durable. */
    NOTHING_FORGOTTEN,
    /** A member's term, commit index and applied index never go back, and after a restart are not below its disk's. */
    NEVER_BACK,
    /** The n-th command is the same, and has the same result, wherever it is applied (§5.4.3). */
    STATE_MACHINE_SAFETY,
    /** After n commands, every member writes the same snapshot, whether it applied them or was sent one. */
    SNAPSHOTS_ALIKE,
    /** What waits anywhere is bounded. */
    BOUNDED,
    /** Every request ends by its deadline. */
    EVERY_REQUEST_ENDS,
    /** No member finds one of its own invariants broken. */
    OWN_INVARIANTS,
    /** No member refuses a disk that nothing has damaged. */
    SOUND_DISK_ACCEPTED,
    /** When all faults have ended the cluster becomes whole, and answers, in a stated time. */
    RECOVERY,
    /** What clients saw is linearizable, and of a stale read what it promises. */
    LINEARIZABILITY,
    /** The simulation itself went wrong. */
    SIMULATION
}
