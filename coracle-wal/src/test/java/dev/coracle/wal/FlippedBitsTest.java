package dev.coracle.wal;

import static dev.coracle.wal.LogFixture.GROUP;
import static dev.coracle.wal.LogFixture.SMALL;
import static dev.coracle.wal.LogFixture.entry;
import static dev.coracle.wal.LogFixture.hex;
import static dev.coracle.wal.LogFixture.snapshot;
import static dev.coracle.wal.LogFixture.state;
import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.contracts.Recovered;
import dev.coracle.node.Disk;
import dev.coracle.node.DiskFile;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.sim.SimDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Every single bit of a small log, one at a time, turned over: it is noticed, or changes nothing, or stands in the table of
 * docs/internals/wal.md, with which the counts are compared.
 */
final class FlippedBitsTest {
    private static final WalOptions OPTIONS =
            SMALL.withSegmentBytes(1_024).withMaxBatchBytes(1_024).withMetadata(Bytes.of(hex("0102030405")));

    private static final String NEWEST =
            FileSnapshotStore.fileName(snapshot(6, 2).id());

    private final SimDisk disk = new SimDisk();
    private final LogFixture log = new LogFixture(disk.process(), Path.of("/data"), OPTIONS);

    /** What was found, with how it was found. */
    private record Opened(Recovered recovered, Optional<Bytes> metadata, boolean torn) {}

    /** What became of flips. */
    private static final class Counts {
        private int refused;
        private int setAside;
        private int same;
        private int cut;
        private int changed;

        /** A row of the table. */
        String row(String what) {
            int bits = refused + setAside + same + cut + changed;
            return String.format(
                    Locale.ROOT,
                    "| %s | %,d | %,d | %,d | %,d | %,d | %,d |",
                    what,
                    bits,
                    refused,
                    setAside,
                    same,
                    cut,
                    changed);
        }
    }

    @BeforeEach
    void write() throws IOException, StorageException {
        log.saveSnapshot(snapshot(2, 1), new byte[] {1, 2, 3});
        log.saveSnapshot(snapshot(6, 2), new byte[] {4, 5, 6, 7});
        WalLogStore store = log.open();
        append(store, state(1, 1, 0), new Entry(1, 1, EntryType.CONF_CHANGE, hex("080010001801")));
        append(store, state(1, 1, 1), new Entry(1, 2, EntryType.NORMAL, null));
        append(store, state(1, 1, 2), entry(1, 3, 150));
        store.appendSnapshot(GROUP, snapshot(2, 1));
        append(store, state(2, 2, 2), entry(1, 4, 200));
        append(store, state(2, 2, 3), new Entry(2, 4, EntryType.NORMAL, null));
        append(store, state(2, 2, 4), entry(2, 5, 400));
        append(store, state(2, 2, 4), new Entry(2, 6, EntryType.CONF_CHANGE_V2, null));
        append(store, state(2, 2, 6), new Entry(2, 7, EntryType.NORMAL, hex("aabb"), hex("cc")));
        store.appendSnapshot(GROUP, snapshot(6, 2));
        append(store, state(2, 2, 6), entry(2, 8, 700));
        append(store, state(3, 0, 7), new Entry(3, 9, EntryType.NORMAL, null));
        append(store, state(3, 3, 8), entry(3, 10, 60));
        append(store, state(3, 3, 9), new Entry(3, 11, EntryType.CONF_CHANGE_V2, hex("0801")));
        append(store, state(3, 3, 9), new Entry(3, 12, EntryType.NORMAL, null));
        log.closeAsIfKilled(store);
        assertThat(log.disk.list(log.wal)).hasSize(3);
    }

    private static void append(WalLogStore store, HardState state, Entry entry) throws StorageException {
        store.append(GROUP, state, List.of(entry));
        store.sync();
        store.housekeeping().doWork(0);
    }

    @Test
    void everyFlippedBitOfAClosedLogIsFoundOrHarmless() throws IOException, StorageException {
        log.open().close();
        assertRow("a log that was closed", flipAll());
    }

    @Test
    void everyFlippedBitOfALogWhoseProcessDiedIsFoundBeforeTheLastMark() throws IOException, StorageException {
        assertRow("the same, its process killed", flipAll());
    }

    @Tag("long")
    @Test
    void everyFlippedBitOfALogThatAnotherProgramWroteIsFoundUpToTheCommitIndex() throws IOException, StorageException {
        log.forgetMark();
        assertRow("the same, without a mark", flipAll());
    }

    @Test
    void everyFlippedBitOfASnapshotLeadsToTheOneBefore() throws IOException, StorageException {
        assertRow("the newest of two snapshots", flip(log.snap, NEWEST, new Counts()));
    }

    @Test
    void everyFlippedBitOfTheOnlySnapshotIsRefused() throws IOException, StorageException {
        log.disk.delete(
                log.snap.resolve(FileSnapshotStore.fileName(snapshot(2, 1).id())));
        log.disk.delete(log.wal.resolve(SegmentName.FIRST.fileName()));
        assertRow("the only snapshot", flip(log.snap, NEWEST, new Counts()));
    }

    @Tag("long")
    @Test
    void everyFlippedBitOfTheMarkChangesNothing() throws IOException, StorageException {
        log.open().close();
        Path mark = SyncedFile.pathOf(log.wal);
        assertRow(
                "the mark of a log that was closed",
                flip(mark.getParent(), mark.getFileName().toString(), new Counts()));
    }

    private Counts flipAll() throws IOException, StorageException {
        Counts counts = new Counts();
        for (String name : log.disk.list(log.wal)) {
            flip(log.wal, name, counts);
        }
        return counts;
    }

    private Counts flip(Path directory, String name, Counts counts) throws IOException, StorageException {
        disk.kill();
        disk.crashKeeping(change -> true);
        Opened sound = open(disk.copy());
        assertThat(sound.torn()).isFalse();
        byte[] bytes = log.read(directory.resolve(name));
        for (int bit = 0; bit < bytes.length * 8; bit++) {
            SimDisk copy = disk.copy();
            try (DiskFile file = copy.process().open(directory.resolve(name), Disk.Mode.WRITE)) {
                file.write(ByteBuffer.wrap(new byte[] {(byte) (bytes[bit / 8] ^ 1 << bit % 8)}), bit / 8);
            }
            count(counts, copy, sound, name + " bit " + bit);
        }
        return counts;
    }

    private static void count(Counts counts, SimDisk flipped, Opened sound, String where) throws IOException {
        Opened found;
        try {
            found = open(flipped);
        } catch (StorageException e) {
            assertThat(e.getMessage())
                    .as(where)
                    .containsAnyOf("restore the files", "Restore the snapshot's file")
                    .containsAnyOf("is corrupt at", "cannot be used");
            assertThat(isSnapshotSetAside(flipped)).as(where).isFalse();
            counts.refused++;
            return;
        }
        boolean aside = isSnapshotSetAside(flipped);
        Recovered expected = sound.recovered();
        Recovered now = found.recovered();
        if (aside) {
            // The entries between the two snapshots are there again.
            assertThat(now.hardState()).isEqualTo(expected.hardState());
            assertThat(now.snapshot()).isEqualTo(snapshot(2, 1));
            assertThat(now.entries())
                    .endsWith(expected.entries().toArray(Entry[]::new))
                    .hasSize(10);
            counts.setAside++;
        } else if (now.equals(expected) && found.metadata().equals(sound.metadata())) {
            counts.same++;
        } else if (found.torn()) {
            assertThat(now.hardState().commit())
                    .as(where)
                    .isBetween(0L, expected.hardState().commit());
            assertThat(expected.entries()).as(where).startsWith(now.entries().toArray(Entry[]::new));
            counts.cut++;
        } else {
            System.out.println("changed in silence: " + where + ": " + now);
            counts.changed++;
        }
    }

    private static boolean isSnapshotSetAside(SimDisk disk) throws IOException {
        return disk.process().list(Path.of("/data/snap")).stream().anyMatch(name -> name.endsWith(".broken"));
    }

    private static Opened open(SimDisk disk) throws StorageException {
        try (WalLogStore store = new LogFixture(disk.process(), Path.of("/data"), OPTIONS).open()) {
            return new Opened(
                    Recovered.of(store, GROUP),
                    store.metadata(),
                    store.tornTail().isPresent());
        }
    }

    private static void assertRow(String what, Counts counts) throws IOException {
        Path document = Path.of(System.getProperty("coracle.root"), "docs", "internals", "wal.md");
        String row = Files.readAllLines(document).stream()
                .filter(line -> line.startsWith("| " + what + " |"))
                .findFirst()
                .orElse("no row for " + what + " in " + document);
        assertThat(row).isEqualTo(counts.row(what));
    }
}
