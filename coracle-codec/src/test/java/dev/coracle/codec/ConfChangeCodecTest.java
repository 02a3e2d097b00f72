package dev.coracle.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChange;
import dev.coracle.raft.ConfChangeCodec;
import dev.coracle.raft.ConfChangeCodec.MalformedException;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeTransition;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConfChangeCodecTest {
    private static final ConfChangeCodec ETCD = EtcdConfChangeCodec.INSTANCE;
    private static final ConfChangeCodec RAFT_RS = RaftRsConfChangeCodec.INSTANCE;

    private static final ConfChange ADD_1 = new ConfChange(ConfChangeType.ADD_NODE, 1);
    private static final ConfChangeV2 ADD_2_V2 = ConfChangeV2.of(new ConfChangeSingle(ConfChangeType.ADD_NODE, 2));

    @Test
    void etcdWritesEveryNumber() {
        assertThat(Hex.text(ETCD.encode(ADD_1))).isEqualTo("08 00 10 00 18 01");
        assertThat(Hex.text(ETCD.encode(ADD_2_V2))).isEqualTo("08 00 12 04 08 00 10 02");
    }

    @Test
    void raftRsWritesNoZeros() {
        assertThat(Hex.text(RAFT_RS.encode(ADD_1))).isEqualTo("18 01");
        assertThat(Hex.text(RAFT_RS.encode(ADD_2_V2))).isEqualTo("12 02 10 02");
    }

    @Test
    void newestEtcdAndRaftRsBytesAreReadByTheEtcdCodec() throws Exception {
        assertThat(ETCD.decode(Hex.bytes("10 00 18 01"))).isEqualTo(ADD_1);
        assertThat(ETCD.decode(Hex.bytes("18 01"))).isEqualTo(ADD_1);
        assertThat(ETCD.decodeV2(Hex.bytes("12 02 10 02"))).isEqualTo(ADD_2_V2);
        assertThat(RAFT_RS.decodeV2(Hex.bytes("08 00 12 04 08 00 10 02"))).isEqualTo(ADD_2_V2);
    }

    @Test
    void everyFieldSurvives() throws Exception {
        ConfChange change = new ConfChange(-1, ConfChangeType.ADD_LEARNER_NODE, Long.MIN_VALUE, Bytes.of((byte) 7));
        ConfChangeV2 v2 = new ConfChangeV2(
                ConfChangeTransition.JOINT_EXPLICIT,
                List.of(
                        new ConfChangeSingle(ConfChangeType.REMOVE_NODE, -1),
                        new ConfChangeSingle(ConfChangeType.ADD_LEARNER_NODE, 3)),
                Bytes.of((byte) 1, (byte) 2));
        for (ConfChangeCodec codec : List.of(ETCD, RAFT_RS)) {
            assertThat(codec.decode(codec.encode(change))).isEqualTo(change);
            assertThat(codec.decodeV2(codec.encode(v2))).isEqualTo(v2);
        }
    }

    @Test
    void leavingAJointConfigurationMayBeNoBytes() throws Exception {
        assertThat(Hex.text(ETCD.encode(ConfChangeV2.LEAVE_JOINT))).isEqualTo("08 00");
        assertThat(RAFT_RS.encode(ConfChangeV2.LEAVE_JOINT)).isEmpty();
        assertThat(ETCD.decodeV2(new byte[0])).isEqualTo(ConfChangeV2.LEAVE_JOINT);
        assertThat(RAFT_RS.decodeV2(new byte[0])).isEqualTo(ConfChangeV2.LEAVE_JOINT);
        assertThat(ETCD.decode(new Entry(1, 5, EntryType.CONF_CHANGE_V2, null))).isEqualTo(ConfChangeV2.LEAVE_JOINT);
    }

    @Test
    void addingALearnerToRaftRsIsAnUpdateToEtcd() throws Exception {
        ConfChange learner = new ConfChange(ConfChangeType.ADD_LEARNER_NODE, 4);
        assertThat(Hex.text(RAFT_RS.encode(learner))).isEqualTo("10 02 18 04");
        assertThat(ETCD.decode(RAFT_RS.encode(learner)).type()).isEqualTo(ConfChangeType.UPDATE_NODE);
        assertThat(Hex.text(ETCD.encode(learner))).isEqualTo("08 00 10 03 18 04");
        assertThatThrownBy(() -> RAFT_RS.decode(ETCD.encode(learner)))
                .isInstanceOf(MalformedException.class)
                .hasMessage("ConfChange.type at byte 4: 3 is not from 0 to 2");
    }

    @Test
    void raftRsCannotSayUpdate() {
        ConfChange update = new ConfChange(ConfChangeType.UPDATE_NODE, 1);
        assertThatThrownBy(() -> RAFT_RS.encode(update))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("UPDATE_NODE");
        assertThatThrownBy(() -> RAFT_RS.encode(update.asV2())).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void unknownFieldsAreSkippedAndTheLastOfARepeatedFieldCounts() throws Exception {
        assertThat(ETCD.decode(Hex.bytes("18 09 48 05 52 01 ff 59 0102030405060708 65 01020304 18 01")))
                .isEqualTo(ADD_1);
    }

    @Test
    void malformedBytesNameTheFieldAndTheRule() {
        refused("10 04", "ConfChange.type at byte 2: 4 is not from 0 to 3");
        refused("10 ff ff ff ff ff ff ff ff ff 01", "ConfChange.type at byte 11: -1 is not from 0 to 3");
        refused("18", "ConfChange.node_id at byte 1: the bytes end within a number");
        refused("18 80 80", "ConfChange.node_id at byte 3: the bytes end within a number");
        refused("18 ff ff ff ff ff ff ff ff ff ff 01", "a number of more than 64 bits");
        refused("18 ff ff ff ff ff ff ff ff ff 02", "a number of more than 64 bits");
        refused("1a 01 00", "ConfChange.node_id at byte 1: wire type 2 is not 0");
        refused("22 05 01", "ConfChange.context at byte 2: length 5 is more than the 1 bytes left");
        refused("22 ff ff ff ff ff ff ff ff ff 01", "length 18446744073709551615 is more than the 0 bytes left");
        refused("53 54", "unknown field at byte 1: wire type 3 is not 0, 1, 2 or 5");
        refused("00", "tag at byte 1: field number 0 is not from 1 to 536870911");
        refused("51 01", "unknown field");
    }

    private static void refused(String hex, String complaint) {
        assertThatThrownBy(() -> ETCD.decode(Hex.bytes(hex)))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining(complaint)
                .hasCauseInstanceOf(CodecException.class);
    }
}
