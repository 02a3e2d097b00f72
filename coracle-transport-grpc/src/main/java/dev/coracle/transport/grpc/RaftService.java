package dev.coracle.transport.grpc;

import dev.coracle.codec.CodecException;
import dev.coracle.codec.Dialect;
import dev.coracle.codec.RaftRsCodec;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.Message;
import dev.coracle.raft.MessageType;
import dev.coracle.raft.Snapshot;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** raftify's service: its messages go to the node, its requests to the framework. */
final class RaftService {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcTransport.class);
    private static final int OFFER_RETRY_MILLIS = 5;

    private final TransportContext context;
    private final PeerService peers;
    private final UnaryService unary;
    private final AtomicInteger storing = new AtomicInteger();

    RaftService(TransportContext context, PeerService peers, UnaryService unary) {
        this.context = context;
        this.peers = peers;
        this.unary = unary;
    }

    ServerServiceDefinition definition() {
        ServerServiceDefinition.Builder service = ServerServiceDefinition.builder(Methods.RAFT_SERVICE);
        service.addMethod(RaftServiceMethods.SEND_MESSAGE.server, unary.anySize(this::sendMessage));
        RaftServiceHandler handler = context.config.raftServiceHandler;
        if (handler != null) {
            add(service, RaftServiceMethods.REQUEST_ID, handler::requestId);
            add(service, RaftServiceMethods.CHANGE_CONFIG, handler::changeConfig);
            add(service, RaftServiceMethods.PROPOSE, handler::propose);
            add(service, RaftServiceMethods.GET_PEERS, (none, reply) -> handler.getPeers(reply));
            add(service, RaftServiceMethods.SET_PEERS, handler::setPeers);
            add(service, RaftServiceMethods.LEAVE_JOINT, (none, reply) -> handler.leaveJoint(reply));
            add(service, RaftServiceMethods.DEBUG_NODE, (none, reply) -> handler.debugNode(reply));
            add(service, RaftServiceMethods.CREATE_SNAPSHOT, (none, reply) -> handler.createSnapshot(reply));
        }
        return service.build();
    }

    private interface Request<Q, R> {
        void handle(Q request, RaftServiceHandler.Reply<R> reply);
    }

    private <Q, R> void add(
            ServerServiceDefinition.Builder service, RaftServiceMethods.Typed<Q, R> typed, Request<Q, R> request) {
        service.addMethod(typed.method().server, unary.method((bytes, connection, reply) -> {
            Q decoded = typed.request().decode(bytes);
            Verdict verdict = context.config.admission.admitCall(0, connection);
            if (verdict.isAccepted()) {
                request.handle(decoded, new TypedReply<>(typed, reply));
            } else {
                reply.refused(Status.PERMISSION_DENIED.withDescription(verdict.text()));
            }
        }));
    }

    private record TypedReply<R>(RaftServiceMethods.Typed<?, R> typed, UnaryService.Reply reply)
            implements RaftServiceHandler.Reply<R> {
        @Override
        public void done(R response) {
            reply.done(Payload.of(typed.response(), response));
        }

        @Override
        public void failed(String text) {
            reply.failed(Status.UNKNOWN.withDescription(text));
        }
    }

    private void sendMessage(byte[] bytes, Connection connection, UnaryService.Reply reply) throws CodecException {
        if (context.config.dialect != Dialect.RAFT_RS) {
            reply.refused(Status.FAILED_PRECONDITION.withDescription("the dialect of this cluster is "
                    + context.config.dialect + ", it does not take raftify's messages"));
            return;
        }
        Message message = RaftRsCodec.INSTANCE.messages().decode(bytes);
        Status fault = faultOf(message, connection);
        if (fault == null) {
            fault = faultOfSize(message, bytes.length);
        }
        if (fault != null) {
            reply.refused(fault);
        } else if (message.type() == MessageType.INSTALL_SNAPSHOT) {
            beginToStore((Message.InstallSnapshot) message, reply);
        } else {
            handIn(message, reply, retries());
        }
    }

    private @Nullable Status faultOf(Message message, Connection connection) {
        if (!context.isStarted()) {
            return Status.UNAVAILABLE.withDescription("the node is starting");
        }
        Status fault = context.fault(message, message.from());
        if (fault != null) {
            return fault;
        }
        if (message.from() == 0 || message.from() == context.config.id) {
            return Status.INVALID_ARGUMENT.withDescription(
                    "Message.from: " + Long.toUnsignedString(message.from()) + " must be another node");
        }
        if (message.type() == MessageType.INSTALL_SNAPSHOT && message.snapshot().isEmpty()) {
            return Status.INVALID_ARGUMENT.withDescription("Message.snapshot: its index must be above 0");
        }
        if (message instanceof Message.Propose propose) {
            for (Entry entry : propose.entries()) {
                byte[] sequence = entry.context();
                boolean numbered = sequence != null && sequence.length >= Long.BYTES;
                if (entry.type() == EntryType.NORMAL && !entry.isEmpty() && !numbered) {
                    return Status.INVALID_ARGUMENT.withDescription(
                            "Message.entries: a command's context must be its proposer's number, of 8 bytes: nodes of"
                                    + " raftify end when they apply one without");
                }
            }
        }
        Verdict removed = peers.removedVerdictOf(message.from());
        if (!removed.isAccepted()) {
            return Status.FAILED_PRECONDITION.withDescription(removed.text());
        }
        Verdict verdict = context.config.admission.admitCall(message.from(), connection);
        return verdict.isAccepted() ? null : Status.PERMISSION_DENIED.withDescription(verdict.text());
    }

    private @Nullable Status faultOfSize(Message message, int sizeBytes) {
        int most = context.config.maxSnapshotMessageBytes;
        int dataBytes = message.snapshot().data().length();
        if (dataBytes > most) {
            return Status.RESOURCE_EXHAUSTED.withDescription("Message.snapshot: its " + dataBytes
                    + " bytes of data are more than maxSnapshotMessageBytes, " + most);
        }
        if (sizeBytes - dataBytes > context.config.maxFrameBytes) {
            return Status.RESOURCE_EXHAUSTED.withDescription("Message: its " + sizeBytes
                    + " bytes are more than maxFrameBytes, " + context.config.maxFrameBytes);
        }
        return null;
    }

    private void beginToStore(Message.InstallSnapshot message, UnaryService.Reply reply) {
        if (storing.incrementAndGet() > context.config.maxIncomingSnapshots) {
            storing.decrementAndGet();
            reply.refused(Status.RESOURCE_EXHAUSTED.withDescription(
                    "more than " + context.config.maxIncomingSnapshots + " snapshots are arriving"));
            return;
        }
        context.snapshotExecutor.execute(() -> {
            try {
                store(message, reply);
            } finally {
                storing.decrementAndGet();
            }
        });
    }

    private void store(Message.InstallSnapshot message, UnaryService.Reply reply) {
        Snapshot snapshot = message.snapshot();
        try (SnapshotStore.Sink sink = context.config.snapshots.create(context.config.group, snapshot.metadata())) {
            sink.data().write(snapshot.data().array());
            sink.commit();
        } catch (StorageException e) {
            reply.failed(Status.INTERNAL.withDescription(e.getMessage()));
            context.config.listener.storageFailed(e);
            return;
        } catch (IOException e) {
            // No room, perhaps. It costs this snapshot and not the node: nothing has been promised.
            LOG.error("snapshot {} from {}: it could not be stored", snapshot.index(), Link.name(message.from()), e);
            reply.failed(Status.INTERNAL.withDescription("it could not be stored: " + e));
            return;
        }
        handIn(
                new Message.InstallSnapshot(
                        message.from(), message.to(), message.term(), Snapshot.of(snapshot.metadata())),
                reply,
                retries());
    }

    private long retries() {
        return context.config.silenceTimeout.toMillis() / OFFER_RETRY_MILLIS;
    }

    /** Offers until there is room, or until the sender has lost patience. */
    private void handIn(Message message, UnaryService.Reply reply, long retriesLeft) {
        try {
            if (context.offer(message)) {
                reply.done(Payload.EMPTY);
            } else if (retriesLeft > 0 && !context.isClosed()) {
                context.later(() -> handIn(message, reply, retriesLeft - 1), OFFER_RETRY_MILLIS);
            } else {
                reply.refused(Status.RESOURCE_EXHAUSTED.withDescription("the node's queue is full"));
            }
        } catch (RuntimeException e) {
            LOG.error("the node failed on a message from {}", Link.name(message.from()), e);
            reply.failed(Status.INTERNAL.withDescription("the node failed on it: " + e));
        }
    }
}
