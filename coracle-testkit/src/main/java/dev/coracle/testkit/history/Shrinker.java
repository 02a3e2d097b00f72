package dev.coracle.testkit.history;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Looks for the smallest part of a history that is wrong by itself; {@link WrongPart} says what that means. Every step
 * makes the claim stronger and is taken only if a search finds that it still holds:
 *
 * <ol>
 *   <li>End earlier. What was called before the new end and returned after it becomes optional.
 *   <li>Begin later, from any state that the history can have had until then. What was called before the new beginning and
 *       returned after it becomes optional, since it may be in that state; stale reads that such a state answers are left
 *       out, since they may have seen it.
 *   <li>Make operations optional, many at a time and then one at a time. An order of the whole would still be an order of
 *       the rest, so it is safe for writes as well as for reads; to leave a write out altogether is not.
 * </ol>
 */
final class Shrinker<S extends @Nullable Object, I, O extends @Nullable Object> {
    private static final int CONFIGURATIONS_PER_TRIAL = 20_000;
    private static final long STEPS = 20_000_000;
    private static final int STATES_SHOWN = 3;

    private final Model<S, I, O> model;
    private final Search<S, I, O> whole;
    /** A part that takes much more to be proved than the whole took is not worth it. */
    private final int configurationsPerTrial;

    private final long maxSteps;
    private long stepsLeft;

    /** The search that proved the smallest part so far impossible. */
    private Search<S, I, O> proof;
    /** What had ended by this time is in the states. */
    private long since = Long.MIN_VALUE;

    /**
     * @param whole a search that ended without an order
     */
    Shrinker(Model<S, I, O> model, Search<S, I, O> whole) {
        this.model = model;
        this.whole = whole;
        this.configurationsPerTrial = CONFIGURATIONS_PER_TRIAL + 2 * whole.configurations();
        this.maxSteps = STEPS + 20 * whole.steps();
        this.stepsLeft = maxSteps;
        this.proof = whole;
    }

    WrongPart<I, O> wrongPart(Object key, List<Operation<I, O>> partition) {
        endEarlier();
        beginLater();
        makeOptional();
        return describe(key, partition);
    }

    private void endEarlier() {
        int last = whole.required.size() - 1;
        Configuration<S> furthest = whole.furthest();
        // The search gets no further than the operation that completes the wrong part, unless what ends later told it
        // before.
        int low = furthest == null ? 0 : furthest.rank;
        for (int end = low; low < last; end = (low + last) / 2) {
            Search<S, I, O> prefix = until(end, configurationsPerTrial);
            if (prefix.run() == Search.Ending.IMPOSSIBLE) {
                proof = prefix;
                last = end;
            } else {
                low = end + 1;
            }
        }
    }

    /** A search of what had happened, or may have happened, when the required effect {@code end} returned. */
    private Search<S, I, O> until(int end, int configurations) {
        List<Effect<I, O>> options = Stream.concat(
                        whole.options.stream(), whole.required.stream().skip(end + 1L))
                .filter(effect -> effect.call <= whole.required.get(end).end)
                .toList();
        return new Search<>(model, whole.required.subList(0, end + 1), options, whole.starts, configurations);
    }

    /**
     * Tries beginnings further and further back. A part that is wrong from every state there had been, whatever the rest
     * of the history did, needs no trust in what the state was. If none is found, one that is wrong from the states in
     * which all of the history was possible just there.
     */
    private void beginLater() {
        Search<S, I, O> all = proof;
        Configuration<S> furthest = all.furthest();
        int reached = furthest == null ? 0 : furthest.rank;
        boolean isFound = false;
        for (int distance = 1; distance <= reached && !isFound; distance *= 2) {
            int before = reached - distance;
            isFound = tryToBegin(all, before, all.statesUntil(before), all.statesAt(before));
        }
        int right = all.required.size() - 1;
        int wrong = -1;
        for (int distance = 1; wrong < 0 && right > 0 && stepsLeft > maxSteps / 2; distance *= 2) {
            int before = Math.max(0, all.required.size() - 1 - distance);
            if (tryFromAllStates(all, before)) {
                wrong = before;
            } else {
                right = before;
            }
        }
        while (right - wrong > 1 && wrong >= 0) {
            int middle = (wrong + right) / 2;
            if (tryFromAllStates(all, middle)) {
                wrong = middle;
            } else {
                right = middle;
            }
        }
    }

    private boolean tryFromAllStates(Search<S, I, O> all, int before) {
        Search<S, I, O> past = until(before, CONFIGURATIONS_PER_TRIAL);
        Search.Ending ending = past.runThrough();
        stepsLeft -= past.steps();
        if (ending == Search.Ending.LIMITED) {
            return false;
        }
        Set<S> states = past.statesUntil(before);
        return tryToBegin(all, before, states, states);
    }

    /**
     * Tries the part of {@code all} after its required effect {@code before}.
     *
     * @param until the states that there had been until then
     * @param starts those that there may have been just then
     */
    private boolean tryToBegin(Search<S, I, O> all, int before, Set<S> until, Set<S> starts) {
        long time = all.required.get(before).end;
        List<Effect<I, O>> required = new ArrayList<>();
        List<Effect<I, O>> options = new ArrayList<>(all.options);
        for (Effect<I, O> effect : all.required.subList(before + 1, all.required.size())) {
            boolean isEarlier = effect.isStale() ? isAnsweredByAny(until, effect) : effect.call <= time;
            (isEarlier ? options : required).add(effect);
        }
        if (isWrong(required, options, starts)) {
            since = time;
            return true;
        }
        return false;
    }

    private boolean isAnsweredByAny(Set<S> states, Effect<I, O> read) {
        for (S state : states) {
            stepsLeft--;
            if (read.wasAnswered(model.next(state, read.input).output())) {
                return true;
            }
        }
        return false;
    }

    /** Whether a trial finds that there is no order; the part is kept then. */
    private boolean isWrong(List<Effect<I, O>> required, List<Effect<I, O>> options, Collection<S> starts) {
        if (required.isEmpty() || stepsLeft < 0) {
            return false;
        }
        Search<S, I, O> trial = trial(required, options, starts);
        Search.Ending ending = trial.run();
        stepsLeft -= trial.steps();
        if (ending == Search.Ending.IMPOSSIBLE) {
            proof = trial;
        }
        return ending == Search.Ending.IMPOSSIBLE;
    }

    private Search<S, I, O> trial(List<Effect<I, O>> required, List<Effect<I, O>> options, Collection<S> starts) {
        return new Search<>(model, required, options, starts, configurationsPerTrial);
    }

    private void makeOptional() {
        int size = Math.max(1, proof.required.size() / 2);
        boolean smaller = true;
        while (size > 1 || smaller) {
            smaller = false;
            for (int from = 0; from < proof.required.size(); ) {
                List<Effect<I, O>> all = proof.required;
                int to = Math.min(all.size(), from + size);
                List<Effect<I, O>> required = new ArrayList<>(all.subList(0, from));
                required.addAll(all.subList(to, all.size()));
                List<Effect<I, O>> options = new ArrayList<>(proof.options);
                options.addAll(all.subList(from, to));
                if (isWrong(required, options, proof.starts)) {
                    smaller = true;
                } else {
                    from = to;
                }
            }
            size = Math.max(1, size / 2);
        }
    }

    private WrongPart<I, O> describe(Object key, List<Operation<I, O>> partition) {
        List<Operation<I, O>> shown = proof.required.stream()
                .flatMap(effect -> effect.attempts.stream())
                .sorted(Comparator.<Operation<I, O>>comparingLong(Operation::call)
                        .thenComparingInt(Operation::id))
                .toList();
        List<String> explanation = new ArrayList<>();
        explanation.add(before() + " No order is right, whether or not other operations took effect.");
        explanation.addAll(furthest());
        for (Effect<I, O> effect : Effect.of(partition)) {
            if (!effect.possible && !effect.isStale() && wouldExplain(effect)) {
                Operation<I, O> failed = effect.representative();
                explanation.add("It would be right if " + failed.client() + "'s " + failed.input() + " at "
                        + failed.call() + ", which certainly failed, had been done.");
            }
        }
        return new WrongPart<>(key, shown, partition, since, explanation, operation -> Labels.of(model, operation));
    }

    private String before() {
        if (since == Long.MIN_VALUE) {
            return "The initial state is " + Labels.shortened(model.initial()) + ".";
        }
        String what = "Before " + (proof.required.size() == 1 ? "it" : "them") + " the state was ";
        return what
                + (proof.starts.size() > STATES_SHOWN
                        ? "one of " + proof.starts.size()
                        : proof.starts.stream().map(Labels::shortened).collect(Collectors.joining(" or ")))
                + ".";
    }

    /** How far an order gets; empty if none of the states can be before any. */
    private List<String> furthest() {
        // A way that ends since an operation to come needs the state does not show why.
        Search<S, I, O> shown =
                new Search<>(withoutNeeds(), proof.required, proof.options, proof.starts, configurationsPerTrial);
        if (shown.run() == Search.Ending.LIMITED) {
            shown = proof;
        }
        Configuration<S> furthest = shown.furthest();
        if (furthest == null) {
            return List.of();
        }
        Effect<I, O> stuck = proof.required.get(furthest.rank);
        O answer = model.next(furthest.state, stuck.input).output();
        Operation<I, O> otherwise = stuck.answeredOtherwise(answer);
        String order = shown.order().stream()
                .map(effect -> Labels.of(model, effect.representative()) + ", ")
                .collect(Collectors.joining());
        Configuration<S> start = furthest;
        while (start.parent != null) {
            start = start.parent;
        }
        return List.of("The furthest that any gets: from " + Labels.shortened(start.state) + ", " + order + "then not "
                + Labels.of(model, otherwise == null ? stuck.representative() : otherwise) + ", since "
                + (otherwise == null
                        ? "later answers do not allow it there."
                        : "the answer there is " + Labels.shortened(answer) + "."));
    }

    private Model<S, I, O> withoutNeeds() {
        return new Model<>() {
            @Override
            public S initial() {
                return model.initial();
            }

            @Override
            public Next<S, O> next(S state, I input) {
                return model.next(state, input);
            }

            @Override
            public boolean isRead(I input, O output) {
                return model.isRead(input, output);
            }

            @Override
            public Predicate<S> viable(List<O> outputs) {
                return model.viable(outputs);
            }
        };
    }

    private boolean wouldExplain(Effect<I, O> failed) {
        if (stepsLeft < 0) {
            return false;
        }
        List<Effect<I, O>> options = new ArrayList<>(proof.options);
        options.add(failed.asIfPossible());
        Search<S, I, O> trial = trial(proof.required, options, proof.starts);
        Search.Ending ending = trial.run();
        stepsLeft -= trial.steps();
        return ending == Search.Ending.ORDERED;
    }
}
