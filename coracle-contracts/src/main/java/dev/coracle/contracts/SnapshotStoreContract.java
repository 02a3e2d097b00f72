package dev.coracle.contracts;

import static dev.coracle.contracts.Samples.snapshot;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.node.SnapshotStore;
import dev.coracle.node.SnapshotStore.Sink;
import dev.coracle.node.SnapshotStore.Source;
import dev.coracle.node.StorageException;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link SnapshotStore} promises, whatever it is made of. */
public abstract class SnapshotStoreContract {
    /** The group of all tests. */
    protected static final long GROUP = 0;

    private static final long SEED = 20261128;

    private SnapshotStore store;

    /** For the implementations' tests. */
    @SuppressWarnings("NullAway") // Set before each test.
    protected SnapshotStoreContract() {}

    /** Opens an empty store. */
    protected abstract SnapshotStore open() throws StorageException;

    @BeforeEach
    void openStore() throws StorageException {
        store = open();
    }

    private byte[] read(EntryId id) throws StorageException, IOException {
        try (Source source = store.open(GROUP, id)) {
            byte[] data = source.data().readAllBytes();
            assertThat(source.size()).isEqualTo(data.length);
            assertThat(source.metadata().id()).isEqualTo(id);
            return data;
        }
    }

    @Test
    void snapshotsOfAnySizeAreReadAsTheyWereWritten() throws StorageException, IOException {
        System.out.println(getClass().getSimpleName() + ": seed " + SEED);
        Random random = new Random(SEED);
        int index = 0;
        for (int size : new int[] {0, 1, 1_000, 65_535, 65_536, 65_537, 1_000_003}) {
            byte[] data = new byte[size];
            random.nextBytes(data);
            ConfState joint = new ConfState(List.of(1L, -2L), List.of(3L), List.of(1L), List.of(4L), true);
            SnapshotMetadata metadata = new SnapshotMetadata(++index, 7, joint);
            try (Sink sink = store.create(GROUP, metadata)) {
                writeInPieces(sink.data(), data, random);
                sink.commit();
            }

            assertThat(read(metadata.id())).isEqualTo(data);
            try (Source source = store.open(GROUP, metadata.id())) {
                assertThat(source.metadata()).isEqualTo(metadata);
            }
        }
    }

    private static void writeInPieces(OutputStream out, byte[] data, Random random) throws IOException {
        for (int at = 0; at < data.length; ) {
            int length = Math.min(data.length - at, random.nextInt(50_000));
            if (length == 1) {
                out.write(data[at]);
            } else {
                out.write(data, at, length);
            }
            at += length;
        }
        out.flush();
    }

    @Test
    void whatIsNotCommittedIsNotThere() throws StorageException, IOException {
        try (Sink sink = store.create(GROUP, snapshot(5, 2))) {
            sink.data().write(new byte[200_000]);
            assertThat(store.list(GROUP)).isEmpty();
        }

        assertThat(store.list(GROUP)).isEmpty();
        assertThatThrownBy(() -> store.open(GROUP, new EntryId(2, 5))).isInstanceOf(StorageException.class);
    }

    @Test
    void severalAreWrittenAtOnce() throws StorageException, IOException {
        try (Sink one = store.create(GROUP, snapshot(5, 2));
                Sink same = store.create(GROUP, snapshot(5, 2));
                Sink two = store.create(GROUP, snapshot(6, 2))) {
            one.data().write(1);
            two.data().write(2);
            same.data().write(3);
            one.data().write(1);
            two.commit();
            one.commit();
        }

        assertThat(read(new EntryId(2, 5))).containsExactly(1, 1);
        assertThat(read(new EntryId(2, 6))).containsExactly(2);
    }

    @Test
    void anotherOfTheSameIdReplacesTheFirst() throws StorageException, IOException {
        Samples.save(store, GROUP, snapshot(5, 2), new byte[] {1});
        Samples.save(store, GROUP, snapshot(5, 2), new byte[] {2, 3});

        assertThat(read(new EntryId(2, 5))).containsExactly(2, 3);
        assertThat(store.list(GROUP)).containsExactly(new EntryId(2, 5));
    }

    @Test
    void listedNewestFirstAndPurgedButForTheNewestAndThoseBehind() throws StorageException, IOException {
        for (SnapshotMetadata metadata :
                List.of(snapshot(20, 3), snapshot(9, 2), snapshot(3, 1), snapshot(12, 3), snapshot(10, 2))) {
            Samples.save(store, GROUP, metadata, new byte[] {7});
        }
        EntryId oldest = new EntryId(1, 3);
        assertThat(store.list(GROUP))
                .containsExactly(new EntryId(3, 20), new EntryId(3, 12), new EntryId(2, 10), new EntryId(2, 9), oldest);
        try (Source reading = store.open(GROUP, oldest)) {
            store.purge(GROUP, new EntryId(3, 12), 2);

            assertThat(store.list(GROUP)).containsExactly(new EntryId(3, 20), new EntryId(3, 12), new EntryId(2, 10));
            assertThat(reading.data().readAllBytes()).as("what is being read").containsExactly(7);
        }
        store.purge(GROUP, new EntryId(3, 12), 2);
        assertThat(store.list(GROUP)).hasSize(3);
    }
}
