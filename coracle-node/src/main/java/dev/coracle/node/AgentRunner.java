package dev.coracle.node;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A thread that runs one agent. Idle, it spins for a few microseconds and then sleeps until it is woken or its time is
 * up. Waking a sleeping thread is what costs, so a running one is never woken; and a thread that brings work and has
 * nothing better to do can {@link #help}: it runs the agent itself while the agent's own thread sleeps on.
 *
 * <p>Whoever runs the agent owns it. One word says who, so that two never do, and that no wake-up is lost: work is
 * queued first and signalled then, and an owner that was signalled cannot rest without looking again.
 */
public final class AgentRunner implements AutoCloseable {
    /** Longer than a hand-off between two running threads takes, shorter than a wake-up. */
    private static final int SPINS = 64;

    /** How many turns a helper takes before it leaves the rest to the agent's own thread. */
    private static final int HELPED_TURNS = 4;

    /** Nobody owns the agent, and its thread sleeps. */
    private static final int ASLEEP = 0;

    /** Somebody runs it. */
    private static final int RUNNING = 1;

    /** Somebody runs it, and there may be work that this turn has not seen. */
    private static final int SIGNALLED = 2;

    /** It was handed to its thread, which wakes up. */
    private static final int HANDED = 3;

    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(AgentRunner.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Agent agent;
    private final Clock clock;
    private final long maxSleepNanos;
    private final Consumer<Throwable> onError;
    private final Thread thread;
    private volatile int state = RUNNING;
    private volatile boolean closed;

    /** What the agent threw while another thread helped. Belongs to the owner. */
    private @Nullable Throwable thrown;

    /** The thread that helps. Only of interest to that thread itself. */
    private @Nullable Thread helper;

    private AgentRunner(String name, Agent agent, Clock clock, long maxSleepNanos, Consumer<Throwable> onError) {
        this.agent = agent;
        this.clock = clock;
        this.maxSleepNanos = maxSleepNanos;
        this.onError = onError;
        this.thread = new Thread(this::run, name);
        thread.setDaemon(true);
    }

    /**
     * Starts a thread for an agent.
     *
     * @param name the thread's name
     * @param maxSleepNanos how long it sleeps at most; for the loop not more than a tick
     * @param onError hears of what the agent threw, on its thread, which ends then
     */
    public static AgentRunner start(
            String name, Agent agent, Clock clock, long maxSleepNanos, Consumer<Throwable> onError) {
        AgentRunner runner = new AgentRunner(name, agent, clock, maxSleepNanos, onError);
        agent.onWork(runner::wake);
        agent.onHelp(runner::help);
        runner.thread.start();
        return runner;
    }

    /**
     * Starts a thread for each of a node's agents, named after node and agent, that sleep half a tick at most.
     *
     * @return what stops the node, ends the threads, and waits for them
     */
    public static AutoCloseable startAll(RaftNode node, NodeConfig config, Clock clock, Consumer<Throwable> onError) {
        List<AgentRunner> runners = new ArrayList<>();
        for (Agent agent : node.agents()) {
            String name = "coracle-" + Long.toUnsignedString(node.id()) + "-" + agent.name();
            runners.add(start(name, agent, clock, Math.max(1, config.tickNanos() / 2), onError));
        }
        return () -> {
            node.close();
            runners.forEach(AgentRunner::close);
            // What one agent handed to another that had ended already.
            for (Agent agent : node.agents()) {
                agent.doWork(clock.nanoTime());
            }
        };
    }

    private void run() {
        try {
            while (!closed) {
                // An interrupt, by foreign code for example that an agent ran, would close the files of another agent's
                // turn on this thread, and keep it from sleeping.
                Thread.interrupted();
                state = RUNNING;
                if (agent.doWork(clock.nanoTime()) == 0 && !isSignalledSoon() && release()) {
                    sleep();
                    if (thrown != null) {
                        onError.accept(thrown);
                        return;
                    }
                }
            }
            // What was queued before the end.
            agent.doWork(clock.nanoTime());
        } catch (Throwable cause) {
            onError.accept(cause);
        }
    }

    private boolean isSignalledSoon() {
        for (int i = 0; i < SPINS && state == RUNNING; i++) {
            Thread.onSpinWait();
        }
        return state != RUNNING;
    }

    /** Gives the agent up, unless there may be work that nobody has seen. */
    private boolean release() {
        return STATE.compareAndSet(this, RUNNING, ASLEEP);
    }

    /** Sleeps until this thread owns the agent: it was handed over, or the time is up and nobody runs it. */
    private void sleep() {
        do {
            LockSupport.parkNanos(this, maxSleepNanos);
        } while (state != HANDED && !STATE.compareAndSet(this, ASLEEP, RUNNING));
    }

    /** Wakes the thread if it sleeps. Any thread may call, after it has queued the work. */
    public void wake() {
        // Queues publish by ordered writes, which a later read may overtake.
        VarHandle.fullFence();
        for (int seen = state; seen == ASLEEP || seen == RUNNING; seen = state) {
            if (STATE.compareAndSet(this, seen, seen == ASLEEP ? HANDED : SIGNALLED)) {
                if (seen == ASLEEP) {
                    LockSupport.unpark(thread);
                }
                return;
            }
        }
    }

    /**
     * The same for a thread that may run the agent: takes some turns at once if nobody else does, and leaves what is left
     * then to the agent's thread.
     */
    public void help() {
        VarHandle.fullFence();
        if (state != ASLEEP || !STATE.compareAndSet(this, ASLEEP, RUNNING)) {
            wake();
            return;
        }
        boolean done = false;
        helper = Thread.currentThread();
        try {
            for (int i = 0; i < HELPED_TURNS && !done; i++) {
                done = agent.doWork(clock.nanoTime()) == 0;
            }
        } catch (Throwable cause) {
            thrown = cause;
            done = false;
        }
        helper = null;
        if (!done || !release()) {
            state = HANDED;
            LockSupport.unpark(thread);
        } else if (closed) {
            // Its end waits for the agent.
            LockSupport.unpark(thread);
        }
    }

    /** Ends the thread after one more turn of its agent, and waits for it unless the agent itself calls. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        boolean interrupted = false;
        Thread current = Thread.currentThread();
        boolean within = current.equals(thread) || current.equals(helper);
        while (!within && thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
