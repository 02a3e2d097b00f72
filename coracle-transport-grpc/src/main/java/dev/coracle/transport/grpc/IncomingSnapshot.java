package dev.coracle.transport.grpc;

import dev.coracle.codec.CodecException;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Message;
import dev.coracle.raft.MessageType;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.grpc.StatusException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection on which a snapshot arrives. Its data is written as it comes, one chunk at a time, on the threads that may
 * wait for a disk.
 */
final class IncomingSnapshot extends ServerCall.Listener<byte[]> {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcTransport.class);

    private final TransportContext context;
    private final PeerService service;
    private final ServerCall<byte[], Payload> call;
    private final Watchdog watchdog;

    /** Whether the end was said. What is said is said under the lock. */
    private volatile boolean ended;

    private boolean begun;

    // gRPC runs the callbacks one after the other; others only look.
    private volatile @Nullable ArrivingSnapshot snapshot;

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
        if (ended) {
            return;
        }
        watchdog.progressed();
        try {
            ArrivingSnapshot arriving = snapshot;
            if (arriving == null) {
                open(context.snapshotHeads.decode(frame));
            } else {
                take(SnapshotChunk.CODEC.decode(frame), arriving);
            }
        } catch (CodecException e) {
            fail(Status.INVALID_ARGUMENT.withDescription(e.getMessage()));
        } catch (StatusException e) {
            fail(e.getStatus());
        } catch (IOException e) {
            // No room, perhaps. It costs this snapshot and not the node: nothing has been promised.
            giveUp(Status.INTERNAL.withDescription("it could not be stored: " + e));
        } catch (StorageException e) {
            giveUp(Status.INTERNAL.withDescription("it could not be stored: " + e.getMessage()));
            context.config.listener.storageFailed(e);
        } catch (RuntimeException e) {
            giveUp(Status.INTERNAL.withDescription("it could not be stored: " + e));
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
            answer(new SnapshotAnswer(new Answer(verdict, context.config.incarnation), 0, 0));
            return;
        }
        Status fault = faultOf(newHead);
        if (fault != null) {
            fail(fault);
            return;
        }
        ArrivingSnapshots.Begun begin = service.arriving.begin(newHead, this);
        if (begin == null) {
            fail(Status.RESOURCE_EXHAUSTED.withDescription(
                    "more than " + context.config.maxIncomingSnapshots + " snapshots are arriving"));
            return;
        }
        snapshot = begin.snapshot();
        say(begin.held());
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

    private void take(SnapshotChunk chunk, ArrivingSnapshot of) throws StatusException, StorageException, IOException {
        if (of.take(this, chunk)) {
            watchdog.stop();
            of.handIn();
        } else if (context.arrivals.pass(chunk.data().length(), this::next)) {
            next();
        }
    }

    private void next() {
        watchdog.progressed();
        call.request(1);
    }

    private synchronized void say(SnapshotAnswer held) {
        if (!ended) {
            if (!begun) {
                begun = true;
                call.sendHeaders(new Metadata());
            }
            call.sendMessage(Payload.of(SnapshotAnswer.CODEC, held));
        }
    }

    /** Says the last word: a refusal, or that it is stored and the node has its message. */
    synchronized void answer(SnapshotAnswer last) {
        if (!ended) {
            say(last);
            ended = true;
            call.close(Status.OK, new Metadata());
        }
    }

    private void giveUp(Status status) {
        ArrivingSnapshot arriving = snapshot;
        if (arriving != null) {
            arriving.drop();
        }
        fail(status);
    }

    synchronized void fail(Status status) {
        if (!ended) {
            ended = true;
            ArrivingSnapshot arriving = snapshot;
            if (arriving != null) {
                LOG.warn(
                        "snapshot {} from {}: {}",
                        arriving.index(),
                        Link.name(arriving.sender()),
                        status.getDescription());
            }
            call.close(status, new Metadata());
        }
    }

    @Override
    public void onHalfClose() {
        ArrivingSnapshot arriving = snapshot;
        if (arriving != null && arriving.isIncomplete()) {
            fail(Status.DATA_LOSS.withDescription("it ended before its end"));
        }
    }

    @Override
    public void onComplete() {
        release(true);
    }

    @Override
    public void onCancel() {
        release(false);
    }

    private void release(boolean told) {
        ended = true;
        watchdog.stop();
        ArrivingSnapshot arriving = snapshot;
        if (arriving != null) {
            arriving.detach(this, told);
        }
    }
}
