package dev.coracle.testkit;

import dev.coracle.Consistency;
import dev.coracle.Raft;
import dev.coracle.RaftException;
import dev.coracle.testkit.history.History;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Clients of a store: each asks one member after the other, one operation at a time, and writes down what it saw. Some
 * stop waiting before their time; what they asked for may happen all the same.
 */
final class Clients {
    private static final Duration TIMEOUT = Duration.ofSeconds(1);
    private static final int REGISTERS = 4;
    private static final int LISTS = 2;

    private final SimulatedCluster<String, String> cluster;
    private final SplittableRandom random;
    private final History<String, String> history = new History<>();
    private final List<Client> clients = new ArrayList<>();
    private final long meanPauseNanos;
    private int left;
    private int values;

    Clients(SimulatedCluster<String, String> cluster, SplittableRandom random, int operations) {
        this.cluster = cluster;
        this.random = random;
        this.left = operations;
        this.meanPauseNanos = 20_000_000 + random.nextLong(180_000_000);
        int count = 2 + random.nextInt(8);
        for (int i = 0; i < count; i++) {
            clients.add(new Client("client " + i));
        }
    }

    History<String, String> history() {
        return history;
    }

    void begin() {
        clients.forEach(Client::rest);
    }

    /** Tells whether all that was to be asked was asked, and nobody waits. */
    boolean areDone() {
        return left <= 0 && clients.stream().noneMatch(client -> client.waiting);
    }

    /** Reads every key on a member, linearizably; false if one read failed. */
    boolean readAll(int host) {
        for (String key : keys()) {
            Client reader = new Client("reader of member " + host);
            reader.ask("get " + key, host, Consistency.LINEARIZABLE, false);
            if (!cluster.runUntil(() -> !reader.waiting, TIMEOUT.multipliedBy(2)) || !reader.lastWasOk) {
                return false;
            }
        }
        return true;
    }

    private static List<String> keys() {
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < REGISTERS; i++) {
            keys.add("r" + i);
        }
        for (int i = 0; i < LISTS; i++) {
            keys.add("l" + i);
        }
        return keys;
    }

    private String anyCommand() {
        int value = ++values;
        if (random.nextInt(4) == 0) {
            return "append l" + random.nextInt(LISTS) + " " + value;
        }
        String key = "r" + random.nextInt(REGISTERS);
        return random.nextInt(3) == 0
                ? "cas " + key + " " + (value - 1 - random.nextInt(8)) + " " + value
                : "put " + key + " " + value;
    }

    private String anyQuery() {
        List<String> keys = keys();
        return "get " + keys.get(random.nextInt(keys.size()));
    }

    private final class Client {
        private final String name;
        private boolean waiting;
        private boolean lastWasOk;

        Client(String name) {
            this.name = name;
        }

        private void rest() {
            cluster.after(Duration.ofNanos(random.nextLong(2 * meanPauseNanos)), this::act);
        }

        private void act() {
            if (left <= 0) {
                return;
            }
            int host = random.nextInt(cluster.hosts());
            if (cluster.member(host) == null) {
                rest();
                return;
            }
            left--;
            int kind = random.nextInt(10);
            if (kind < 5) {
                ask(anyCommand(), host, null, true);
            } else {
                ask(anyQuery(), host, kind < 9 ? Consistency.LINEARIZABLE : Consistency.STALE, true);
            }
        }

        /** @param consistency how to read, or null for a command */
        private void ask(String input, int host, @Nullable Consistency consistency, boolean goesOn) {
            waiting = true;
            lastWasOk = false;
            long now = cluster.time().toNanos();
            int operation = consistency == Consistency.STALE
                    ? history.invokeStale(name, cluster.life(host), input, now)
                    : history.invoke(name, input, now);
            boolean[] ended = {false};
            cluster.within(host, () -> send(input, host, consistency, operation, ended, goesOn));
            // Whoever is asked may be paused or dead: a client has its own patience.
            boolean impatient = random.nextInt(20) == 0;
            cluster.after(impatient ? TIMEOUT.dividedBy(20) : TIMEOUT.multipliedBy(2), () -> {
                if (!ended[0]) {
                    ended[0] = true;
                    history.unknown(operation, cluster.time().toNanos());
                    end(goesOn);
                }
            });
        }

        private void send(
                String input,
                int host,
                @Nullable Consistency consistency,
                int operation,
                boolean[] ended,
                boolean goesOn) {
            Raft<String, String, Agreement<String, String>.Watched> raft = cluster.raft(host);
            if (raft == null) {
                return;
            }
            CompletableFuture<String> answer = consistency == null
                    ? raft.propose(input, TIMEOUT)
                    : raft.read(
                            consistency,
                            machine -> ((StoreMachine) machine.machine()).get(input.substring("get ".length())),
                            TIMEOUT);
            var unused = answer.whenComplete((output, failure) -> {
                if (ended[0]) {
                    return;
                }
                ended[0] = true;
                take(operation, output, failure);
                end(goesOn);
            });
        }

        private void take(int operation, @Nullable String output, @Nullable Throwable failure) {
            long now = cluster.time().toNanos();
            if (output != null) {
                lastWasOk = true;
                history.ok(operation, output, now);
                return;
            }
            Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
            if (cause instanceof RaftException told && told.certainty() != RaftException.Certainty.UNKNOWN) {
                history.failed(operation, now);
            } else {
                history.unknown(operation, now);
            }
        }

        private void end(boolean goesOn) {
            waiting = false;
            if (goesOn) {
                rest();
            }
        }
    }
}
