package dev.coracle.transport.grpc;

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

/**
 * Answers the requests of raftify's service, now or later. Runs on a thread of the transport, of which there are few:
 * what takes long is to be handed on. An exception is told to the caller. (The ninth method, SendMessage, is the
 * transport's own.)
 */
public interface RaftServiceHandler {
    /**
     * Takes the answer to one request, once; what comes later is ignored. Any thread may call; nothing blocks.
     *
     * @param <R> the response
     */
    interface Reply<R> {
        /** Answers. */
        void done(R response);

        /** Fails the call with a text, where the response has no place for one. */
        void failed(String text);
    }

    /** A node that wants to join asks for an id and for the members. */
    void requestId(RequestIdArgs args, Reply<RequestIdResponse> reply);

    /** Changes the members. */
    void changeConfig(ChangeConfigArgs args, Reply<ChangeConfigResponse> reply);

    /** Proposes an entry; the answer comes when it is applied. */
    void propose(ProposeArgs args, Reply<ProposeResponse> reply);

    /** Tells the members, as JSON. */
    void getPeers(Reply<GetPeersResponse> reply);

    /** Replaces what is known of the members. */
    void setPeers(Peers peers, Reply<Empty> reply);

    /** Leaves a joint configuration. */
    void leaveJoint(Reply<Empty> reply);

    /** Tells the node's state, as JSON. */
    void debugNode(Reply<DebugNodeResponse> reply);

    /** Makes a snapshot. */
    void createSnapshot(Reply<Empty> reply);
}
