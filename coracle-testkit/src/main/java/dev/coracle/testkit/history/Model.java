package dev.coracle.testkit.history;

import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a history is compared with: an object that does one operation at a time, deterministically. There are models of a
 * {@link Register}, a {@link KeyValueMap}, an {@link AppendOnlyList} and a {@link Counter}; one of a state machine of
 * your own states again, in the simplest way, what its commands and queries do.
 *
 * <p>States and inputs are immutable, with {@code equals} and {@code hashCode} by value. Outputs are compared by {@code
 * equals}, so an array must be wrapped.
 *
 * @param <S> the states
 * @param <I> the inputs
 * @param <O> the outputs
 */
public interface Model<S extends @Nullable Object, I, O extends @Nullable Object> {
    /** What an operation does: the state behind it, and its output. An operation that only reads returns an equal state. */
    record Next<S extends @Nullable Object, O extends @Nullable Object>(S state, O output) {}

    /** The state before the first operation. */
    S initial();

    /** Does one operation. Called very often, in any state that the history's inputs can lead to. */
    Next<S, O> next(S state, I input);

    /**
     * Which part of the object an input is about. Parts must be independent: operations on one neither see nor change
     * another. Each part is checked alone, from {@link #initial} on, which is what makes long histories cheap to check.
     */
    default Object partition(I input) {
        return "";
    }

    /**
     * Tells operations that leave every state as it is, given that this was their output: reads, a compare-and-set that
     * did not match, an update that was refused. Not knowing them (false) costs time only.
     *
     * @param output what the operation was answered with
     */
    default boolean isRead(I input, O output) {
        return false;
    }

    /**
     * Tells states that are dead ends, to make the search faster: given all outputs of a history's completed operations,
     * the predicate is false for a state only if no order of operations that gives all these outputs passes through it.
     * Without such knowledge every state is viable.
     */
    default Predicate<S> viable(List<O> outputs) {
        return state -> true;
    }

    /**
     * The state in which alone an operation can give an output, to make the search faster: that state is not left for ever
     * while the operation still needs it. Empty if there is no such state, or it is not known.
     */
    default Set<S> onlyIn(I input, O output) {
        return Set.of();
    }

    /** Whether an operation may change another state into this one. Asked of states that {@link #onlyIn} returned. */
    default boolean mayMake(I input, S state) {
        return true;
    }

    /** How a completed operation is shown. */
    default String describe(I input, O output) {
        return input + " -> " + output;
    }
}
