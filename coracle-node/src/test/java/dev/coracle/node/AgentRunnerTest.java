package dev.coracle.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
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
            one.wake();
            assertThat(first.finished.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void closingWakesASleeperAndGivesItOneMoreTurn() {
        AtomicLong turnsAfterClose = new AtomicLong();
        CountDownLatch idle = new CountDownLatch(3);
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
