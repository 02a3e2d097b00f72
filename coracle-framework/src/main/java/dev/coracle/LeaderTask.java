package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import dev.coracle.node.Reply;
import org.jspecify.annotations.Nullable;

/**
 * Something that only the leader can do, and that any member can be asked for. Travels as a request of its {@link
 * CallKind}.
 *
 * @param <T> what comes of it
 */
interface LeaderTask<T extends @Nullable Object> {
    /** The kind of request. */
    int kind();

    /** Tells whether it may be done again when nobody knows whether it was done: twice is the same as once. */
    boolean isRepeatable();

    /**
     * Tells whether the time for it is cut into several tries, so that a member that does not answer, or a leader that
     * has lost its followers, costs a part of the time only. Makes sense for what {@link #isRepeatable}.
     */
    default boolean isTriedInParts() {
        return false;
    }

    /** Writes what is to be done. */
    void write(ByteWriter out);

    /** Does it, or fails if this node does not lead. Does not block; the reply is told exactly once. */
    void perform(Leading leading, long deadlineNanos, Reply<T> reply);

    /** Has a leader do it that is a node of raftify, and knows none of our requests. Otherwise as {@link #perform}. */
    default void performAt(RaftifyLeader leader, long deadlineNanos, Reply<T> reply) {
        reply.failed(Leading.refused("the leader is a node of raftify, which cannot do it"));
    }

    /** Writes what came of it. */
    void writeResult(T result, ByteWriter out);

    /** Reads what came of it. */
    T readResult(ByteReader in) throws MalformedException;
}
