package dev.coracle.testkit.history;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What {@link LinearizabilityChecker} found. Its text says it in full.
 *
 * @param <I> the inputs
 * @param <O> the outputs
 */
public final class CheckResult<I, O extends @Nullable Object> {
    private final Verdict verdict;
    private final Map<Object, List<Operation<I, O>>> orders;
    private final @Nullable WrongPart<I, O> wrongPart;
    private final long configurations;
    private final String text;

    CheckResult(
            Verdict verdict,
            Map<Object, List<Operation<I, O>>> orders,
            @Nullable WrongPart<I, O> wrongPart,
            long configurations,
            String text) {
        this.verdict = verdict;
        this.orders = orders;
        this.wrongPart = wrongPart;
        this.configurations = configurations;
        this.text = text;
    }

    /** The verdict on the whole history. */
    public Verdict verdict() {
        return verdict;
    }

    /**
     * For each partition an order that explains what was seen there, stale reads among the rest at the place whose state
     * they saw. Has operations whose outcome is unknown where they help to explain, leaves out the others, and has one
     * attempt of an operation that was tried again. Partitions without an order are not in the map.
     */
    public Map<Object, List<Operation<I, O>>> orders() {
        return orders;
    }

    /** The smallest part found that is wrong by itself, if the history is not linearizable. */
    public Optional<WrongPart<I, O>> wrongPart() {
        return Optional.ofNullable(wrongPart);
    }

    /** How many configurations were looked at for the verdict: the measure of its cost. */
    public long configurations() {
        return configurations;
    }

    @Override
    public String toString() {
        return text;
    }
}
