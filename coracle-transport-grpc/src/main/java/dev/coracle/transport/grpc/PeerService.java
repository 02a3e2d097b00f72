package dev.coracle.transport.grpc;

import dev.coracle.codec.CodecException;
import dev.coracle.codec.Dialect;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The service of our own nodes: who is let in, and what it may open. */
final class PeerService {
    /** How many removed nodes are remembered; the one longest removed is forgotten first. */
    private static final int MOST_REMOVED = 10_000;

    private final TransportContext context;
    private final UnaryService unary;

    /** The stream of each peer, the newest one. */
    private final Map<Long, InboundStream> streams = new ConcurrentHashMap<>();

    final ArrivingSnapshots arriving;

    private final Map<Long, Boolean> removed = Collections.synchronizedMap(new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Boolean> eldest) {
            return size() > MOST_REMOVED;
        }
    });

    PeerService(TransportContext context, UnaryService unary) {
        this.context = context;
        this.unary = unary;
        arriving = new ArrivingSnapshots(context);
    }

    ServerServiceDefinition definition() {
        return ServerServiceDefinition.builder(Methods.PEER_SERVICE)
                .addMethod(Methods.MESSAGES.server, (call, headers) -> new InboundStream(context, this, call).begin())
                .addMethod(
                        Methods.SNAPSHOT.server, (call, headers) -> new IncomingSnapshot(context, this, call).begin())
                .addMethod(Methods.CALL.server, unary.method(this::handleCall))
                .build();
    }

    /** Tells a node that was removed so, now and whenever it calls. */
    void remove(long node) {
        removed.put(node, true);
        InboundStream stream = streams.get(node);
        if (stream != null) {
            stream.refuse(removedVerdict(node));
        }
    }

    /** A node is a member, maybe again. */
    void add(long node) {
        removed.remove(node);
    }

    /** Decides about the opener of a stream. */
    Verdict examine(Handshake handshake, Connection connection) {
        GrpcTransportConfig config = context.config;
        if (handshake.version() != Handshake.VERSION) {
            return differs(RefusalCode.VERSION, "version", Handshake.VERSION, handshake.version());
        }
        if (handshake.clusterId() != config.clusterId) {
            return differs(RefusalCode.CLUSTER, "cluster", config.clusterId, handshake.clusterId());
        }
        if (handshake.group() != config.group) {
            return differs(RefusalCode.GROUP, "group", config.group, handshake.group());
        }
        if (config.dialect == Dialect.RAFT_RS) {
            return Verdict.refused(RefusalCode.DIALECT, "this cluster speaks raftify's protocol");
        }
        if (handshake.receiver() != config.id) {
            return Verdict.refused(
                    RefusalCode.RECEIVER,
                    "this is " + Link.name(config.id) + ", the caller wants " + Link.name(handshake.receiver()));
        }
        if (handshake.node() == config.id) {
            return Verdict.refused(
                    RefusalCode.INCARNATION,
                    handshake.incarnation() == config.incarnation
                            ? Link.name(config.id) + " calls itself"
                            : "another node has the id of this one, " + Long.toUnsignedString(config.id));
        }
        Verdict verdict = removedVerdictOf(handshake.node());
        if (!verdict.isAccepted()) {
            return verdict;
        }
        return config.admission.admit(handshake, connection);
    }

    /** Accepts all who were not removed. */
    Verdict removedVerdictOf(long node) {
        return removed.containsKey(node) ? removedVerdict(node) : Verdict.ACCEPTED;
    }

    private static Verdict removedVerdict(long node) {
        return Verdict.refused(RefusalCode.REMOVED, Link.name(node) + " was removed from the cluster");
    }

    private static Verdict differs(RefusalCode code, String what, long own, long other) {
        return Verdict.refused(
                code,
                what + ": it is " + Long.toUnsignedString(own) + " here, the caller has "
                        + Long.toUnsignedString(other));
    }

    /** A peer's stream was accepted. An older one is a leftover of a connection that broke. */
    void opened(long node, InboundStream stream) {
        InboundStream older = streams.put(node, stream);
        if (older != null) {
            older.close(Status.ABORTED.withDescription(Link.name(node) + " opened a newer stream"));
        }
        // It may have been removed since it was examined; remove() looks at the streams after it noted that.
        if (removed.containsKey(node)) {
            stream.refuse(removedVerdict(node));
        }
    }

    void closed(long node, InboundStream stream) {
        streams.remove(node, stream);
    }

    void closeAll() {
        streams.values().forEach(stream -> stream.close(Status.UNAVAILABLE.withDescription("the node is closing")));
    }

    private void handleCall(byte[] bytes, Connection connection, UnaryService.Reply reply) throws CodecException {
        CallRequest request = CallRequest.CODEC.decode(bytes);
        if (request.clusterId() != 0 && request.clusterId() != context.config.clusterId) {
            reply.refused(Status.FAILED_PRECONDITION.withDescription(
                    differs(RefusalCode.CLUSTER, "cluster", context.config.clusterId, request.clusterId())
                            .text()));
            return;
        }
        Verdict verdict = context.config.admission.admitCall(request.from(), connection);
        if (!verdict.isAccepted()) {
            reply.refused(Status.PERMISSION_DENIED.withDescription(verdict.text()));
            return;
        }
        context.config.callHandler.handle(
                request.from(), request.kind(), request.payload().array(), new CallHandler.Responder() {
                    @Override
                    public void answer(byte[] response) {
                        reply.done(Payload.of(response));
                    }

                    @Override
                    public void refuse(String text) {
                        reply.refused(Status.ABORTED.withDescription(text));
                    }

                    @Override
                    public void unknown(String text) {
                        reply.failed(Status.UNKNOWN.withDescription(text));
                    }
                });
    }
}
