package dev.coracle.testkit;

import dev.coracle.Caller;
import dev.coracle.Network;
import dev.coracle.World;
import dev.coracle.node.Agent;
import dev.coracle.node.Clock;
import dev.coracle.node.NodeConfig;
import dev.coracle.node.RaftNode;
import io.grpc.ChannelCredentials;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One run of a member, from its start to its end or crash: the world that it is started in. All that is planned here
 * ends with it, and waits while it is paused, as a process that is stopped does.
 */
final class SimProcess {
    private static final long THREAD_NANOS = 40_000;

    /** How long it takes at most until what waited in sockets is read, after a pause in which nothing was. */
    private static final long SOCKETS_NANOS = 2_000_000;

    /** How many tasks may wait for a worker. */
    private static final int WORKER_BOUND = 2_000;

    /** Who is only there for work that others give looks for it by itself this rarely, in parts of the loop's turns. */
    private static final int IDLE_FACTOR = 20;

    private final Host host;
    private final Events events;
    private final SplittableRandom random;
    private final List<AgentTurns> agents = new ArrayList<>();
    private final List<Coroutine> coroutines = new ArrayList<>();
    private final World world;
    private final Consumer<SimProcess> afterTurn;
    private @Nullable RaftNode node;
    private boolean ended;
    private long pausedUntilNanos;
    private long deafUntilNanos;

    SimProcess(
            Host host,
            Events events,
            SplittableRandom random,
            SimulatedNetwork network,
            Consumer<SimProcess> afterTurn) {
        this.afterTurn = afterTurn;
        this.host = host;
        this.events = events;
        this.random = random;
        this.world = new World(
                host.clock(), host.disk().process(), random.split(), new SimulatedThreads(), new World.Networks() {
                    @Override
                    public Network bind(World.Binding binding) {
                        return network.bind(SimProcess.this, binding);
                    }

                    @Override
                    public Caller caller(@Nullable ChannelCredentials credentials) {
                        return network.caller(SimProcess.this);
                    }
                });
    }

    World world() {
        return world;
    }

    Host host() {
        return host;
    }

    /** The node, once it runs. */
    @Nullable
    RaftNode node() {
        return node;
    }

    boolean hasEnded() {
        return ended;
    }

    /** Runs something that may wait. */
    void start(Runnable code) {
        after(0, () -> coroutines.add(new Coroutine(code)));
    }

    /** Stops all that goes on for a while. */
    void pause(long nanos) {
        pausedUntilNanos = events.nowNanos() + nanos;
        deafUntilNanos = pausedUntilNanos + (nanos == 0 ? 0 : random.nextLong(SOCKETS_NANOS));
    }

    /** Ends everything at once, as a signal or a power cut does. */
    void end() {
        ended = true;
        agents.clear();
        List.copyOf(coroutines).forEach(Coroutine::kill);
    }

    /** Plans something that this process does. */
    void after(long delayNanos, Runnable action) {
        events.after(delayNanos, () -> run(action));
    }

    /** Plans something that this process does when it has gone on for so long without a pause. */
    void afterUnpaused(long delayNanos, Runnable action) {
        long sinceNanos = events.nowNanos();
        after(delayNanos, () -> {
            if (pausedUntilNanos > sinceNanos) {
                afterUnpaused(delayNanos, action);
            } else {
                action.run();
            }
        });
    }

    /**
     * Plans something that comes to this process by the network. After a pause others may be at work before the threads
     * that read sockets are.
     */
    void arrives(long delayNanos, Runnable action) {
        events.after(delayNanos, () -> hear(action));
    }

    private void hear(Runnable action) {
        long deaf = deafUntilNanos - events.nowNanos();
        if (deaf > 0) {
            events.after(deaf, () -> hear(action));
        } else {
            run(action);
        }
    }

    private void run(Runnable action) {
        if (ended) {
            return;
        }
        long pause = pausedUntilNanos - events.nowNanos();
        if (pause > 0) {
            // In the order in which it was due.
            events.after(pause, () -> run(action));
            return;
        }
        action.run();
        host.afterTurn(this);
        if (!ended) {
            afterTurn.accept(this);
        }
    }

    /** How long it takes until another thread goes on. */
    private long handOff() {
        return random.nextLong(THREAD_NANOS);
    }

    /** An agent that has a turn when it is woken, and now and then. */
    private final class AgentTurns {
        private final Agent agent;
        private final Clock clock;
        private final long restNanos;
        private final Consumer<Throwable> onError;
        private long plannedNanos = Long.MAX_VALUE;
        private long plan;
        private boolean stopped;

        AgentTurns(Agent agent, Clock clock, long restNanos, Consumer<Throwable> onError) {
            this.agent = agent;
            this.clock = clock;
            this.restNanos = restNanos;
            this.onError = onError;
            agent.onWork(this::wake);
            plan(handOff());
        }

        private void wake() {
            plan(handOff());
        }

        private void plan(long delayNanos) {
            long delay = Math.max(delayNanos, host.delayNanos(agent.name()));
            long at = events.nowNanos() + delay;
            if (stopped || at >= plannedNanos) {
                return;
            }
            plannedNanos = at;
            plan++;
            long mine = plan;
            after(delay, () -> {
                if (mine == plan) {
                    turn();
                }
            });
        }

        private void turn() {
            plannedNanos = Long.MAX_VALUE;
            if (stopped) {
                return;
            }
            int done;
            try {
                done = agent.doWork(clock.nanoTime());
            } catch (RuntimeException | Error e) {
                stopped = true;
                onError.accept(e);
                return;
            }
            plan(done > 0 ? handOff() : restNanos);
        }
    }

    private final class SimulatedThreads implements World.Threads {
        private final Executor dependents = task -> after(handOff(), task);

        @Override
        public AutoCloseable run(RaftNode running, NodeConfig config, Clock clock, Consumer<Throwable> onError) {
            node = running;
            for (Agent agent : running.agents()) {
                long rest = Math.max(1, config.tickNanos() / 2);
                boolean keepsTime = agent.name().equals("loop");
                agents.add(new AgentTurns(agent, clock, keepsTime ? rest : rest * IDLE_FACTOR, onError));
            }
            return () -> {
                running.close();
                agents.forEach(turns -> turns.stopped = true);
                for (int i = 0; i < 2; i++) {
                    running.agents().forEach(agent -> agent.doWork(clock.nanoTime()));
                }
            };
        }

        @Override
        public World.Worker worker(String name) {
            return new SimulatedWorker();
        }

        @Override
        public void runToEnd(String name, Runnable task) {
            after(handOff(), task);
        }

        @Override
        public Executor dependents() {
            return dependents;
        }

        @Override
        public void await(CompletableFuture<?> future) {
            Coroutine current = Coroutine.current();
            if (ended) {
                throw new Coroutine.EndedError();
            }
            if (future.isDone()) {
                return;
            }
            var unused = future.whenComplete((value, failure) -> after(0, current::resume));
            current.pause();
        }
    }

    private final class SimulatedWorker implements World.Worker {
        private long busyUntilNanos;
        private boolean closed;
        private int waiting;

        @Override
        public void execute(Runnable task) {
            // Each behind the one before.
            busyUntilNanos = Math.max(busyUntilNanos, events.nowNanos() + handOff());
            schedule(task, busyUntilNanos - events.nowNanos());
        }

        @Override
        public void schedule(Runnable task, long delayNanos) {
            waiting++;
            if (waiting > WORKER_BOUND) {
                throw new Violation(Invariant.BOUNDED, waiting + " tasks wait for a worker", null);
            }
            after(delayNanos, () -> {
                waiting--;
                if (!closed) {
                    task.run();
                }
            });
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
