package dev.coracle;

import org.jspecify.annotations.Nullable;

/**
 * A node may not, or cannot, start: the text says why, and what to do. What a broken disk or a damaged file does is a
 * {@link dev.coracle.node.StorageException} instead.
 */
public final class StartException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Why a node does not start. */
    public enum Kind {
        /** What was asked contradicts what the data directory holds: another id, another cluster. */
        CONTRADICTION,
        /** The address to listen on cannot be used. */
        ADDRESS,
        /** Another node uses the data directory. */
        IN_USE,
        /** The data directory is empty, and {@link RaftBuilder#requireData} was set. */
        NO_DATA,
        /** The other members know this id with another data directory. */
        IDENTITY,
        /** The node has left its cluster, or was removed. */
        LEFT,
        /** The cluster refuses the node for another reason. */
        REFUSED,
        /** The cluster could not be reached, or has no leader. */
        UNREACHABLE
    }

    private final Kind kind;

    StartException(Kind kind, String text, @Nullable Throwable cause) {
        super(text, cause);
        this.kind = kind;
    }

    StartException(Kind kind, String text) {
        this(kind, text, null);
    }

    /** Why. */
    public Kind kind() {
        return kind;
    }
}
