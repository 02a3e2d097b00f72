package dev.coracle.rocksdb;

import static dev.coracle.contracts.Samples.entries;
import static dev.coracle.contracts.Samples.entry;
import static dev.coracle.contracts.Samples.snapshot;
import static dev.coracle.contracts.Samples.state;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.contracts.Recovered;
import dev.coracle.contracts.Samples;
import dev.coracle.node.MemorySnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Check.BrokenInvariantException;
import dev.coracle.raft.Entry;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;

class RocksDbLogStoreTest {
    static final RocksDbOptions SMALL = RocksDbOptions.DEFAULTS
            .withMaxBatchBytes(32 << 10)
            .withWriteBufferBytes(256 << 10)
            .withLowSpaceBytes(0);

    private static final long GROUP = 0;

    @TempDir
    private Path root;

    private final MemorySnapshotStore snapshots = new MemorySnapshotStore();

    private Path directory() {
        return root.resolve("log");
    }

    private RocksDbLogStore open() throws StorageException {
        return RocksDbLogStore.open(directory(), snapshots, SMALL);
    }

    private Recovered recovered() throws StorageException {
        try (RocksDbLogStore store = open()) {
            return Recovered.of(store, GROUP);
        }
    }

    private Path newest(String suffix) throws IOException {
        try (Stream<Path> files = Files.list(directory())) {
            return files.filter(file -> file.toString().endsWith(suffix))
                    .max(Path::compareTo)
                    .orElseThrow();
        }
    }

    @Test
    void onlyWhatMustBeDurableWaitsForTheDisk() throws StorageException {
        try (RocksDbLogStore store = open()) {
            store.sync();
            assertThat(store.syncs()).as("nothing").isZero();
            store.append(GROUP, state(1, 1, 0), List.of());
            store.sync();
            assertThat(store.syncs()).as("a vote").isEqualTo(1);
            store.append(GROUP, state(1, 1, 0), entries(1, 1, 1, 1));
            store.append(GROUP, state(1, 1, 0), entries(1, 2, 2, 1));
            store.sync();
            assertThat(store.syncs()).as("two appends").isEqualTo(2);
            store.append(GROUP, state(1, 1, 2), List.of());
            store.sync();
            assertThat(store.syncs()).as("a commit index").isEqualTo(2);
            store.appendSnapshot(GROUP, snapshot(9, 1));
            store.sync();
            assertThat(store.syncs()).as("a snapshot").isEqualTo(3);
            store.append(GROUP, state(1, 1, 9), List.of());
            store.sync();
            assertThat(store.syncs()).as("the commit index that makes it count").isEqualTo(4);
            store.append(GROUP, state(1, 1, 10), List.of());
            store.sync();
            assertThat(store.syncs()).as("another commit index").isEqualTo(4);
        }
    }

    @Test
    void aBatchIsSyncedBeforeItGrowsBeyondItsLimit() throws StorageException {
        try (RocksDbLogStore store = open()) {
            store.append(GROUP, state(1, 1, 0), entries(1, 1, 3, 10_000));
            assertThat(store.syncs()).isZero();
            store.append(GROUP, HardState.EMPTY, entries(1, 4, 4, 10_000));
            assertThat(store.syncs()).isEqualTo(1);
            assertThat(store.read(GROUP, 1, 5, 1 << 20)).isEqualTo(entries(1, 1, 3, 10_000));
        }
        assertThat(recovered().entries()).as("closed").isEqualTo(entries(1, 1, 4, 10_000));
    }

    @Test
    void whatDoesNotContinueTheLogIsNotWritten() throws StorageException {
        try (RocksDbLogStore store = open()) {
            store.append(GROUP, state(2, 1, 0), entries(2, 1, 3, 10));
            assertThatThrownBy(() -> store.append(GROUP, HardState.EMPTY, entries(2, 5, 5, 1)))
                    .isInstanceOf(BrokenInvariantException.class)
                    .hasMessage("entry 5 does not continue the log from 1 to 3");
        }
        assertThat(recovered().entries()).hasSize(3);
    }

    @Test
    void nothingIsReleasedThatNoDurableSnapshotCovers() throws StorageException {
        try (RocksDbLogStore store = open()) {
            store.append(GROUP, state(1, 1, 2), entries(1, 1, 3, 10));
            store.appendSnapshot(GROUP, snapshot(2, 1));
            assertThatThrownBy(() -> store.release(GROUP, 1))
                    .isInstanceOf(BrokenInvariantException.class)
                    .hasMessage("released up to 1, but the durable snapshot is at 0 and the durable commit at 0");
        }
    }

    @Test
    void manyTermsAreFoundAgainWhereverTheyBegin() throws StorageException, IOException {
        try (RocksDbLogStore store = open()) {
            for (int index = 1; index <= 300; index++) {
                // From terms of one entry to terms of many.
                long term = index < 40 ? index : 40 + index / 60;
                store.append(GROUP, state(term, 1, index - 1), List.of(entry(term, index, 10)));
            }
            store.sync();
        }
        // Recovered compares the terms with those of all entries.
        assertThat(recovered().entries()).hasSize(300);
        SnapshotMetadata metadata = snapshot(50, 40);
        Samples.save(snapshots, GROUP, metadata, new byte[1]);
        try (RocksDbLogStore store = open()) {
            store.appendSnapshot(GROUP, metadata);
            store.sync();
            store.release(GROUP, 45);
            store.sync();
        }
        assertThat(recovered().entries()).hasSize(250);
    }

    @Test
    void whatIsReleasedFreesTheDisk() throws StorageException, IOException {
        long most = 0;
        try (RocksDbLogStore store = open()) {
            for (int first = 1; first <= 30_000; first += 30) {
                store.append(GROUP, state(1, 1, first - 1), entries(1, first, first + 29, 1_000));
                store.sync();
                if (first % 900 == 1 && first > 1) {
                    store.appendSnapshot(GROUP, snapshot(first - 1, 1));
                    store.sync();
                    store.release(GROUP, first - 1);
                    most = Math.max(most, size());
                }
            }
        }
        // RocksDB makes writers wait before it has more than 36 files that it has not put together.
        assertThat(most).as("of 30 MB that were written").isLessThan(15_000_000);
    }

    private long size() throws IOException {
        try (Stream<Path> files = Files.list(directory())) {
            return files.filter(file -> file.toString().endsWith(".sst"))
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    @Test
    void aLogIsOpenOnlyOnce() throws StorageException {
        try (RocksDbLogStore store = open()) {
            assertThatThrownBy(this::open)
                    .isInstanceOf(StorageException.class)
                    .hasMessageContaining(directory() + " is in use by another process, or by this one");
            store.append(GROUP, state(1, 1, 0), entries(1, 1, 1, 1));
            store.sync();
        }
        assertThat(recovered().entries()).hasSize(1);
    }

    @Test
    void nothingIsDoneAfterTheEnd() throws StorageException {
        RocksDbLogStore store = open();
        store.append(GROUP, state(1, 1, 0), entries(1, 1, 1, 1));
        store.sync();
        store.close();

        assertThatThrownBy(() -> store.read(GROUP, 1, 2, 1))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("was closed");
        assertThat(store.lowestWithin(GROUP, 1, 2, 1)).isEqualTo(2);
        assertThatThrownBy(store::sync).isInstanceOf(BrokenInvariantException.class);
    }

    @Test
    void whatACrashLeftOfACreationIsReplaced() throws StorageException, IOException {
        Files.createDirectories(root.resolve("log.tmp"));
        Files.write(root.resolve("log.tmp").resolve("000004.log"), new byte[] {1});
        Files.createDirectories(directory());

        assertThat(recovered().entries()).isEmpty();
        assertThat(root.resolve("log.tmp")).doesNotExist();
    }

    @Test
    void whatIsNoLogIsRefusedAndNotTouched() throws Exception {
        Files.createDirectories(directory());
        Files.writeString(directory().resolve("notes.txt"), "mine");
        assertThatThrownBy(this::open)
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("holds files and no RocksDB database");
        Files.delete(directory().resolve("notes.txt"));
        try (Options options = new Options().setCreateIfMissing(true);
                RocksDB other = RocksDB.open(options, directory().toString())) {
            other.put(new byte[] {1}, new byte[] {2});
        }
        assertThatThrownBy(this::open)
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("expected the format \"coracle log 1\", found \"\"");
    }

    @Test
    void damageOfWhatWasSyncedIsNotTakenForACrash() throws StorageException, IOException {
        try (RocksDbLogStore store = open()) {
            for (int index = 1; index <= 30; index++) {
                store.append(GROUP, state(1, 1, index - 1), List.of(entry(1, index, 1_000)));
                store.sync();
            }
        }
        Path log = newest(".log");
        byte[] sound = Files.readAllBytes(log);
        for (int at : new int[] {100, 15_000, sound.length - 500}) {
            byte[] damaged = sound.clone();
            damaged[at] ^= 4;
            Files.write(log, damaged);
            assertThatThrownBy(this::open)
                    .as("a bit of byte %d of %d", at, sound.length)
                    .isInstanceOf(StorageException.class)
                    .hasMessageContaining(directory() + " is damaged: ")
                    .hasMessageContaining("Restore the directory from a copy; or remove this node");
        }
        Files.write(log, Arrays.copyOf(sound, sound.length - 500));
        assertThat(recovered().entries())
                .as("a record that is cut short at the end was never synced, as far as can be seen")
                .hasSize(29);
    }

    @Test
    void damageOfAFileIsFoundWhenItIsRead() throws StorageException, IOException {
        List<Entry> written = entries(1, 1, 1_000, 1_000);
        try (RocksDbLogStore store = open()) {
            for (int i = 0; i < 1_000; i += 20) {
                store.append(GROUP, state(1, 1, i), written.subList(i, i + 20));
                store.sync();
            }
        }
        recovered();
        Path file = newest(".sst");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 4;
        Files.write(file, bytes);

        assertThatThrownBy(this::recovered)
                .isInstanceOf(StorageException.class)
                .hasMessageContaining(directory() + " is damaged: ");
    }

    @Test
    void withoutASoundSnapshotThatTheLogGoesOnBehindOpeningIsRefused() throws StorageException, IOException {
        Samples.save(snapshots, GROUP, snapshot(2, 1), new byte[1]);
        Samples.save(snapshots, GROUP, snapshot(4, 1), new byte[1]);
        try (RocksDbLogStore store = open()) {
            store.append(GROUP, state(1, 1, 5), entries(1, 1, 6, 10));
            store.appendSnapshot(GROUP, snapshot(2, 1));
            store.appendSnapshot(GROUP, snapshot(4, 1));
            store.sync();
            store.release(GROUP, 2);
        }
        MemorySnapshotStore older = new MemorySnapshotStore();
        Samples.save(older, GROUP, snapshot(2, 1), new byte[1]);
        try (RocksDbLogStore store = RocksDbLogStore.open(directory(), older, SMALL)) {
            assertThat(Recovered.of(store, GROUP).snapshot()).isEqualTo(snapshot(2, 1));
        }

        assertThatThrownBy(() -> RocksDbLogStore.open(directory(), new MemorySnapshotStore(), SMALL))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("has its log from index 3 on, and no sound snapshot")
                .hasMessageContaining("Restore the snapshot's file; or remove this node");
        assertThat(recovered().snapshot()).isEqualTo(snapshot(4, 1));
    }

    @Test
    void belowTheWatermarkThereIsNoSpace() throws StorageException {
        RocksDbOptions hungry = SMALL.withLowSpaceBytes(Long.MAX_VALUE);
        try (RocksDbLogStore store = RocksDbLogStore.open(directory(), snapshots, hungry)) {
            assertThat(store.hasSpace()).isFalse();
            assertThat(store.makeRoom(GROUP, 1_000)).isTrue();
            assertThat(store.makeRoom(GROUP, Long.MAX_VALUE / 2)).isFalse();
        }
    }

    @Test
    void theNumbersAreChecked() {
        assertThatThrownBy(() -> SMALL.withMaxBatchBytes(1_000))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("maxBatchBytes 1000 must be at least 1024");
        assertThatThrownBy(() -> SMALL.withBlockCacheBytes(-1)).hasMessageContaining("blockCacheBytes -1");
        assertThatThrownBy(() -> SMALL.withWriteBufferBytes(0)).hasMessageContaining("writeBufferBytes 0");
    }
}
