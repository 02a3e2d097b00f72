package dev.coracle.transport.grpc;

import dev.coracle.codec.CodecException;
import dev.coracle.raft.Message;
import dev.coracle.raft.MessageType;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.grpc.SynchronizationContext;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A peer's stream of batches. One frame is asked for at a time: while the node's queue is full, the rest of a frame
 * waits here and is offered again soon, no further one is asked for, and the connection's flow control holds up the
 * sender. No thread waits, and nothing that was accepted is dropped.
 */
final class InboundStream {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcTransport.class);

    private static final int SIGNS_OF_LIFE = 4;
    private static final int FIRST_RETRY_MILLIS = 1;
    private static final int LONGEST_RETRY_MILLIS = 16;

    private final TransportContext context;
    private final PeerService service;
    private final ServerCall<byte[], Payload> call;
    private final SynchronizationContext serial;

    // In serial.
    private @Nullable Handshake handshake;
    private List<Message> pending = List.of();
    private int position;
    private int retryMillis = FIRST_RETRY_MILLIS;
    private boolean closed;
    private SynchronizationContext.@Nullable ScheduledHandle timer;

    InboundStream(TransportContext context, PeerService service, ServerCall<byte[], Payload> call) {
        this.context = context;
        this.service = service;
        this.call = call;
        serial = context.newSerial(
                "a peer's stream", () -> end(Status.INTERNAL.withDescription("the node failed on the stream")));
    }

    /** Waits for the handshake. */
    ServerCall.Listener<byte[]> begin() {
        serial.execute(() -> {
            timer = serial.schedule(
                    () -> end(Status.DEADLINE_EXCEEDED.withDescription(
                            "no handshake within " + context.config.handshakeTimeout.toMillis() + " ms")),
                    context.config.handshakeTimeout.toNanos(),
                    TimeUnit.NANOSECONDS,
                    context.scheduler);
            call.request(1);
        });
        return new Callbacks();
    }

    /** Ends it, from outside. */
    void close(Status status) {
        serial.execute(() -> end(status));
    }

    /** Ends it with the reason, from outside. */
    void refuse(Verdict verdict) {
        serial.execute(() -> {
            if (!closed) {
                answer(verdict);
                end(Status.OK);
            }
        });
    }

    private void onFrame(byte[] frame) {
        if (closed) {
            return;
        }
        try {
            if (handshake == null) {
                greet(Handshake.CODEC.decode(frame));
            } else {
                take(context.batches.decode(frame), handshake.node());
            }
        } catch (CodecException e) {
            end(Status.INVALID_ARGUMENT.withDescription(e.getMessage()));
        }
    }

    private void greet(Handshake opener) {
        if (!context.isStarted()) {
            end(Status.UNAVAILABLE.withDescription("the node is starting"));
            return;
        }
        Verdict verdict = service.examine(opener, Connection.of(call.getAttributes()));
        call.sendHeaders(new Metadata());
        answer(verdict);
        if (!verdict.isAccepted()) {
            end(Status.OK);
            return;
        }
        handshake = opener;
        stopTimer();
        long intervalNanos = Math.max(1, context.config.silenceTimeout.toNanos() / SIGNS_OF_LIFE);
        timer = serial.scheduleWithFixedDelay(
                this::signOfLife, intervalNanos, intervalNanos, TimeUnit.NANOSECONDS, context.scheduler);
        call.request(1);
        service.opened(opener.node(), this);
    }

    private void signOfLife() {
        if (!closed && call.isReady()) {
            answer(Verdict.ACCEPTED);
        }
    }

    private void answer(Verdict verdict) {
        call.sendMessage(Payload.of(Answer.CODEC, new Answer(verdict, context.config.incarnation)));
    }

    private void take(Batch batch, long sender) {
        if (batch.group() != context.config.group) {
            end(Status.INVALID_ARGUMENT.withDescription("Batch.group: " + Long.toUnsignedString(batch.group())
                    + " is not that of the handshake, " + Long.toUnsignedString(context.config.group)));
            return;
        }
        for (Message message : batch.messages()) {
            Status fault = context.fault(message, sender);
            if (fault == null && message.type() == MessageType.INSTALL_SNAPSHOT) {
                fault = Status.INVALID_ARGUMENT.withDescription(
                        "Message.type: " + message.type().etcdName() + " travels with its data only");
            }
            if (fault != null) {
                end(fault);
                return;
            }
        }
        batch.notes().forEach(note -> context.offerNote(sender, note));
        pending = batch.messages();
        position = 0;
        deliver();
    }

    private void deliver() {
        if (closed) {
            return;
        }
        int taken = context.offer(pending.subList(position, pending.size()));
        if (taken > 0) {
            retryMillis = FIRST_RETRY_MILLIS;
        }
        position += taken;
        if (position < pending.size()) {
            serial.schedule(this::deliver, retryMillis, TimeUnit.MILLISECONDS, context.scheduler);
            retryMillis = Math.min(2 * retryMillis, LONGEST_RETRY_MILLIS);
            return;
        }
        pending = List.of();
        call.request(1);
    }

    private void end(Status status) {
        if (closed) {
            return;
        }
        if (status.getCode() == Status.Code.INVALID_ARGUMENT && handshake != null) {
            LOG.warn("closing the stream of {}: {}", Link.name(handshake.node()), status.getDescription());
        }
        finished();
        call.close(status, new Metadata());
    }

    private void finished() {
        closed = true;
        pending = List.of();
        stopTimer();
        if (handshake != null) {
            service.closed(handshake.node(), this);
        }
    }

    private void stopTimer() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    /** gRPC's calls, on the network's threads. */
    private final class Callbacks extends ServerCall.Listener<byte[]> {
        @Override
        public void onMessage(byte[] frame) {
            serial.execute(() -> onFrame(frame));
        }

        @Override
        public void onHalfClose() {
            serial.execute(() -> {
                if (position < pending.size()) {
                    // The peer is done, this node is not: what it sent is delivered first.
                    serial.schedule(this::onHalfClose, retryMillis, TimeUnit.MILLISECONDS, context.scheduler);
                } else {
                    end(Status.OK);
                }
            });
        }

        @Override
        public void onCancel() {
            serial.execute(() -> {
                if (!closed) {
                    finished();
                }
            });
        }
    }
}
