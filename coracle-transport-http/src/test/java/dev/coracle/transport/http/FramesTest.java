package dev.coracle.transport.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.codec.CodecException;
import dev.coracle.codec.EtcdCodec;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The frames of both streams: what etcd's captures do not show, limits, and every way to cut them. */
class FramesTest {
    private static final int LIMIT = 64 << 10;

    private static Entry entry(long term, long index, byte[] data) {
        return new Entry(term, index, EntryType.NORMAL, data);
    }

    private static Message.Append append(long term, long logTerm, long index, long commit, Entry... entries) {
        return new Message.Append(1, 2, term, logTerm, index, List.of(entries), commit);
    }

    /** A leader's stream: it begins, goes on with one entry and several, commits, begins again in a new term. */
    private static List<Message> appends() {
        return List.of(
                append(3, 2, 9, 5, entry(3, 10, new byte[] {1})),
                append(3, 3, 10, 10, entry(3, 11, new byte[300]), entry(3, 12, new byte[0]), entry(3, 13, null)),
                append(3, 3, 13, 12),
                append(3, 3, 13, 13, entry(3, 14, new byte[20_000])),
                append(3, 3, 12, 13, entry(3, 13, new byte[] {2})),
                append(4, 3, 13, 13, entry(4, 14, new byte[] {3})),
                append(4, 4, 14, 14, entry(4, 15, new byte[] {4})));
    }

    /** From node 1 to node 2, one of each type at least. */
    static List<Message> messages() {
        List<Message> messages = new ArrayList<>(appends());
        messages.add(Message.AppendReply.rejected(1, 2, 4, 9, 8, 3));
        messages.add(new Message.Propose(1, 2, List.of(entry(0, 0, new byte[5_000]))));
        messages.add(Message.AppendReply.accepted(1, 2, 4, 9));
        messages.add(new Message.HeartbeatReply(1, 2, 4, Bytes.of((byte) 1), 0));
        messages.add(new Message.VoteReply(1, 2, 4, true, 0, 0));
        messages.add(new Message.ForgetLeader(1, 2, 4));
        messages.add(new Message.Heartbeat(1, 2, 4, 14, Bytes.of((byte) 1, (byte) 2)));
        messages.add(new Message.PreVote(1, 2, 5, 4, 14, false, 0, 0, 0));
        messages.add(new Message.PreVoteReply(1, 2, 5, true, 0, 0));
        messages.add(new Message.Vote(1, 2, 5, 4, 14, true, 0, 0, 0));
        messages.add(new Message.TransferLeader(1, 2, 4));
        messages.add(new Message.TimeoutNow(1, 2, 4));
        messages.add(new Message.ReadIndex(1, 2, List.of(entry(0, 0, new byte[] {7}))));
        messages.add(new Message.ReadIndexReply(1, 2, 4, 14, List.of(entry(0, 0, new byte[] {7}))));
        return messages;
    }

    private static List<Message> of(StreamType type) {
        return type == StreamType.APPENDS ? appends() : messages();
    }

    private static byte[] encoded(StreamType type, List<Message> messages) {
        FrameEncoder encoder = type.newEncoder();
        ByteBuf out = Unpooled.buffer();
        encoder.encodeLinkHeartbeat(out);
        for (Message message : messages) {
            encoder.encode(message, EtcdCodec.INSTANCE.messages().sizeOf(message), out);
            encoder.encodeLinkHeartbeat(out);
        }
        return ByteBufUtil.getBytes(out);
    }

    private static List<Message> decoded(FrameDecoder decoder, byte[] bytes, int step) throws CodecException {
        List<Message> messages = new ArrayList<>();
        for (int i = 0; i < bytes.length; i += step) {
            ByteBuf part = Unpooled.wrappedBuffer(bytes, i, Math.min(step, bytes.length - i));
            decoder.decode(part, messages);
            assertThat(part.isReadable()).isFalse();
        }
        return messages;
    }

    @ParameterizedTest
    @EnumSource(StreamType.class)
    void framesAreReadHoweverTheyAreCut(StreamType type) throws Exception {
        byte[] bytes = encoded(type, of(type));
        for (int step : new int[] {1, 2, 3, 7, 8, 9, 50, 1_000, 9_999, bytes.length}) {
            assertThat(decoded(type.newDecoder(2, 1, LIMIT), bytes, step)).isEqualTo(of(type));
        }
    }

    @Test
    void anAppendThatFollowsIsItsEntriesAlone() throws Exception {
        byte[] first = encoded(StreamType.APPENDS, appends().subList(0, 1));
        byte[] both = encoded(StreamType.APPENDS, appends().subList(0, 2));
        byte[] second = Arrays.copyOfRange(both, first.length, both.length);
        ByteBuf expected = Unpooled.buffer();
        expected.writeByte(1).writeLong(3);
        for (Entry each : appends().get(1).entries()) {
            byte[] bytes = EtcdCodec.INSTANCE.entries().encode(each);
            expected.writeLong(bytes.length).writeBytes(bytes);
        }
        expected.writeLong(10).writeByte(0);
        assertThat(second).isEqualTo(ByteBufUtil.getBytes(expected));
        assertThat(first[1]).isEqualTo((byte) 2);
    }

    @Test
    void onlyAnAppendThatDoesNotFollowIsAWholeMessage() {
        FrameEncoder encoder = StreamType.APPENDS.newEncoder();
        List<Byte> kinds = new ArrayList<>();
        for (Message message : appends()) {
            ByteBuf out = Unpooled.buffer();
            encoder.encode(message, EtcdCodec.INSTANCE.messages().sizeOf(message), out);
            kinds.add(out.getByte(0));
        }
        assertThat(kinds).containsExactly((byte) 2, (byte) 1, (byte) 1, (byte) 1, (byte) 2, (byte) 2, (byte) 1);
    }

    @Test
    void theHeartbeatOfAStreamForEverythingIsAMessageThatNamesNobody() {
        assertThat(ByteBufUtil.hexDump(encoded(StreamType.MESSAGES, List.of())))
                .isEqualTo("0000000000000014" + "08081000180020002800300040005000" + "58006800");
    }

    @ParameterizedTest
    @CsvSource({
        "03, 'kind of frame at byte 0: 3 is not 0, 1 or 2'",
        "ff, 'kind of frame at byte 0: 255 is not 0, 1 or 2'",
        "0000000000000000, ''",
        "01, kind of frame at byte 0: 1 before the first message: it follows nothing",
        "020000000000010001, message at byte 0: length 65537 is more than the 65536 bytes that the frame may still have",
        "02ffffffffffffffff, "
                + "message at byte 0: length 18446744073709551615 is more than the 65536 bytes that the frame may still have",
        "02000000000000000208 08, Message.type at byte 0: MsgHeartbeat on a stream for appends is not MsgApp",
        "0200000000000000020863, Message.type at byte 2: 99 is not from 0 to 23",
    })
    void damagedAppendsAreRefusedBeforeAnythingIsAllocated(String hex, String complaint) throws Exception {
        check(StreamType.APPENDS, hex.replace(" ", ""), complaint);
    }

    /** Behind a first message of 40 bytes with an entry. */
    @ParameterizedTest
    @CsvSource({
        "018000000000000000, number of entries at byte 0: 9223372036854775808 is more than 1048576",
        "010000000000100001, number of entries at byte 0: 1048577 is more than 1048576",
        "0100000000000000010000000000010001, "
                + "entry at byte 0: length 65537 is more than the 65536 bytes that the frame may still have",
        "010000000000000001 0000000000000001 08, Entry.type at byte 1: the bytes end within a number",
        "010000000000000000 ffffffffffffffff, commit at byte 0: 18446744073709551615 is not below 2^63",
    })
    void damagedEntriesAreRefused(String hex, String complaint) throws Exception {
        String first = ByteBufUtil.hexDump(encoded(StreamType.APPENDS, appends().subList(0, 1)));
        check(StreamType.APPENDS, first + hex.replace(" ", ""), complaint);
    }

    @ParameterizedTest
    @CsvSource({
        "0000000000010001, "
                + "message at byte 0: length 65537 is more than the 65536 bytes that the frame may still have",
        "8000000000000000, "
                + "message at byte 0: length 9223372036854775808 is more than the 65536 bytes that the frame may still have",
        "000000000000000208ff, Message.type at byte 2: the bytes end within a number",
        "00000000000000, ''",
    })
    void damagedMessagesAreRefusedBeforeAnythingIsAllocated(String hex, String complaint) throws Exception {
        check(StreamType.MESSAGES, hex, complaint);
    }

    private static void check(StreamType type, String hex, String complaint) throws CodecException {
        FrameDecoder decoder = type.newDecoder(2, 1, LIMIT);
        if (complaint.isEmpty()) {
            assertThat(decoded(decoder, ByteBufUtil.decodeHexDump(hex), 1)).isEmpty();
        } else {
            assertThatThrownBy(() -> decoded(decoder, ByteBufUtil.decodeHexDump(hex), hex.length()))
                    .isInstanceOf(CodecException.class)
                    .hasMessage(complaint);
        }
    }

    @Test
    void theEntriesOfAFrameShareItsLimit() {
        List<Message> messages = List.of(
                appends().get(0),
                append(3, 3, 10, 10, entry(3, 11, new byte[LIMIT / 2]), entry(3, 12, new byte[LIMIT / 2])));
        byte[] bytes = encoded(StreamType.APPENDS, messages);
        assertThatThrownBy(() -> decoded(StreamType.APPENDS.newDecoder(2, 1, LIMIT), bytes, 1_000))
                .hasMessageContaining("bytes that the frame may still have");
    }

    @Test
    void aLongFrameThatNeverComesTakesLittleMemory() throws Exception {
        FrameDecoder decoder = StreamType.MESSAGES.newDecoder(2, 1, 1 << 30);
        long before = allocatedBytes();
        decoder.decode(Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump("000000003fffffff00")), new ArrayList<>());
        assertThat(allocatedBytes() - before).isLessThan(1 << 20);
    }

    private static long allocatedBytes() {
        return ((com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean())
                .getThreadAllocatedBytes(Thread.currentThread().getId());
    }
}
