package dev.coracle.testkit.history;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The search for an order: of all effects that are required, and any of those that are optional, such that each gives the
 * output that was seen, and none comes before another that had returned when it was called (Wing and Gong 1993, with the
 * memory of Lowe 2017: a configuration is looked at once, however it is reached).
 *
 * <p>What keeps it short:
 *
 * <ul>
 *   <li>The next to be placed is the required effect that ended first (the configuration's rank); others go before it only
 *       when it needs them. Every order is a sequence of such steps.
 *   <li>A read that may come next and gives its output is placed at once: in any order that has it later it can be moved
 *       here.
 *   <li>Optional effects are tried last, and of those with equal inputs only the one called first. A configuration that has
 *       used more of them than an equal one is not looked at.
 *   <li>The configuration with the highest rank is continued first, and among those the one found first.
 * </ul>
 *
 * <p>A stale read is placed like any other, but its call does not count: only its return does, and that it does not come
 * before one of its replica that had returned when it was called.
 */
final class Search<S extends @Nullable Object, I, O extends @Nullable Object> {
    /** How a search ended. */
    enum Ending {
        ORDERED,
        IMPOSSIBLE,
        /** The limit was reached before either was known. */
        LIMITED
    }

    private static final int[] NONE = {};

    private static final int TARGET = 0;
    private static final int REQUIRED = 1;
    private static final int OPTIONAL = 2;

    final List<Effect<I, O>> required;
    final List<Effect<I, O>> options;
    final Collection<S> starts;

    private final Model<S, I, O> model;
    private final int maxConfigurations;
    private final Predicate<S> viable;
    /** The required effects that need a state. */
    private final Map<S, int[]> needing = new HashMap<>();
    /** The effects that may make a state that is needed, by the numbers of {@link Configuration#steps}. */
    private final Map<S, int[]> making = new HashMap<>();
    /** For each rank the lowest call of required effects, except stale reads, from there on. */
    private final long[] lowestCall;
    /** For each rank those that may come before it, itself included; made when they are needed. */
    private final int[] @Nullable [] mayComeNext;
    /** Which of the required effects have no effect. */
    private final boolean[] isRead;
    /** The reads of each replica by their ends. */
    private final int[][] replicas;
    /** For each of {@link #replicas} the lowest call of its reads from there on. */
    private final long[][] lowestReadCall;
    /** For each optional effect the one before it with an equal input, or -1. */
    private final int[] twins;

    private final Map<Configuration<S>, Configuration<S>> visited = new LinkedHashMap<>();
    /** By rank, those that wait for their stages up to {@link #REQUIRED}. */
    private final List<ArrayDeque<Configuration<S>>> waiting = new ArrayList<>();
    /** By rank, those that wait for {@link #OPTIONAL}. */
    private final List<ArrayDeque<Configuration<S>>> waitingLonger = new ArrayList<>();

    private int highest;
    private int configurations;
    private long steps;
    private @Nullable Configuration<S> furthest;

    Search(
            Model<S, I, O> model,
            List<Effect<I, O>> required,
            List<Effect<I, O>> options,
            Collection<S> starts,
            int maxConfigurations) {
        this.model = model;
        this.required = required.stream().sorted(Effect.BY_END).toList();
        this.options = options.stream()
                .filter(effect -> effect.possible && !effect.isStale())
                .sorted(Effect.BY_CALL)
                .toList();
        this.starts = starts;
        this.maxConfigurations = maxConfigurations;
        this.viable = model.viable(this.required.stream()
                .flatMap(effect -> effect.answered.stream().<O>map(Operation::output))
                .toList());
        int count = required.size();
        mayComeNext = new int[count][];
        isRead = new boolean[count];
        lowestCall = new long[count + 1];
        lowestCall[count] = Long.MAX_VALUE;
        for (int rank = count - 1; rank >= 0; rank--) {
            Effect<I, O> effect = this.required.get(rank);
            O output = output(effect);
            isRead[rank] = effect.isStale() || model.isRead(effect.input, output);
            for (S state : model.onlyIn(effect.input, output)) {
                needing.merge(state, new int[] {rank}, Search::joined);
            }
            lowestCall[rank] = effect.isStale() ? lowestCall[rank + 1] : Math.min(lowestCall[rank + 1], effect.call);
        }
        replicas = replicas();
        lowestReadCall = new long[replicas.length][];
        for (int replica = 0; replica < replicas.length; replica++) {
            lowestReadCall[replica] = lowestCalls(replicas[replica]);
        }
        twins = twins();
    }

    @SuppressWarnings("NullAway") // the output of a completed operation is null only if O allows it
    private static <O extends @Nullable Object> O output(Effect<?, O> effect) {
        return effect.representative().output();
    }

    private static int[] joined(int[] some, int[] more) {
        int[] all = Arrays.copyOf(some, some.length + more.length);
        System.arraycopy(more, 0, all, some.length, more.length);
        return all;
    }

    private int[][] replicas() {
        Map<String, List<Integer>> reads = new LinkedHashMap<>();
        for (int rank = 0; rank < required.size(); rank++) {
            String replica = required.get(rank).replica();
            if (replica != null) {
                reads.computeIfAbsent(replica, name -> new ArrayList<>()).add(rank);
            }
        }
        return reads.values().stream()
                .map(ranks -> ranks.stream().mapToInt(Integer::intValue).toArray())
                .toArray(int[][]::new);
    }

    private long[] lowestCalls(int[] reads) {
        long[] lowest = new long[reads.length];
        for (int read = reads.length - 1; read >= 0; read--) {
            long call = required.get(reads[read]).call;
            lowest[read] = read == reads.length - 1 ? call : Math.min(call, lowest[read + 1]);
        }
        return lowest;
    }

    private int[] twins() {
        Map<I, Integer> last = new HashMap<>();
        int[] result = new int[options.size()];
        for (int option = 0; option < result.length; option++) {
            Integer before = last.put(options.get(option).input, option);
            result[option] = before == null ? -1 : before;
        }
        return result;
    }

    /** Looks for an order. */
    Ending run() {
        return run(false);
    }

    /** Looks at all ways, for {@link #statesUntil}. */
    Ending runThrough() {
        return run(true);
    }

    private Ending run(boolean isThrough) {
        for (int rank = 0; rank <= required.size(); rank++) {
            waiting.add(new ArrayDeque<>(1));
            waitingLonger.add(new ArrayDeque<>(1));
        }
        for (S start : starts) {
            if (viable.test(start)) {
                found(new Step(start));
            }
        }
        while (highest >= 0 && (isThrough || !isOrdered())) {
            if (configurations > maxConfigurations) {
                return Ending.LIMITED;
            }
            Configuration<S> next = waiting.get(highest).poll();
            next = next == null ? waitingLonger.get(highest).poll() : next;
            if (next == null) {
                highest--;
            } else if (next.rank < required.size()) {
                follow(next);
            }
        }
        return isOrdered() ? Ending.ORDERED : Ending.IMPOSSIBLE;
    }

    private boolean isOrdered() {
        return furthest != null && furthest.rank == required.size();
    }

    /** Looks at a stage of a configuration's successors, and leaves it waiting for the next stage. */
    private void follow(Configuration<S> from) {
        int stage = from.stage++;
        if (stage < OPTIONAL) {
            (stage < REQUIRED ? waiting : waitingLonger).get(from.rank).add(from);
        }
        switch (stage) {
            case TARGET -> placeRequired(from, from.rank);
            case REQUIRED -> {
                for (int effect : mayComeNext(from.rank)) {
                    if (effect != from.rank && !from.isPlaced(effect)) {
                        placeRequired(from, effect);
                    }
                }
            }
            default -> placeOptions(from);
        }
    }

    private void placeRequired(Configuration<S> from, int number) {
        if (isRead[number]) {
            return;
        }
        Effect<I, O> effect = required.get(number);
        Model.Next<S, O> next = next(from.state, effect);
        if (effect.wasAnswered(next.output()) && isViable(from, number, next.state())) {
            Step step = new Step(from, next.state());
            step.place(number);
            found(step);
        }
    }

    private void placeOptions(Configuration<S> from) {
        long end = required.get(from.rank).end;
        for (int option = 0; option < options.size() && options.get(option).call <= end; option++) {
            if (from.isUsed(option) || (twins[option] >= 0 && !from.isUsed(twins[option]))) {
                continue;
            }
            S state = next(from.state, options.get(option)).state();
            if (!Objects.equals(state, from.state) && isViable(from, ~option, state)) {
                Step step = new Step(from, state);
                step.use(option);
                found(step);
            }
        }
    }

    private Model.Next<S, O> next(S state, Effect<I, O> effect) {
        steps++;
        return model.next(state, effect.input);
    }

    private boolean isViable(Configuration<S> from, int placed, S state) {
        return viable.test(state) && (Objects.equals(state, from.state) || mayBeLeft(from, placed));
    }

    /** Whether a state may be left by what is placed next: no other effect needs it, or there is one to make it again. */
    private boolean mayBeLeft(Configuration<S> from, int placed) {
        return !hasAnother(needing.getOrDefault(from.state, NONE), from, placed)
                || hasAnother(making.computeIfAbsent(from.state, this::making), from, placed);
    }

    /** Whether one of {@code effects} is to be placed besides {@code placed}; looked for where it is likely, at the end. */
    private boolean hasAnother(int[] effects, Configuration<S> from, int placed) {
        for (int at = effects.length - 1; at >= 0; at--) {
            if (effects[at] != placed && !isPlaced(from, effects[at])) {
                return true;
            }
        }
        return false;
    }

    private int[] making(S state) {
        IntStream ofRequired = IntStream.range(0, required.size())
                .filter(effect -> !isRead[effect] && model.mayMake(required.get(effect).input, state));
        IntStream ofOptions = IntStream.range(0, options.size())
                .filter(option -> model.mayMake(options.get(option).input, state))
                .map(option -> ~option);
        return IntStream.concat(ofOptions, ofRequired).toArray();
    }

    private boolean isPlaced(Configuration<S> configuration, int effect) {
        return effect < 0
                ? configuration.isUsed(~effect)
                : effect < configuration.rank || configuration.isPlaced(effect);
    }

    private void found(Step step) {
        step.placeReads();
        Configuration<S> found = step.finish();
        Configuration<S> alike = visited.get(found);
        for (Configuration<S> other = alike; other != null; other = other.alike) {
            if (other.leavesAsMuchAs(found)) {
                other.fromRank = Math.min(other.fromRank, found.fromRank);
                return;
            }
        }
        found.alike = alike;
        // The key stays the first of them, which is equal.
        visited.put(found, found);
        configurations++;
        waiting.get(found.rank).add(found);
        highest = Math.max(highest, found.rank);
        if (furthest == null || found.rank > furthest.rank) {
            furthest = found;
        }
    }

    /** The required effects that may be placed while that of {@code rank} is the first that is not, except stale reads. */
    private int[] mayComeNext(int rank) {
        int[] known = mayComeNext[rank];
        if (known == null) {
            long end = required.get(rank).end;
            int[] found = new int[8];
            int count = 0;
            for (int effect = rank; lowestCall[effect] <= end; effect++) {
                if (required.get(effect).call <= end && !required.get(effect).isStale()) {
                    found = count < found.length ? found : Arrays.copyOf(found, 2 * count);
                    found[count++] = effect;
                }
            }
            known = Arrays.copyOf(found, count);
            mayComeNext[rank] = known;
        }
        return known;
    }

    /** A configuration in the making. */
    private final class Step {
        private final @Nullable Configuration<S> from;
        private final S state;
        private final int base;
        private int rank;
        private long[] placed;
        private long[] used;
        private int[] heads;
        private int[] order = new int[4];
        private int count;

        Step(S start) {
            this.from = null;
            this.state = start;
            this.base = 0;
            this.placed = new long[1];
            this.used = new long[0];
            this.heads = new int[replicas.length];
        }

        Step(Configuration<S> from, S state) {
            this.from = from;
            this.state = state;
            this.base = from.rank & -Long.SIZE;
            this.rank = from.rank;
            this.placed = from.placed.clone();
            this.used = from.used;
            this.heads = from.heads.clone();
        }

        void place(int effect) {
            placed = Bits.set(placed, effect - base);
            add(effect);
            while (rank < required.size() && isPlaced(rank)) {
                rank++;
            }
        }

        void use(int option) {
            used = Bits.set(used.clone(), option);
            add(~option);
        }

        private void add(int number) {
            order = count < order.length ? order : Arrays.copyOf(order, 2 * count);
            order[count++] = number;
        }

        private boolean isPlaced(int effect) {
            return Bits.get(placed, effect - base);
        }

        void placeReads() {
            int before;
            do {
                before = count;
                if (rank < required.size()) {
                    for (int effect : mayComeNext(rank)) {
                        placeIfRead(effect);
                    }
                }
                for (int replica = 0; replica < replicas.length; replica++) {
                    placeStaleReads(replica);
                }
            } while (count > before);
        }

        private void placeStaleReads(int replica) {
            int[] reads = replicas[replica];
            if (heads[replica] == reads.length) {
                return;
            }
            long end = required.get(reads[heads[replica]]).end;
            for (int read = heads[replica]; read < reads.length && lowestReadCall[replica][read] <= end; read++) {
                if (required.get(reads[read]).call <= end) {
                    placeIfRead(reads[read]);
                }
            }
            while (heads[replica] < reads.length && isPlaced(reads[heads[replica]])) {
                heads[replica]++;
            }
        }

        private void placeIfRead(int number) {
            if (isRead[number] && !isPlaced(number)) {
                Effect<I, O> effect = required.get(number);
                Model.Next<S, O> next = next(state, effect);
                if (effect.wasAnswered(next.output()) && Objects.equals(next.state(), state)) {
                    place(number);
                }
            }
        }

        Configuration<S> finish() {
            long[] compact = Bits.trimmed(placed, (rank - base) / Long.SIZE);
            return new Configuration<>(
                    rank, compact, Bits.trimmed(used, 0), heads, state, from, Arrays.copyOf(order, count));
        }
    }

    /** How many configurations were looked at. */
    int configurations() {
        return configurations;
    }

    /** How often the model was asked. */
    long steps() {
        return steps;
    }

    /** The first of the configurations with the highest rank; null if there was no viable start. */
    @Nullable
    Configuration<S> furthest() {
        return furthest;
    }

    /** The effects placed on the way to {@link #furthest}: all that are required if the search ended with an order. */
    List<Effect<I, O>> order() {
        ArrayDeque<Configuration<S>> way = new ArrayDeque<>();
        for (Configuration<S> at = furthest; at != null; at = at.parent) {
            way.addFirst(at);
        }
        List<Effect<I, O>> order = new ArrayList<>();
        for (Configuration<S> at : way) {
            for (int step : at.steps) {
                order.add(step >= 0 ? required.get(step) : options.get(~step));
            }
        }
        return order;
    }

    /**
     * All states on the ways that were looked at, until the required effects up to {@code rank} were placed. Only if the
     * search went through all ways, or got further and found no order, there can be no others.
     */
    Set<S> statesUntil(int rank) {
        return states(configuration -> configuration.fromRank <= rank);
    }

    /** Those of them that were behind the last of these effects. */
    Set<S> statesAt(int rank) {
        return states(configuration -> configuration.fromRank <= rank && configuration.rank > rank);
    }

    private Set<S> states(Predicate<Configuration<S>> isMeant) {
        Set<S> states = new LinkedHashSet<>();
        for (Configuration<S> newest : visited.values()) {
            for (Configuration<S> at = newest; at != null; at = at.alike) {
                if (isMeant.test(at)) {
                    states.add(at.state);
                }
            }
        }
        return states;
    }
}
