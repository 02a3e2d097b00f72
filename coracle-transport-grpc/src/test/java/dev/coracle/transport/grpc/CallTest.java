package dev.coracle.transport.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.coracle.contracts.MemorySnapshotStore;
import dev.coracle.contracts.RecordingInbound;
import dev.coracle.raft.Bytes;
import io.grpc.InsecureChannelCredentials;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.AbstractObjectAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The framework's own requests. */
class CallTest {
    private static final Duration LONG = Duration.ofSeconds(RecordingInbound.PATIENCE_SECONDS);

    private final List<AutoCloseable> opened = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable one : opened) {
            one.close();
        }
    }

    private GrpcTransportConfig.Builder config(long id) {
        return GrpcTransportTest.config(id, "127.0.0.1:0", new MemorySnapshotStore());
    }

    private GrpcTransport open(GrpcTransportConfig.Builder config) throws Exception {
        GrpcTransport transport = GrpcTransport.bind(config.build());
        opened.add(transport);
        return transport;
    }

    private GrpcClient client(long clusterId) {
        GrpcClient client = GrpcClient.open(clusterId, InsecureChannelCredentials.create());
        opened.add(client);
        return client;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static AbstractObjectAssert<?, CallException> assertFails(
            CompletableFuture<byte[]> call, CallException.Kind kind, String text) {
        return assertThatThrownBy(call::get)
                .isInstanceOf(ExecutionException.class)
                .cause()
                .hasMessageContaining(text)
                .asInstanceOf(type(CallException.class))
                .matches(failure -> failure.kind() == kind, "kind " + kind);
    }

    @Test
    void aRequestIsAnsweredInTheNameOfItsNode() throws Exception {
        GrpcTransport b = open(config(2)
                .callHandler((from, kind, request, responder) -> responder.answer(
                        bytes("from " + from + " kind " + kind + " " + new String(request, StandardCharsets.UTF_8)))));
        GrpcTransport a = open(config(1));
        assertThat(a.call(b.boundAddress(), 7, bytes("hello"), LONG).get()).isEqualTo(bytes("from 1 kind 7 hello"));
        // Somebody who is no node, and does not know the cluster yet.
        assertThat(client(0).call(b.boundAddress(), 0, new byte[0], LONG).get()).isEqualTo(bytes("from 0 kind 0 "));
    }

    @Test
    void anAnswerMayComeLaterAndFromAnotherThread() throws Exception {
        BlockingQueue<CallHandler.Responder> waiting = new LinkedBlockingQueue<>();
        GrpcTransport b = open(config(2).callHandler((from, kind, request, responder) -> waiting.add(responder)));
        CompletableFuture<byte[]> first = client(77).call(b.boundAddress(), 1, bytes("x"), LONG);
        CallHandler.Responder responder = RecordingInbound.next(waiting);
        assertThat(first).isNotDone();
        responder.answer(bytes("y"));
        responder.refuse("too late to matter");
        assertThat(first.get()).isEqualTo(bytes("y"));
    }

    @Test
    void aRequestOutlivesTheOneDuringWhichItWasMade() throws Exception {
        BlockingQueue<CallHandler.Responder> waiting = new LinkedBlockingQueue<>();
        BlockingQueue<CompletableFuture<byte[]>> made = new LinkedBlockingQueue<>();
        GrpcTransport c = open(config(3).callHandler((from, kind, request, responder) -> waiting.add(responder)));
        GrpcTransport d = open(config(4));
        GrpcTransport b = open(config(2).callHandler((from, kind, request, responder) -> {
            made.add(d.call(c.boundAddress(), 1, request, LONG));
            responder.answer(bytes("y"));
        }));
        assertThat(client(77).call(b.boundAddress(), 1, bytes("x"), LONG).get()).isEqualTo(bytes("y"));
        CompletableFuture<byte[]> inner = RecordingInbound.next(made);
        RecordingInbound.next(waiting).answer(bytes("z"));
        assertThat(inner.get()).isEqualTo(bytes("z"));
    }

    @Test
    void aRequestWithoutAnAnswerEndsAtItsDeadline() throws Exception {
        GrpcTransport b = open(config(2).callHandler((from, kind, request, responder) -> {}));
        assertFails(
                        client(77).call(b.boundAddress(), 1, bytes("x"), Duration.ofMillis(200)),
                        CallException.Kind.DEADLINE,
                        ": no answer in time")
                .matches(CallException::mayHaveArrived);
    }

    @Test
    void aRequestEndsAlsoIfItsConnectionBreaksAfterTheThreadsForCallbacks() throws Exception {
        GrpcTransport b = open(config(2).callHandler((from, kind, request, responder) -> {}));
        Network network = new Network(InsecureChannelCredentials.create(), 1, 1 << 20, 1);
        try {
            CompletableFuture<byte[]> open =
                    new GrpcClient(network, 77, 0, 1 << 20, 1).call(b.boundAddress(), 1, bytes("x"), LONG);
            network.executor.shutdown();
            network.closeConnections(TimeUnit.SECONDS.toMillis(RecordingInbound.PATIENCE_SECONDS));
            assertThatThrownBy(() -> open.get(RecordingInbound.PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(CallException.class);
        } finally {
            network.closeThreads(TimeUnit.SECONDS.toMillis(RecordingInbound.PATIENCE_SECONDS));
        }
    }

    @Test
    void aRefusalTellsItsReasonAndThatNothingWasDone() throws Exception {
        GrpcTransport b = open(config(2).callHandler((from, kind, request, responder) -> responder.refuse("not now")));
        assertFails(client(77).call(b.boundAddress(), 1, bytes("x"), LONG), CallException.Kind.REFUSED, "not now")
                .matches(failure -> !failure.mayHaveArrived());
    }

    @Test
    void anExceptionOfTheHandlerLeavesItOpenWhatWasDone() throws Exception {
        GrpcTransport b = open(config(2).callHandler((from, kind, request, responder) -> {
            throw new IllegalStateException("thrown on purpose by a test");
        }));
        assertFails(
                        client(77).call(b.boundAddress(), 1, bytes("x"), LONG),
                        CallException.Kind.UNREACHABLE,
                        "thrown on purpose")
                .matches(CallException::mayHaveArrived);
    }

    @Test
    void aNodeThatIsNotThereWasCertainlyNotReached() throws Exception {
        GrpcTransport b = open(config(2));
        String address = b.boundAddress();
        b.close();
        GrpcClient client = client(77);
        assertFails(client.call(address, 1, bytes("x"), LONG), CallException.Kind.UNREACHABLE, address)
                .matches(failure -> !failure.mayHaveArrived());
        open(config(2)
                .listenAddress(address)
                .callHandler((from, kind, request, responder) -> responder.answer(request)));
        assertThat(client.call(address, 1, bytes("x"), LONG).get()).isEqualTo(bytes("x"));
    }

    @Test
    void aNodeThatVanishesMayHaveDoneIt() throws Exception {
        BlockingQueue<CallHandler.Responder> waiting = new LinkedBlockingQueue<>();
        GrpcTransport b = open(config(2).callHandler((from, kind, request, responder) -> waiting.add(responder)));
        CompletableFuture<byte[]> call = client(77).call(b.boundAddress(), 1, bytes("x"), LONG);
        RecordingInbound.next(waiting);
        b.close();
        assertFails(call, CallException.Kind.UNREACHABLE, "").matches(CallException::mayHaveArrived);
    }

    @Test
    void aCallAfterTheEndFails() throws Exception {
        GrpcTransport b = open(config(2).callHandler((from, kind, request, responder) -> responder.answer(request)));
        GrpcTransport a = open(config(1));
        // Once over a connection that was there, and once over one that would be new.
        assertThat(a.call(b.boundAddress(), 1, bytes("x"), LONG).get()).isEqualTo(bytes("x"));
        a.close();
        for (String address : List.of(b.boundAddress(), "127.0.0.1:1")) {
            CompletableFuture<byte[]> late =
                    a.call(address, 1, bytes("x"), LONG).orTimeout(20, TimeUnit.SECONDS);
            assertFails(late, CallException.Kind.UNREACHABLE, address).matches(failure -> !failure.mayHaveArrived());
        }
    }

    @Test
    void anotherClusterRefuses() throws Exception {
        GrpcTransport b = open(config(2).callHandler((from, kind, request, responder) -> responder.answer(request)));
        assertFails(
                client(78).call(b.boundAddress(), 1, bytes("x"), LONG),
                CallException.Kind.REFUSED,
                "cluster: it is 77 here, the caller has 78");
    }

    @Test
    void whoIsNotAdmittedIsRefused() throws Exception {
        GrpcTransport b = open(config(2).admission(new Admission() {
            @Override
            public Verdict admitCall(long from, Connection connection) {
                return Verdict.refused(RefusalCode.IDENTITY, "nobody from " + connection.session());
            }
        }));
        assertFails(
                client(77).call(b.boundAddress(), 1, bytes("x"), LONG), CallException.Kind.REFUSED, "nobody from null");
    }

    @Test
    void moreRequestsThanTheLimitAreRefused() throws Exception {
        BlockingQueue<CallHandler.Responder> waiting = new LinkedBlockingQueue<>();
        GrpcTransport b =
                open(config(2).maxCalls(1).callHandler((from, kind, request, responder) -> waiting.add(responder)));
        CompletableFuture<byte[]> first = client(77).call(b.boundAddress(), 1, bytes("x"), LONG);
        CallHandler.Responder responder = RecordingInbound.next(waiting);
        // On another connection: on one, HTTP/2 itself would hold the second request back.
        assertFails(
                        client(77).call(b.boundAddress(), 1, bytes("x"), LONG),
                        CallException.Kind.OVERLOADED,
                        "more than 1 requests")
                .matches(failure -> !failure.mayHaveArrived());
        responder.answer(bytes("y"));
        assertThat(first.get()).isEqualTo(bytes("y"));
    }

    @Test
    void tooManyOrTooLongRequestsDoNotEvenLeave() throws Exception {
        GrpcTransport b = open(config(2).callHandler((from, kind, request, responder) -> {}));
        GrpcTransport a = open(config(1).maxCalls(1).maxFrameBytes(8 << 10).chunkBytes(1 << 10));
        assertFails(
                a.call(b.boundAddress(), 1, new byte[9 << 10], LONG),
                CallException.Kind.REFUSED,
                "is more than the limit of");
        CompletableFuture<byte[]> first = a.call(b.boundAddress(), 1, bytes("x"), LONG);
        assertFails(
                        a.call(b.boundAddress(), 1, bytes("x"), LONG),
                        CallException.Kind.OVERLOADED,
                        "more than 1 requests")
                .matches(failure -> !failure.mayHaveArrived());
        first.cancel(false);
    }

    @Test
    void anAnswerAboveTheLimitLeavesItOpenWhatWasDone() throws Exception {
        GrpcTransport b = open(config(2)
                .maxFrameBytes(8 << 10)
                .chunkBytes(1 << 10)
                .callHandler((from, kind, request, responder) -> responder.answer(new byte[9 << 10])));
        assertFails(
                        client(77).call(b.boundAddress(), 1, bytes("x"), LONG),
                        CallException.Kind.UNREACHABLE,
                        "is more than the limit of")
                .matches(CallException::mayHaveArrived);
    }

    @Test
    void damagedRequestsAreRefused() throws Exception {
        GrpcTransport b = open(config(2));
        try (RawPeer peer = new RawPeer(b.boundAddress(), Methods.CALL)) {
            assertThat(peer.send(new byte[] {0x22, 5, 1}).finish().end().getDescription())
                    .contains("CallRequest.payload");
        }
    }

    @Test
    void addressesAreChecked() {
        GrpcClient client = client(0);
        for (String address : List.of("host", ":1", "host:", "host:65536", "host:-1", "host:+1", "host:1x", "::1:80")) {
            assertThatThrownBy(() -> client.call(address, 0, new byte[0], LONG))
                    .as(address)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("address " + address);
        }
        assertThat(HostPort.parse("[::1]:80", "address"))
                .isEqualTo(new HostPort("::1", 80))
                .hasToString("[::1]:80");
    }

    @Test
    void requestsHaveStableBytes() {
        CallRequest request = new CallRequest(77, 1, 7, Bytes.of((byte) 1, (byte) 2));
        assertThat(CallRequest.CODEC.encode(request)).containsExactly(8, 77, 16, 1, 24, 7, 34, 2, 1, 2);
    }

    @Test
    void configurationIsChecked() {
        assertThatThrownBy(() -> config(0).build()).hasMessage("id 0 must not be 0, which means no node");
        assertThatThrownBy(() -> config(1).clusterId(0).build()).hasMessageStartingWith("clusterId 0 ");
        assertThatThrownBy(() -> config(1).maxFrameBytes(100)).hasMessageStartingWith("maxFrameBytes 100 ");
        assertThatThrownBy(() -> config(1).chunkBytes(16 << 20).build()).hasMessageStartingWith("chunkBytes ");
        assertThatThrownBy(() -> config(1).maxOutgoingSnapshots(0)).hasMessageStartingWith("maxOutgoingSnapshots 0 ");
        assertThatThrownBy(() -> config(1).snapshotBytesPerSecond(-1))
                .hasMessageStartingWith("snapshotBytesPerSecond -1 must not be negative");
        assertThatThrownBy(() -> config(1).snapshotBytesPerSecond(1_000).build())
                .hasMessage("snapshotBytesPerSecond 1000 must be 0, for no limit, or at least chunkBytes 262144");
        assertThatThrownBy(() -> config(1).maxSnapshotMessageBytes(0))
                .hasMessageStartingWith("maxSnapshotMessageBytes 0 must be more than 0");
        assertThatThrownBy(() -> config(1).snapshotResumeTimeout(Duration.ZERO))
                .hasMessageStartingWith("snapshotResumeTimeout ");
        assertThatThrownBy(() -> config(1).listenAddress("here").build()).hasMessageStartingWith("listenAddress here");
        assertThatThrownBy(() -> config(1).silenceTimeout(Duration.ZERO)).hasMessageStartingWith("silenceTimeout ");
        assertThatThrownBy(
                        () -> GrpcTransportConfig.builder().listenAddress("a:1").build())
                .hasMessage("snapshots must be given");
    }
}
