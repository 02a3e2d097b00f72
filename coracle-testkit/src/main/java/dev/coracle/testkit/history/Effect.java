package dev.coracle.testkit.history;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What has one place in the order: an operation with all its attempts. It takes effect after the first call, and before
 * the first return that says so.
 */
final class Effect<I, O extends @Nullable Object> {
    static final Comparator<Effect<?, ?>> BY_CALL = Comparator.<Effect<?, ?>>comparingLong(e -> e.call)
            .thenComparingInt(e -> e.attempts.get(0).id());
    static final Comparator<Effect<?, ?>> BY_END =
            Comparator.<Effect<?, ?>>comparingLong(e -> e.end).thenComparing(BY_CALL);

    final List<Operation<I, O>> attempts;
    final I input;
    final long call;
    /** {@link Long#MAX_VALUE} unless an attempt was answered. */
    final long end;
    /** Whether it may have an effect at all. */
    final boolean possible;
    /** The attempts that were answered. */
    final List<Operation<I, O>> answered;

    private Effect(List<Operation<I, O>> attempts, boolean possible) {
        this.attempts = attempts;
        this.input = attempts.get(0).input();
        this.answered = attempts.stream()
                .filter(attempt -> attempt.outcome() == Outcome.OK)
                .toList();
        this.possible = possible;
        // An attempt that certainly failed has no effect, so it does not bound when the effect may be.
        this.call = attempts.stream()
                .filter(attempt -> attempt.outcome() != Outcome.FAILED)
                .mapToLong(Operation::call)
                .min()
                .orElse(attempts.get(0).call());
        this.end = answered.stream().mapToLong(Operation::end).min().orElse(Long.MAX_VALUE);
    }

    /** The effects of operations, in order of their first attempts. */
    static <I, O extends @Nullable Object> List<Effect<I, O>> of(List<Operation<I, O>> operations) {
        Map<Integer, List<Operation<I, O>>> attempts = new LinkedHashMap<>();
        for (Operation<I, O> operation : operations) {
            attempts.computeIfAbsent(operation.firstAttempt(), first -> new ArrayList<>(1))
                    .add(operation);
        }
        List<Effect<I, O>> effects = new ArrayList<>(attempts.size());
        for (List<Operation<I, O>> all : attempts.values()) {
            boolean possible = all.stream().anyMatch(attempt -> attempt.outcome() != Outcome.FAILED);
            effects.add(new Effect<>(all, possible));
        }
        return effects;
    }

    /** What it would be if it had not certainly failed. */
    Effect<I, O> asIfPossible() {
        return new Effect<>(attempts, true);
    }

    boolean isRequired() {
        return !answered.isEmpty();
    }

    @Nullable
    String replica() {
        return attempts.get(0).replica();
    }

    boolean isStale() {
        return replica() != null;
    }

    boolean wasAnswered(O output) {
        return answeredOtherwise(output) == null;
    }

    /** An attempt that was answered, but not with {@code output}. */
    @Nullable
    Operation<I, O> answeredOtherwise(O output) {
        for (Operation<I, O> attempt : answered) {
            if (!Objects.equals(output, attempt.output())) {
                return attempt;
            }
        }
        return null;
    }

    /** The attempt that stands for it where one is shown. */
    Operation<I, O> representative() {
        return isRequired() ? answered.get(0) : attempts.get(0);
    }
}
