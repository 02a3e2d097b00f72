package dev.coracle;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/**
 * What is replicated. Every member applies the same commands in the same order, so {@code apply} must depend on nothing
 * but the state and the command: no clock, no chance, no iteration over hash tables whose order differs from run to run.
 *
 * <p>All methods are called by one thread, the applier's; only a pinned state is written by another. An exception out of
 * any of them stops the node, since the states of the members could differ from there: refuse a command by its result.
 *
 * @param <C> the commands
 * @param <R> the results; {@link Void} if there are none
 */
public interface StateMachine<C, R extends @Nullable Object> {
    /** Applies a command that a majority has stored, and returns what its proposer gets. */
    R apply(C command);

    /**
     * Pins the state as it is now, to be written while commands go on being applied. Must not take long: it pins, for
     * example by copying references to immutable parts; {@link PinnedState#writeTo} does the work.
     */
    PinnedState snapshot();

    /**
     * Replaces the state by one that {@link PinnedState#writeTo} wrote, here or on another member. The stream ends where
     * the state ends and need not be closed. If it is damaged, reading throws: nothing was restored then, and the node
     * stops.
     */
    void restore(InputStream in) throws IOException;

    /** A state pinned at one moment: what is written must not show what was applied since. */
    @FunctionalInterface
    interface PinnedState extends AutoCloseable {
        /**
         * Writes the state. Called at most once, by another thread than the applier's, while commands go on being
         * applied.
         */
        void writeTo(OutputStream out) throws IOException;

        /** Unpins the state. Called once, also if writing failed or never began, by any thread. */
        @Override
        default void close() {}
    }
}
