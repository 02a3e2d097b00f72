package dev.coracle.transport.http;

import static dev.coracle.transport.http.Outcomes.ignore;

import dev.coracle.codec.CodecException;
import dev.coracle.raft.Message;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One of the two streams on which a peer's messages come: asked for again whenever it is lost. While the node's queue is
 * full no more is read, and TCP holds up the sender; nothing is dropped as long as the connection lasts.
 */
final class StreamReader {
    private static final Logger LOG = LoggerFactory.getLogger(HttpTransport.class);

    private static final int OK = 200;
    private static final long FIRST_RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long LONGEST_RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(16);

    private final Link link;
    private final TransportContext context;
    private final StreamType type;
    private final TroubleLog troubles;
    private @Nullable Attempt current;
    private @Nullable Future<?> nextAttempt;

    StreamReader(Link link, StreamType type) {
        this.link = link;
        this.context = link.context;
        this.type = type;
        troubles = new TroubleLog("stream " + type.path + " from " + link.name());
    }

    /** Asks for the stream, unless that has begun. */
    void start() {
        PeerAddress address = link.address();
        if (current == null && nextAttempt == null && address != null) {
            current = new Attempt(address);
            current.open();
        }
    }

    void stop() {
        if (nextAttempt != null) {
            nextAttempt.cancel(false);
            nextAttempt = null;
        }
        if (current != null) {
            Attempt attempt = current;
            current = null;
            attempt.watchdog.stop();
            attempt.close();
        }
    }

    private void lost(Attempt attempt, String trouble) {
        attempt.watchdog.stop();
        if (attempt != current) {
            return;
        }
        current = null;
        troubles.note(trouble);
        if (attempt.refusal == null) {
            link.deactivate("stream " + type.path + ": " + trouble);
        }
        nextAttempt = context.later(
                () -> {
                    nextAttempt = null;
                    start();
                },
                context.config.redialInterval.toNanos());
    }

    /** One connection. */
    private final class Attempt extends ClientConnection {
        final Watchdog watchdog;
        private final FrameDecoder decoder =
                type.newDecoder(context.config.id, link.peer, context.config.maxFrameBytes);
        private @Nullable Answer refusal;
        private boolean streaming;

        /** What has arrived and was not taken yet. */
        private List<Message> pending = new ArrayList<>();

        private int position;
        private boolean retrying;
        private long retryNanos = FIRST_RETRY_NANOS;
        private @Nullable String afterDelivery;

        Attempt(PeerAddress address) {
            super(link.context, address);
            watchdog = new Watchdog(
                    context.loop,
                    context.config.silenceTimeout,
                    () -> onSilent("no sign of life for " + context.config.silenceTimeout.toMillis() + " ms"));
        }

        private void onSilent(String trouble) {
            if (streaming && type == StreamType.MESSAGES) {
                // Nobody may be at the other end of its streams from here either: what went there last may be lost.
                link.drop();
            }
            end(trouble);
        }

        @Override
        void onOpen(Channel open) {
            ignore(open.write(signed(
                    get(Protocol.STREAM_PREFIX + type.path + "/" + Protocol.hex(context.config.id)), link.peer)));
            ignore(open.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT));
        }

        @Override
        void onAnswer(HttpResponse head) {
            watchdog.progressed();
            String version = head.headers().get(Protocol.SERVER_VERSION);
            if (head.status().code() != OK) {
                refusal = new Answer(head);
            } else if (!Protocol.fitsAnswerer(version)) {
                link.refused(Refusal.VERSION, String.valueOf(version));
                end("its version is " + version + ", which has no such streams");
            } else {
                streaming = true;
                troubles.healthy();
                LOG.debug("stream {} from {} at {}: open", type.path, link.name(), address);
                link.accepted();
                link.activate();
            }
        }

        @Override
        void onBody(ByteBuf bytes) {
            watchdog.progressed();
            if (refusal != null) {
                refusal.add(bytes);
                return;
            }
            context.config.listener.received(link.peer, bytes.readableBytes());
            int before = pending.size();
            try {
                decoder.decode(bytes, pending);
                keepSound(before);
            } catch (CodecException e) {
                context.config.listener.receiveFailed(link.peer);
                afterDelivery = "its frames are damaged: " + e.getMessage();
                deliver();
            }
        }

        /**
         * Looks at the messages from {@code first} on.
         *
         * @throws CodecException if one names somebody whom the stream does not stand for; those before it are kept
         */
        private void keepSound(int first) throws CodecException {
            int kept = first;
            for (int i = first; i < pending.size(); i++) {
                Message message = pending.get(i);
                String fault = context.fault(message, link.peer);
                if (fault == null) {
                    pending.set(kept++, message);
                } else if (TransportContext.isPassedOn(message.type())) {
                    // Its author does not speak for himself here, and everybody repeats what still matters.
                    LOG.debug(
                            "dropping a {} that {} passes on: {}",
                            message.type().etcdName(),
                            link.name(),
                            fault);
                } else {
                    pending.subList(kept, pending.size()).clear();
                    throw new CodecException("Message", 0, fault);
                }
            }
            pending.subList(kept, pending.size()).clear();
        }

        @Override
        void onReadComplete() {
            deliver();
        }

        private void deliver() {
            if (retrying) {
                return;
            }
            try {
                deliverPending();
            } catch (RuntimeException e) {
                LOG.error("the node failed on messages from {}", link.name(), e);
                end("the node failed on its messages: " + e);
            }
        }

        private void deliverPending() {
            int taken = pending.isEmpty() ? 0 : context.offer(pending.subList(position, pending.size()));
            if (taken > 0) {
                retryNanos = FIRST_RETRY_NANOS;
            }
            position += taken;
            if (position < pending.size()) {
                pause();
                return;
            }
            // The node may keep what it was given.
            pending = new ArrayList<>();
            position = 0;
            if (afterDelivery != null) {
                end(afterDelivery);
            } else {
                setAutoRead(true);
            }
        }

        private void pause() {
            setAutoRead(false);
            retrying = true;
            ignore(context.later(this::retry, retryNanos));
            retryNanos = Math.min(2 * retryNanos, LONGEST_RETRY_NANOS);
        }

        private void retry() {
            retrying = false;
            if (!isOver() && !context.isClosed()) {
                watchdog.progressed();
                deliver();
            }
        }

        private void setAutoRead(boolean value) {
            Channel open = channel();
            if (open != null) {
                open.config().setAutoRead(value);
            }
        }

        @Override
        void onAnswerEnd() {
            if (refusal != null) {
                link.refused(refusal);
                end(refusal.toString());
            } else {
                afterDelivery = "it ended the stream";
                deliver();
            }
        }

        @Override
        void onEnd(String trouble) {
            lost(this, trouble);
        }
    }
}
