package dev.coracle.transport.grpc;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Lets so many bytes pass in a second, over all who ask; who must wait is served in turn. Instead of looking at a clock
 * it gets its share many times a second while it is in use, and saves up a little, so that a late share costs nothing.
 */
final class Throttle {
    static final int SHARES_PER_SECOND = 100;

    /** How many shares may be saved up. */
    static final int MOST_SHARES = 10;

    private record Waiter(long bytes, Runnable then) {}

    private final ScheduledExecutorService scheduler;
    private final long bytesPerSecond;

    /** As many as there are transfers at most. */
    private final Deque<Waiter> waiting = new ArrayDeque<>();

    /** What may pass, in parts of a byte, {@link #SHARES_PER_SECOND} of them; below 0 after more than that has passed. */
    private long allowance;

    private @Nullable ScheduledFuture<?> refilling;

    /** A limit of bytes a second; 0 for none. */
    Throttle(ScheduledExecutorService scheduler, long bytesPerSecond) {
        this.scheduler = scheduler;
        this.bytesPerSecond = bytesPerSecond;
        this.allowance = MOST_SHARES * bytesPerSecond;
    }

    /**
     * Asks for some bytes to pass, whatever their number.
     *
     * @param then if they may not pass now, is called once they may; it must not wait for anything
     * @return whether they may pass now
     */
    synchronized boolean pass(long bytes, Runnable then) {
        if (bytesPerSecond == 0) {
            return true;
        }
        if (refilling == null) {
            long periodNanos = TimeUnit.SECONDS.toNanos(1) / SHARES_PER_SECOND;
            refilling = scheduler.scheduleAtFixedRate(this::refill, periodNanos, periodNanos, TimeUnit.NANOSECONDS);
        }
        if (waiting.isEmpty() && allowance > 0) {
            allowance -= bytes * SHARES_PER_SECOND;
            return true;
        }
        waiting.addLast(new Waiter(bytes, then));
        return false;
    }

    /** Adds a share. */
    void refill() {
        List<Runnable> passing = new ArrayList<>();
        synchronized (this) {
            allowance = Math.min(allowance + bytesPerSecond, MOST_SHARES * bytesPerSecond);
            while (allowance > 0 && !waiting.isEmpty()) {
                Waiter next = waiting.removeFirst();
                allowance -= next.bytes * SHARES_PER_SECOND;
                passing.add(next.then);
            }
            if (allowance == MOST_SHARES * bytesPerSecond && refilling != null) {
                refilling.cancel(false);
                refilling = null;
            }
        }
        passing.forEach(Runnable::run);
    }
}
