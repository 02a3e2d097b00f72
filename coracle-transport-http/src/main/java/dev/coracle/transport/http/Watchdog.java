package dev.coracle.transport.http;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Calls back once nothing has progressed for a while. It looks at a counter a few times within the limit instead of
 * stamping times, so that progress costs next to nothing. The event loop's alone.
 */
final class Watchdog {
    private static final int LOOKS = 4;

    private final Runnable onStall;
    private final Future<?> looking;
    private boolean progressed;
    private int looksWithoutProgress;

    /** Starts to watch. A stall is noticed at the limit or up to a quarter later. */
    Watchdog(EventLoop loop, Duration limit, Runnable onStall) {
        this.onStall = onStall;
        long period = Math.max(1, limit.toNanos() / LOOKS);
        looking = loop.scheduleWithFixedDelay(this::look, period, period, TimeUnit.NANOSECONDS);
    }

    /** Something moved. */
    void progressed() {
        progressed = true;
    }

    /** Watches no longer. May be called several times. */
    void stop() {
        looking.cancel(false);
    }

    private void look() {
        if (progressed) {
            progressed = false;
            looksWithoutProgress = 0;
        } else if (++looksWithoutProgress == LOOKS) {
            stop();
            onStall.run();
        }
    }
}
