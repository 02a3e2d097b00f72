package dev.coracle.testkit.history;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * Makes histories by running a model: every operation takes effect at one moment between its call and its end, or later or
 * never if its outcome is unknown, and is answered with what the model said then. They are right by construction.
 */
final class RandomHistory<S, I, O> {
    private final Model<S, I, O> model;
    private final Random random;
    private final Function<Random, I> inputs;
    private final Function<Random, I> reads;

    int clients = 3;
    int replicas = 2;
    int longestPause = 4;
    int longestOperation = 6;
    double unknown = 0.1;
    double failed = 0.1;
    double stale = 0.1;
    double retried = 0.1;

    RandomHistory(Model<S, I, O> model, Random random, Function<Random, I> inputs, Function<Random, I> reads) {
        this.model = model;
        this.random = random;
        this.inputs = inputs;
        this.reads = reads;
    }

    /** What will be recorded of one operation, or of one attempt. */
    private final class Planned {
        int client;
        I input;
        Planned earlier;
        String replica;
        long call;
        long end;
        Outcome outcome;
        /** When it takes effect; never if it is negative. */
        double moment;

        int id;
        O output;
        boolean isApplied;
    }

    History<I, O> next(int operations) {
        return record(plan(operations), (planned, output) -> output);
    }

    /** A history in which one answer is that of another operation: mostly wrong. */
    History<I, O> nextSpoilt(int operations) {
        List<Planned> all = plan(operations);
        for (int attempt = 0; attempt < 100; attempt++) {
            Planned spoilt = all.get(random.nextInt(all.size()));
            Planned other = all.get(random.nextInt(all.size()));
            if (spoilt.outcome == Outcome.OK
                    && other.outcome == Outcome.OK
                    && !Objects.equals(spoilt.output, other.output)) {
                return record(all, (planned, output) -> planned == spoilt ? other.output : output);
            }
        }
        return record(all, (planned, output) -> output);
    }

    private List<Planned> plan(int operations) {
        List<Planned> all = new ArrayList<>();
        long[] free = new long[clients];
        Map<Integer, Planned> mayRetry = new HashMap<>();
        while (all.size() < operations) {
            int client = random.nextInt(clients);
            Planned planned = new Planned();
            planned.client = client;
            planned.call = free[client] + random.nextInt(longestPause + 1);
            planned.end = planned.call + random.nextInt(longestOperation + 1);
            free[client] = planned.end;
            planned.moment = planned.call + random.nextDouble() * (planned.end - planned.call);
            planned.outcome = Outcome.OK;
            double kind = random.nextDouble();
            Planned earlier = mayRetry.remove(client);
            if (earlier != null && random.nextDouble() < 0.8) {
                planned.earlier = earlier;
                planned.input = earlier.input;
            } else if (random.nextDouble() < stale) {
                planned.input = reads.apply(random);
                planned.replica = "n" + random.nextInt(replicas);
            } else {
                planned.input = inputs.apply(random);
            }
            if (kind < unknown) {
                planned.outcome = Outcome.UNKNOWN;
                planned.moment = random.nextInt(3) == 0 ? -1 : planned.call + random.nextDouble() * 30;
            } else if (kind < unknown + failed) {
                planned.outcome = Outcome.FAILED;
                planned.moment = -1;
            }
            // Also after an answer, which may have been lost on its way to whoever retries.
            double again = planned.outcome == Outcome.UNKNOWN ? 5 * retried : retried;
            if (planned.replica == null && random.nextDouble() < again) {
                mayRetry.put(client, planned);
            }
            all.add(planned);
        }
        run(all);
        return all;
    }

    private void run(List<Planned> all) {
        List<Object> partitions = new ArrayList<>();
        List<List<S>> states = new ArrayList<>();
        List<List<Double>> moments = new ArrayList<>();
        List<Planned> byMoment = all.stream()
                .filter(planned -> planned.moment >= 0 && planned.replica == null)
                .sorted(Comparator.comparingDouble(planned -> planned.moment))
                .toList();
        for (Planned planned : byMoment) {
            Planned first = first(planned);
            if (!first.isApplied) {
                int partition = partition(partitions, states, moments, first.input);
                List<S> history = states.get(partition);
                Model.Next<S, O> next = model.next(history.get(history.size() - 1), first.input);
                history.add(next.state());
                moments.get(partition).add(planned.moment);
                first.output = next.output();
                first.isApplied = true;
            }
            planned.output = first.output;
        }
        int[][] shown = new int[replicas][all.size() + 1];
        all.stream()
                .filter(planned -> planned.replica != null)
                .sorted(Comparator.comparingLong(planned -> planned.end))
                .forEach(planned -> {
                    int partition = partition(partitions, states, moments, planned.input);
                    int replica = Integer.parseInt(planned.replica.substring(1));
                    int at = shown[replica][partition];
                    while (at + 1 < states.get(partition).size()
                            && moments.get(partition).get(at + 1) <= planned.end
                            && random.nextInt(4) > 0) {
                        at++;
                    }
                    shown[replica][partition] = at;
                    planned.output = model.next(states.get(partition).get(at), planned.input)
                            .output();
                });
    }

    private int partition(List<Object> partitions, List<List<S>> states, List<List<Double>> moments, I input) {
        Object key = model.partition(input);
        if (!partitions.contains(key)) {
            partitions.add(key);
            states.add(new ArrayList<>());
            states.get(states.size() - 1).add(model.initial());
            moments.add(new ArrayList<>());
            moments.get(moments.size() - 1).add(-1.0);
        }
        return partitions.indexOf(key);
    }

    private Planned first(Planned planned) {
        return planned.earlier == null ? planned : first(planned.earlier);
    }

    private History<I, O> record(List<Planned> all, BiFunction<Planned, O, O> outputs) {
        History<I, O> history = new History<>();
        for (Planned planned : all) {
            String client = "c" + planned.client;
            if (planned.earlier != null) {
                planned.id = history.retry(planned.earlier.id, planned.call);
            } else if (planned.replica != null) {
                planned.id = history.invokeStale(client, planned.replica, planned.input, planned.call);
            } else {
                planned.id = history.invoke(client, planned.input, planned.call);
            }
            switch (planned.outcome) {
                case OK -> history.ok(planned.id, outputs.apply(planned, planned.output), planned.end);
                case FAILED -> history.failed(planned.id, planned.end);
                case UNKNOWN -> history.unknown(planned.id, planned.end);
            }
        }
        return history;
    }
}
