package dev.coracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.ByteReader.MalformedException;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeTransition;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import org.junit.jupiter.api.Test;

class EncodingsTest {
    private static final long HIGH = 0x8000_0000_0000_0001L;

    private static Tables tables() {
        SortedMap<Long, Tables.Known> news = ClusterFile.byId();
        news.put(1L, new Tables.Known("127.0.0.1:60061", 7));
        news.put(HIGH, new Tables.Known("[::1]:60062", 0));
        ConfState all = new ConfState(List.of(1L, 2L), List.of(HIGH), List.of(), List.of(), false);
        ConfState fewer = new ConfState(List.of(1L), List.of(HIGH), List.of(), List.of(), false);
        return Tables.EMPTY.withConfiguration(all, news).withConfiguration(fewer, ClusterFile.byId());
    }

    @Test
    void tablesAreReadAsWritten() throws Exception {
        Tables tables = tables();
        assertThat(tables.members().keySet()).containsExactly(1L, HIGH);
        assertThat(tables.removed()).containsExactly(2L);
        assertThat(tables.nextId()).isEqualTo(HIGH + 1);
        assertThat(Tables.decode(tables.encode())).isEqualTo(tables);
    }

    @Test
    void anIncarnationThatIsKnownStays() {
        Tables tables =
                tables().withKnown(1, "127.0.0.1:1", 8).withKnown(HIGH, "", 9).withKnown(5, "x:1", 5);
        assertThat(tables.member(1)).isEqualTo(new Tables.Known("127.0.0.1:1", 7));
        assertThat(tables.member(HIGH)).isEqualTo(new Tables.Known("[::1]:60062", 9));
        assertThat(tables.member(5)).isNull();
    }

    @Test
    void everyTruncationIsNoticed() {
        byte[] bytes = tables().encode();
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> Tables.decode(cut)).isInstanceOf(MalformedException.class);
        }
        assertThatThrownBy(() -> Tables.decode(Arrays.copyOf(bytes, bytes.length + 1)))
                .isInstanceOf(MalformedException.class);
    }

    @Test
    void aSnapshotsHeadLeavesTheRestToTheApplication() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Sessions sessions = new Sessions();
        sessions.open(7, HIGH);
        HashChain.Point hash = new HashChain.Point(3, 5, -7);
        new SnapshotHead(tables(), sessions.pin(), hash).write(out);
        out.write(42);
        ByteArrayInputStream in = new ByteArrayInputStream(out.toByteArray());
        SnapshotHead read = SnapshotHead.read(in);
        assertThat(read.tables()).isEqualTo(tables());
        assertThat(read.sessions().encode()).isEqualTo(sessions.pin().encode());
        assertThat(read.hash()).isEqualTo(hash);
        assertThat(in.read()).isEqualTo(42);
        assertThat(in.read()).isEqualTo(-1);
    }

    @Test
    void aHeadOfTheFirstVersionHadTablesAlone() throws Exception {
        byte[] tables = tables().encode();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        DataOutputStream data = new DataOutputStream(out);
        data.writeLong(0x43_6f_72_61_53_6e_61_70L);
        data.writeInt(1);
        data.writeInt(tables.length);
        data.write(tables);
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        new SnapshotHead(tables(), Sessions.none(), null).write(written);
        // What says no more is written so to this day: an older version reads it.
        assertThat(written.toByteArray()).isEqualTo(out.toByteArray());
        data.write(42);
        ByteArrayInputStream in = new ByteArrayInputStream(out.toByteArray());
        SnapshotHead read = SnapshotHead.read(in);
        assertThat(read.tables()).isEqualTo(tables());
        assertThat(read.sessions().encode()).isEqualTo(Sessions.none().encode());
        assertThat(read.hash()).isNull();
        assertThat(in.read()).isEqualTo(42);
    }

    @Test
    void aHeadOfALaterVersionIsRefused() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new SnapshotHead(tables(), Sessions.none(), HashChain.Point.BEGIN).write(out);
        byte[] bytes = out.toByteArray();
        bytes[11]++;
        assertThatThrownBy(() -> SnapshotHead.read(new ByteArrayInputStream(bytes)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("update this node");
    }

    @Test
    void aForeignSnapshotIsRefused() {
        assertThatThrownBy(() -> SnapshotHead.read(new ByteArrayInputStream(new byte[100])))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("did not write it");
    }

    @Test
    void envelopesAreReadAsWritten() throws Exception {
        for (byte[] command : new byte[][] {{}, {1}, {1, 2}}) {
            assertThat(Envelope.decode(Envelope.wrap(command)))
                    .isInstanceOfSatisfying(
                            Envelope.Command.class,
                            read -> assertThat(read.payload()).isEqualTo(command));
        }
        Envelope.InSession numbered = new Envelope.InSession(new SessionId(5, HIGH), 7, 3, new byte[] {1, 2});
        assertThat(Envelope.decode(numbered.encode())).isInstanceOfSatisfying(Envelope.InSession.class, read -> {
            assertThat(read.session()).isEqualTo(numbered.session());
            assertThat(read.sequence()).isEqualTo(7);
            assertThat(read.lowest()).isEqualTo(3);
            assertThat(read.payload()).containsExactly(1, 2);
        });
        Envelope.OpenSession open = new Envelope.OpenSession(HIGH);
        assertThat(Envelope.decode(open.encode())).isEqualTo(open);
        Envelope.CloseSession closed = new Envelope.CloseSession(new SessionId(5, HIGH));
        assertThat(Envelope.decode(closed.encode())).isEqualTo(closed);
        Envelope.ReserveId reserve = new Envelope.ReserveId("localhost:1", HIGH);
        assertThat(Envelope.decode(reserve.encode())).isEqualTo(reserve);
        Envelope.RecordMember record = new Envelope.RecordMember(HIGH, "localhost:1", 3);
        assertThat(Envelope.decode(record.encode())).isEqualTo(record);
    }

    @Test
    void numbersThatNoSessionGivesAreRefused() {
        for (long[] numbers : new long[][] {{3, 4}, {3, 0}, {0, 0}, {-1, -2}}) {
            byte[] bytes = new Envelope.InSession(new SessionId(5, 6), numbers[0], numbers[1], new byte[1]).encode();
            assertThatThrownBy(() -> Envelope.decode(bytes))
                    .isInstanceOf(MalformedException.class)
                    .hasMessageContaining("lowest: " + numbers[1] + " must be from 1 to sequence " + numbers[0]);
        }
    }

    @Test
    void anUnknownEnvelopeSaysWhatToDo() {
        assertThatThrownBy(() -> Envelope.decode(new byte[] {4, 1, 1}))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("kind: 4 is not known here")
                .hasMessageContaining("update this node");
    }

    @Test
    void contextsNameOneMemberAChange() throws Exception {
        Tables.Known known = new Tables.Known("localhost:1", 5);
        List<ConfChangeSingle> one = List.of(new ConfChangeSingle(ConfChangeType.ADD_NODE, 4));
        Bytes context = MemberContext.encode(known);
        assertThat(MemberContext.decode(new ConfChangeV2(ConfChangeTransition.AUTO, one, context)))
                .containsOnlyKeys(4L)
                .containsValue(known);
        assertThat(MemberContext.decode(ConfChangeV2.LEAVE_JOINT)).isEmpty();
        assertThatThrownBy(() -> MemberContext.decode(new ConfChangeV2(ConfChangeTransition.AUTO, List.of(), context)))
                .isInstanceOf(MalformedException.class);
    }

    @Test
    void codecsRefuseWhatTheyCannotHold() {
        assertThat(Codec.utf8().decode(Codec.utf8().encode("grün"))).isEqualTo("grün");
        assertThatThrownBy(() -> Codec.utf8().encode("\ud800")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Codec.utf8().decode(new byte[] {(byte) 0xff}))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(Codec.int64().decode(Codec.int64().encode(HIGH))).isEqualTo(HIGH);
        assertThatThrownBy(() -> Codec.int64().decode(new byte[7])).isInstanceOf(IllegalArgumentException.class);
        assertThat(Codec.nothing().encode(null)).isEmpty();
        assertThat(Codec.nothing().decode(new byte[0])).isNull();
        assertThatThrownBy(() -> Codec.nothing().decode(new byte[1])).isInstanceOf(IllegalArgumentException.class);
        byte[] mine = {1};
        assertThat(Codec.bytes().encode(mine)).isEqualTo(mine).isNotSameAs(mine);
    }
}
