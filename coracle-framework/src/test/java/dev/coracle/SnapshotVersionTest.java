package dev.coracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.raft.ConfState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
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
        replica.writeSecondHeads();
        assertThat(version(replica)).isEqualTo(2);
        Replica<String, Long> restored = restored(snapshot(replica));
        assertThat(restored.hash().end()).isEqualTo(replica.hash().end());
        assertThat(version(restored)).isEqualTo(2);
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
