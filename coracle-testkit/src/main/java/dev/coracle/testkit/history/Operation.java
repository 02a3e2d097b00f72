package dev.coracle.testkit.history;

import org.jspecify.annotations.Nullable;

/**
 * One operation of a {@link History}, as its client saw it.
 *
 * @param <I> the inputs
 * @param <O> the outputs
 * @param id its number in the history, from 0
 * @param firstAttempt the id of the operation that this one tries again; its own id if it is none
 * @param client who called
 * @param replica for a stale read, which life of which member answers it; null for all others
 * @param input what was asked
 * @param outcome what the client may conclude
 * @param output what was answered; null unless the outcome is {@link Outcome#OK}, and perhaps then
 * @param call when it was called
 * @param end when it returned or the client stopped waiting; {@link Long#MAX_VALUE} while it waits
 */
public record Operation<I, O extends @Nullable Object>(
        int id,
        int firstAttempt,
        String client,
        @Nullable String replica,
        I input,
        Outcome outcome,
        @Nullable O output,
        long call,
        long end) {
    boolean isStale() {
        return replica != null;
    }
}
