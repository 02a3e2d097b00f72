package dev.coracle.transport.grpc;

import static dev.coracle.contracts.TransportContract.append;
import static dev.coracle.contracts.TransportContract.heartbeat;
import static dev.coracle.contracts.TransportContract.install;
import static dev.coracle.transport.grpc.GrpcTransportTest.CLUSTER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.EtcdCodec;
import dev.coracle.codec.raftify.Empty;
import dev.coracle.codec.raftify.Peer;
import dev.coracle.codec.raftify.Peers;
import dev.coracle.codec.raftify.ProposeArgs;
import dev.coracle.codec.raftify.RequestIdArgs;
import dev.coracle.contracts.MemorySnapshotStore;
import dev.coracle.contracts.Mutations;
import dev.coracle.contracts.RecordingInbound;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.Message;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/**
 * Real frames with bytes changed, first each format alone, then all of them at a port: whoever sends them gets an end, and
 * everybody else goes on.
 */
class HostileStreamsTest {
    private static final long SEED = 20_261_127;
    private static final int ROUNDS = 5_000;
    private static final int CALLS = 40;

    private static final Codec<Message> MESSAGES = EtcdCodec.INSTANCE.messages();
    private static final Codec<Batch> BATCHES = new Batch.Format(MESSAGES, 100);
    private static final Codec<SnapshotHead> HEADS = new SnapshotHead.Format(MESSAGES);

    private static final byte[] DATA = {1, 2, 3, 4, 5, 6, 7, 8};

    private static Handshake handshake(long node) {
        return new Handshake(Handshake.VERSION, CLUSTER, 0, node, 1000 + node, 1, "127.0.0.1:1");
    }

    private static Batch batch() {
        return new Batch(
                0,
                List.of(append(2, 1, 10, DATA), heartbeat(2, 1, 3), append(2, 1, 11, new byte[200])),
                List.of(new byte[] {1, 2, 3}));
    }

    private static SnapshotHead head() {
        return new SnapshotHead(handshake(2), install(2, 1), DATA.length);
    }

    private static SnapshotChunk end() {
        CRC32C checksum = new CRC32C();
        checksum.update(DATA);
        return new SnapshotChunk(Bytes.EMPTY, true, checksum.getValue(), DATA.length);
    }

    private static <T> void mutate(Mutations mutations, Codec<T> codec, T sample) {
        byte[] sound = codec.encode(sample);
        mutations.read(sound, ROUNDS, 64 << 10 | 200L * sound.length, bytes -> {
            try {
                return codec.decode(bytes) != null;
            } catch (CodecException e) {
                return false;
            }
        });
    }

    @Test
    void everyFormatIsAValueOrARefusal() {
        Mutations mutations = new Mutations("our own streams", SEED);
        mutate(mutations, Handshake.CODEC, handshake(2));
        mutate(mutations, BATCHES, batch());
        mutate(mutations, HEADS, head());
        mutate(mutations, SnapshotChunk.CODEC, new SnapshotChunk(Bytes.of(DATA), false, 0, 5));
        mutate(mutations, SnapshotChunk.CODEC, end());
        mutate(mutations, Answer.CODEC, new Answer(Verdict.refused(RefusalCode.CLUSTER, "no"), 7));
        mutate(mutations, SnapshotAnswer.CODEC, new SnapshotAnswer(new Answer(Verdict.ACCEPTED, 7), 3, 4));
        mutate(mutations, CallRequest.CODEC, new CallRequest(CLUSTER, 2, 3, Bytes.of(DATA)));
    }

    /** A call that a stranger makes: what it sends, of which one is damaged. */
    private record Call(Methods.Method method, List<byte[]> frames) {}

    private static List<Call> calls() {
        byte[] hello = Handshake.CODEC.encode(handshake(2));
        byte[] batch = BATCHES.encode(batch());
        return List.of(
                new Call(Methods.MESSAGES, List.of(hello, batch, batch)),
                new Call(
                        Methods.SNAPSHOT,
                        List.of(
                                HEADS.encode(head()),
                                SnapshotChunk.CODEC.encode(new SnapshotChunk(Bytes.of(DATA), false, 0, 0)),
                                SnapshotChunk.CODEC.encode(end()))),
                new Call(
                        Methods.CALL,
                        List.of(CallRequest.CODEC.encode(new CallRequest(CLUSTER, 2, 3, Bytes.of(DATA))))),
                new Call(RaftServiceMethods.SEND_MESSAGE, List.of(MESSAGES.encode(append(2, 1, 10, DATA)))),
                new Call(
                        RaftServiceMethods.REQUEST_ID.method(),
                        List.of(RequestIdArgs.CODEC.encode(new RequestIdArgs("127.0.0.1:1")))),
                new Call(
                        RaftServiceMethods.PROPOSE.method(),
                        List.of(ProposeArgs.CODEC.encode(new ProposeArgs(Bytes.of(DATA))))),
                new Call(
                        RaftServiceMethods.SET_PEERS.method(),
                        List.of(Peers.CODEC.encode(new Peers(List.of(new Peer(1, "a:1")))))),
                new Call(RaftServiceMethods.GET_PEERS.method(), List.of(Empty.CODEC.encode(new Empty()))));
    }

    @Test
    void whoeverSendsThemGetsAnEndAndEverybodyElseGoesOn() throws Exception {
        Mutations mutations = new Mutations("frames at a port", SEED);
        RecordingInbound inbound = new RecordingInbound();
        MemorySnapshotStore snapshots = new MemorySnapshotStore();
        try (GrpcTransport transport = GrpcTransport.bind(
                GrpcTransportTest.config(1, "127.0.0.1:0", snapshots).build())) {
            transport.start(inbound);
            for (Call call : calls()) {
                for (int round = 0; round < CALLS; round++) {
                    int damaged = mutations.random().nextInt(call.frames().size());
                    try (RawPeer stranger = new RawPeer(transport.boundAddress(), call.method())) {
                        for (int i = 0; i < call.frames().size(); i++) {
                            byte[] frame = call.frames().get(i);
                            stranger.send(i == damaged ? mutations.mutated(frame) : frame);
                        }
                        stranger.finish();
                        assertThat(stranger.end())
                                .as(call.method().client.getFullMethodName())
                                .isNotNull();
                    }
                }
            }
            try (RawPeer other = new RawPeer(transport.boundAddress(), Methods.MESSAGES)) {
                inbound.messages.clear();
                other.send(Handshake.CODEC.encode(handshake(3)));
                assertThat(other.answer().verdict()).isEqualTo(Verdict.ACCEPTED);
                other.send(BATCHES.encode(new Batch(0, List.of(heartbeat(3, 1, 77)), List.of())));
                assertThat(inbound.next()).isEqualTo(heartbeat(3, 1, 77));
            }
        }
    }
}
