package dev.coracle.transport.http;

/** Why a peer does not talk to this node. */
public enum Refusal {
    /** Their versions do not fit. */
    VERSION,
    /** They belong to different clusters. */
    CLUSTER,
    /** This node took the peer for another one: an address is wrong. */
    RECEIVER,
    /** The peer does not know this node: not yet, or not any more. */
    UNKNOWN_SENDER,
    /** The peer says that this node was removed for good. */
    REMOVED,
    /** The peer answered something else. */
    OTHER
}
