package dev.coracle.node;

/** Time. Monotonic, and with no relation to the calendar. May be read by any thread. */
@FunctionalInterface
public interface Clock {
    /** Nanoseconds since some moment. */
    long nanoTime();
}
