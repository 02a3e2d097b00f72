package dev.coracle.codec;

import static dev.coracle.codec.Dialect.ETCD;
import static dev.coracle.codec.Dialect.RAFT_RS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.CodedOutputStream;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.raft.Message;
import dev.coracle.raft.MessageType;
import dev.coracle.raft.Snapshot;
import dev.coracle.raft.SnapshotMetadata;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MessageCodecTest {
    private static final EnumSet<MessageType> OWN_THREADS =
            EnumSet.range(MessageType.STORAGE_APPEND, MessageType.STORAGE_APPLY_REPLY);

    private static final Entry EMPTY_11 = new Entry(1, 11, EntryType.NORMAL, null);
    private static final Message APPEND_11 = new Message.Append(1, 2, 1, 1, 10, List.of(EMPTY_11), 10);
    private static final Message HEARTBEAT = new Message.Heartbeat(1, 2, 1, 0, Bytes.EMPTY);
    private static final Message REJECTION = Message.AppendReply.rejected(2, 1, 1, 3, 0, 0);

    @Test
    void entriesHaveTheBytesOfTheirDialect() throws Exception {
        bytes(ETCD.codec().entries(), EMPTY_11, "08 00 10 01 18 0b");
        bytes(RAFT_RS.codec().entries(), EMPTY_11, "10 01 18 0b");
        Entry foo = new Entry(1, 12, EntryType.NORMAL, ascii("foo"));
        bytes(ETCD.codec().entries(), foo, "08 00 10 01 18 0c 22 03 66 6f 6f");
        bytes(RAFT_RS.codec().entries(), foo, "10 01 18 0c 22 03 66 6f 6f");
        Entry autoLeave = new Entry(1, 5, EntryType.CONF_CHANGE_V2, null);
        bytes(ETCD.codec().entries(), autoLeave, "08 02 10 01 18 05");
        bytes(RAFT_RS.codec().entries(), autoLeave, "08 02 10 01 18 05");
    }

    @Test
    void messagesHaveTheBytesOfTheirDialect() throws Exception {
        bytes(
                ETCD.codec().messages(),
                APPEND_11,
                "08 03 10 02 18 01 20 01 28 01 30 0a 3a 06 08 00 10 01 18 0b 40 0a 50 00 58 00 68 00");
        bytes(RAFT_RS.codec().messages(), APPEND_11, "08 03 10 02 18 01 20 01 28 01 30 0a 3a 04 10 01 18 0b 40 0a");
        bytes(ETCD.codec().messages(), HEARTBEAT, "08 08 10 02 18 01 20 01 28 00 30 00 40 00 50 00 58 00 68 00");
        bytes(RAFT_RS.codec().messages(), HEARTBEAT, "08 08 10 02 18 01 20 01");
        bytes(ETCD.codec().messages(), REJECTION, "08 04 10 01 18 02 20 01 28 00 30 03 40 00 50 01 58 00 68 00");
        bytes(RAFT_RS.codec().messages(), REJECTION, "08 04 10 01 18 02 20 01 30 03 50 01");
        bytes(
                RAFT_RS.codec().messages(),
                new Message.AppendReply(2, 1, 1, 3, true, 0, 0, 7, 0),
                "08 04 10 01 18 02 20 01 30 03 40 07 50 01");
    }

    @Test
    void statesHaveTheBytesOfTheirDialect() throws Exception {
        HardState state = new HardState(1, 0, 0);
        bytes(ETCD.codec().hardStates(), state, "08 01 10 00 18 00");
        bytes(RAFT_RS.codec().hardStates(), state, "08 01");
        ConfState voters = ConfState.ofVoters(1L, 2L, 3L);
        bytes(ETCD.codec().confStates(), voters, "08 01 08 02 08 03 28 00");
        bytes(RAFT_RS.codec().confStates(), voters, "0a 03 01 02 03");
        bytes(ETCD.codec().snapshots(), Snapshot.EMPTY, "12 08 0a 02 28 00 10 00 18 00");
        bytes(RAFT_RS.codec().snapshots(), Snapshot.EMPTY, "");
    }

    @Test
    void payloadsOfEtcdsLogAreWrittenAlike() throws Exception {
        bytes(
                ETCD.codec().entries(),
                new Entry(1, 1, EntryType.CONF_CHANGE, Hex.bytes("08 00 10 00 18 01")),
                "08 01 10 01 18 01 22 06 08 00 10 00 18 01");
        bytes(ETCD.codec().entries(), new Entry(2, 2, EntryType.NORMAL, null), "08 00 10 02 18 02");
        bytes(
                ETCD.codec().entries(),
                new Entry(2, 3, EntryType.NORMAL, ascii("hello")),
                "08 00 10 02 18 03 22 05 68 65 6c 6c 6f");
        bytes(ETCD.codec().hardStates(), new HardState(2, 1, 3), "08 02 10 01 18 03");
        bytes(ETCD.codec().hardStates(), new HardState(1, 1, 2), "08 01 10 01 18 02");
        bytes(ETCD.codec().hardStates(), new HardState(1, 0, 2), "08 01 10 00 18 02");
        bytes(
                ETCD.codec().snapshots(),
                new Snapshot(
                        new SnapshotMetadata(1, 1, ConfState.ofVoters(1L, 2L, 3L)), Bytes.of(ascii("some snapshot"))),
                "0a 0d 73 6f 6d 65 20 73 6e 61 70 73 68 6f 74 12 0e 0a 08 08 01 08 02 08 03 28 00 10 01 18 01");
    }

    @Test
    void whatNewestEtcdWritesIsRead() throws Exception {
        assertThat(ETCD.codec().entries().decode(Hex.bytes("10 01 18 0b"))).isEqualTo(EMPTY_11);
        assertThat(ETCD.codec().entries().decode(Hex.bytes("10 02 18 03 22 05 68 65 6c 6c 6f")))
                .isEqualTo(new Entry(2, 3, EntryType.NORMAL, ascii("hello")));
        assertThat(ETCD.codec()
                        .messages()
                        .decode(Hex.bytes("08 03 10 02 18 01 20 01 28 01 30 0a 3a 04 10 01 18 0b 40 0a")))
                .isEqualTo(APPEND_11);
        assertThat(ETCD.codec().messages().decode(Hex.bytes("08 08 10 02 18 01 20 01 40 00")))
                .isEqualTo(HEARTBEAT);
        assertThat(ETCD.codec().messages().decode(Hex.bytes("08 04 10 01 18 02 20 01 28 00 30 03 50 01 58 00")))
                .isEqualTo(REJECTION);
        assertThat(ETCD.codec()
                        .snapshots()
                        .decode(Hex.bytes("0a 0d 73 6f 6d 65 20 73 6e 61 70 73 68 6f 74"
                                + "12 0c 0a 06 08 01 08 02 08 03 10 01 18 01")))
                .isEqualTo(new Snapshot(
                        new SnapshotMetadata(1, 1, ConfState.ofVoters(1L, 2L, 3L)), Bytes.of(ascii("some snapshot"))));
    }

    @Test
    void anEmptySnapshotInAnyMessageOfOlderEtcdIsIgnored() throws Exception {
        assertThat(ETCD.codec()
                        .messages()
                        .decode(Hex.bytes("08 08 10 00 18 00 20 00 28 00 30 00 40 00"
                                + "4a 0a 12 08 0a 02 28 00 10 00 18 00 50 00 58 00")))
                .isEqualTo(new Message.Heartbeat(0, 0, 0, 0, Bytes.EMPTY));
    }

    @ParameterizedTest
    @EnumSource(names = {"ETCD", "RAFT_RS"})
    void packedAndSingleNumbersAreBothRead(Dialect dialect) throws Exception {
        ConfState expected = ConfState.ofVoters(1L, 2L, 300L, 4L);
        assertThat(dialect.codec().confStates().decode(Hex.bytes("08 01 0a 03 02 ac 02 0a 00 08 04 28 00")))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(names = {"ETCD", "RAFT_RS"})
    void transfersAreMarkedByTheirContext(Dialect dialect) throws Exception {
        Codec<Message> codec = dialect.codec().messages();
        String marked = Hex.text(codec.encode(new Message.Vote(1, 2, 3, 4, 5, true, 0, 0, 0)));
        assertThat(marked).contains(Hex.text(ascii("CampaignTransfer")));
        String unmarked = Hex.text(codec.encode(new Message.Vote(1, 2, 3, 4, 5, false, 0, 0, 0)));
        assertThat(unmarked).doesNotContain(" 62 ");
        assertThat(codec.decode(Hex.bytes("08 05 62 01 43")))
                .isEqualTo(new Message.Vote(0, 0, 0, 0, 0, false, 0, 0, 0));
    }

    @Test
    void prioritiesAreWrittenForOlderAndNewerRaftRs() throws Exception {
        Codec<Message> codec = RAFT_RS.codec().messages();
        bytes(codec, new Message.Vote(0, 0, 0, 0, 0, false, 0, 6, 5), "08 05 70 05 78 06 80 01 05");
        bytes(codec, new Message.Vote(0, 0, 0, 0, 0, false, 0, 0, -1), "08 05 80 01 ff ff ff ff ff ff ff ff ff 01");
        assertThat(codec.decode(Hex.bytes("08 05 70 05"))).isEqualTo(new Message.Vote(0, 0, 0, 0, 0, false, 0, 0, 5));
        assertThat(codec.decode(Hex.bytes("08 05 70 ff ff ff ff ff ff ff ff ff 01")))
                .isEqualTo(new Message.Vote(0, 0, 0, 0, 0, false, 0, 0, Long.MAX_VALUE));
    }

    @Test
    void etcdNeverSeesTheOlderPriorityWhichItWouldRefuse() throws Exception {
        Message vote = new Message.Vote(0, 0, 0, 0, 0, false, 0, 0, 5);
        assertThatThrownBy(() -> ETCD.codec()
                        .messages()
                        .decode(RAFT_RS.codec().messages().encode(vote)))
                .isInstanceOf(CodecException.class)
                .hasMessage("Message.responses at byte 3: wire type 0 is not 2");
        assertThat(ETCD.codec().messages().decode(ETCD.codec().messages().encode(vote)))
                .isEqualTo(vote);
    }

    @Test
    void absentAndEmptyDataStayApartWhereTheDialectCan() throws Exception {
        Entry empty = new Entry(1, 1, EntryType.NORMAL, new byte[0], new byte[0]);
        Entry absent = new Entry(1, 1, EntryType.NORMAL, null, null);
        assertThat(recoded(ETCD.codec().entries(), empty)).isEqualTo(empty).isNotEqualTo(absent);
        assertThat(recoded(ETCD.codec().entries(), absent)).isEqualTo(absent);
        assertThat(recoded(RAFT_RS.codec().entries(), empty)).isEqualTo(absent);
    }

    @Test
    void idsMayHaveTheHighestBit() throws Exception {
        HardState state = new HardState(1, Long.MIN_VALUE, 1);
        ConfState members = ConfState.ofVoters(-1L, Long.MIN_VALUE);
        Message message = new Message.TimeoutNow(-1, Long.MIN_VALUE, 1);
        for (Dialect dialect : Dialect.values()) {
            assertThat(recoded(dialect.codec().hardStates(), state)).isEqualTo(state);
            assertThat(recoded(dialect.codec().confStates(), members)).isEqualTo(members);
            assertThat(recoded(dialect.codec().messages(), message)).isEqualTo(message);
        }
    }

    @Test
    void termsAndIndexesAreBelow2To63() {
        String tooHigh = " 80 80 80 80 80 80 80 80 80 01";
        String complaint = "9223372036854775808 is not below 2^63";
        refused(ETCD.codec().entries(), "10" + tooHigh, "Entry.term at byte 11: " + complaint);
        refused(ETCD.codec().entries(), "18" + tooHigh, "Entry.index at byte 11: " + complaint);
        refused(ETCD.codec().hardStates(), "08" + tooHigh, "HardState.term at byte 11: " + complaint);
        refused(ETCD.codec().hardStates(), "18" + tooHigh, "HardState.commit at byte 11: " + complaint);
        refused(ETCD.codec().snapshotMetadata(), "10" + tooHigh, "SnapshotMetadata.index at byte 11: " + complaint);
        refused(ETCD.codec().snapshotMetadata(), "18" + tooHigh, "SnapshotMetadata.term at byte 11: " + complaint);
        for (Dialect dialect : Dialect.values()) {
            Codec<Message> codec = dialect.codec().messages();
            refused(codec, "08 04 20" + tooHigh, "Message.term at byte 13: " + complaint);
            refused(codec, "08 04 28" + tooHigh, "Message.log_term at byte 13: " + complaint);
            refused(codec, "08 04 30" + tooHigh, "Message.index at byte 13: " + complaint);
            refused(codec, "08 04 40" + tooHigh, "Message.commit at byte 13: " + complaint);
            refused(codec, "08 04 58" + tooHigh, "Message.reject_hint at byte 13: " + complaint);
            refused(codec, "08 04 68" + tooHigh, "Message.request_snapshot at byte 13: " + complaint);
            refused(codec, "08 04 78" + tooHigh, "Message.commit_term at byte 13: " + complaint);
            refused(codec, "3a 0b 10" + tooHigh, "Entry.term at byte 13: " + complaint);
        }
    }

    @Test
    void unknownTypesAreRefusedByNumber() {
        refused(ETCD.codec().entries(), "08 03", "Entry.type at byte 2: 3 is not from 0 to 2");
        refused(ETCD.codec().messages(), "08 18", "Message.type at byte 2: 24 is not from 0 to 23");
        refused(RAFT_RS.codec().messages(), "08 13", "Message.type at byte 2: 19 is not from 0 to 18");
    }

    @Test
    void groupsAndWrongWireTypesAreRefused() {
        refused(ETCD.codec().entries(), "43 44", "unknown field at byte 1: wire type 3 is not 0, 1, 2 or 5");
        refused(ETCD.codec().entries(), "22 01 61 0c", "Entry.type at byte 4: wire type 4 is not 0");
        refused(ETCD.codec().entries(), "20 05", "Entry.data at byte 1: wire type 0 is not 2");
        refused(ETCD.codec().messages(), "38 00", "Message.entries at byte 1: wire type 0 is not 2");
        refused(ETCD.codec().confStates(), "0d 01 00 00 00", "ConfState.voters at byte 1: wire type 5 is not 0");
    }

    @Test
    void aNestedMessageEndsWhereItsLengthSays() {
        refused(ETCD.codec().messages(), "3a 01 10 01", "Entry.term at byte 3: the bytes end within a number");
        refused(
                ETCD.codec().messages(),
                "4a 02 0a 01 61",
                "Snapshot.data at byte 4: length 1 is more than the 0 bytes left");
        refused(ETCD.codec().confStates(), "0a 01 80 01", "ConfState.voters at byte 3: the bytes end within a number");
    }

    @Test
    void responsesDoNotNest() throws Exception {
        refused(ETCD.codec().messages(), "08 13 72 02 72 00", "Message.responses at byte 5: a response has responses");
        assertThat(ETCD.codec().messages().decode(Hex.bytes("08 13 20 02 40 03 68 05 72 04 08 04 10 07")))
                .isEqualTo(new Message.StorageAppend(
                        0,
                        new HardState(2, 5, 3),
                        List.of(),
                        Snapshot.EMPTY,
                        List.of(Message.AppendReply.accepted(0, 7, 0, 0))));
    }

    @Test
    void messagesToTheOwnThreadsAreReadFromEtcdAndNeverWritten() throws Exception {
        Samples samples = new Samples(new Random(1), ETCD);
        for (MessageType type : OWN_THREADS) {
            Message message = samples.message(type);
            for (Dialect dialect : Dialect.values()) {
                assertThatThrownBy(() -> dialect.codec().messages().encode(message))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining(type.name());
            }
            Message read = ETCD.codec().messages().decode(new byte[] {8, (byte) type.ordinal()});
            assertThat(read.type()).isEqualTo(type);
        }
        assertThatThrownBy(() -> RAFT_RS.codec().messages().encode(new Message.ForgetLeader(1, 2, 3)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("FORGET_LEADER");
    }

    @Test
    void noBytesAreTheZeroMessage() throws Exception {
        for (Dialect dialect : Dialect.values()) {
            assertThat(dialect.codec().messages().decode(new byte[0])).isEqualTo(new Message.Hup());
        }
    }

    @Test
    void theLastOfARepeatedFieldCounts() throws Exception {
        assertThat(ETCD.codec().entries().decode(Hex.bytes("10 01 10 02 22 01 61 22 01 62 18 03")))
                .isEqualTo(new Entry(2, 3, EntryType.NORMAL, ascii("b")));
    }

    @Test
    void bytesAboveTheLimitAreRefusedUnread() throws Exception {
        ByteBuffer source = ByteBuffer.wrap(ETCD.codec().messages().encode(APPEND_11));
        int size = source.remaining();
        assertThat(ETCD.codec().messages().decode(source, size)).isEqualTo(APPEND_11);
        assertThatThrownBy(() -> ETCD.codec().messages().decode(source, size - 1))
                .isInstanceOf(CodecException.class)
                .hasMessage("size at byte 0: 28 bytes are more than the limit of 27");
    }

    @Test
    void writingPastTheEndIsRefusedAndChangesNothing() {
        byte[] target = new byte[6];
        assertThatThrownBy(() -> ETCD.codec().entries().write(EMPTY_11, target, 1))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> ETCD.codec().entries().write(EMPTY_11, ByteBuffer.wrap(target, 1, 5)))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(target).containsOnly(0);
    }

    @Test
    void decodedBytesAreNotSharedWithTheirSource() throws Exception {
        byte[] source = ETCD.codec().entries().encode(new Entry(1, 1, EntryType.NORMAL, ascii("abc")));
        Entry entry = ETCD.codec().entries().decode(source);
        Arrays.fill(source, (byte) 0);
        assertThat(entry.data()).isEqualTo(ascii("abc"));
    }

    @ParameterizedTest
    @EnumSource(names = {"ETCD", "RAFT_RS"})
    void everyValueSurvivesEveryWayOfWritingAndReading(Dialect dialect) throws Exception {
        long seed = new Random().nextLong();
        System.out.println("MessageCodecTest " + dialect + " seed " + seed);
        Samples samples = new Samples(new Random(seed), dialect);
        MessageCodec codec = dialect.codec();
        for (int round = 0; round < 2_000; round++) {
            survives(codec.entries(), samples.entry());
            survives(codec.hardStates(), samples.hardState());
            survives(codec.confStates(), samples.confState());
            survives(codec.snapshotMetadata(), samples.snapshotMetadata());
            survives(codec.snapshots(), samples.snapshot());
            for (MessageType type : MessageType.values()) {
                if (!OWN_THREADS.contains(type) && (dialect == ETCD || type != MessageType.FORGET_LEADER)) {
                    survives(codec.messages(), samples.message(type));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"ETCD", "RAFT_RS"})
    void largeEntriesSurvive(Dialect dialect) throws Exception {
        Entry large = new Entry(Long.MAX_VALUE, 1, EntryType.NORMAL, new byte[300_000], new byte[200]);
        survives(dialect.codec().messages(), new Message.Append(1, 2, 3, 4, 5, List.of(large, large), 6));
    }

    private static <T> void survives(Codec<T> codec, T value) throws Exception {
        byte[] bytes = codec.encode(value);
        int size = bytes.length;
        assertThat(codec.sizeOf(value)).isEqualTo(size);
        assertThat(codec.decode(bytes)).isEqualTo(value);

        byte[] framed = new byte[size + 5];
        assertThat(codec.write(value, framed, 3)).isEqualTo(size);
        assertThat(Arrays.copyOfRange(framed, 3, 3 + size)).isEqualTo(bytes);
        assertThat(codec.decode(framed, 3, size)).isEqualTo(value);

        for (ByteBuffer buffer : List.of(ByteBuffer.allocate(size + 5), ByteBuffer.allocateDirect(size + 5))) {
            buffer.position(2);
            codec.write(value, buffer);
            assertThat(buffer.position()).isEqualTo(2 + size);
            buffer.flip().position(2);
            assertThat(codec.decode(buffer)).isEqualTo(value);
            assertThat(codec.decode(buffer.asReadOnlyBuffer())).isEqualTo(value);
            assertThat(buffer.remaining()).isEqualTo(size);
        }

        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(stream);
        codec.writeTo(value, out);
        out.flush();
        assertThat(stream.toByteArray()).isEqualTo(bytes);
    }

    private static <T> void bytes(Codec<T> codec, T value, String hex) throws Exception {
        assertThat(Hex.text(codec.encode(value))).isEqualTo(hex);
        assertThat(codec.decode(Hex.bytes(hex))).isEqualTo(value);
    }

    private static <T> T recoded(Codec<T> codec, T value) throws CodecException {
        return codec.decode(codec.encode(value));
    }

    private static void refused(Codec<?> codec, String hex, String complaint) {
        assertThatThrownBy(() -> codec.decode(Hex.bytes(hex)))
                .isInstanceOf(CodecException.class)
                .hasMessageStartingWith(complaint);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
