package dev.coracle.transport.grpc;

import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Calls back once nothing has progressed for a while. It looks at a counter a few times within the limit instead of
 * stamping times, so that progress costs next to nothing.
 */
final class Watchdog {
    private static final int LOOKS = 4;

    private final AtomicLong progress = new AtomicLong();
    private final Runnable onStall;
    private final ScheduledFuture<?> looking;

    // Touched only by one look after the other.
    private long seen;
    private int looksWithoutProgress;

    /** Starts to watch. A stall is noticed at the limit or up to a quarter later. */
    Watchdog(ScheduledExecutorService scheduler, Duration limit, Runnable onStall) {
        this.onStall = onStall;
        long period = Math.max(1, limit.toNanos() / LOOKS);
        looking = scheduler.scheduleWithFixedDelay(this::look, period, period, TimeUnit.NANOSECONDS);
    }

    /** Something moved. Any thread may call. */
    void progressed() {
        progress.incrementAndGet();
    }

    /** Watches no longer. Any thread may call, several times. */
    void stop() {
        looking.cancel(false);
    }

    private void look() {
        long now = progress.get();
        if (now != seen) {
            seen = now;
            looksWithoutProgress = 0;
        } else if (++looksWithoutProgress == LOOKS) {
            stop();
            onStall.run();
        }
    }
}
