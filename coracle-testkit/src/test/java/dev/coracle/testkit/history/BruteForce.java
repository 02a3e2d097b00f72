package dev.coracle.testkit.history;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;

/**
 * Judges small histories by trying all orders, without anything that makes it fast. Attempts are ordered one by one: the
 * first of an operation is applied, the others are answered with what it was answered.
 */
final class BruteForce<S, I, O> {
    private final Model<S, I, O> model;
    private final Predicate<Operation<I, O>> isRequired;

    /**
     * @param isRequired the completed operations that must be in the order; all others may be
     */
    BruteForce(Model<S, I, O> model, Predicate<Operation<I, O>> isRequired) {
        this.model = model;
        this.isRequired = isRequired;
    }

    boolean isLinearizable(List<Operation<I, O>> operations) {
        Map<Object, List<Operation<I, O>>> partitions = new HashMap<>();
        for (Operation<I, O> operation : operations) {
            if (operation.outcome() != Outcome.FAILED) {
                partitions
                        .computeIfAbsent(model.partition(operation.input()), key -> new ArrayList<>())
                        .add(operation);
            }
        }
        return partitions.values().stream().allMatch(part -> hasOrder(part, model.initial(), Map.of()));
    }

    private boolean hasOrder(List<Operation<I, O>> left, S state, Map<Integer, O> answers) {
        if (left.stream().noneMatch(this::mustBe)) {
            return true;
        }
        for (Operation<I, O> next : left) {
            if (left.stream().anyMatch(other -> mustBe(other) && isBefore(other, next))) {
                continue;
            }
            S after = state;
            O answer = answers.get(next.firstAttempt());
            if (!answers.containsKey(next.firstAttempt())) {
                Model.Next<S, O> step = model.next(state, next.input());
                after = step.state();
                answer = step.output();
            }
            if (mustBe(next) && !Objects.equals(answer, next.output())
                    || next.isStale() && !Objects.equals(state, after)) {
                continue;
            }
            List<Operation<I, O>> rest = new ArrayList<>(left);
            rest.remove(next);
            Map<Integer, O> known = new HashMap<>(answers);
            known.put(next.firstAttempt(), answer);
            if (hasOrder(rest, after, known)) {
                return true;
            }
        }
        return false;
    }

    private boolean mustBe(Operation<I, O> operation) {
        return operation.outcome() == Outcome.OK && isRequired.test(operation);
    }

    private boolean isBefore(Operation<I, O> one, Operation<I, O> other) {
        return one.end() < other.call() && (!other.isStale() || Objects.equals(one.replica(), other.replica()));
    }
}
