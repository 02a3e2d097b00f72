package dev.coracle;

import dev.coracle.raft.RawNode;
import java.util.Objects;

/**
 * A member of a cluster.
 *
 * @param id its id, unsigned, not 0 and none of the two highest, never used again after its removal
 * @param address where the other members reach it, {@code host:port}
 * @param role what it does
 */
public record Member(long id, String address, Role role) {
    /** What a member does. */
    public enum Role {
        /** Votes and, for now, leads. In a list of first members: the one that asks for votes first. */
        LEADER,
        /** Votes. */
        VOTER,
        /** Gets the log, answers reads and forwards proposals, and does not vote. */
        LEARNER
    }

    /** Checks the values. */
    public Member {
        if (id == 0) {
            throw new IllegalArgumentException("id: must not be 0");
        }
        if (RawNode.isLocalThread(id)) {
            throw new IllegalArgumentException("id: " + Long.toUnsignedString(id)
                    + " must not be one of the two highest, which stand for threads of a node");
        }
        Objects.requireNonNull(address, "address");
        Objects.requireNonNull(role, "role");
    }

    /** A voter. */
    public static Member voter(long id, String address) {
        return new Member(id, address, Role.VOTER);
    }
}
