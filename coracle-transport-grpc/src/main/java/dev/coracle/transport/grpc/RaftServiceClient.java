package dev.coracle.transport.grpc;

import dev.coracle.codec.RaftRsCodec;
import dev.coracle.codec.raftify.ChangeConfigArgs;
import dev.coracle.codec.raftify.ChangeConfigResponse;
import dev.coracle.codec.raftify.DebugNodeResponse;
import dev.coracle.codec.raftify.Empty;
import dev.coracle.codec.raftify.GetPeersResponse;
import dev.coracle.codec.raftify.Peers;
import dev.coracle.codec.raftify.ProposeArgs;
import dev.coracle.codec.raftify.ProposeResponse;
import dev.coracle.codec.raftify.RequestIdArgs;
import dev.coracle.codec.raftify.RequestIdResponse;
import dev.coracle.raft.Message;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * Calls one node's {@code raft_service.RaftService}, raftify's or ours. Got from {@link GrpcClient#raftService}.
 * Thread-safe. Futures fail with a {@link CallException}, in any case when the timeout is over.
 */
public final class RaftServiceClient {
    private final GrpcClient client;
    private final String address;

    RaftServiceClient(GrpcClient client, String address) {
        this.client = client;
        this.address = address;
    }

    /** Asks for an id, to join with. */
    public CompletableFuture<RequestIdResponse> requestId(RequestIdArgs args, Duration timeout) {
        return call(RaftServiceMethods.REQUEST_ID, args, timeout);
    }

    /**
     * Changes the members. Look at the response's error first: raftify's result type says success whatever happened.
     */
    public CompletableFuture<ChangeConfigResponse> changeConfig(ChangeConfigArgs args, Duration timeout) {
        return call(RaftServiceMethods.CHANGE_CONFIG, args, timeout);
    }

    /** Proposes an entry. */
    public CompletableFuture<ProposeResponse> propose(ProposeArgs args, Duration timeout) {
        return call(RaftServiceMethods.PROPOSE, args, timeout);
    }

    /**
     * Hands in a message, in raft-rs's dialect.
     *
     * @throws IllegalArgumentException if the dialect cannot say it
     */
    public CompletableFuture<Empty> sendMessage(Message message, Duration timeout) {
        return client.unary(
                address,
                RaftServiceMethods.SEND_MESSAGE,
                Payload.of(RaftRsCodec.INSTANCE.messages(), message),
                timeout,
                Empty.CODEC::decode);
    }

    /** The members, as JSON. */
    public CompletableFuture<GetPeersResponse> getPeers(Duration timeout) {
        return call(RaftServiceMethods.GET_PEERS, new Empty(), timeout);
    }

    /** Replaces what the node knows of the members. */
    public CompletableFuture<Empty> setPeers(Peers peers, Duration timeout) {
        return call(RaftServiceMethods.SET_PEERS, peers, timeout);
    }

    /** Leaves a joint configuration. */
    public CompletableFuture<Empty> leaveJoint(Duration timeout) {
        return call(RaftServiceMethods.LEAVE_JOINT, new Empty(), timeout);
    }

    /** The node's state, as JSON. */
    public CompletableFuture<DebugNodeResponse> debugNode(Duration timeout) {
        return call(RaftServiceMethods.DEBUG_NODE, new Empty(), timeout);
    }

    /** Makes the node take a snapshot. */
    public CompletableFuture<Empty> createSnapshot(Duration timeout) {
        return call(RaftServiceMethods.CREATE_SNAPSHOT, new Empty(), timeout);
    }

    private <Q, R> CompletableFuture<R> call(RaftServiceMethods.Typed<Q, R> typed, Q request, Duration timeout) {
        return client.unary(
                address,
                typed.method(),
                Payload.of(typed.request(), request),
                timeout,
                bytes -> typed.response().decode(bytes));
    }
}
