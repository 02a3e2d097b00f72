package dev.coracle.transport.grpc;

/** Why a node refused another one. */
public enum RefusalCode {
    /** A reason that has no code, or one that only a newer version knows. */
    OTHER(1),
    /** They speak different versions of the protocol. */
    VERSION(2),
    /** They belong to different clusters. */
    CLUSTER(3),
    /** They belong to different groups. */
    GROUP(4),
    /** The caller took the receiver for another node: an address is wrong. */
    RECEIVER(5),
    /** The id is known with another data directory, or is the receiver's own. */
    INCARNATION(6),
    /** The caller was removed from the cluster. */
    REMOVED(7),
    /** The certificate does not stand for the id that the caller claims. */
    IDENTITY(8),
    /** The cluster uses another dialect. */
    DIALECT(9);

    /** What stands for it on the wire, where 0 means accepted. */
    final int number;

    RefusalCode(int number) {
        this.number = number;
    }

    /** The one with a number; {@link #OTHER} for one that only a newer version knows, which is a refusal still. */
    static RefusalCode of(long number) {
        for (RefusalCode code : values()) {
            if (code.number == number) {
                return code;
            }
        }
        return OTHER;
    }
}
