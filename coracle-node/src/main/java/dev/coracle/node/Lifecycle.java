package dev.coracle.node;

import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whether a node still works. It stops once, for all its agents, by order or by a failure; it never works again. */
final class Lifecycle {
    private static final Logger LOGGER = LoggerFactory.getLogger(RaftNode.class);

    private final long id;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final AtomicReference<@Nullable Consumer<Throwable>> listener = new AtomicReference<>();
    private volatile boolean stopped;

    Lifecycle(long id) {
        this.id = id;
    }

    /** Tells whether no agent may work any more. Read before and after a request is queued. */
    boolean hasStopped() {
        return stopped;
    }

    /** What stopped the node, or null if nothing or an order did. */
    @Nullable
    Throwable failure() {
        return failure.get();
    }

    /** Ends all work by order. */
    void stop() {
        stopped = true;
    }

    /** Ends all work; only the first failure counts, since the others follow from it. Any thread may call. */
    void fail(Throwable cause) {
        if (stopped && failure.get() == null) {
            LOGGER.warn("node {}: failure after the node was closed", Long.toUnsignedString(id), cause);
            return;
        }
        boolean first = failure.compareAndSet(null, cause);
        stopped = true;
        if (first) {
            LOGGER.error("node {} stops", Long.toUnsignedString(id), cause);
            tell(listener.getAndSet(null), cause);
        }
    }

    /** Sets who hears of the failure, at once if it has happened already. Exactly one call a listener. */
    void onFailure(Consumer<Throwable> newListener) {
        listener.set(newListener);
        Throwable cause = failure.get();
        if (cause != null) {
            tell(listener.getAndSet(null), cause);
        }
    }

    private static void tell(@Nullable Consumer<Throwable> listener, Throwable cause) {
        if (listener != null) {
            listener.accept(cause);
        }
    }
}
