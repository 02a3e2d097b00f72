package dev.coracle.transport.http;

import dev.coracle.raft.Message;
import dev.coracle.raft.MessageType;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All that connects this node with one peer: the two streams that the peer has asked for, on which messages go to it; the
 * two that this node asks it for, on which its messages come; and posts, for what no stream takes.
 *
 * <p>The loop gathers messages and hands them over at a flush; everything else happens on the event loop.
 */
final class Link {
    private static final Logger LOG = LoggerFactory.getLogger(HttpTransport.class);

    final TransportContext context;
    final long peer;

    private final AtomicLong queuedBytes = new AtomicLong();
    private final AtomicInteger queuedMessages = new AtomicInteger();

    /** Whether messages are being dropped; that is reported when it begins and not again before it ended. */
    private final AtomicBoolean dropping = new AtomicBoolean();

    private volatile boolean active;

    // The node's loop's.
    private List<Queued> outbox = new ArrayList<>();

    // The event loop's.
    private final StreamWriter appendWriter;
    private final StreamWriter messageWriter;
    private final StreamReader appendReader;
    private final StreamReader messageReader;
    private final Poster poster;
    private final Prober prober;
    private @Nullable PeerAddress address;
    private @Nullable OutgoingSnapshot snapshot;
    private boolean member;
    private boolean closed;
    private @Nullable Refusal lastRefusal;

    Link(TransportContext context, long peer) {
        this.context = context;
        this.peer = peer;
        appendWriter = new StreamWriter(this, StreamType.APPENDS);
        messageWriter = new StreamWriter(this, StreamType.MESSAGES);
        appendReader = new StreamReader(this, StreamType.APPENDS);
        messageReader = new StreamReader(this, StreamType.MESSAGES);
        poster = new Poster(this);
        prober = new Prober(this);
    }

    String name() {
        return TransportContext.name(peer);
    }

    /** Gathers a message for the next flush, and returns whether it is the first. Called by the node's loop only. */
    boolean send(Message message) {
        int size = context.messages.sizeOf(message);
        int most = context.config.maxFrameBytes - HttpTransportConfig.OVERHEAD_BYTES;
        if (size > most) {
            LOG.error(
                    "{}: a {} of {} bytes is more than the limit of {} and cannot be sent",
                    name(),
                    message.type().etcdName(),
                    size,
                    most);
            drop();
            return false;
        }
        if (!reserve(size)) {
            drop();
            return false;
        }
        outbox.add(new Queued(message, size));
        return outbox.size() == 1;
    }

    /** Hands over what was gathered. Called by the node's loop only. */
    List<Queued> takeOutbox() {
        List<Queued> batch = outbox;
        outbox = new ArrayList<>();
        return batch;
    }

    /** Queues one message from outside of the loop; false if there is no room. */
    boolean offer(Message message) {
        int size = context.messages.sizeOf(message);
        if (size > context.config.maxFrameBytes - HttpTransportConfig.OVERHEAD_BYTES || !reserve(size)) {
            return false;
        }
        context.run(() -> enqueue(List.of(new Queued(message, size))));
        return true;
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

    /** A message has left its queue. */
    void release(Queued queued) {
        queuedBytes.addAndGet(-queued.sizeBytes());
        queuedMessages.decrementAndGet();
    }

    /** A message is lost. That is reported once; any thread may call. */
    void drop() {
        context.config.listener.sendFailed(peer);
        if (dropping.compareAndSet(false, true)) {
            context.unreachable(peer);
        }
    }

    /** Dropping, if there was any, is over. */
    void caughtUp() {
        dropping.set(false);
    }

    /** Drops what waits. */
    void dropAll(ArrayDeque<Queued> queue) {
        if (queue.isEmpty()) {
            return;
        }
        for (Queued queued = queue.poll(); queued != null; queued = queue.poll()) {
            release(queued);
        }
        drop();
    }

    /** Sends what was gathered, each message the best way that there is. */
    void enqueue(List<Queued> batch) {
        for (int i = 0; i < batch.size(); i++) {
            Queued queued = batch.get(i);
            if (closed) {
                release(queued);
                drop();
            } else if (queued.message().type() == MessageType.APPEND && appendWriter.isAttached()) {
                appendWriter.add(queued);
            } else if (messageWriter.isAttached()) {
                messageWriter.add(queued);
            } else {
                poster.add(queued);
            }
        }
        appendWriter.pump();
        messageWriter.pump();
        poster.pump();
    }

    /** Sends a snapshot beside everything else; one at a time. */
    void sendSnapshot(Message.InstallSnapshot message) {
        PeerAddress target = address;
        if (closed || target == null) {
            context.snapshotStatus(peer, true);
        } else if (snapshot != null) {
            LOG.warn(
                    "snapshot {} to {}: another one is on its way",
                    message.snapshot().index(),
                    name());
            context.snapshotStatus(peer, true);
        } else {
            snapshot = new OutgoingSnapshot(this, target, message);
            snapshot.start();
        }
    }

    void snapshotEnded(boolean failed) {
        snapshot = null;
        context.snapshotStatus(peer, failed);
    }

    /**
     * Takes the peer's address.
     *
     * @param known whether it is a member, and not only somebody who told where he is
     */
    void setAddress(PeerAddress newAddress, boolean known) {
        if (closed || (newAddress.equals(address) && member == known)) {
            return;
        }
        member = member || known;
        if (!newAddress.equals(address)) {
            address = newAddress;
            poster.disconnect();
            appendReader.stop();
            messageReader.stop();
        }
        if (member) {
            appendReader.start();
            messageReader.start();
            prober.start();
        }
    }

    @Nullable
    PeerAddress address() {
        return address;
    }

    /** Whether its streams are served: strangers that told where they are only get answers. */
    boolean isMember() {
        return member && !closed;
    }

    StreamWriter writer(StreamType type) {
        return type == StreamType.APPENDS ? appendWriter : messageWriter;
    }

    /** Ends it for good. What waits is dropped; streams end in an orderly way. */
    void close(String reason) {
        if (closed) {
            return;
        }
        closed = true;
        appendWriter.finish();
        messageWriter.finish();
        appendReader.stop();
        messageReader.stop();
        poster.disconnect();
        prober.stop();
        if (snapshot != null) {
            snapshot.cancel(reason);
        }
        if (active) {
            active = false;
            context.config.listener.inactive(peer, reason);
        }
    }

    /** Something worked. */
    void activate() {
        if (!active && !closed) {
            active = true;
            LOG.info("{} at {}: active", name(), address);
            context.config.listener.active(peer);
        }
    }

    /** Something failed. */
    void deactivate(String reason) {
        if (active) {
            active = false;
            LOG.warn("{} at {}: inactive, {}", name(), address, reason);
            context.config.listener.inactive(peer, reason);
        }
    }

    /** The peer has opened a stream: a refusal would be news. */
    void accepted() {
        lastRefusal = null;
    }

    /** The peer does not talk to this node; it is there, though. */
    void refused(Answer answer) {
        refused(answer.refusal(), answer.text());
    }

    void refused(Refusal refusal, String text) {
        if (refusal != lastRefusal) {
            lastRefusal = refusal;
            context.config.listener.refused(peer, refusal, text);
        }
    }

    /** Whether the last thing that was tried with the peer worked. Any thread may call. */
    boolean isActive() {
        return active;
    }

    /** Whether all messages go by streams. */
    boolean isStreaming() {
        return appendWriter.isAttached() && messageWriter.isAttached();
    }
}
