package dev.coracle.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jctools.queues.SpscArrayQueue;
import org.junit.jupiter.api.Test;

class AgentRunnerTest {
    /** So long that only a wake-up ends a sleep within the test's patience. */
    private static final long FOREVER_NANOS = TimeUnit.HOURS.toNanos(1);

    private static final long PATIENCE_SECONDS = 60;

    private abstract static class TestAgent implements Agent {
        private volatile Runnable wakeUp = () -> {};

        @Override
        public String name() {
            return "test";
        }

        @Override
        public void onWork(Runnable newWakeUp) {
            wakeUp = newWakeUp;
        }

        final void wake() {
            wakeUp.run();
        }
    }

    /** Gives back to another agent what it gets. */
    private static final class Player extends TestAgent {
        private final SpscArrayQueue<Integer> in = new SpscArrayQueue<>(4);
        private final CountDownLatch finished = new CountDownLatch(1);
        private Player other = this;

        @Override
        public int doWork(long nowNanos) {
            Integer ball = in.poll();
            if (ball == null) {
                return 0;
            }
            if (ball == 0) {
                finished.countDown();
            } else {
                other.in.offer(ball - 1);
                other.wake();
            }
            return 1;
        }
    }

    @Test
    void noWakeUpIsLostInManyHandOffsBetweenAgentsThatFallAsleep() throws InterruptedException {
        Player first = new Player();
        Player second = new Player();
        first.other = second;
        second.other = first;
        try (AgentRunner one = start(first);
                AgentRunner two = start(second)) {
            // An even number, so that the ball ends where it began. Each hand-off races with falling asleep.
            first.in.offer(40_000);
            two.wake();
            one.wake();
            assertThat(first.finished.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void closingWakesASleeperAndGivesItOneMoreTurn() {
        AtomicLong turnsAfterClose = new AtomicLong();
        CountDownLatch idle = new CountDownLatch(1);
        boolean[] closing = new boolean[1];
        TestAgent agent = new TestAgent() {
            @Override
            public int doWork(long nowNanos) {
                idle.countDown();
                synchronized (closing) {
                    if (closing[0]) {
                        turnsAfterClose.incrementAndGet();
                    }
                }
                return 0;
            }
        };
        AgentRunner runner = start(agent);
        awaitQuietly(idle);
        synchronized (closing) {
            closing[0] = true;
        }
        runner.close();
        assertThat(turnsAfterClose.get()).isPositive();
    }

    @Test
    void whatAnAgentThrowsIsReportedAndEndsItsThread() throws InterruptedException {
        CountDownLatch reported = new CountDownLatch(1);
        AtomicReference<Throwable> cause = new AtomicReference<>();
        TestAgent agent = new TestAgent() {
            @Override
            public int doWork(long nowNanos) {
                throw new IllegalStateException("broken");
            }
        };
        try (AgentRunner runner = AgentRunner.start("broken", agent, System::nanoTime, FOREVER_NANOS, thrown -> {
            cause.set(thrown);
            reported.countDown();
        })) {
            assertThat(reported.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
            runner.wake();
        }
        assertThat(cause.get()).hasMessage("broken");
    }

    /** Counts what it is given, and fails if two threads run it at once. */
    private static final class Counting extends TestAgent {
        private final AtomicLong given = new AtomicLong();
        private final AtomicBoolean running = new AtomicBoolean();
        private final AtomicBoolean overlapped = new AtomicBoolean();
        private final CountDownLatch finished = new CountDownLatch(1);
        private final long all;
        private final AtomicReference<Thread> lastWorker = new AtomicReference<>();
        private long taken;

        Counting(long all) {
            this.all = all;
        }

        @Override
        public int doWork(long nowNanos) {
            if (!running.compareAndSet(false, true)) {
                overlapped.set(true);
            }
            long next = given.getAndSet(0);
            taken += next;
            if (next > 0) {
                lastWorker.set(Thread.currentThread());
            }
            if (taken == all) {
                finished.countDown();
            }
            running.set(false);
            return (int) next;
        }
    }

    @Test
    void aHelperRunsTheAgentItselfWhileItsThreadSleeps() {
        Counting agent = new Counting(1);
        try (AgentRunner runner = start(agent)) {
            // Until its thread has fallen asleep the help is only a wake-up.
            while (agent.lastWorker.get() != Thread.currentThread()) {
                agent.given.incrementAndGet();
                runner.help();
                Thread.onSpinWait();
            }
        }
        assertThat(agent.overlapped).isFalse();
    }

    @Test
    void noWorkIsLostAndNoTurnOverlapsWithManyHelpersAndWakers() throws InterruptedException {
        int each = 50_000;
        List<Thread> threads = new ArrayList<>();
        Counting agent = new Counting(4L * each);
        try (AgentRunner runner = start(agent)) {
            for (int number = 0; number < 4; number++) {
                boolean helps = number % 2 == 0;
                Thread thread = new Thread(() -> {
                    for (int i = 0; i < each; i++) {
                        agent.given.incrementAndGet();
                        if (helps) {
                            runner.help();
                        } else {
                            runner.wake();
                        }
                    }
                });
                threads.add(thread);
                thread.start();
            }
            assertThat(agent.finished.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
            for (Thread thread : threads) {
                thread.join();
            }
        }
        assertThat(agent.overlapped).isFalse();
    }

    @Test
    void aHelperLeavesEndlessWorkToTheAgentsThread() throws InterruptedException {
        CountDownLatch othersTurn = new CountDownLatch(1);
        Thread helper = Thread.currentThread();
        AtomicBoolean busy = new AtomicBoolean();
        AtomicBoolean helped = new AtomicBoolean();
        TestAgent agent = new TestAgent() {
            @Override
            public int doWork(long nowNanos) {
                if (!busy.get()) {
                    return 0;
                }
                if (Thread.currentThread() == helper) {
                    helped.set(true);
                } else if (helped.get()) {
                    othersTurn.countDown();
                }
                return 1;
            }
        };
        try (AgentRunner runner = start(agent)) {
            while (!helped.get()) {
                busy.set(true);
                runner.help();
                busy.set(helped.get());
            }
            assertThat(othersTurn.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void whatAnAgentThrowsAtAHelperIsReportedByItsThreadWhichEnds() throws InterruptedException {
        CountDownLatch reported = new CountDownLatch(1);
        AtomicReference<Throwable> cause = new AtomicReference<>();
        Thread helper = Thread.currentThread();
        TestAgent agent = new TestAgent() {
            @Override
            public int doWork(long nowNanos) {
                if (Thread.currentThread() == helper) {
                    throw new IllegalStateException("broken");
                }
                return 0;
            }
        };
        try (AgentRunner runner = AgentRunner.start("broken", agent, System::nanoTime, FOREVER_NANOS, thrown -> {
            cause.set(thrown);
            reported.countDown();
        })) {
            while (!reported.await(1, TimeUnit.MILLISECONDS)) {
                runner.help();
            }
        }
        assertThat(cause.get()).hasMessage("broken");
    }

    @Test
    void anAgentMayEndItsRunnerWhoeverRunsIt() {
        Thread helper = Thread.currentThread();
        AtomicReference<AgentRunner> itself = new AtomicReference<>();
        AtomicBoolean closedByHelper = new AtomicBoolean();
        TestAgent agent = new TestAgent() {
            @Override
            public int doWork(long nowNanos) {
                if (Thread.currentThread() == helper) {
                    itself.get().close();
                    closedByHelper.set(true);
                }
                return 0;
            }
        };
        AgentRunner runner = start(agent);
        itself.set(runner);
        while (!closedByHelper.get()) {
            runner.help();
        }
        runner.close();
    }

    @Test
    void anInterruptIsForgottenBeforeTheNextTurn() {
        CountDownLatch turns = new CountDownLatch(100);
        AtomicBoolean interrupted = new AtomicBoolean();
        TestAgent agent = new TestAgent() {
            @Override
            public int doWork(long nowNanos) {
                interrupted.compareAndSet(false, Thread.currentThread().isInterrupted());
                Thread.currentThread().interrupt();
                turns.countDown();
                return turns.getCount() > 0 ? 1 : 0;
            }
        };
        AgentRunner runner = start(agent);
        awaitQuietly(turns);
        assertThat(interrupted).isFalse();
        runner.close();
    }

    private static AgentRunner start(Agent agent) {
        return AgentRunner.start("test", agent, System::nanoTime, FOREVER_NANOS, thrown -> {
            throw new AssertionError(thrown);
        });
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            assertThat(latch.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
