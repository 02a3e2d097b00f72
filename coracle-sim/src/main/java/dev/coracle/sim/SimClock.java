package dev.coracle.sim;

import dev.coracle.node.Clock;

/** Time that passes when told to. It begins before zero, since a monotonic clock may stand anywhere. */
public final class SimClock implements Clock {
    private long now = -2_000_000_000L;

    /** A clock two seconds before zero. */
    public SimClock() {}

    @Override
    public long nanoTime() {
        return now;
    }

    /** Lets time pass. */
    public void advance(long nanos) {
        now += nanos;
    }
}
