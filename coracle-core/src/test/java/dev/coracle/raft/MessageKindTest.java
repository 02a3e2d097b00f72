package dev.coracle.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is known of a message by its type: where it may come from, and by which number others know it. */
class MessageKindTest {
    @Test
    void theseStayWithinANode() {
        EnumSet<MessageType> local = EnumSet.of(
                MessageType.HUP,
                MessageType.BEAT,
                MessageType.UNREACHABLE,
                MessageType.SNAPSHOT_STATUS,
                MessageType.CHECK_QUORUM,
                MessageType.STORAGE_APPEND,
                MessageType.STORAGE_APPEND_REPLY,
                MessageType.STORAGE_APPLY,
                MessageType.STORAGE_APPLY_REPLY);

        for (MessageType type : MessageType.values()) {
            assertThat(type.isLocal()).as("%s", type).isEqualTo(local.contains(type));
        }
    }

    @Test
    void theseAreAnswers() {
        EnumSet<MessageType> answers = EnumSet.of(
                MessageType.APPEND_REPLY,
                MessageType.VOTE_REPLY,
                MessageType.HEARTBEAT_REPLY,
                MessageType.UNREACHABLE,
                MessageType.READ_INDEX_REPLY,
                MessageType.PRE_VOTE_REPLY,
                MessageType.STORAGE_APPEND_REPLY,
                MessageType.STORAGE_APPLY_REPLY);

        for (MessageType type : MessageType.values()) {
            assertThat(type.isResponse()).as("%s", type).isEqualTo(answers.contains(type));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, MsgHup",
        "1, MsgBeat",
        "2, MsgProp",
        "3, MsgApp",
        "4, MsgAppResp",
        "5, MsgVote",
        "6, MsgVoteResp",
        "7, MsgSnap",
        "8, MsgHeartbeat",
        "9, MsgHeartbeatResp",
        "10, MsgUnreachable",
        "11, MsgSnapStatus",
        "12, MsgCheckQuorum",
        "13, MsgTransferLeader",
        "14, MsgTimeoutNow",
        "15, MsgReadIndex",
        "16, MsgReadIndexResp",
        "17, MsgPreVote",
        "18, MsgPreVoteResp",
        "19, MsgStorageAppend",
        "20, MsgStorageAppendResp",
        "21, MsgStorageApply",
        "22, MsgStorageApplyResp",
        "23, MsgForgetLeader",
    })
    void theNumbersAreThoseOfTheWire(int number, String etcdName) {
        assertThat(MessageType.values()[number].etcdName()).isEqualTo(etcdName);
    }

    @Test
    void theNamesOfTheOtherEnumsAreEtcds() {
        assertThat(Arrays.stream(RoleName.values()).map(RoleName::etcdName))
                .containsExactly("StateFollower", "StateCandidate", "StateLeader", "StatePreCandidate");
        assertThat(Arrays.stream(EntryType.values()).map(EntryType::etcdName))
                .containsExactly("EntryNormal", "EntryConfChange", "EntryConfChangeV2");
    }
}
