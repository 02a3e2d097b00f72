package dev.coracle.node;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * All open requests that the loop knows, by deadline: a wheel of linked lists, one a slice of time and used again each
 * round. Adding and removing take constant time and no memory; a deadline is noticed at most one slice late.
 */
final class DeadlineWheel {
    private static final int BUCKETS = 1024;

    private final long sliceNanos;
    private final Anchor[] buckets = new Anchor[BUCKETS];
    private long lastSlice;
    private boolean started;

    DeadlineWheel(long sliceNanos) {
        this.sliceNanos = sliceNanos;
        for (int i = 0; i < BUCKETS; i++) {
            buckets[i] = new Anchor();
        }
    }

    /** Adds a request that is in no list. */
    void add(Request<?> request) {
        Request<?> anchor = buckets[bucket(Math.floorDiv(request.deadlineNanos, sliceNanos))];
        Request<?> last = anchor.previous;
        request.previous = last;
        request.next = anchor;
        if (last != null) {
            last.next = request;
        }
        anchor.previous = request;
    }

    /** Removes a request; tells whether it was there. */
    boolean remove(Request<?> request) {
        Request<?> before = request.previous;
        Request<?> after = request.next;
        if (before == null || after == null) {
            return false;
        }
        before.next = after;
        after.previous = before;
        request.previous = null;
        request.next = null;
        return true;
    }

    /** Shows every request whose deadline has passed; the consumer removes it. */
    void expire(long nowNanos, Consumer<Request<?>> expired) {
        long slice = Math.floorDiv(nowNanos, sliceNanos);
        if (!started) {
            started = true;
            lastSlice = slice - BUCKETS;
        }
        if (slice == lastSlice) {
            return;
        }
        // The last slice again: it was not over when it was looked at.
        long from = Math.max(lastSlice, slice - BUCKETS + 1);
        for (long s = from; s <= slice; s++) {
            visit(bucket(s), nowNanos, false, expired);
        }
        lastSlice = slice;
    }

    /** Shows every request; the consumer removes it. */
    void forEach(Consumer<Request<?>> consumer) {
        for (int i = 0; i < BUCKETS; i++) {
            visit(i, 0, true, consumer);
        }
    }

    @SuppressWarnings("ReferenceEquality") // The anchor itself ends its list.
    private void visit(int bucket, long nowNanos, boolean all, Consumer<Request<?>> consumer) {
        Request<?> anchor = buckets[bucket];
        @Nullable Request<?> request = anchor.next;
        while (request != null && request != anchor) {
            Request<?> following = request.next;
            if (all || request.deadlineNanos - nowNanos <= 0) {
                consumer.accept(request);
            }
            request = following;
        }
    }

    private static int bucket(long slice) {
        return (int) (slice & (BUCKETS - 1));
    }

    /** Where a list begins and ends. */
    private static final class Anchor extends Request<Boolean> {
        Anchor() {
            super(0, 0, new Reply<>() {
                @Override
                public void done(Boolean result) {}

                @Override
                public void failed(Failure failure) {}
            });
            previous = this;
            next = this;
        }
    }
}
