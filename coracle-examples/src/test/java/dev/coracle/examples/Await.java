package dev.coracle.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Waits for what processes do that can tell nobody. */
public final class Await {
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    /** What is waited for. */
    @FunctionalInterface
    public interface Condition {
        boolean holds() throws Exception;
    }

    private Await() {}

    /** Waits two minutes at most. */
    public static void until(String what, Condition condition) throws Exception {
        until(PATIENCE, what, condition);
    }

    /** Waits until something holds, asking again and again; says what it waited for if it does not in time. */
    public static void until(Duration patience, String what, Condition condition) throws Exception {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!condition.holds()) {
            assertThat(deadline - System.nanoTime()).as("%s, in time", what).isPositive();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20)); // Only asks less often.
        }
    }
}
