package dev.coracle.transport.grpc;

import dev.coracle.codec.Codec;
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

/** The methods of raftify's service. */
final class RaftServiceMethods {
    /** A method with the codecs of its request and of its response. */
    record Typed<Q, R>(Methods.Method method, Codec<Q> request, Codec<R> response) {}

    static final Typed<RequestIdArgs, RequestIdResponse> REQUEST_ID =
            typed("RequestId", RequestIdArgs.CODEC, RequestIdResponse.CODEC);
    static final Typed<ChangeConfigArgs, ChangeConfigResponse> CHANGE_CONFIG =
            typed("ChangeConfig", ChangeConfigArgs.CODEC, ChangeConfigResponse.CODEC);
    static final Typed<ProposeArgs, ProposeResponse> PROPOSE =
            typed("Propose", ProposeArgs.CODEC, ProposeResponse.CODEC);
    static final Typed<Empty, GetPeersResponse> GET_PEERS = typed("GetPeers", Empty.CODEC, GetPeersResponse.CODEC);
    static final Typed<Peers, Empty> SET_PEERS = typed("SetPeers", Peers.CODEC, Empty.CODEC);
    static final Typed<Empty, Empty> LEAVE_JOINT = typed("LeaveJoint", Empty.CODEC, Empty.CODEC);
    static final Typed<Empty, DebugNodeResponse> DEBUG_NODE = typed("DebugNode", Empty.CODEC, DebugNodeResponse.CODEC);
    static final Typed<Empty, Empty> CREATE_SNAPSHOT = typed("CreateSnapshot", Empty.CODEC, Empty.CODEC);

    /** A message between nodes; the transport itself takes it. */
    static final Methods.Method SEND_MESSAGE = Methods.raftify("SendMessage");

    private RaftServiceMethods() {}

    private static <Q, R> Typed<Q, R> typed(String name, Codec<Q> request, Codec<R> response) {
        return new Typed<>(Methods.raftify(name), request, response);
    }
}
