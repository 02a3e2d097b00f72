package dev.coracle.transport.grpc;

import dev.coracle.codec.CodecException;
import dev.coracle.raft.Message;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way to one of our own nodes: one long call, on which batches follow the handshake. Whatever waits when the call
 * becomes ready leaves as one frame.
 */
final class StreamLink extends Link {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcTransport.class);

    /** How much gRPC may hold for the socket before messages wait here, where they are bounded and become one batch. */
    private static final int READY_BYTES = 256 << 10;

    private @Nullable Attempt current;
    private Verdict lastRefusal = Verdict.ACCEPTED;

    StreamLink(TransportContext context, long peer) {
        super(context, peer);
    }

    @Override
    void connect(String target) {
        ManagedChannel channel = context.network.channel(target);
        ClientCall<Payload, byte[]> call = channel.newCall(
                Methods.MESSAGES.client,
                CallOptions.DEFAULT.withExecutor(Runnable::run).withOnReadyThreshold(READY_BYTES));
        Attempt attempt = new Attempt(target, channel, call);
        current = attempt;
        call.start(attempt, new Metadata());
        call.request(1);
        call.sendMessage(Payload.of(Handshake.CODEC, context.handshakeWith(peer)));
    }

    @Override
    void disconnect(String reason) {
        if (current != null) {
            Attempt attempt = current;
            current = null;
            attempt.watchdog.stop();
            attempt.call.cancel(reason, null);
        }
    }

    @Override
    boolean isConnected() {
        return current != null;
    }

    @Override
    void finish() {
        if (current != null) {
            // The peer ends the call when it has seen its end.
            current.watchdog.stop();
            current.call.halfClose();
            current = null;
        }
    }

    @Override
    void pump() {
        Attempt attempt = current;
        if (attempt == null || !attempt.accepted) {
            return;
        }
        while (!queue.isEmpty() && attempt.call.isReady()) {
            attempt.call.sendMessage(nextFrame());
        }
    }

    private Payload nextFrame() {
        List<Message> messages = new ArrayList<>(Math.min(queue.size(), context.config.maxFrameMessages));
        List<byte[]> notes = new ArrayList<>();
        int size = Batch.OVERHEAD_BYTES;
        for (Queued next = queue.peek();
                next != null
                        && messages.size() + notes.size() < context.config.maxFrameMessages
                        && (messages.isEmpty() || size + frameBytes(next) <= context.config.maxFrameBytes);
                next = queue.peek()) {
            size += frameBytes(next);
            if (next.message() != null) {
                messages.add(next.message());
            }
            if (next.note() != null) {
                notes.add(next.note());
            }
            release(queue.remove());
        }
        return Payload.of(context.batches, new Batch(context.config.group, messages, notes));
    }

    private static int frameBytes(Queued queued) {
        return queued.sizeBytes() + Batch.MESSAGE_OVERHEAD_BYTES;
    }

    private void onAnswer(Attempt attempt, byte[] bytes) {
        if (attempt != current) {
            return;
        }
        attempt.watchdog.progressed();
        Answer answer;
        try {
            answer = Answer.CODEC.decode(bytes);
        } catch (CodecException e) {
            abandon(attempt, "its answer is damaged: " + e.getMessage());
            return;
        }
        if (attempt.accepted) {
            onSignOfLife(attempt, answer);
            return;
        }
        Verdict verdict = answer.verdict();
        if (verdict.isAccepted()) {
            verdict = context.config.admission.admitReceiver(peer, answer.incarnation());
        }
        if (verdict.isAccepted()) {
            onAccepted(attempt, answer.incarnation());
        } else {
            onRefused(attempt, verdict);
        }
    }

    private void onAccepted(Attempt attempt, long incarnation) {
        attempt.accepted = true;
        lastRefusal = Verdict.ACCEPTED;
        LOG.info("{} at {}: connected", name(peer), attempt.target);
        context.config.listener.connected(peer, incarnation);
        caughtUp();
        attempt.call.request(1);
        pump();
    }

    private void onSignOfLife(Attempt attempt, Answer answer) {
        if (answer.verdict().isAccepted()) {
            healthy();
            attempt.call.request(1);
        } else {
            onRefused(attempt, answer.verdict());
        }
    }

    private void onRefused(Attempt attempt, Verdict verdict) {
        if (!verdict.equals(lastRefusal)) {
            lastRefusal = verdict;
            context.config.listener.refused(peer, verdict.code(), verdict.text());
        }
        abandon(attempt, "refused, " + verdict);
    }

    private void abandon(Attempt attempt, String trouble) {
        if (attempt == current) {
            disconnect(trouble);
            lost(trouble);
        }
    }

    private void onSilent(Attempt attempt) {
        if (attempt == current) {
            // Nobody may be at the other end of this connection: the next attempt gets another one.
            context.network.discard(attempt.target, attempt.channel);
            abandon(attempt, "no sign of life for " + context.config.silenceTimeout.toMillis() + " ms");
        }
    }

    private void onClose(Attempt attempt, Status status) {
        if (status.getCode() == Status.Code.UNAVAILABLE) {
            context.network.discard(attempt.target, attempt.channel);
        }
        if (attempt == current) {
            current = null;
            attempt.watchdog.stop();
            lost(status.isOk() ? "it ended the stream" : CallException.text(status));
        }
    }

    /** One call. Its callbacks come on the network's threads. */
    private final class Attempt extends ClientCall.Listener<byte[]> {
        final String target;
        final ManagedChannel channel;
        final ClientCall<Payload, byte[]> call;
        final Watchdog watchdog;
        boolean accepted;

        Attempt(String target, ManagedChannel channel, ClientCall<Payload, byte[]> call) {
            this.target = target;
            this.channel = channel;
            this.call = call;
            this.watchdog = new Watchdog(
                    context.scheduler, context.config.silenceTimeout, () -> serial.execute(() -> onSilent(this)));
        }

        @Override
        public void onMessage(byte[] bytes) {
            serial.execute(() -> onAnswer(this, bytes));
        }

        @Override
        public void onReady() {
            serial.execute(() -> {
                pump();
                if (accepted && queue.isEmpty()) {
                    caughtUp();
                }
            });
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            serial.execute(() -> StreamLink.this.onClose(this, status));
        }
    }
}
