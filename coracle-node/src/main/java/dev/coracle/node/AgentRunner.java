package dev.coracle.node;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * A thread that runs one agent. Idle, it spins for a few microseconds and then sleeps until it is woken or its time is
 * up. Waking a sleeping thread is what costs, so a running one is never woken.
 *
 * <p>No wake-up is lost: the runner says that it sleeps, looks for work once more, and only then sleeps; whoever brings
 * work queues it first and looks whether the runner sleeps afterwards. One of the two sees the other.
 */
public final class AgentRunner implements AutoCloseable {
    /** Longer than a hand-off between two running threads takes, shorter than a wake-up. */
    private static final int SPINS = 64;

    private static final VarHandle ASLEEP;

    static {
        try {
            ASLEEP = MethodHandles.lookup().findVarHandle(AgentRunner.class, "asleep", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Agent agent;
    private final Clock clock;
    private final long maxSleepNanos;
    private final Consumer<Throwable> onError;
    private final Thread thread;
    private volatile boolean asleep;
    private volatile boolean closed;

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
                if (agent.doWork(clock.nanoTime()) == 0 && !foundBySpinning()) {
                    sleep();
                }
            }
            // What was queued before the end.
            agent.doWork(clock.nanoTime());
        } catch (Throwable cause) {
            onError.accept(cause);
        }
    }

    private boolean foundBySpinning() {
        for (int i = 0; i < SPINS; i++) {
            Thread.onSpinWait();
        }
        return agent.doWork(clock.nanoTime()) > 0;
    }

    private void sleep() {
        asleep = true;
        // A volatile write before volatile reads: the queues are looked at after the flag is seen by others.
        VarHandle.fullFence();
        if (!closed && agent.doWork(clock.nanoTime()) == 0 && asleep) {
            LockSupport.parkNanos(this, maxSleepNanos);
        }
        asleep = false;
    }

    /** Wakes the thread if it sleeps. Any thread may call, after it has queued the work. */
    public void wake() {
        // Queues publish by ordered writes, which a later read may overtake.
        VarHandle.fullFence();
        if (asleep && ASLEEP.compareAndSet(this, true, false)) {
            LockSupport.unpark(thread);
        }
    }

    /** Ends the thread after one more turn of its agent, and waits for it. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        boolean interrupted = false;
        while (thread.isAlive() && !Thread.currentThread().equals(thread)) {
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
