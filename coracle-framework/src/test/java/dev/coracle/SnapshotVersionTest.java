package dev.coracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.raft.ConfState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** In which version a member writes its snapshots: in the one that all members can read. */
class SnapshotVersionTest {
    private static final byte[] COMMAND = Envelope.wrap("a".getBytes(StandardCharsets.UTF_8));
    private static final int VERSION_OFFSET = 8;

    private static Replica<String, Long> replica() {
        return new Replica<>(new Journal(), Codec.utf8(), Codec.int64(), null, null, membership -> {});
    }

    private static byte[] snapshot(Replica<String, Long> replica) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (dev.coracle.node.StateMachine.PinnedSnapshot pinned = replica.snapshot()) {
            pinned.writeTo(out);
        }
        return out.toByteArray();
    }

    private static int version(Replica<String, Long> replica) throws IOException {
        return ByteBuffer.wrap(snapshot(replica)).getInt(VERSION_OFFSET);
    }

    private static Replica<String, Long> restored(byte[] snapshot) throws IOException {
        Replica<String, Long> replica = replica();
        replica.restore(new SnapshotMetadata(1, 1, ConfState.ofVoters(1L)), new ByteArrayInputStream(snapshot));
        return replica;
    }

    @Test
    void whileNothingNewIsUsedAnOlderVersionCanReadIt() throws Exception {
        Replica<String, Long> replica = replica();
        replica.apply(1, 1, COMMAND);
        assertThat(version(replica)).isEqualTo(1);
        // Version, length, tables and the journal: no more, no less.
        byte[] tables = replica.membership().tables().encode();
        assertThat(snapshot(replica)).hasSize(VERSION_OFFSET + 4 + 4 + tables.length + 4 + 3);
        assertThat(version(restored(snapshot(replica)))).isEqualTo(1);
    }

    @Test
    void onceAllMembersKnowTheSecondVersionItIsWrittenForGood() throws Exception {
        Replica<String, Long> replica = replica();
        replica.apply(1, 1, COMMAND);
        replica.apply(2, 1, Envelope.RecordMember.SECOND_SNAPSHOTS.encode());
        assertThat(version(replica)).isEqualTo(2);
        Replica<String, Long> restored = restored(snapshot(replica));
        assertThat(restored.hash().end()).isEqualTo(replica.hash().end());
        assertThat(version(restored)).isEqualTo(2);
    }

    @Test
    void allMembersWriteTheSameWhereverTheyBegan() throws Exception {
        Replica<String, Long> first = replica();
        first.apply(1, 1, COMMAND);
        Replica<String, Long> second = restored(snapshot(first));
        for (Replica<String, Long> replica : List.of(first, second)) {
            replica.apply(2, 1, COMMAND);
            replica.apply(3, 1, Envelope.RecordMember.SECOND_SNAPSHOTS.encode());
            replica.apply(4, 1, COMMAND);
            replica.apply(5, 2, Envelope.RecordMember.SECOND_SNAPSHOTS.encode());
        }
        assertThat(first.hash().origin()).isEqualTo(3);
        assertThat(second.hash().end()).isEqualTo(first.hash().end());
    }

    @Test
    void whatBeginsTheSecondVersionNotesSomethingOfNobody() throws Exception {
        Tables tables = Tables.EMPTY.withConfiguration(ConfState.ofVoters(1L), ClusterFile.byId());
        Envelope.RecordMember note = Envelope.RecordMember.SECOND_SNAPSHOTS;
        // What an older version does with it, byte for byte one of its own entries.
        assertThat(note.encode()).containsExactly(2, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2);
        assertThat(tables.withKnown(note.id(), note.address(), note.incarnation())).isSameAs(tables);
    }

    @Test
    void whoeverHasASessionInItsLogCannotGoBackAnyway() throws Exception {
        byte[][] entries = {
            new Envelope.OpenSession(7).encode(),
            new Envelope.InSession(new SessionId(5, 7), 1, 1, new byte[] {'a'}).encode(),
            new Envelope.CloseSession(new SessionId(5, 7)).encode(),
        };
        for (byte[] entry : entries) {
            Replica<String, Long> replica = replica();
            replica.apply(1, 1, entry);
            assertThat(version(replica)).isEqualTo(2);
        }
    }
}
