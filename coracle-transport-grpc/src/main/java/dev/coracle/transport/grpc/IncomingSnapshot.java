package dev.coracle.transport.grpc;

import dev.coracle.codec.CodecException;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.Message;
import dev.coracle.raft.MessageType;
import dev.coracle.raft.Snapshot;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A snapshot that arrives. Its data is written as it comes, one chunk at a time, on the threads that may wait for a
 * disk. When it is complete, proven by its checksum and durable, the message is handed in, and only then is the sender
 * told.
 */
final class IncomingSnapshot extends ServerCall.Listener<byte[]> {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcTransport.class);
    private static final int OFFER_RETRY_MILLIS = 5;

    private final TransportContext context;
    private final PeerService service;
    private final ServerCall<byte[], Payload> call;
    private final CRC32C checksum = new CRC32C();
    private final AtomicBoolean answered = new AtomicBoolean();
    private volatile boolean ended;
    private final Watchdog watchdog;

    // gRPC runs the callbacks one after the other; the watchdog only looks at the head.
    private volatile @Nullable SnapshotHead head;
    private SnapshotStore.@Nullable Sink sink;
    private long receivedBytes;

    IncomingSnapshot(TransportContext context, PeerService service, ServerCall<byte[], Payload> call) {
        this.context = context;
        this.service = service;
        this.call = call;
        watchdog = new Watchdog(
                context.scheduler,
                context.config.snapshotStallTimeout,
                () -> fail(Status.DEADLINE_EXCEEDED.withDescription(
                        "no progress for " + context.config.snapshotStallTimeout.toMillis() + " ms")));
    }

    /** Waits for the head. */
    IncomingSnapshot begin() {
        call.request(1);
        return this;
    }

    @Override
    public void onMessage(byte[] frame) {
        if (answered.get()) {
            return;
        }
        watchdog.progressed();
        try {
            SnapshotHead known = head;
            if (known == null) {
                open(context.snapshotHeads.decode(frame));
            } else {
                take(SnapshotChunk.CODEC.decode(frame), known);
            }
        } catch (CodecException e) {
            fail(Status.INVALID_ARGUMENT.withDescription(e.getMessage()));
        } catch (StorageException e) {
            fail(Status.INTERNAL.withDescription("it could not be stored: " + e.getMessage()));
            context.config.listener.storageFailed(e);
        } catch (IOException | RuntimeException e) {
            fail(Status.INTERNAL.withDescription("it could not be stored: " + e));
            context.config.listener.storageFailed(
                    new StorageException("a snapshot from a peer could not be stored", e));
        }
    }

    private void open(SnapshotHead newHead) throws StorageException {
        if (!context.isStarted()) {
            fail(Status.UNAVAILABLE.withDescription("the node is starting"));
            return;
        }
        Verdict verdict = service.examine(newHead.handshake(), Connection.of(call.getAttributes()));
        if (!verdict.isAccepted()) {
            answer(verdict);
            return;
        }
        Status fault = faultOf(newHead);
        if (fault != null) {
            fail(fault);
            return;
        }
        if (!service.beginSnapshot()) {
            fail(Status.RESOURCE_EXHAUSTED.withDescription(
                    "more than " + context.config.maxIncomingSnapshots + " snapshots are arriving"));
            return;
        }
        head = newHead;
        sink = context.config.snapshots.create(
                context.config.group, newHead.message().snapshot().metadata());
        call.request(1);
    }

    private @Nullable Status faultOf(SnapshotHead newHead) {
        Message message = newHead.message();
        Status fault = context.fault(message, newHead.handshake().node());
        if (fault != null) {
            return fault;
        }
        if (message.type() != MessageType.INSTALL_SNAPSHOT || message.snapshot().isEmpty()) {
            return Status.INVALID_ARGUMENT.withDescription(
                    "SnapshotHead.message: it must be an InstallSnapshot with an index above 0");
        }
        return null;
    }

    private void take(SnapshotChunk chunk, SnapshotHead of) throws StorageException, IOException {
        Bytes data = chunk.data();
        receivedBytes += data.length();
        if (receivedBytes > of.sizeBytes()) {
            fail(Status.DATA_LOSS.withDescription("more data than the announced " + of.sizeBytes() + " bytes"));
            return;
        }
        SnapshotStore.Sink open = sink;
        if (open == null) {
            return;
        }
        open.data().write(data.array(), 0, data.length());
        checksum.update(data.array(), 0, data.length());
        if (!chunk.end()) {
            call.request(1);
            return;
        }
        if (receivedBytes != of.sizeBytes()) {
            fail(Status.DATA_LOSS.withDescription(
                    "SnapshotHead.size_bytes: " + of.sizeBytes() + ", but " + receivedBytes + " bytes arrived"));
        } else if (checksum.getValue() != chunk.checksum()) {
            fail(Status.DATA_LOSS.withDescription("SnapshotChunk.checksum: " + Long.toHexString(chunk.checksum())
                    + " is not that of the data, " + Long.toHexString(checksum.getValue())));
        } else {
            watchdog.stop();
            open.commit();
            open.close();
            sink = null;
            // The data was stored beside the message, whatever the sender left in it.
            Message.InstallSnapshot message = (Message.InstallSnapshot) of.message();
            handIn(new Message.InstallSnapshot(
                    message.from(),
                    message.to(),
                    message.term(),
                    Snapshot.of(message.snapshot().metadata())));
        }
    }

    private void handIn(Message.InstallSnapshot message) {
        if (ended) {
            return;
        }
        try {
            if (context.offer(message)) {
                LOG.info("snapshot {} from {}: stored", message.snapshot().index(), Link.name(message.from()));
                answer(Verdict.ACCEPTED);
            } else {
                context.later(() -> handIn(message), OFFER_RETRY_MILLIS);
            }
        } catch (RuntimeException e) {
            LOG.error("the node failed on a snapshot from {}", Link.name(message.from()), e);
            fail(Status.INTERNAL.withDescription("the node failed on it: " + e));
        }
    }

    private void answer(Verdict verdict) {
        if (answered.compareAndSet(false, true)) {
            call.sendHeaders(new Metadata());
            call.sendMessage(Payload.of(Answer.CODEC, new Answer(verdict, context.config.incarnation)));
            call.close(Status.OK, new Metadata());
        }
    }

    private void fail(Status status) {
        if (answered.compareAndSet(false, true)) {
            SnapshotHead known = head;
            if (known != null) {
                LOG.warn("snapshot from {}: {}", Link.name(known.handshake().node()), status.getDescription());
            }
            call.close(status, new Metadata());
        }
    }

    @Override
    public void onHalfClose() {
        if (sink != null) {
            fail(Status.DATA_LOSS.withDescription("it ended after " + receivedBytes + " bytes"));
        }
    }

    @Override
    public void onComplete() {
        release();
    }

    @Override
    public void onCancel() {
        release();
    }

    private void release() {
        ended = true;
        watchdog.stop();
        if (sink != null) {
            sink.close();
            sink = null;
        }
        if (head != null) {
            service.endSnapshot();
        }
    }
}
