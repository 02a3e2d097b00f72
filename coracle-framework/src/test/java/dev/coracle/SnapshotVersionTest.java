package dev.coracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.raft.ConfState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** In which version a member writes its snapshots, and what it opens no session for: members of older versions. */
@Timeout(60)
class SnapshotVersionTest {
    private static final byte[] COMMAND = Envelope.wrap("a".getBytes(StandardCharsets.UTF_8));
    private static final int VERSION_OFFSET = 8;

    private static Replica<String, Long> replica(boolean olderMembers) {
        return new Replica<>(new Journal(), Codec.utf8(), Codec.int64(), null, null, membership -> {}, olderMembers);
    }

    private static byte[] snapshot(Replica<String, Long> replica) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (dev.coracle.node.StateMachine.PinnedSnapshot pinned = replica.snapshot()) {
            pinned.writeTo(out);
        }
        return out.toByteArray();
    }

    private static int version(byte[] snapshot) {
        return ByteBuffer.wrap(snapshot).getInt(VERSION_OFFSET);
    }

    private static void restore(Replica<String, Long> replica, byte[] snapshot) throws IOException {
        replica.restore(new SnapshotMetadata(1, 1, ConfState.ofVoters(1L)), new ByteArrayInputStream(snapshot));
    }

    @Test
    void withOlderMembersASnapshotIsWhatTheyWroteThemselves() throws Exception {
        Replica<String, Long> replica = replica(true);
        replica.apply(1, 1, COMMAND);
        byte[] tables = replica.membership().tables().encode();
        // Magic, version, length, tables, and the journal: a count and one line.
        byte[] older = ByteBuffer.allocate(VERSION_OFFSET + 4 + 4 + tables.length + 4 + 3)
                .putLong(0x43_6f_72_61_53_6e_61_70L)
                .putInt(1)
                .putInt(tables.length)
                .put(tables)
                .putInt(1)
                .putShort((short) 1)
                .put((byte) 'a')
                .array();
        assertThat(snapshot(replica)).isEqualTo(older);
    }

    @Test
    void snapshotsOfBothVersionsAreTakenWhicheverIsWritten() throws Exception {
        for (boolean from : new boolean[] {false, true}) {
            Replica<String, Long> sender = replica(from);
            sender.apply(1, 1, COMMAND);
            for (boolean to : new boolean[] {false, true}) {
                Replica<String, Long> receiver = replica(to);
                restore(receiver, snapshot(sender));
                assertThat(version(snapshot(receiver))).isEqualTo(to ? 1 : 2);
            }
        }
    }

    @Test
    void sessionsThatAreThereAlreadyAreNotLost() throws Exception {
        Replica<String, Long> replica = replica(true);
        replica.apply(1, 1, new Envelope.OpenSession(7).encode());
        assertThat(version(snapshot(replica))).isEqualTo(2);
    }

    @Test
    void withOlderMembersNoSessionIsOpened(@TempDir Path root) throws Exception {
        try (Raft<String, Long, Journal> raft = Raft.builder(new Journal(), Codec.utf8(), Codec.int64())
                .raftAddress("127.0.0.1:0")
                .dataDirectory(root.resolve("a"))
                .segmentBytes(64 << 10)
                .olderMembers(true)
                .start()) {
            assertThat(raft.propose("one").join()).isEqualTo(1);
            assertThatThrownBy(() -> raft.openSession().join())
                    .hasCauseInstanceOf(RaftException.class)
                    .hasMessageContaining("versions before client sessions");
        }
    }
}
