package dev.coracle.testkit;

import dev.coracle.Consistency;
import dev.coracle.Raft;
import dev.coracle.RaftException;
import dev.coracle.SessionId;
import dev.coracle.StateMachine;
import dev.coracle.testkit.history.History;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The clients of a workload: each asks one member after the other, one action at a time, and writes down what it saw.
 * Some stop waiting before their time; what they asked for may happen all the same.
 */
final class Clients<C, R, S extends StateMachine<C, R>> implements Nemesis.Crowd {
    /** How long a member that is not paused takes at most to say that the time of a request is over. */
    private static final Duration GRACE = Duration.ofMillis(100);

    private static final int MOST_TRIES = 6;

    /**
     * How clients ask.
     *
     * @param sessions whether commands belong to sessions, and are tried again when their fate is unknown
     * @param leases whether some reads go by the leader's lease
     * @param timeout how long a member may try what it is asked
     */
    record Manners(boolean sessions, boolean leases, Duration timeout) {
        /** When the time of a request is over in any case: by a clock that is slow. */
        Duration latest() {
            return timeout.multipliedBy(9).dividedBy(8);
        }

        /** How long a client waits for a member that may be paused or dead. */
        Duration patience() {
            return timeout.multipliedBy(2);
        }
    }

    private final Manners manners;
    private final SimulatedCluster<C, R> cluster;
    private final Workload<C, R, S> workload;
    private final SplittableRandom random;
    private final History<Object, R> history = new History<>();
    private final List<Client> clients = new ArrayList<>();
    private final long meanPauseNanos;
    private final int actions;
    private final Plan plan;
    private int left;
    private int crowd;

    Clients(
            SimulatedCluster<C, R> cluster,
            Workload<C, R, S> workload,
            SplittableRandom random,
            int actions,
            Plan plan,
            Manners manners) {
        this.manners = manners;
        this.cluster = cluster;
        this.workload = workload;
        this.random = random;
        this.actions = actions;
        this.left = actions;
        this.plan = plan;
        this.meanPauseNanos = 20_000_000 + random.nextLong(180_000_000);
        int count = 2 + random.nextInt(8);
        for (int i = 0; i < count; i++) {
            clients.add(new Client("client " + i));
        }
    }

    History<Object, R> history() {
        return history;
    }

    void begin() {
        clients.forEach(Client::rest);
    }

    /** Tells whether all that was to be asked was asked, and nobody waits. */
    boolean areDone() {
        return left <= 0 && clients.stream().noneMatch(client -> client.waiting);
    }

    @Override
    public void ask(int host, int times, SplittableRandom random) {
        for (int i = 0; i < times && cluster.member(host) != null; i++) {
            new Client("one of the crowd " + ++crowd).ask(workload.next(random), host, false);
        }
    }

    @Override
    public void readAll(int host) {
        for (Workload.Action<C, R, S> query : workload.lastQueries()) {
            new Client("one of the crowd " + ++crowd).ask(query, host, false);
        }
    }

    /** Asks a member the last queries; false if one failed. */
    boolean askLast(int host) {
        for (Workload.Action<C, R, S> query : workload.lastQueries()) {
            Client reader = new Client("last reader of member " + host);
            reader.ask(query, host, false);
            if (!cluster.runUntil(() -> !reader.waiting, manners.patience()) || !reader.lastWasOk) {
                return false;
            }
        }
        return true;
    }

    private final class Client {
        private final String name;
        private boolean waiting;
        private boolean lastWasOk;
        private @Nullable SessionId session;
        private long nextSequence = 1;

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
            int number = actions - left;
            left--;
            Workload.Action<C, R, S> action = workload.next(random);
            if (plan.hasOperation(number)) {
                ask(action, host, true);
            } else {
                rest();
            }
        }

        private void ask(Workload.Action<C, R, S> action, int host, boolean goesOn) {
            waiting = true;
            lastWasOk = false;
            long now = cluster.time().toNanos();
            boolean stale = action.query() != null && action.consistency() == Consistency.STALE;
            int operation = stale
                    ? history.invokeStale(name, cluster.life(host), action.input(), now)
                    : history.invoke(name, action.input(), now);
            if (manners.sessions && goesOn && action.command() != null) {
                new InSession(this, operation, Objects.requireNonNull(action.command())).tryOn(host);
                return;
            }
            boolean[] ended = {false};
            cluster.within(host, () -> send(action, host, operation, ended, goesOn));
            // Whoever is asked may be paused or dead: a client has its own patience.
            boolean impatient = random.nextInt(20) == 0;
            cluster.after(impatient ? manners.timeout.dividedBy(20) : manners.patience(), () -> {
                if (!ended[0]) {
                    ended[0] = true;
                    history.unknown(operation, cluster.time().toNanos());
                    end(goesOn);
                }
            });
        }

        private void send(Workload.Action<C, R, S> action, int host, int operation, boolean[] ended, boolean goesOn) {
            Raft<C, R, Agreement<C, R>.Watched> raft = cluster.raft(host);
            if (raft == null) {
                return;
            }
            CompletableFuture<R> future = answer(raft, action);
            long asked = cluster.time().toNanos();
            cluster.within(
                    host,
                    manners.latest(),
                    () -> cluster.withinUnpaused(host, GRACE, () -> {
                        if (!future.isDone() && raft == cluster.raft(host)) {
                            cluster.violated(
                                    Invariant.EVERY_REQUEST_ENDS,
                                    "member " + host + " was asked " + action.input() + " for " + manners.timeout
                                            + " and has not answered after "
                                            + cluster.time().minusNanos(asked));
                        }
                    }));
            var unused = future.whenComplete((output, failure) -> {
                if (ended[0]) {
                    return;
                }
                ended[0] = true;
                if (output != null && action.command() != null) {
                    requireResult(operation, output);
                }
                take(operation, output, failure);
                end(goesOn);
            });
        }

        @SuppressWarnings("unchecked") // The workload made the machine.
        private CompletableFuture<R> answer(Raft<C, R, Agreement<C, R>.Watched> raft, Workload.Action<C, R, S> action) {
            C command = action.command();
            if (command != null) {
                return raft.propose(command, manners.timeout);
            }
            Function<? super S, ? extends R> query = Objects.requireNonNull(action.query());
            boolean byLease =
                    manners.leases && action.consistency() == Consistency.LINEARIZABLE && random.nextBoolean();
            return raft.read(
                    byLease ? Consistency.LEASE : action.consistency(),
                    machine -> query.apply((S) machine.machine()),
                    manners.timeout);
        }

        private void take(int operation, @Nullable R output, @Nullable Throwable failure) {
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

        /** A command's result may be another request's, and of another kind, of which the language takes no notice here. */
        private void requireResult(int operation, R output) {
            try {
                workload.results().encode(output);
            } catch (ClassCastException e) {
                cluster.violated(
                        Invariant.LINEARIZABILITY,
                        "operation " + operation + " of " + name + " ended with what is no result: " + e.getMessage());
            } catch (RuntimeException e) {
                // One of the right kind, which has no bytes: its client has it all the same.
            }
        }

        private void end(boolean goesOn) {
            waiting = false;
            if (goesOn) {
                rest();
            }
        }
    }

    /** A command of a session, on one member after the other until one knows what became of it. */
    private final class InSession {
        private final Client client;
        private final int operation;
        private final C command;
        private int tries;

        InSession(Client client, int operation, C command) {
            this.client = client;
            this.operation = operation;
            this.command = command;
        }

        private void tryOn(int host) {
            tries++;
            int mine = tries;
            // Now, and not when a member that is paused comes to it, by when its client may be at something else.
            SessionId id = client.session;
            long sequence = client.nextSequence;
            cluster.within(host, () -> {
                Raft<C, R, Agreement<C, R>.Watched> raft = cluster.raft(host);
                if (raft == null) {
                    return;
                }
                if (id == null) {
                    var unused = raft.openSession().whenComplete((opened, failure) -> {
                        if (mine == tries && client.waiting) {
                            if (opened != null) {
                                client.session = opened.id();
                                client.nextSequence = 1;
                            }
                            again();
                        }
                    });
                } else {
                    var unused = raft.session(id, sequence)
                            .propose(command, manners.timeout)
                            .whenComplete((output, failure) -> answered(mine, output, failure));
                }
            });
            cluster.after(manners.patience(), () -> {
                // Whoever was asked is paused or dead.
                if (mine == tries && client.waiting) {
                    again();
                }
            });
        }

        private void answered(int mine, @Nullable R output, @Nullable Throwable failure) {
            if (mine != tries || !client.waiting) {
                return;
            }
            Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
            boolean expired = cause instanceof RaftException told && told.kind() == RaftException.Kind.SESSION_EXPIRED;
            if (output == null && !expired) {
                again();
                return;
            }
            // Without a session nobody knows what came of the tries before.
            boolean doubtful = expired && (mine > 1 || isUnknown(cause));
            if (expired) {
                client.session = null;
            }
            if (doubtful) {
                history.unknown(operation, cluster.time().toNanos());
            } else {
                if (output != null) {
                    client.requireResult(operation, output);
                }
                client.take(operation, output, failure);
            }
            end();
        }

        private void again() {
            int host = random.nextInt(cluster.hosts());
            if (tries < MOST_TRIES && cluster.member(host) != null) {
                tryOn(host);
            } else if (tries < MOST_TRIES) {
                tries++;
                int mine = tries;
                cluster.after(manners.timeout.dividedBy(10), () -> {
                    if (mine == tries && client.waiting) {
                        again();
                    }
                });
            } else {
                history.unknown(operation, cluster.time().toNanos());
                end();
            }
        }

        private void end() {
            tries = Integer.MAX_VALUE;
            client.nextSequence++;
            client.end(true);
        }
    }

    private static boolean isUnknown(@Nullable Throwable cause) {
        return cause instanceof RaftException told && told.certainty() == RaftException.Certainty.UNKNOWN;
    }
}
