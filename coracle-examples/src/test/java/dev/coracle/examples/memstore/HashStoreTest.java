package dev.coracle.examples.memstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.StateMachine.PinnedState;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class HashStoreTest {
    /** Two entries, as bincode writes raftify's map: 2; 7, "ab"; 2^64 - 1, "é". */
    private static final String SNAPSHOT = "0200000000000000"
            + "0700000000000000" + "0200000000000000" + "6162"
            + "ffffffffffffffff" + "0200000000000000" + "c3a9";

    @Test
    void anInsertHasTheBytesOfRaftify() {
        Insert insert = new Insert(258, "héllo");
        String bytes = "00000000" + "0201000000000000" + "0600000000000000" + "68c3a96c6c6f";
        assertThat(HexFormat.of().formatHex(Insert.CODEC.encode(insert))).isEqualTo(bytes);
        assertThat(Insert.CODEC.decode(HexFormat.of().parseHex(bytes))).isEqualTo(insert);
    }

    @Test
    void bytesThatAreNoInsertAreRefusedByField() {
        assertThatThrownBy(() -> decode("01000000" + "0000000000000000" + "0000000000000000"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("command");
        assertThatThrownBy(() -> decode("00000000" + "00")).hasMessageContaining("key");
        assertThatThrownBy(() -> decode("00000000" + "0000000000000000" + "ffffffffffffff7f"))
                .hasMessageContaining("value");
        assertThatThrownBy(() -> decode("00000000" + "0000000000000000" + "0100000000000000" + "ff"))
                .hasMessageContaining("value");
    }

    @Test
    void aSnapshotHasTheBytesOfRaftifyAscendingByKey() throws IOException {
        HashStore store = new HashStore();
        store.apply(new Insert(-1, "é"));
        store.apply(new Insert(7, "ab"));
        assertThat(HexFormat.of().formatHex(bytes(store.snapshot()))).isEqualTo(SNAPSHOT);
    }

    @Test
    void aSnapshotReplacesTheStateThatWas() throws IOException {
        HashStore store = new HashStore();
        store.apply(new Insert(1, "gone"));
        restore(store, SNAPSHOT);
        assertThat(store.get(1)).isNull();
        assertThat(store.get(7)).isEqualTo("ab");
        assertThat(store.get(-1)).isEqualTo("é");
        assertThat(HexFormat.of().formatHex(bytes(store.snapshot()))).isEqualTo(SNAPSHOT);
    }

    @Test
    void theEntriesOfASnapshotMayStandInAnyOrder() throws IOException {
        HashStore store = new HashStore();
        restore(
                store,
                "0200000000000000"
                        + "ffffffffffffffff" + "0200000000000000" + "c3a9"
                        + "0700000000000000" + "0200000000000000" + "6162");
        assertThat(HexFormat.of().formatHex(bytes(store.snapshot()))).isEqualTo(SNAPSHOT);
    }

    @Test
    void whatIsAppliedWhileASnapshotIsWrittenIsNotInIt() throws IOException {
        HashStore store = new HashStore();
        for (int key = 0; key < 10_000; key++) {
            store.apply(new Insert(key, "before"));
        }
        PinnedState pinned = store.snapshot();
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        pinned.writeTo(new OutputStream() {
            private int next;

            @Override
            public void write(int value) {
                throw new AssertionError("one byte at a time");
            }

            @Override
            public void write(byte[] bytes, int offset, int length) {
                // Between two pieces of the snapshot, entries on both sides of the place it has come to are applied.
                for (int i = 0; i < 100; i++) {
                    store.apply(new Insert(next++ * 31L % 20_000, "after"));
                }
                written.write(bytes, offset, length);
            }
        });
        HashStore restored = new HashStore();
        restored.restore(new ByteArrayInputStream(written.toByteArray()));
        assertThat(restored.pin().size()).isEqualTo(10_000);
        restored.pin().forEach((key, value) -> assertThat(value).isEqualTo("before"));
        assertThat(store.get(31)).isEqualTo("after");
        assertThat(store.pin().size()).isGreaterThan(10_000);
    }

    @Test
    void aDamagedSnapshotIsRefusedAndChangesNothing() {
        HashStore store = new HashStore();
        store.apply(new Insert(1, "kept"));
        for (int length = 0; length < SNAPSHOT.length(); length += 2) {
            String cut = SNAPSHOT.substring(0, length);
            assertThatThrownBy(() -> restore(store, cut)).isInstanceOf(EOFException.class);
        }
        assertThatThrownBy(() -> restore(store, SNAPSHOT + "00")).hasMessageContaining("after its 2 entries");
        assertThatThrownBy(() -> restore(store, SNAPSHOT.replace("c3a9", "c3c3")))
                .hasMessageContaining("no UTF-8");
        assertThatThrownBy(() -> restore(store, "0100000000000000" + "0100000000000000" + "ffffffffffffffff"))
                .hasMessageContaining("18446744073709551615 bytes");
        assertThat(store.get(1)).isEqualTo("kept");
        assertThat(store.pin().size()).isEqualTo(1);
    }

    @Test
    void aCommandPrintsItsKeyUnsigned() {
        assertThat(new Insert(-1, "x")).hasToString("Insert(18446744073709551615, \"x\")");
    }

    private static void decode(String hex) {
        Insert.CODEC.decode(HexFormat.of().parseHex(hex));
    }

    private static void restore(HashStore store, String hex) throws IOException {
        store.restore(new ByteArrayInputStream(HexFormat.of().parseHex(hex)));
    }

    private static byte[] bytes(PinnedState pinned) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        pinned.writeTo(out);
        return out.toByteArray();
    }
}
