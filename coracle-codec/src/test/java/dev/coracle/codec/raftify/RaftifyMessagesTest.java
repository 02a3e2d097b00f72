package dev.coracle.codec.raftify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Hex;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeType;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RaftifyMessagesTest {
    private static final RequestIdArgs REQUEST_ID = new RequestIdArgs("a:1");
    private static final RequestIdResponse REQUESTED_ID =
            new RequestIdResponse(ResultCode.WRONG_LEADER, -1, "b:2", 3, Bytes.of((byte) 0), "é");
    private static final ChangeConfigArgs CHANGE = new ChangeConfigArgs(
            List.of("a:1", ""),
            List.of(
                    new ConfChangeSingle(ConfChangeType.ADD_LEARNER_NODE, 4),
                    new ConfChangeSingle(ConfChangeType.ADD_NODE, 0)));
    private static final ChangeConfigResponse CHANGED =
            new ChangeConfigResponse(ChangeConfigResultType.REJECTED, List.of(1L, 300L), Bytes.of((byte) 7), "no");
    private static final ProposeArgs PROPOSE = new ProposeArgs(Bytes.of((byte) 1, (byte) 2));
    private static final Peers PEERS = new Peers(List.of(new Peer(1, "a:1"), new Peer(0, "")));

    @Test
    void messagesHaveTheFieldsOfTheService() throws Exception {
        bytes(RequestIdArgs.CODEC, REQUEST_ID, "0a 03 61 3a 31");
        bytes(
                RequestIdResponse.CODEC,
                REQUESTED_ID,
                "08 02 10 ff ff ff ff ff ff ff ff ff 01 1a 03 62 3a 32 20 03 2a 01 00 32 02 c3 a9");
        bytes(ChangeConfigArgs.CODEC, CHANGE, "0a 03 61 3a 31 0a 00 12 04 08 02 10 04 12 00");
        bytes(ChangeConfigResponse.CODEC, CHANGED, "08 04 12 03 01 ac 02 1a 01 07 22 02 6e 6f");
        bytes(ProposeArgs.CODEC, PROPOSE, "0a 02 01 02");
        bytes(ProposeResponse.CODEC, new ProposeResponse("no"), "0a 02 6e 6f");
        bytes(GetPeersResponse.CODEC, new GetPeersResponse("{}"), "0a 02 7b 7d");
        bytes(DebugNodeResponse.CODEC, new DebugNodeResponse("{}"), "0a 02 7b 7d");
        bytes(Peers.CODEC, PEERS, "0a 07 08 01 12 03 61 3a 31 0a 00");
        bytes(Empty.CODEC, new Empty(), "");
    }

    @Test
    void noBytesAreTheZeroOfEveryMessage() throws Exception {
        bytes(RequestIdArgs.CODEC, new RequestIdArgs(""), "");
        bytes(RequestIdResponse.CODEC, new RequestIdResponse(ResultCode.OK, 0, "", 0, Bytes.EMPTY, ""), "");
        bytes(ChangeConfigArgs.CODEC, new ChangeConfigArgs(List.of(), List.of()), "");
        bytes(
                ChangeConfigResponse.CODEC,
                new ChangeConfigResponse(ChangeConfigResultType.SUCCESS, List.of(), Bytes.EMPTY, ""),
                "");
        bytes(ProposeArgs.CODEC, new ProposeArgs(Bytes.EMPTY), "");
        bytes(ProposeResponse.CODEC, new ProposeResponse(""), "");
        bytes(GetPeersResponse.CODEC, new GetPeersResponse(""), "");
        bytes(DebugNodeResponse.CODEC, new DebugNodeResponse(""), "");
        bytes(Peers.CODEC, new Peers(List.of()), "");
    }

    @Test
    void theEnumsHaveTheNumbersOfTheService() {
        assertThat(ResultCode.values()).containsExactly(ResultCode.OK, ResultCode.ERROR, ResultCode.WRONG_LEADER);
        assertThat(ChangeConfigResultType.values())
                .containsExactly(
                        ChangeConfigResultType.SUCCESS,
                        ChangeConfigResultType.WRONG_LEADER,
                        ChangeConfigResultType.TIMEOUT_ERROR,
                        ChangeConfigResultType.UNKNOWN_ERROR,
                        ChangeConfigResultType.REJECTED);
    }

    @Test
    void unknownFieldsAreSkippedAndUnknownNumbersRefused() throws Exception {
        assertThat(Empty.CODEC.decode(Hex.bytes("08 01 12 01 61"))).isEqualTo(new Empty());
        refused(RequestIdResponse.CODEC, "08 03", "RequestIdResponse.code at byte 2: 3 is not from 0 to 2");
        refused(
                ChangeConfigResponse.CODEC,
                "08 05",
                "ChangeConfigResponse.result_type at byte 2: 5 is not from 0 to 4");
        refused(ChangeConfigArgs.CODEC, "12 02 08 03", "ConfChangeSingle.type at byte 4: 3 is not from 0 to 2");
    }

    @Test
    void textMustBeUtf8ButWhatAnErrorSaysIsShownAnyway() throws Exception {
        refused(RequestIdArgs.CODEC, "0a 01 ff", "RequestIdArgs.raft_addr at byte 3: 1 bytes are not UTF-8");
        assertThat(ProposeResponse.CODEC.decode(Hex.bytes("0a 03 6e 6f ff")).error())
                .isEqualTo("no\ufffd");
    }

    @Test
    void updatesCannotBeAskedForInRaftRssNumbers() {
        ChangeConfigArgs update =
                new ChangeConfigArgs(List.of("a:1"), List.of(new ConfChangeSingle(ConfChangeType.UPDATE_NODE, 1)));
        assertThatThrownBy(() -> ChangeConfigArgs.CODEC.encode(update))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("UPDATE_NODE");
    }

    @Test
    void everyTruncationFlippedBitAndNoiseIsAValueOrARefusal() {
        long seed = new Random().nextLong();
        System.out.println("RaftifyMessagesTest seed " + seed);
        Random random = new Random(seed);
        damage(RequestIdArgs.CODEC, RequestIdArgs.CODEC.encode(REQUEST_ID));
        damage(RequestIdResponse.CODEC, RequestIdResponse.CODEC.encode(REQUESTED_ID));
        damage(ChangeConfigArgs.CODEC, ChangeConfigArgs.CODEC.encode(CHANGE));
        damage(ChangeConfigResponse.CODEC, ChangeConfigResponse.CODEC.encode(CHANGED));
        damage(Peers.CODEC, Peers.CODEC.encode(PEERS));
        List<Codec<?>> codecs = List.of(
                RequestIdResponse.CODEC, ChangeConfigArgs.CODEC, ChangeConfigResponse.CODEC, Peers.CODEC, Empty.CODEC);
        int refusals = 0;
        for (int round = 0; round < 100_000; round++) {
            byte[] bytes = new byte[random.nextInt(30)];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (random.nextInt(8) == 0 ? random.nextInt() : random.nextInt(0x34));
            }
            refusals += attempt(codecs.get(round % codecs.size()), bytes) ? 0 : 1;
        }
        assertThat(refusals).isBetween(1, 99_999);
    }

    private static void damage(Codec<?> codec, byte[] bytes) {
        for (int length = 0; length < bytes.length; length++) {
            attempt(codec, Arrays.copyOf(bytes, length));
        }
        for (int bit = 0; bit < bytes.length * Byte.SIZE; bit++) {
            byte[] flipped = bytes.clone();
            flipped[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
            attempt(codec, flipped);
        }
    }

    private static boolean attempt(Codec<?> codec, byte[] bytes) {
        try {
            assertThat(codec.decode(bytes)).isNotNull();
            return true;
        } catch (CodecException e) {
            assertThat(e.offset()).isBetween(0, bytes.length);
            return false;
        } catch (RuntimeException | Error e) {
            throw new AssertionError(Hex.text(bytes), e);
        }
    }

    private static <T> void bytes(Codec<T> codec, T value, String hex) throws Exception {
        assertThat(Hex.text(codec.encode(value))).isEqualTo(hex);
        assertThat(codec.decode(Hex.bytes(hex))).isEqualTo(value);
    }

    private static void refused(Codec<?> codec, String hex, String complaint) {
        assertThatThrownBy(() -> codec.decode(Hex.bytes(hex)))
                .isInstanceOf(CodecException.class)
                .hasMessage(complaint);
    }
}
