package dev.coracle;

import org.jspecify.annotations.Nullable;

/**
 * Why a node is down.
 *
 * @param kind why
 * @param text what happened and, after a failure, what to do
 * @param cause what failed, or null
 */
public record StopReason(Kind kind, String text, @Nullable Throwable cause) {
    /** Why a node is down. */
    public enum Kind {
        /** It was closed. */
        CLOSED,
        /** It left its cluster by {@link Raft#leave}. */
        LEFT,
        /**
         * Others removed it from the cluster; or, in a cluster of raft-rs's dialect, those that it can ask do not know it
         * any more.
         */
        REMOVED,
        /** Its disk, its state machine or an invariant failed; or the others know its id with another directory. */
        FAILED
    }
}
