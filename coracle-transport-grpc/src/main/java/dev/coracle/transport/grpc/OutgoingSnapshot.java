package dev.coracle.transport.grpc;

import dev.coracle.codec.CodecException;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Message;
import dev.coracle.raft.Snapshot;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A snapshot on its way to one of our own nodes, on a connection of its own: heartbeats do not wait behind it. Chunks
 * are read from the store as the connection takes them, on the threads that may wait for a disk.
 */
final class OutgoingSnapshot {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcTransport.class);

    private final TransportContext context;
    private final Message.InstallSnapshot message;
    private final String address;
    private final Consumer<OutgoingSnapshot> onEnd;
    private volatile @Nullable ClientCall<Payload, byte[]> call;

    /** Why it was broken off; the first reason counts. */
    private final AtomicReference<@Nullable String> trouble = new AtomicReference<>();

    /** @param onEnd called once when it ended, before the result is reported */
    OutgoingSnapshot(
            TransportContext context,
            Message.InstallSnapshot message,
            String address,
            Consumer<OutgoingSnapshot> onEnd) {
        this.context = context;
        // The data goes beside the message.
        this.message = new Message.InstallSnapshot(
                message.from(),
                message.to(),
                message.term(),
                Snapshot.of(message.snapshot().metadata()));
        this.address = address;
        this.onEnd = onEnd;
    }

    /** Starts to send. */
    void start() {
        context.snapshotExecutor.execute(this::open);
    }

    /** Breaks it off. Any thread may call. */
    void cancel(String reason) {
        trouble.compareAndSet(null, reason);
        ClientCall<Payload, byte[]> running = call;
        if (running != null) {
            running.cancel(reason, null);
        }
    }

    private void open() {
        SnapshotStore.Source source;
        try {
            source = context.config.snapshots.open(
                    context.config.group, message.snapshot().metadata().id());
        } catch (StorageException e) {
            end("it could not be opened: " + e.getMessage());
            return;
        }
        ManagedChannel channel = context.network.openChannel(address);
        ClientCall<Payload, byte[]> newCall =
                channel.newCall(Methods.SNAPSHOT.client, CallOptions.DEFAULT.withExecutor(context.snapshotExecutor));
        call = newCall;
        newCall.start(new Sending(source, channel, newCall), new Metadata());
        String reason = trouble.get();
        if (reason != null) {
            newCall.cancel(reason, null);
        }
    }

    private void end(@Nullable String failure) {
        if (failure == null) {
            LOG.info("snapshot {} to {} at {}: stored there", message.snapshot().index(), peer(), address);
        } else {
            LOG.warn("snapshot {} to {} at {}: {}", message.snapshot().index(), peer(), address, failure);
        }
        onEnd.accept(this);
        context.snapshotStatus(message.to(), failure != null);
    }

    private String peer() {
        return Link.name(message.to());
    }

    /** The call; gRPC runs its callbacks one after the other. */
    private final class Sending extends ClientCall.Listener<byte[]> {
        private final SnapshotStore.Source source;
        private final InputStream data;
        private final ManagedChannel channel;
        private final ClientCall<Payload, byte[]> running;
        private final CRC32C checksum = new CRC32C();
        private final Watchdog watchdog;
        private boolean begun;
        private boolean complete;
        private long sentBytes;
        private byte @Nullable [] answer;

        Sending(SnapshotStore.Source source, ManagedChannel channel, ClientCall<Payload, byte[]> running) {
            this.source = source;
            this.data = source.data();
            this.channel = channel;
            this.running = running;
            this.watchdog = new Watchdog(
                    context.scheduler,
                    context.config.snapshotStallTimeout,
                    () -> cancel("no progress for " + context.config.snapshotStallTimeout.toMillis() + " ms"));
        }

        @Override
        public void onReady() {
            try {
                if (!begun) {
                    begun = true;
                    running.request(2);
                    running.sendMessage(Payload.of(
                            context.snapshotHeads,
                            new SnapshotHead(context.handshakeWith(message.to()), message, source.size())));
                }
                while (!complete && trouble.get() == null && running.isReady()) {
                    sendChunk();
                    watchdog.progressed();
                }
            } catch (IOException | RuntimeException e) {
                cancel("it could not be read: " + e);
            }
        }

        private void sendChunk() throws IOException {
            byte[] chunk = data.readNBytes(context.config.chunkBytes);
            if (chunk.length > 0) {
                sentBytes += chunk.length;
                checksum.update(chunk);
                running.sendMessage(Payload.of(SnapshotChunk.CODEC, SnapshotChunk.of(chunk)));
            } else if (sentBytes != source.size()) {
                cancel("it has " + sentBytes + " bytes of data and says that it has " + source.size());
            } else {
                complete = true;
                running.sendMessage(Payload.of(SnapshotChunk.CODEC, SnapshotChunk.end(checksum.getValue())));
                running.halfClose();
                // The receiver may need its time to sync; should it vanish, the connection's keep-alive notices.
                watchdog.stop();
            }
        }

        @Override
        public void onMessage(byte[] bytes) {
            answer = bytes;
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            watchdog.stop();
            channel.shutdown();
            try {
                source.close();
            } catch (IOException e) {
                LOG.warn(
                        "snapshot {}: closing it failed: {}", message.snapshot().index(), e.toString());
            }
            end(result(status));
        }

        private @Nullable String result(Status status) {
            String reason = trouble.get();
            if (reason != null && !status.isOk()) {
                return reason;
            }
            if (!status.isOk()) {
                return CallException.text(status);
            }
            if (answer == null) {
                return "it ended without an answer";
            }
            try {
                Verdict verdict = Answer.CODEC.decode(answer).verdict();
                return verdict.isAccepted() ? null : "refused, " + verdict;
            } catch (CodecException e) {
                return "its answer is damaged: " + e.getMessage();
            }
        }
    }
}
