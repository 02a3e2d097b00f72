package dev.coracle.transport.grpc;

/** Why a node refused another one. The order is that of the numbers on the wire: new ones go to the end. */
public enum RefusalCode {
    /** A reason that has no code, or one that only a newer version knows. */
    OTHER,
    /** They speak different versions of the protocol. */
    VERSION,
    /** They belong to different clusters. */
    CLUSTER,
    /** They belong to different groups. */
    GROUP,
    /** The caller took the receiver for another node: an address is wrong. */
    RECEIVER,
    /** The id is known with another data directory, or is the receiver's own. */
    INCARNATION,
    /** The caller was removed from the cluster. */
    REMOVED,
    /** The certificate does not stand for the id that the caller claims. */
    IDENTITY,
    /** The cluster uses another dialect. */
    DIALECT
}
