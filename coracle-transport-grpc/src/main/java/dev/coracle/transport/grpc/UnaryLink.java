package dev.coracle.transport.grpc;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The way to a node that speaks raftify's service: one call a message, the next one when the last is answered, which
 * keeps their order. Snapshots go beside it.
 */
final class UnaryLink extends Link {
    private boolean connected;
    private @Nullable Sending current;

    UnaryLink(TransportContext context, long peer) {
        super(context, peer);
    }

    @Override
    void connect(String target) {
        connected = true;
        pump();
    }

    @Override
    void disconnect(String reason) {
        connected = false;
        if (current != null) {
            Sending sending = current;
            current = null;
            sending.call.cancel(reason, null);
            release(sending.queued);
        }
    }

    @Override
    boolean isConnected() {
        return connected;
    }

    @Override
    void finish() {
        disconnect("this node is closing");
    }

    @Override
    void pump() {
        String target = address;
        if (!connected || current != null || target == null) {
            return;
        }
        Queued next = queue.poll();
        if (next == null) {
            return;
        }
        ManagedChannel channel = context.network.channel(target);
        long timeoutNanos = context.config.silenceTimeout.toNanos();
        ClientCall<Payload, byte[]> call = channel.newCall(
                RaftServiceMethods.SEND_MESSAGE.client,
                CallOptions.DEFAULT.withExecutor(Runnable::run).withDeadlineAfter(timeoutNanos, TimeUnit.NANOSECONDS));
        Sending sending = new Sending(target, channel, call, next);
        current = sending;
        call.start(sending, new Metadata());
        call.request(2);
        call.sendMessage(Payload.of(context.messages, Objects.requireNonNull(next.message()), next.sizeBytes()));
        call.halfClose();
    }

    private void onClose(Sending sending, Status status) {
        if (!status.isOk()) {
            context.network.discard(sending.target, sending.channel);
        }
        if (sending != current) {
            return;
        }
        current = null;
        release(sending.queued);
        if (status.isOk()) {
            healthy();
            pump();
            if (current == null) {
                caughtUp();
            }
        } else {
            connected = false;
            lost(CallException.text(status));
        }
    }

    /** One message on its way. */
    private final class Sending extends ClientCall.Listener<byte[]> {
        final String target;
        final ManagedChannel channel;
        final ClientCall<Payload, byte[]> call;
        final Queued queued;

        Sending(String target, ManagedChannel channel, ClientCall<Payload, byte[]> call, Queued queued) {
            this.target = target;
            this.channel = channel;
            this.call = call;
            this.queued = queued;
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            serial.execute(() -> UnaryLink.this.onClose(this, status));
        }
    }
}
