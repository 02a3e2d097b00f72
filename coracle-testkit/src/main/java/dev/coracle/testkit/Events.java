package dev.coracle.testkit;

import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/** What will happen, in the order of its time; what happens at one time, in the order in which it was planned. */
final class Events {
    private record Event(long at, long number, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(number, other.number);
        }
    }

    private final PriorityQueue<Event> queue = new PriorityQueue<>();
    private long nowNanos;
    private long planned;
    private long happened;

    /** The time that has passed since the beginning. */
    long nowNanos() {
        return nowNanos;
    }

    /** How much has happened. */
    long happened() {
        return happened;
    }

    /** Plans something for {@code delayNanos} from now; at once if that is not greater than 0. */
    void after(long delayNanos, Runnable action) {
        queue.add(new Event(nowNanos + Math.max(0, delayNanos), planned++, action));
    }

    /** Lets the next thing happen if it is due up to a time; returns false, and the time is that, if nothing is. */
    boolean next(long untilNanos) {
        @Nullable Event next = queue.peek();
        if (next == null || next.at > untilNanos) {
            nowNanos = Math.max(nowNanos, untilNanos);
            return false;
        }
        queue.remove();
        nowNanos = next.at;
        happened++;
        next.action.run();
        return true;
    }
}
