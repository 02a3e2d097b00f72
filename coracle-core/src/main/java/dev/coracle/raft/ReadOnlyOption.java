package dev.coracle.raft;

/** How a leader makes sure that it still leads before it answers a read (thesis §6.4). */
public enum ReadOnlyOption {
    /** It hears from a quorum first. */
    SAFE,
    /** It trusts its lease, and with it the clocks (thesis §6.4.1). Needs check-quorum. */
    LEASE_BASED
}
