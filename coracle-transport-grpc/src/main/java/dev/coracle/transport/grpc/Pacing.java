package dev.coracle.transport.grpc;

import dev.coracle.raft.RandomSource;

/** How long to wait before the next attempt: doubling, with a random half so that nodes do not come in step. */
final class Pacing {
    static final int FIRST_MILLIS = 100;
    static final int LONGEST_MILLIS = 2_000;

    private final RandomSource random;
    private int nextMillis = FIRST_MILLIS;

    Pacing(RandomSource random) {
        this.random = random;
    }

    /** The next wait. */
    int nextDelayMillis() {
        int half = nextMillis / 2;
        nextMillis = Math.min(2 * nextMillis, LONGEST_MILLIS);
        return half + random.next(half + 1);
    }

    /** Starts again with short waits, because it went well. */
    void reset() {
        nextMillis = FIRST_MILLIS;
    }
}
