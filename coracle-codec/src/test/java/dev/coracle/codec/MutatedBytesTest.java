package dev.coracle.codec;

import dev.coracle.codec.raftify.ChangeConfigArgs;
import dev.coracle.codec.raftify.ChangeConfigResponse;
import dev.coracle.codec.raftify.ChangeConfigResultType;
import dev.coracle.codec.raftify.DebugNodeResponse;
import dev.coracle.codec.raftify.GetPeersResponse;
import dev.coracle.codec.raftify.Peer;
import dev.coracle.codec.raftify.ProposeArgs;
import dev.coracle.codec.raftify.ProposeResponse;
import dev.coracle.codec.raftify.RequestIdArgs;
import dev.coracle.codec.raftify.RequestIdResponse;
import dev.coracle.codec.raftify.ResultCode;
import dev.coracle.contracts.Mutations;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeCodec;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.MessageType;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every format of this module, with real bytes changed: a value or a refusal, for a little memory. */
class MutatedBytesTest {
    private static final long SEED = 20_261_127;
    private static final int ROUNDS = 3_000;

    private static final ConfChangeType[] COMMON_TYPES = {
        ConfChangeType.ADD_NODE, ConfChangeType.REMOVE_NODE, ConfChangeType.ADD_LEARNER_NODE
    };

    private interface Decoder {
        Object decode(byte[] bytes) throws CodecException, ConfChangeCodec.MalformedException;
    }

    /** A byte of input may become an object with a list of its own, and a complaint has a text and a trace. */
    private static void mutate(Mutations mutations, byte[] sound, Decoder decoder) {
        mutations.read(sound, ROUNDS, 64 << 10 | 200L * sound.length, bytes -> {
            try {
                return decoder.decode(bytes) != null;
            } catch (CodecException | ConfChangeCodec.MalformedException e) {
                return false;
            }
        });
    }

    private static <T> void mutate(Mutations mutations, Codec<T> codec, T sample) {
        mutate(mutations, codec.encode(sample), codec::decode);
    }

    @ParameterizedTest
    @EnumSource(names = {"ETCD", "RAFT_RS"})
    void whatTheCoreSendsAndStores(Dialect dialect) {
        Mutations mutations = new Mutations("the core's formats in the dialect " + dialect, SEED);
        Samples samples = new Samples(mutations.random(), dialect);
        MessageCodec codec = dialect.codec();
        for (MessageType type : MessageType.values()) {
            if (type.ordinal() <= MessageType.PRE_VOTE_REPLY.ordinal()) {
                mutate(mutations, codec.messages(), samples.message(type));
            }
        }
        mutate(mutations, codec.entries(), samples.entry());
        mutate(mutations, codec.hardStates(), samples.hardState());
        mutate(mutations, codec.confStates(), samples.confState());
        mutate(mutations, codec.snapshotMetadata(), samples.snapshotMetadata());
        mutate(mutations, codec.snapshots(), samples.snapshot());
        ConfChangeCodec changes = codec.confChanges();
        mutate(mutations, changes.encode(samples.confChange(COMMON_TYPES)), changes::decode);
        mutate(mutations, changes.encode(samples.confChangeV2(COMMON_TYPES)), changes::decodeV2);
    }

    @Test
    void whatRaftifysServiceSays() {
        Mutations mutations = new Mutations("raftify's service", SEED);
        dev.coracle.codec.raftify.Peers peers =
                new dev.coracle.codec.raftify.Peers(List.of(new Peer(1, "a:1"), new Peer(2, "b:2")));
        mutate(mutations, RequestIdArgs.CODEC, new RequestIdArgs("127.0.0.1:60061"));
        mutate(
                mutations,
                RequestIdResponse.CODEC,
                new RequestIdResponse(ResultCode.OK, 2, "b:2", 3, Bytes.of((byte) 1), "no"));
        mutate(
                mutations,
                ChangeConfigArgs.CODEC,
                new ChangeConfigArgs(
                        List.of("a:1", "b:2"),
                        List.of(
                                new ConfChangeSingle(ConfChangeType.ADD_NODE, 5),
                                new ConfChangeSingle(ConfChangeType.REMOVE_NODE, 6))));
        mutate(
                mutations,
                ChangeConfigResponse.CODEC,
                new ChangeConfigResponse(ChangeConfigResultType.REJECTED, List.of(5L, 6L), Bytes.of((byte) 1), "no"));
        mutate(mutations, ProposeArgs.CODEC, new ProposeArgs(Bytes.of((byte) 1, (byte) 2)));
        mutate(mutations, ProposeResponse.CODEC, new ProposeResponse("no"));
        mutate(mutations, GetPeersResponse.CODEC, new GetPeersResponse("{}"));
        mutate(mutations, DebugNodeResponse.CODEC, new DebugNodeResponse("{\"id\":1}"));
        mutate(mutations, dev.coracle.codec.raftify.Peers.CODEC, peers);
    }

    @Test
    void whatTheProgramsOfOthersWrite() {
        Mutations mutations = new Mutations("gob and bincode", SEED);
        Bytes key = Bytes.of("/key".getBytes(StandardCharsets.UTF_8));
        mutate(mutations, new GobKeyValue(key, Bytes.of(new byte[300])).encode(), GobKeyValue::decode);
        mutate(mutations, new GobKeyValue(key, Bytes.EMPTY).encode(), GobKeyValue::decode);
        mutate(
                mutations,
                new MemStoreSnapshot(new TreeMap<>(Map.of(7L, "seven", 8L, "eight"))).encode(),
                MemStoreSnapshot::decode);
        mutate(mutations, new MemStoreInsert(7, "seven").encode(), MemStoreInsert::decode);
        List<InetSocketAddress> addresses =
                List.of(SocketAddresses.parse("127.0.0.1:60061"), SocketAddresses.parse("[::1]:60062"));
        mutate(mutations, Bincode.encodeAddresses(addresses), Bincode::decodeAddresses);
        mutate(mutations, Bincode.encodeU64(-1), Bincode::decodeU64);
        mutate(
                mutations,
                new Peers(
                                Peers.of(Map.of(1L, new Peers.Peer(addresses.get(0), InitialRole.VOTER, null)))
                                        .peers(),
                                new TlsConfig("a", null, "c", "d"))
                        .encode(),
                Peers::decode);
    }
}
