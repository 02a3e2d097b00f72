package dev.coracle.node;

import java.util.concurrent.atomic.AtomicLong;
import org.jctools.queues.MpscArrayQueue;
import org.jspecify.annotations.Nullable;

/** Where callers' requests wait for the loop. Bounded by number, and by the bytes of all that have not ended. */
final class RequestQueue {
    private final MpscArrayQueue<Request<?>> queue;
    private final AtomicLong openBytes = new AtomicLong();
    private final long maxOpenBytes;
    private final Lifecycle lifecycle;

    RequestQueue(int capacity, long maxOpenBytes, Lifecycle lifecycle) {
        this.queue = new MpscArrayQueue<>(capacity);
        this.maxOpenBytes = maxOpenBytes;
        this.lifecycle = lifecycle;
    }

    /** Queues a request or fails it. Any thread may call. */
    void submit(Request<?> request) {
        if (lifecycle.hasStopped()) {
            request.fail(stopped());
            return;
        }
        long open = openBytes.addAndGet(request.sizeBytes);
        if (open > maxOpenBytes) {
            openBytes.addAndGet(-request.sizeBytes);
            request.fail(Failure.of(
                    Failure.Kind.OVERLOADED,
                    "requests of " + (open - request.sizeBytes) + " bytes are open, " + maxOpenBytes + " are allowed"));
            return;
        }
        if (!queue.offer(request)) {
            openBytes.addAndGet(-request.sizeBytes);
            request.fail(Failure.of(Failure.Kind.OVERLOADED, "the queue of " + queue.capacity() + " requests is full"));
            return;
        }
        // The loop may have emptied the queue for the last time between the first check and the offer.
        if (lifecycle.hasStopped()) {
            request.fail(stopped());
        }
    }

    /** The next request; the loop {@link #release}s its bytes when it has ended. */
    @Nullable
    Request<?> poll() {
        return queue.poll();
    }

    /** Gives back the bytes of requests that have ended. */
    void release(long bytes) {
        openBytes.addAndGet(-bytes);
    }

    long openBytes() {
        return openBytes.get();
    }

    static Failure stopped() {
        return Failure.of(Failure.Kind.STOPPED, "the node has stopped");
    }
}
