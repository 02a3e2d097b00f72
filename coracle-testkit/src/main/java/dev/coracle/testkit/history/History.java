package dev.coracle.testkit.history;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the clients of a system saw: which operations they called, when, and what came back. To be judged by {@link
 * LinearizabilityChecker}.
 *
 * <p>Every operation ends in one of three ways: {@link #ok}, {@link #failed} (certainly not done) or {@link #unknown}
 * (may have been done, or may be done at any later time). One that is still open when the history is checked counts as
 * unknown. When in doubt, it is unknown: an operation reported as failed that has an effect makes the history wrong.
 *
 * <p>Times are the caller's: nanoseconds of one clock that all clients share, simulated time, or the position in a log of
 * events. Only their order counts. An operation came before another if it ended at a smaller time than the other was
 * called; at equal times both orders are possible, so a caller who knows more should hand in positions.
 *
 * <p>Not safe for use by several threads: clients that are threads record under a lock of theirs, and take the time under
 * it, too, or call before the request goes out and end after the answer came in.
 *
 * @param <I> the inputs of the operations
 * @param <O> their outputs
 */
public final class History<I, O extends @Nullable Object> {
    private final List<Operation<I, O>> operations = new ArrayList<>();

    /** Records a call, and returns the operation's id. */
    public int invoke(String client, I input, long time) {
        return add(operations.size(), client, null, input, time);
    }

    /**
     * Records the call of a stale read, and returns the operation's id. It may see any state up to its return, but among
     * reads of one replica later ones may not see an older state; see {@link LinearizabilityChecker}.
     *
     * @param replica who is asked. A member that restarts may fall back, so each of its lives is a replica of its own,
     *     for example {@code "2 after its 3rd start"}
     */
    public int invokeStale(String client, String replica, I input, long time) {
        return add(operations.size(), client, replica, input, time);
    }

    /**
     * Records that an operation is tried again, under the same session and sequence number, and returns the id of the
     * attempt. However many attempts there are, their operation must be applied once at most, and all that are answered
     * must get the same output.
     *
     * @throws IllegalArgumentException for a stale read, which has no effect that could be doubled: call it anew
     */
    public int retry(int operation, long time) {
        Operation<I, O> earlier = operations.get(operation);
        if (earlier.isStale()) {
            throw new IllegalArgumentException("operation " + operation + " is a stale read, which is called anew");
        }
        return add(earlier.firstAttempt(), earlier.client(), null, earlier.input(), time);
    }

    private int add(int firstAttempt, String client, @Nullable String replica, I input, long time) {
        int id = operations.size();
        operations.add(
                new Operation<>(id, firstAttempt, client, replica, input, Outcome.UNKNOWN, null, time, Long.MAX_VALUE));
        return id;
    }

    /** Records that an operation was done, and its output. */
    public void ok(int operation, O output, long time) {
        end(operation, Outcome.OK, output, time);
    }

    /** Records that an operation was certainly not done and never will be. */
    public void failed(int operation, long time) {
        end(operation, Outcome.FAILED, null, time);
    }

    /** Records that a client stopped waiting: the operation may have been done, may be done later, or never. */
    public void unknown(int operation, long time) {
        end(operation, Outcome.UNKNOWN, null, time);
    }

    private void end(int id, Outcome outcome, @Nullable O output, long time) {
        Operation<I, O> open = operations.get(id);
        if (open.end() != Long.MAX_VALUE) {
            throw new IllegalStateException("operation " + id + " ended already, at " + open.end());
        }
        if (time < open.call()) {
            throw new IllegalArgumentException(
                    "operation " + id + " cannot end at " + time + ", before its call at " + open.call());
        }
        operations.set(
                id,
                new Operation<>(
                        id,
                        open.firstAttempt(),
                        open.client(),
                        open.replica(),
                        open.input(),
                        outcome,
                        output,
                        open.call(),
                        time));
    }

    /** All operations as they stand, by id. The list changes with the history. */
    public List<Operation<I, O>> operations() {
        return Collections.unmodifiableList(operations);
    }
}
