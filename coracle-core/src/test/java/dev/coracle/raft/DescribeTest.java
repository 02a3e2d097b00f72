package dev.coracle.raft;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class DescribeTest {
    private static final ConfState JOINT =
            new ConfState(List.of(1L, 2L), List.of(5L), List.of(2L, 3L), List.of(3L), true);
    private static final Snapshot SNAPSHOT = Snapshot.of(new SnapshotMetadata(11, 2, JOINT));
    private static final String JOINT_TEXT =
            "Voters:[1 2] VotersOutgoing:[2 3] Learners:[5] LearnersNext:[3] AutoLeave:true";

    private final Describe describe = new Describe(new LetterCodec());

    @Test
    void quotesAsGoDoes() {
        assertThat(Describe.quote("hello\u0000world")).isEqualTo("\"hello\\x00world\"");
        assertThat(Describe.quote("\"\\\u0007\b\f\n\r\t\u000b\u001b\u007f'"))
                .isEqualTo("\"\\\"\\\\\\a\\b\\f\\n\\r\\t\\v\\x1b\\x7f'\"");
        assertThat(Describe.quote("")).isEqualTo("\"\"");
    }

    @Test
    void quotesPrintableCharactersAsTheyAre() {
        assertThat(Describe.quote("ü 世 ∞ 😀 \ufffd")).isEqualTo("\"ü 世 ∞ 😀 \ufffd\"");
    }

    @Test
    void quotesSpacesAndInvisibleCharactersByTheirNumber() {
        assertThat(Describe.quote("\u00a0\u0085\u2028\u3000\ue000\udb40\udc01"))
                .isEqualTo("\"\\u00a0\\u0085\\u2028\\u3000\\ue000\\U000e0001\"");
    }

    @Test
    void quotesEachByteOfInvalidUtf8() {
        assertThat(quoted(0x61, 0xff, 0x62)).isEqualTo("\"a\\xffb\"");
        assertThat(quoted(0x80)).isEqualTo("\"\\x80\"");
        assertThat(quoted(0xe4, 0xb8)).as("cut off").isEqualTo("\"\\xe4\\xb8\"");
        assertThat(quoted(0xe4, 0xb8, 0x41)).as("not continued").isEqualTo("\"\\xe4\\xb8A\"");
        assertThat(quoted(0xc0, 0x80)).as("too long for NUL").isEqualTo("\"\\xc0\\x80\"");
        assertThat(quoted(0xe0, 0x80, 0x80)).as("too long for NUL").isEqualTo("\"\\xe0\\x80\\x80\"");
        assertThat(quoted(0xed, 0xa0, 0x80)).as("a surrogate").isEqualTo("\"\\xed\\xa0\\x80\"");
        assertThat(quoted(0xf4, 0x90, 0x80, 0x80)).as("beyond Unicode").isEqualTo("\"\\xf4\\x90\\x80\\x80\"");
        assertThat(quoted(0xf8, 0x88, 0x80, 0x80, 0x80)).isEqualTo("\"\\xf8\\x88\\x80\\x80\\x80\"");
    }

    @Test
    void namesTargetsInHexadecimalOrByWhatTheyStandFor() {
        assertThat(Describe.target(RawNode.NONE)).isEqualTo("None");
        assertThat(Describe.target(RawNode.APPEND_THREAD)).isEqualTo("AppendThread");
        assertThat(Describe.target(RawNode.APPLY_THREAD)).isEqualTo("ApplyThread");
        assertThat(Describe.target(27)).isEqualTo("1b");
        assertThat(Describe.target(-3)).isEqualTo("fffffffffffffffd");
    }

    @Test
    void describesStates() {
        assertThat(Describe.hardState(new HardState(3, 0, 9))).isEqualTo("Term:3 Commit:9");
        assertThat(Describe.hardState(new HardState(3, -3, 9))).isEqualTo("Term:3 Vote:18446744073709551613 Commit:9");
        assertThat(Describe.softState(new SoftState(11, RoleName.PRE_CANDIDATE)))
                .isEqualTo("Lead:11 State:StatePreCandidate");
        assertThat(Describe.confState(JOINT)).isEqualTo(JOINT_TEXT);
        assertThat(Describe.confState(ConfState.EMPTY))
                .isEqualTo("Voters:[] VotersOutgoing:[] Learners:[] LearnersNext:[] AutoLeave:false");
        assertThat(Describe.snapshot(SNAPSHOT)).isEqualTo("Index:11 Term:2 ConfState:" + JOINT_TEXT);
    }

    @Test
    void describesEntriesByTheirData() {
        assertThat(describe.entry(normal(1, 2, "hello\u0000world"))).isEqualTo("1/2 EntryNormal \"hello\\x00world\"");
        assertThat(describe.entry(new Entry(1, 2, EntryType.NORMAL, null))).isEqualTo("1/2 EntryNormal \"\"");
        assertThat(describe.entries(List.of(normal(1, 2, "a"), normal(1, 3, "b"))))
                .isEqualTo("1/2 EntryNormal \"a\"\n1/3 EntryNormal \"b\"\n");
        assertThat(describe.entries(List.of())).isEmpty();
    }

    @Test
    void takesAnotherFormatterForData() {
        Describe upperCase = new Describe(new LetterCodec(), data -> new String(data, UTF_8).toUpperCase(Locale.ROOT));

        assertThat(upperCase.entry(normal(1, 2, "hello"))).isEqualTo("1/2 EntryNormal HELLO");
        assertThat(upperCase.entry(normal(1, 2, "")))
                .as("nothing to say, no space")
                .isEqualTo("1/2 EntryNormal");
    }

    @Test
    void describesEntriesThatChangeTheConfigurationByTheirChanges() {
        assertThat(describe.entry(new Entry(4, 5, EntryType.CONF_CHANGE, "v1".getBytes(UTF_8))))
                .isEqualTo("4/5 EntryConfChange v1");
        assertThat(describe.entry(new Entry(4, 5, EntryType.CONF_CHANGE_V2, "v1 l2 r3 u27".getBytes(UTF_8))))
                .isEqualTo("4/5 EntryConfChangeV2 v1 l2 r3 u27");
        assertThat(describe.entry(new Entry(4, 5, EntryType.CONF_CHANGE_V2, null)))
                .as("leaves a joint configuration")
                .isEqualTo("4/5 EntryConfChangeV2");
        assertThat(describe.entry(new Entry(4, 5, EntryType.CONF_CHANGE_V2, "x9".getBytes(UTF_8))))
                .isEqualTo("4/5 EntryConfChangeV2 no change begins with x");
    }

    @Test
    void describesConfigurationChangesByTheNamesOfTheirParts() {
        ConfChangeV2 change = new ConfChangeV2(
                ConfChangeTransition.JOINT_EXPLICIT,
                List.of(
                        new ConfChangeSingle(ConfChangeType.ADD_NODE, 27),
                        new ConfChangeSingle(ConfChangeType.ADD_LEARNER_NODE, 2)),
                Bytes.of("ctx\n".getBytes(UTF_8)));

        assertThat(Describe.confChange(change))
                .isEqualTo("transition:ConfChangeTransitionJointExplicit"
                        + " changes:{type:ConfChangeAddNode node_id:27}"
                        + " changes:{type:ConfChangeAddLearnerNode node_id:2}"
                        + " context:\"ctx\\n\"");
        assertThat(Describe.confChange(ConfChangeV2.LEAVE_JOINT)).isEqualTo("transition:ConfChangeTransitionAuto");
    }

    @Test
    void describesShortMessagesInOneLine() {
        assertThat(describe.message(new Message.Hup())).isEqualTo("None->None MsgHup Term:0 Log:0/0");
        assertThat(describe.message(Message.AppendReply.rejected(27, 1, 5, 9, 0, 3)))
                .isEqualTo("1b->1 MsgAppResp Term:5 Log:3/9 Rejected (Hint: 0)");
        assertThat(describe.message(new Message.Append(1, 2, 3, 1, 10, List.of(normal(2, 11, "x")), 10)))
                .isEqualTo("1->2 MsgApp Term:3 Log:1/10 Commit:10 Entries:[2/11 EntryNormal \"x\"]");
        assertThat(describe.message(new Message.Heartbeat(1, 2, 3, 0, Bytes.of((byte) 1))))
                .as("neither a commit index of 0 nor the context")
                .isEqualTo("1->2 MsgHeartbeat Term:3 Log:0/0");
    }

    @Test
    void describesSeveralEntriesOnLinesOfTheirOwn() {
        Message message = new Message.Append(1, 2, 3, 1, 10, List.of(normal(2, 11, "x"), normal(2, 12, "y")), 0);

        assertThat(describe.message(message, "__"))
                .isEqualTo("__1->2 MsgApp Term:3 Log:1/10 Entries:[\n"
                        + "__  2/11 EntryNormal \"x\"\n"
                        + "__  2/12 EntryNormal \"y\"\n"
                        + "__]");
    }

    @Test
    void describesASnapshotOnALineOfItsOwn() {
        assertThat(describe.message(new Message.InstallSnapshot(1, 3, 2, SNAPSHOT)))
                .isEqualTo("1->3 MsgSnap Term:2 Log:0/0\n  Snapshot: Index:11 Term:2 ConfState:" + JOINT_TEXT);
    }

    @Test
    void describesResponsesIndentedByTwo() {
        Message message = new Message.StorageAppend(
                1,
                new HardState(2, 3, 4),
                List.of(normal(2, 5, "x")),
                Snapshot.EMPTY,
                List.of(
                        Message.AppendReply.accepted(1, 1, 2, 5),
                        new Message.StorageApplyReply(1, List.of(normal(2, 3, "y"), normal(2, 4, "z")))));

        assertThat(describe.message(message))
                .isEqualTo("1->AppendThread MsgStorageAppend Term:2 Log:0/0 Commit:4 Vote:3"
                        + " Entries:[2/5 EntryNormal \"x\"] Responses:[\n"
                        + "  1->1 MsgAppResp Term:2 Log:0/5\n"
                        + "  ApplyThread->1 MsgStorageApplyResp Term:0 Log:0/0 Entries:[\n"
                        + "    2/3 EntryNormal \"y\"\n"
                        + "    2/4 EntryNormal \"z\"\n"
                        + "  ]\n"
                        + "]");
    }

    @Test
    void describesTheEmptyReadyWithoutLineFeed() {
        Ready empty =
                new Ready(null, HardState.EMPTY, List.of(), List.of(), Snapshot.EMPTY, List.of(), List.of(), true);

        assertThat(describe.ready(empty)).isEqualTo("<empty Ready>");
    }

    @Test
    void describesEveryPartOfAReadyInOrder() {
        Ready ready = new Ready(
                new SoftState(1, RoleName.LEADER),
                new HardState(2, 1, 4),
                List.of(new ReadState(11, Bytes.of((byte) 99, (byte) 116, (byte) 255)), new ReadState(12, Bytes.EMPTY)),
                List.of(normal(2, 5, "new")),
                SNAPSHOT,
                List.of(normal(2, 4, "old")),
                List.of(new Message.Heartbeat(1, 2, 2, 4, Bytes.EMPTY)),
                false);

        assertThat(describe.ready(ready))
                .isEqualTo("Ready MustSync=false:\n"
                        + "Lead:1 State:StateLeader\n"
                        + "HardState Term:2 Vote:1 Commit:4\n"
                        + "ReadStates [{11 [99 116 255]} {12 []}]\n"
                        + "Entries:\n"
                        + "2/5 EntryNormal \"new\"\n"
                        + "Snapshot Index:11 Term:2 ConfState:" + JOINT_TEXT + "\n"
                        + "CommittedEntries:\n"
                        + "2/4 EntryNormal \"old\"\n"
                        + "Messages:\n"
                        + "1->2 MsgHeartbeat Term:2 Log:0/0 Commit:4\n");
    }

    private static Entry normal(long term, long index, String data) {
        return new Entry(term, index, EntryType.NORMAL, data.getBytes(UTF_8));
    }

    private static String quoted(int... bytes) {
        byte[] array = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            array[i] = (byte) bytes[i];
        }
        return Describe.quote(array);
    }

    /** Changes written as {@link Describe#changes} prints them, so that the expectations here can be read. */
    private static final class LetterCodec implements ConfChangeCodec {
        @Override
        public byte[] encode(ConfChange change) {
            return encode(change.asV2());
        }

        @Override
        public byte[] encode(ConfChangeV2 change) {
            return Describe.changes(change.changes()).getBytes(UTF_8);
        }

        @Override
        public ConfChange decode(byte[] data) throws MalformedException {
            ConfChangeSingle single = decodeV2(data).changes().get(0);
            return new ConfChange(single.type(), single.nodeId());
        }

        @Override
        public ConfChangeV2 decodeV2(byte[] data) throws MalformedException {
            String text = new String(data, UTF_8);
            if (text.isEmpty()) {
                return ConfChangeV2.LEAVE_JOINT;
            }
            String[] words = text.split(" ");
            ConfChangeSingle[] changes = new ConfChangeSingle[words.length];
            for (int i = 0; i < words.length; i++) {
                changes[i] = new ConfChangeSingle(type(words[i].charAt(0)), Long.parseLong(words[i].substring(1)));
            }
            return ConfChangeV2.of(changes);
        }

        private static ConfChangeType type(char letter) throws MalformedException {
            for (ConfChangeType type : ConfChangeType.values()) {
                if (type.letter() == letter) {
                    return type;
                }
            }
            throw new MalformedException("no change begins with " + letter);
        }
    }
}
