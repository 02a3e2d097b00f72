package dev.coracle.transport.grpc;

import dev.coracle.node.SnapshotStore;
import dev.coracle.raft.Message;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot on its way to a node that speaks raftify's service, as one message. It is read from the store straight into
 * the buffers of the connection, which has all of it in direct memory until it has left.
 */
final class WholeSnapshot extends OutgoingSnapshot {
    /** The slowest connection that is waited for, beside the time that the receiver may need. */
    private static final long LEAST_BYTES_PER_SECOND = 1 << 20;

    private volatile @Nullable ClientCall<Payload, byte[]> call;

    WholeSnapshot(
            TransportContext context,
            Message.InstallSnapshot message,
            Supplier<@Nullable String> address,
            Consumer<OutgoingSnapshot> onEnd) {
        super(context, message, address, onEnd);
    }

    @Override
    void send(SnapshotStore.Source from, String target, ManagedChannel channel) {
        int most = context.config.maxSnapshotMessageBytes;
        if (from.size() > most) {
            channel.shutdown();
            end("its " + from.size() + " bytes of data are more than maxSnapshotMessageBytes, " + most);
            return;
        }
        Runnable begin = () -> context.snapshotExecutor.execute(() -> sendNow(from, target, channel));
        if (context.departures.pass(from.size(), begin)) {
            sendNow(from, target, channel);
        }
    }

    private void sendNow(SnapshotStore.Source from, String target, ManagedChannel channel) {
        long timeoutNanos = context.config.snapshotStallTimeout.toNanos()
                + TimeUnit.SECONDS.toNanos(from.size() / LEAST_BYTES_PER_SECOND);
        ClientCall<Payload, byte[]> newCall = channel.newCall(
                RaftServiceMethods.SEND_MESSAGE.client,
                CallOptions.DEFAULT
                        .withExecutor(context.snapshotExecutor)
                        .withDeadlineAfter(timeoutNanos, TimeUnit.NANOSECONDS));
        call = newCall;
        newCall.start(new Answered(channel, target), new Metadata());
        newCall.request(2);
        String reason = trouble();
        if (reason != null) {
            newCall.cancel(reason, null);
            return;
        }
        newCall.sendMessage(new SnapshotPayload(context.config.dialect.codec(), message, from));
        newCall.halfClose();
    }

    @Override
    void disconnect(String reason) {
        ClientCall<Payload, byte[]> running = call;
        if (running != null) {
            running.cancel(reason, null);
        }
    }

    private final class Answered extends ClientCall.Listener<byte[]> {
        private final ManagedChannel channel;
        private final String target;

        Answered(ManagedChannel channel, String target) {
            this.channel = channel;
            this.target = target;
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            channel.shutdown();
            String reason = trouble();
            if (status.isOk()) {
                end(null);
            } else {
                end(reason == null ? target + ": " + CallException.text(status) : reason);
            }
        }
    }
}
