package dev.coracle.transport.grpc;

import dev.coracle.raft.Message;
import io.grpc.SynchronizationContext;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way to one peer: a bounded queue, and a connection that is dialled again whenever it is lost. While there is
 * none, messages are dropped rather than kept: Raft repeats what still matters.
 *
 * <p>The loop gathers messages and hands them over at a flush; everything else happens in {@link #serial}, on whichever
 * thread comes along.
 */
abstract class Link {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcTransport.class);

    /** What waits: a message, with the size of its bytes, or a note. */
    record Queued(@Nullable Message message, byte @Nullable [] note, int sizeBytes) {}

    final TransportContext context;
    final long peer;
    final SynchronizationContext serial;
    final ArrayDeque<Queued> queue = new ArrayDeque<>();
    final Pacing pacing;

    private final int maxMessageBytes;
    private final AtomicLong queuedBytes = new AtomicLong();
    private final AtomicInteger queuedMessages = new AtomicInteger();

    /** Whether messages are being dropped; that is reported when it begins and not again before it ended. */
    private final AtomicBoolean dropping = new AtomicBoolean();

    // The loop's.
    private List<Queued> outbox = new ArrayList<>();

    // In serial.
    @Nullable
    String address;

    boolean closed;
    private SynchronizationContext.@Nullable ScheduledHandle nextAttempt;
    private String lastTrouble = "";

    Link(TransportContext context, long peer) {
        this.context = context;
        this.peer = peer;
        serial = context.newSerial("the link to " + name(peer), this::startAfresh);
        pacing = new Pacing(context.random);
        maxMessageBytes = context.config.maxFrameBytes - Batch.OVERHEAD_BYTES;
    }

    static String name(long peer) {
        return "node " + Long.toUnsignedString(peer);
    }

    /** Dials the address. */
    abstract void connect(String target);

    /** Gives up the connection, if there is one. */
    abstract void disconnect(String reason);

    /** Tells whether there is a connection, or one on its way: if not, messages are dropped. */
    abstract boolean isConnected();

    /** Sends what can be sent. */
    abstract void pump();

    /** Tells the peer that nothing more comes, after all that was sent. */
    abstract void finish();

    /** Gathers a message for the next flush, and returns whether it is the first. Called by the loop only. */
    final boolean send(Message message) {
        int size = context.messages.sizeOf(message);
        if (size > maxMessageBytes) {
            LOG.error(
                    "{}: a {} of {} bytes is more than the limit of {} and cannot be sent",
                    name(peer),
                    message.type().etcdName(),
                    size,
                    maxMessageBytes);
            drop();
            return false;
        }
        if (!reserve(size)) {
            drop();
            return false;
        }
        outbox.add(new Queued(message, null, size));
        return outbox.size() == 1;
    }

    /** Gathers a note for the next flush as a message; drops it, without a word, if there is no room. */
    final boolean send(byte[] note) {
        if (!reserve(note.length)) {
            return false;
        }
        outbox.add(new Queued(null, note, note.length));
        return outbox.size() == 1;
    }

    /** Hands over what was gathered. Called by the loop only. */
    final void flush() {
        List<Queued> batch = outbox;
        outbox = new ArrayList<>();
        serial.execute(() -> enqueue(batch));
    }

    final void setAddress(String newAddress) {
        serial.execute(() -> {
            if (!closed && !newAddress.equals(address)) {
                disconnect("its address changed");
                address = newAddress;
                pacing.reset();
                retryNow();
            }
        });
    }

    /** Ends it for good. What waits is dropped; a peer that is connected hears an orderly end. */
    final void close() {
        serial.execute(() -> {
            if (!closed) {
                pump();
                finish();
                closed = true;
                cancelRetry();
                dropQueue();
            }
        });
    }

    private void startAfresh() {
        disconnect("it failed");
        lost("the link failed, see the log");
    }

    private boolean reserve(int size) {
        long bytes = queuedBytes.addAndGet(size);
        int messages = queuedMessages.incrementAndGet();
        // One message alone passes whatever its size, so that a small limit cannot hold it up for ever.
        if (messages <= context.config.maxQueueMessages && (bytes <= context.config.maxQueueBytes || bytes == size)) {
            return true;
        }
        queuedBytes.addAndGet(-size);
        queuedMessages.decrementAndGet();
        return false;
    }

    final void release(Queued queued) {
        queuedBytes.addAndGet(-queued.sizeBytes);
        queuedMessages.decrementAndGet();
    }

    private void enqueue(List<Queued> batch) {
        queue.addAll(batch);
        if (closed || !isConnected()) {
            dropQueue();
            return;
        }
        pump();
        if (queue.isEmpty()) {
            caughtUp();
        }
    }

    /** Dropping, if there was any, is over. */
    final void caughtUp() {
        dropping.set(false);
    }

    final void drop() {
        if (dropping.compareAndSet(false, true)) {
            context.unreachable(peer);
        }
    }

    final void dropQueue() {
        if (queue.isEmpty()) {
            return;
        }
        for (Queued queued = queue.poll(); queued != null; queued = queue.poll()) {
            release(queued);
        }
        drop();
    }

    /** The connection is lost, or did not come about: what waits is dropped, and another attempt follows. */
    final void lost(String trouble) {
        if (closed) {
            return;
        }
        note(trouble);
        dropQueue();
        drop();
        cancelRetry();
        nextAttempt =
                serial.schedule(this::retryNow, pacing.nextDelayMillis(), TimeUnit.MILLISECONDS, context.scheduler);
    }

    /** It has worked for a while: the next trouble is news. */
    final void healthy() {
        pacing.reset();
        lastTrouble = "";
    }

    /** Logs trouble once a change, not at each attempt. */
    final void note(String trouble) {
        if (trouble.equals(lastTrouble)) {
            LOG.debug("{} at {}: {}", name(peer), address, trouble);
        } else {
            lastTrouble = trouble;
            LOG.warn("{} at {}: {}", name(peer), address, trouble);
        }
    }

    private void retryNow() {
        cancelRetry();
        if (!closed && address != null) {
            connect(address);
        }
    }

    private void cancelRetry() {
        if (nextAttempt != null) {
            nextAttempt.cancel();
            nextAttempt = null;
        }
    }
}
