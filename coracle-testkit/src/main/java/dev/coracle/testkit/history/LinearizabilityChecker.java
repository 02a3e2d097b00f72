package dev.coracle.testkit.history;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Judges a history: is there one order of its operations in which a {@link Model} gives all the outputs that clients saw?
 *
 * <p>The order has every operation that is {@link Outcome#OK}, at one moment between its call and its end; an operation
 * whose outcome is {@link Outcome#UNKNOWN} at any moment after its call, however late, or not at all; and none that {@link
 * Outcome#FAILED}. All attempts at one operation ({@link History#retry}) have a single place in it. That is
 * linearizability, for writes and for reads through ReadIndex or a lease alike.
 *
 * <p><b>Stale reads</b> ({@link History#invokeStale}) promise less: what a member had applied, which is the state after
 * some first part of the same order. So a stale read may be arbitrarily old, but shows no operation that was called after
 * the read had returned, none that failed, and nothing that the order of all others does not have; and a member applies
 * forwards only, so of two reads of one replica, the second called after the first returned, the second's state is not
 * older. Reads of different replicas, or of one replica and linearizable ones of the same client, promise nothing to each
 * other: a client that writes and then reads stale may miss its write. What is said of a replica holds within each
 * partition; that it applies forwards across them is not checked.
 *
 * <p>Partitions are judged one by one, each in the order of its operations' ends, with a memory of what has been tried
 * (the class {@code Search} has the algorithm). The cost is small as long as few operations overlap; in the worst case it is
 * exponential, so there is a limit, and a verdict that says that it was reached.
 */
public final class LinearizabilityChecker {
    /** How many configurations are looked at for each partition before the checker gives up: some hundred megabytes. */
    public static final int CONFIGURATIONS = 1_000_000;

    private LinearizabilityChecker() {}

    /** Judges with a limit of {@link #CONFIGURATIONS}. */
    public static <S extends @Nullable Object, I, O extends @Nullable Object> CheckResult<I, O> check(
            Model<S, I, O> model, History<I, O> history) {
        return check(model, history, CONFIGURATIONS);
    }

    /**
     * Judges, and gives up a partition when so many configurations have been looked at. If one partition is wrong, the
     * history is, whatever is known of the others.
     */
    public static <S extends @Nullable Object, I, O extends @Nullable Object> CheckResult<I, O> check(
            Model<S, I, O> model, History<I, O> history, int maxConfigurations) {
        Map<Object, List<Operation<I, O>>> orders = new LinkedHashMap<>();
        List<String> givenUp = new ArrayList<>();
        long configurations = 0;
        for (Map.Entry<Object, List<Operation<I, O>>> part :
                partitions(model, history).entrySet()) {
            List<Effect<I, O>> effects = Effect.of(part.getValue());
            Search<S, I, O> search = new Search<>(
                    model,
                    effects.stream().filter(Effect::isRequired).toList(),
                    effects.stream().filter(effect -> !effect.isRequired()).toList(),
                    Collections.singleton(model.initial()),
                    maxConfigurations);
            Search.Ending ending = search.run();
            configurations += search.configurations();
            switch (ending) {
                case ORDERED ->
                    orders.put(
                            part.getKey(),
                            search.order().stream().map(Effect::representative).toList());
                case LIMITED ->
                    givenUp.add(part.getKey() + " (" + part.getValue().size() + " operations)");
                case IMPOSSIBLE -> {
                    WrongPart<I, O> wrong = new Shrinker<>(model, search).wrongPart(part.getKey(), part.getValue());
                    return new CheckResult<>(Verdict.NOT_LINEARIZABLE, orders, wrong, configurations, wrong.toString());
                }
            }
        }
        if (!givenUp.isEmpty()) {
            return new CheckResult<>(
                    Verdict.GAVE_UP,
                    orders,
                    null,
                    configurations,
                    "gave up after " + maxConfigurations + " configurations of each of: " + String.join(", ", givenUp));
        }
        return new CheckResult<>(
                Verdict.LINEARIZABLE,
                orders,
                null,
                configurations,
                "linearizable: " + history.operations().size() + " operations");
    }

    private static <S extends @Nullable Object, I, O extends @Nullable Object>
            Map<Object, List<Operation<I, O>>> partitions(Model<S, I, O> model, History<I, O> history) {
        Map<Object, List<Operation<I, O>>> partitions = new LinkedHashMap<>();
        for (Operation<I, O> operation : history.operations()) {
            partitions
                    .computeIfAbsent(model.partition(operation.input()), key -> new ArrayList<>())
                    .add(operation);
        }
        return partitions;
    }
}
