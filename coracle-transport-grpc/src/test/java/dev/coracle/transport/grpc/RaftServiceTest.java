package dev.coracle.transport.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.CodedOutputStream;
import dev.coracle.codec.Dialect;
import dev.coracle.codec.RaftRsCodec;
import dev.coracle.codec.raftify.ChangeConfigArgs;
import dev.coracle.codec.raftify.ChangeConfigResponse;
import dev.coracle.codec.raftify.ChangeConfigResultType;
import dev.coracle.codec.raftify.DebugNodeResponse;
import dev.coracle.codec.raftify.Empty;
import dev.coracle.codec.raftify.GetPeersResponse;
import dev.coracle.codec.raftify.Peer;
import dev.coracle.codec.raftify.Peers;
import dev.coracle.codec.raftify.ProposeArgs;
import dev.coracle.codec.raftify.ProposeResponse;
import dev.coracle.codec.raftify.RequestIdArgs;
import dev.coracle.codec.raftify.RequestIdResponse;
import dev.coracle.codec.raftify.ResultCode;
import dev.coracle.contracts.MemorySnapshotStore;
import dev.coracle.contracts.RecordingInbound;
import dev.coracle.contracts.TransportContract;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.Message;
import dev.coracle.raft.Snapshot;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** raftify's service: the bytes are written out by hand from its schema. */
class RaftServiceTest {
    private static final Duration LONG = Duration.ofSeconds(RecordingInbound.PATIENCE_SECONDS);
    private static final HexFormat HEX = HexFormat.of();

    private final List<AutoCloseable> opened = new ArrayList<>();
    private final RecordingInbound inbound = new RecordingInbound();
    private final MemorySnapshotStore snapshots = new MemorySnapshotStore();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable one : opened) {
            one.close();
        }
    }

    /** A call with the bytes of its request and of its response. */
    record Golden(
            String method,
            String request,
            String response,
            Function<RaftServiceClient, CompletableFuture<?>> call,
            Object answer) {
        @Override
        public String toString() {
            return method;
        }
    }

    static Stream<Golden> calls() {
        return Stream.of(
                new Golden(
                        "RequestId",
                        "0a03613a31",
                        "10021a03623a3220032a0101",
                        client -> client.requestId(new RequestIdArgs("a:1"), LONG),
                        new RequestIdResponse(ResultCode.OK, 2, "b:2", 3, Bytes.of((byte) 1), "")),
                new Golden(
                        "ChangeConfig",
                        "0a03613a310a03623a321204080210051204080110" + "06",
                        "0804" + "12020506" + "1a0101" + "22026e6f",
                        client -> client.changeConfig(
                                new ChangeConfigArgs(
                                        List.of("a:1", "b:2"),
                                        List.of(
                                                new ConfChangeSingle(ConfChangeType.ADD_LEARNER_NODE, 5),
                                                new ConfChangeSingle(ConfChangeType.REMOVE_NODE, 6))),
                                LONG),
                        new ChangeConfigResponse(
                                ChangeConfigResultType.REJECTED, List.of(5L, 6L), Bytes.of((byte) 1), "no")),
                new Golden(
                        "Propose",
                        "0a020102",
                        "0a026e6f",
                        client -> client.propose(new ProposeArgs(Bytes.of((byte) 1, (byte) 2)), LONG),
                        new ProposeResponse("no")),
                new Golden("GetPeers", "", "0a027b7d", client -> client.getPeers(LONG), new GetPeersResponse("{}")),
                new Golden(
                        "SetPeers",
                        "0a0708011203613a31",
                        "",
                        client -> client.setPeers(new Peers(List.of(new Peer(1, "a:1"))), LONG),
                        new Empty()),
                new Golden("LeaveJoint", "", "", client -> client.leaveJoint(LONG), new Empty()),
                new Golden("DebugNode", "", "0a027b7d", client -> client.debugNode(LONG), new DebugNodeResponse("{}")),
                new Golden("CreateSnapshot", "", "", client -> client.createSnapshot(LONG), new Empty()),
                // MsgHeartbeat is 8 in both dialects; to 1, from 2, term 3, commit 4.
                new Golden(
                        "SendMessage",
                        "0808100118022003" + "4004",
                        "",
                        client -> client.sendMessage(new Message.Heartbeat(2, 1, 3, 4, Bytes.EMPTY), LONG),
                        new Empty()));
    }

    /** Answers each call with what the table says, and keeps the request. */
    private static class Framework implements RaftServiceHandler {
        final BlockingQueue<Object> requests = new LinkedBlockingQueue<>();
        private final Object answer;

        Framework(Object answer) {
            this.answer = answer;
        }

        @SuppressWarnings("unchecked")
        private <R> void answer(Object request, Reply<R> reply) {
            requests.add(request);
            reply.done((R) answer);
        }

        @Override
        public void requestId(RequestIdArgs args, Reply<RequestIdResponse> reply) {
            answer(args, reply);
        }

        @Override
        public void changeConfig(ChangeConfigArgs args, Reply<ChangeConfigResponse> reply) {
            answer(args, reply);
        }

        @Override
        public void propose(ProposeArgs args, Reply<ProposeResponse> reply) {
            answer(args, reply);
        }

        @Override
        public void getPeers(Reply<GetPeersResponse> reply) {
            answer("GetPeers", reply);
        }

        @Override
        public void setPeers(Peers peers, Reply<Empty> reply) {
            answer(peers, reply);
        }

        @Override
        public void leaveJoint(Reply<Empty> reply) {
            answer("LeaveJoint", reply);
        }

        @Override
        public void debugNode(Reply<DebugNodeResponse> reply) {
            answer("DebugNode", reply);
        }

        @Override
        public void createSnapshot(Reply<Empty> reply) {
            answer("CreateSnapshot", reply);
        }
    }

    private GrpcTransport open(Dialect dialect, RaftServiceHandler handler) throws Exception {
        GrpcTransport transport = GrpcTransport.bind(GrpcTransportTest.config(1, "127.0.0.1:0", snapshots)
                .dialect(dialect)
                .raftServiceHandler(handler)
                .build());
        opened.add(transport);
        transport.start(inbound);
        return transport;
    }

    private RaftServiceClient client(String address) {
        GrpcClient client = GrpcClient.open(0, InsecureChannelCredentials.create());
        opened.add(client);
        return client.raftService(address);
    }

    @ParameterizedTest
    @MethodSource("calls")
    void theClientWritesAndReadsRaftifysBytes(Golden golden) throws Exception {
        BlockingQueue<byte[]> requests = new LinkedBlockingQueue<>();
        UnaryService unary = new UnaryService(10, 1 << 20, 1 << 20);
        Server raftify = NettyServerBuilder.forAddress(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), InsecureServerCredentials.create())
                .directExecutor()
                .addService(ServerServiceDefinition.builder("raft_service.RaftService")
                        .addMethod(Methods.raftify(golden.method).server, unary.method((bytes, connection, reply) -> {
                            requests.add(bytes);
                            reply.done(Payload.of(HEX.parseHex(golden.response)));
                        }))
                        .build())
                .build()
                .start();
        opened.add(raftify::shutdownNow);
        assertThat(golden.call.apply(client("127.0.0.1:" + raftify.getPort())).get())
                .isEqualTo(golden.answer);
        assertThat(RecordingInbound.next(requests)).asHexString().isEqualToIgnoringCase(golden.request);
    }

    @ParameterizedTest
    @MethodSource("calls")
    void theServiceReadsAndWritesRaftifysBytes(Golden golden) throws Exception {
        Framework framework = new Framework(golden.answer);
        GrpcTransport transport = open(Dialect.RAFT_RS, framework);
        try (RawPeer raftify = new RawPeer(transport.boundAddress(), Methods.raftify(golden.method))) {
            raftify.send(HEX.parseHex(golden.request)).finish();
            assertThat(RecordingInbound.next(raftify.answers)).asHexString().isEqualToIgnoringCase(golden.response);
            assertThat(raftify.end().isOk()).isTrue();
        }
        // What the service handed on, said again by our client, is the same request.
        Object first = golden.method.equals("SendMessage") ? inbound.next() : RecordingInbound.next(framework.requests);
        assertThat(golden.call.apply(client(transport.boundAddress())).get()).isEqualTo(golden.answer);
        Object second =
                golden.method.equals("SendMessage") ? inbound.next() : RecordingInbound.next(framework.requests);
        assertThat(second).isEqualTo(first);
    }

    @Test
    void aSnapshotIsStoredBeforeItsMessageIsHandedIn() throws Exception {
        GrpcTransport transport = open(Dialect.RAFT_RS, new Framework(new Empty()));
        Message.InstallSnapshot message = new Message.InstallSnapshot(
                2, 1, 3, new Snapshot(TransportContract.METADATA, Bytes.of((byte) 7, (byte) 8)));
        client(transport.boundAddress()).sendMessage(message, LONG).get();
        assertThat(inbound.next()).isEqualTo(TransportContract.install(2, 1));
        assertThat(snapshots.data(TransportContract.METADATA.id())).containsExactly(7, 8);
    }

    @Test
    void aSnapshotOnItsWayHasTheCodecsBytes() throws Exception {
        for (int size : new int[] {0, 1, 127, 128, 16_383, 16_384, 300_000}) {
            byte[] data = new byte[size];
            Arrays.fill(data, (byte) size);
            snapshots.put(TransportContract.METADATA, data);
            Message.InstallSnapshot message = TransportContract.install(2, 1);
            Payload payload = new SnapshotPayload(
                    RaftRsCodec.INSTANCE, message, snapshots.open(0, TransportContract.METADATA.id()));
            byte[] bytes = new byte[payload.size()];
            CodedOutputStream out = CodedOutputStream.newInstance(bytes);
            payload.writeTo(out);
            out.checkNoSpaceLeft();
            assertThat(bytes)
                    .isEqualTo(RaftRsCodec.INSTANCE
                            .messages()
                            .encode(new Message.InstallSnapshot(
                                    2, 1, 3, new Snapshot(TransportContract.METADATA, Bytes.of(data)))));
        }
    }

    @Test
    void aCommandWithoutItsProposersNumberDoesNotGetIn() throws Exception {
        GrpcTransport transport = open(Dialect.RAFT_RS, new Framework(new Empty()));
        byte[] data = {1};
        Message without = new Message.Propose(2, 1, List.of(new Entry(0, 0, EntryType.NORMAL, data, new byte[7])));
        assertRefused(transport, without, "a command's context must be its proposer's number");
        Message numbered = new Message.Propose(2, 1, List.of(new Entry(0, 0, EntryType.NORMAL, data, new byte[8])));
        client(transport.boundAddress()).sendMessage(numbered, LONG).get();
        assertThat(inbound.next()).isInstanceOf(Message.Propose.class);
    }

    @Test
    void aSnapshotMayBeLongerThanAFrame() throws Exception {
        GrpcTransport transport = open(Dialect.RAFT_RS, new Framework(new Empty()));
        byte[] data = new byte[GrpcTransportConfig.DEFAULT_MAX_FRAME_BYTES + 1];
        MemorySnapshotStore sending = new MemorySnapshotStore();
        sending.put(TransportContract.METADATA, data);
        send(transport, sending, 256 << 20, false);
        assertThat(inbound.next()).isEqualTo(TransportContract.install(2, 1));
        assertThat(snapshots.data(TransportContract.METADATA.id())).isEqualTo(data);
    }

    @Test
    void aSnapshotAboveTheLimitIsNotSent() throws Exception {
        GrpcTransport transport = open(Dialect.RAFT_RS, new Framework(new Empty()));
        MemorySnapshotStore sending = new MemorySnapshotStore();
        sending.put(TransportContract.METADATA, new byte[1_001]);
        send(transport, sending, 1_000, true);
        assertThat(inbound.messages).isEmpty();
    }

    private void send(GrpcTransport to, MemorySnapshotStore store, int maxBytes, boolean fails) throws Exception {
        GrpcTransport from = GrpcTransport.bind(GrpcTransportTest.config(2, "127.0.0.1:0", store)
                .dialect(Dialect.RAFT_RS)
                .maxSnapshotMessageBytes(maxBytes)
                .build());
        opened.add(from);
        RecordingInbound sender = new RecordingInbound();
        from.start(sender);
        from.setPeer(1, to.boundAddress());
        from.send(0, TransportContract.install(2, 1));
        assertThat(RecordingInbound.next(sender.snapshots)).isEqualTo(new RecordingInbound.SnapshotResult(1, fails));
    }

    @Test
    void aSnapshotAboveTheLimitIsRefusedWithTheSettingsName() throws Exception {
        GrpcTransport transport = GrpcTransport.bind(GrpcTransportTest.config(1, "127.0.0.1:0", snapshots)
                .dialect(Dialect.RAFT_RS)
                .maxFrameBytes(10_000)
                .chunkBytes(1_000)
                .maxSnapshotMessageBytes(100_000)
                .build());
        opened.add(transport);
        transport.start(inbound);
        assertRefused(
                transport,
                snapshotOf(100_001),
                "Message.snapshot: its 100001 bytes of data are more than maxSnapshotMessageBytes, 100000");
        // This much is not taken into memory: gRPC refuses it by its head.
        assertRefused(transport, snapshotOf(200_000), "gRPC message exceeds maximum size 101024: 2000");
        assertRefused(
                transport,
                TransportContract.append(2, 1, 5, new byte[20_000]),
                "bytes are more than maxFrameBytes, 10000");
        assertThat(inbound.messages).isEmpty();
        assertThat(snapshots.data(TransportContract.METADATA.id())).isNull();
    }

    private static Message snapshotOf(int size) {
        return new Message.InstallSnapshot(2, 1, 3, new Snapshot(TransportContract.METADATA, Bytes.of(new byte[size])));
    }

    @Test
    void requestsAreNoLongerThanAFrameWhateverSnapshotsAre() throws Exception {
        GrpcTransport transport = open(Dialect.RAFT_RS, new Framework(new ProposeResponse("")));
        try (RawPeer peer = new RawPeer(transport.boundAddress(), Methods.raftify("Propose"))) {
            int most = GrpcTransportConfig.DEFAULT_MAX_FRAME_BYTES;
            Status status = peer.send(new byte[most + 1]).finish().end();
            assertThat(status.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
            assertThat(status.getDescription())
                    .isEqualTo("the request of " + (most + 1) + " bytes is more than the limit of " + most);
        }
    }

    @Test
    void messagesAreRefusedInAnotherDialect() throws Exception {
        GrpcTransport transport = open(Dialect.NATIVE, new Framework(new Empty()));
        assertRefused(
                transport, new Message.Heartbeat(2, 1, 3, 4, Bytes.EMPTY), "the dialect of this cluster is NATIVE");
    }

    @Test
    void messagesFromNobodyFromSelfToOthersOrFromRemovedNodesAreRefused() throws Exception {
        GrpcTransport transport = open(Dialect.RAFT_RS, new Framework(new Empty()));
        transport.removePeer(9);
        assertRefused(transport, new Message.Heartbeat(0, 1, 3, 4, Bytes.EMPTY), "Message.from: 0");
        assertRefused(transport, new Message.Heartbeat(1, 1, 3, 4, Bytes.EMPTY), "Message.from: 1");
        assertRefused(transport, new Message.Heartbeat(2, 5, 3, 4, Bytes.EMPTY), "Message.to: 5");
        assertRefused(transport, new Message.Heartbeat(9, 1, 3, 4, Bytes.EMPTY), "node 9 was removed");
        assertRefused(transport, new Message.Hup(), "Message.type: MsgHup");
        assertRefused(
                transport, new Message.InstallSnapshot(2, 1, 3, Snapshot.EMPTY), "Message.snapshot: its index must be");
        assertThat(inbound.messages).isEmpty();
    }

    private void assertRefused(GrpcTransport transport, Message message, String text) {
        assertThatThrownBy(() -> client(transport.boundAddress())
                        .sendMessage(message, LONG)
                        .get())
                .cause()
                .isInstanceOf(CallException.class)
                .hasMessageContaining(text);
    }

    @Test
    void aHandlersFailureIsTold() throws Exception {
        GrpcTransport transport = open(Dialect.NATIVE, new Framework(new Empty()) {
            @Override
            public void leaveJoint(Reply<Empty> reply) {
                reply.failed("not joint");
            }
        });
        assertThatThrownBy(
                        () -> client(transport.boundAddress()).leaveJoint(LONG).get())
                .cause()
                .hasMessageContaining("not joint");
    }

    @Test
    void damagedRequestsAreRefused() throws Exception {
        GrpcTransport transport = open(Dialect.NATIVE, new Framework(new ProposeResponse("")));
        try (RawPeer peer = new RawPeer(transport.boundAddress(), Methods.raftify("Propose"))) {
            Status status = peer.send(new byte[] {0x0a, 9}).finish().end();
            assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
            assertThat(status.getDescription()).contains("ProposeArgs.msg");
        }
    }

    @Test
    void withoutAHandlerRequestsAreUnknown() throws Exception {
        GrpcTransport transport = GrpcTransport.bind(
                GrpcTransportTest.config(1, "127.0.0.1:0", snapshots).build());
        opened.add(transport);
        assertThatThrownBy(() -> client(transport.boundAddress()).getPeers(LONG).get())
                .cause()
                .hasMessageContaining("Method not found");
    }
}
