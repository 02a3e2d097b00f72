package dev.coracle.node;

/**
 * Time, turned into the ticks that the core and this node count by. The loop's.
 *
 * <p>A clock that goes on while the process stands still makes ticks due when it continues: all that time counts as
 * passed, but at most an election timeout's worth, since after a longer pause only that it was too long is of interest.
 */
final class Ticks {
    private final long tickNanos;
    private final int electionTicks;

    /** Whether the first turn has been, at which time begins. */
    private boolean started;

    /** How far time has been turned into ticks: a whole number of ticks after the start. */
    private long upToNanos;

    /** The ticks so far, which may be fewer than have passed. */
    private long count;

    Ticks(NodeConfig config) {
        tickNanos = config.tickNanos;
        electionTicks = config.electionTicks;
    }

    /** The ticks so far. */
    long now() {
        return count;
    }

    /** Takes the time since the last call; returns how many ticks are to {@link #pass} for it. */
    int takeDue(long nowNanos) {
        if (!started) {
            started = true;
            upToNanos = nowNanos;
        }
        long due = (nowNanos - upToNanos) / tickNanos;
        if (due <= 0) {
            return 0;
        }
        upToNanos += due * tickNanos;
        return (int) Math.min(due, electionTicks);
    }

    /** Counts one. */
    void pass() {
        count++;
    }

    /** Makes no ticks of the time before {@code nowNanos} that has not become any yet. */
    void forgetBefore(long nowNanos) {
        if (started) {
            upToNanos += Math.max(0, nowNanos - upToNanos) / tickNanos * tickNanos;
        }
    }
}
