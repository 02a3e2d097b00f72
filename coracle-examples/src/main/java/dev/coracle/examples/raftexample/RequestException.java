package dev.coracle.examples.raftexample;

import dev.coracle.node.Failure;

/** A request that was not seen to be done. */
final class RequestException extends Exception {
    private static final long serialVersionUID = 1L;

    private final Failure.Kind kind;

    RequestException(Failure.Kind kind, String text) {
        super(text, null, false, false);
        this.kind = kind;
    }

    /** What happened. */
    Failure.Kind kind() {
        return kind;
    }
}
