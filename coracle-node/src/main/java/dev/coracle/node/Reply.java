package dev.coracle.node;

import org.jspecify.annotations.Nullable;

/**
 * Takes the end of a request. Exactly one of its methods is called, exactly once: on one of the node's threads, or, if
 * the request is refused at once, on the caller's before its call returns. It must return soon and not throw; what it
 * throws is logged and dropped.
 *
 * @param <T> what a request gives that is done
 */
public interface Reply<T extends @Nullable Object> {
    /** The request is done. */
    void done(T result);

    /** The request is not done, or nobody knows; the failure says which. */
    void failed(Failure failure);
}
