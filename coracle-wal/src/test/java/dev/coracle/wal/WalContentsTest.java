package dev.coracle.wal;

import static dev.coracle.wal.LogFixture.GROUP;
import static dev.coracle.wal.LogFixture.SMALL;
import static dev.coracle.wal.LogFixture.entries;
import static dev.coracle.wal.LogFixture.snapshot;
import static dev.coracle.wal.LogFixture.state;
import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.contracts.Recovered;
import dev.coracle.node.Disk;
import dev.coracle.node.FileDisk;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Entry;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@link WalContents} shows of a log, compared with what a node would start with. */
final class WalContentsTest {
    private final Disk disk = new FileDisk();

    @TempDir
    private Path root;

    @Test
    void randomLogsAreShownAsTheyWouldBeRecovered() throws IOException, StorageException {
        long seed = 11;
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 60; round++) {
            LogFixture log = new LogFixture(disk, root.resolve("log" + round), SMALL.withSegmentBytes(2048));
            write(log, random);
            Recovered recovered = log.recovered();

            try (WalContents contents = WalContents.read(disk, find(log.wal))) {
                assertThat(contents.damage()).isEmpty();
                assertThat(contents.hardState()).as("round %d", round).isEqualTo(recovered.hardState());
                assertThat(contents.snapshot()).as("round %d", round).isEqualTo(recovered.snapshot());
                assertThat(entriesOf(contents, contents.snapshot().index() + 1, Long.MAX_VALUE))
                        .as("round %d", round)
                        .isEqualTo(recovered.entries());
                List<Entry> all = entriesOf(contents, 1, Long.MAX_VALUE);
                assertThat(all)
                        .extracting(Entry::index)
                        .as("round %d", round)
                        .isEqualTo(range(contents.firstIndex(), contents.lastIndex()));
                if (!all.isEmpty()) {
                    assertThat(contents.lastTerm())
                            .isEqualTo(all.get(all.size() - 1).term());
                }
            }
        }
    }

    /** Half of a batch that installs a snapshot: the log goes on as if it had not come, or ends before it. */
    @Test
    void aSnapshotThatNothingCommitsIsAsIfItHadNotCome() throws IOException, StorageException {
        LogFixture log = new LogFixture(disk, root, SMALL);
        try (WalLogStore store = log.open()) {
            store.append(GROUP, state(2, 1, 3), entries(2, 1, 5, 10));
            store.sync();
            log.saveSnapshot(snapshot(9, 2), new byte[] {1});
            store.appendSnapshot(GROUP, snapshot(9, 2));
            store.append(GROUP, HardState.EMPTY, entries(2, 10, 11, 10));
            store.sync();
        }

        try (WalContents contents = WalContents.read(disk, find(log.wal))) {
            assertThat(contents.lastIndex()).isEqualTo(5);
            assertThat(contents.snapshot()).isEqualTo(SnapshotMetadata.EMPTY);
            assertThat(entriesOf(contents, 1, 100)).isEqualTo(entries(2, 1, 5, 10));
        }
    }

    @Test
    void onlyTheIndexesThatAreAskedForAreShown() throws IOException, StorageException {
        LogFixture log = new LogFixture(disk, root, SMALL);
        try (WalLogStore store = log.open()) {
            store.append(GROUP, state(1, 1, 3), entries(1, 1, 9, 10));
            store.sync();
        }

        try (WalContents contents = WalContents.read(disk, find(root))) {
            assertThat(entriesOf(contents, 4, 6)).isEqualTo(entries(1, 4, 6, 10));
            assertThat(entriesOf(contents, 9, 9)).hasSize(1);
            assertThat(entriesOf(contents, 10, 20)).isEmpty();
        }
    }

    @Test
    void ofADamagedLogTheRecordsBeforeTheDamageAreShown() throws IOException, StorageException {
        LogFixture log = new LogFixture(disk, root, SMALL.withSegmentBytes(1024));
        try (WalLogStore store = log.open()) {
            for (long first = 1; first <= 31; first += 10) {
                store.append(GROUP, state(1, 1, first), entries(1, first, first + 9, 100));
                store.sync();
            }
        }
        // The entry 6: the segment's head has three records.
        WalRecord victim = log.records().get(8);
        try (RandomAccessFile file = new RandomAccessFile(victim.file().toFile(), "rw")) {
            file.seek(victim.offset() + 40);
            file.write(~file.read());
        }

        try (WalContents contents = WalContents.read(disk, find(log.wal))) {
            assertThat(contents.damage())
                    .hasValueSatisfying(text ->
                            assertThat(text).contains(victim.file() + " is corrupt at offset " + victim.offset()));
            assertThat(entriesOf(contents, 1, 100)).isEqualTo(entries(1, 1, 5, 100));
        }
    }

    @Test
    void theLogOfARunningNodeIsShown() throws IOException, StorageException {
        try (LiveLog live = LiveLog.start(root)) {
            assertThat(live).isNotNull();
            try (WalContents contents = WalContents.read(disk, find(root))) {
                assertThat(contents.hardState()).isEqualTo(state(1, 1, 2));
                assertThat(entriesOf(contents, 1, 100)).isEqualTo(entries(1, 1, 3, 10));
            }
        }
    }

    /** Between the two readings a node deletes and appends: the second is still of what the first one read. */
    @Test
    void whatIsDeletedOrAppendedMeanwhileDoesNotMatter() throws IOException, StorageException {
        LogFixture log = new LogFixture(disk, root, SMALL.withSegmentBytes(1024));
        try (WalLogStore store = log.open()) {
            for (long first = 1; first <= 31; first += 10) {
                store.append(GROUP, state(1, 1, first), entries(1, first, first + 9, 100));
                store.sync();
            }
        }
        try (WalContents contents = WalContents.read(disk, find(log.wal))) {
            Path first = log.wal.resolve(SegmentName.FIRST.fileName());
            Files.move(first, root.resolve("gone"));

            assertThat(entriesOf(contents, 1, 100)).isEqualTo(entries(1, 1, 40, 100));
        }
    }

    private static void write(LogFixture log, Random random) throws IOException, StorageException {
        List<Long> terms = new ArrayList<>();
        long term = 1;
        int commit = 0;
        try (WalLogStore store = log.open()) {
            for (int step = random.nextInt(40); step > 0; step--) {
                if (random.nextInt(5) == 0 && terms.size() > commit) {
                    terms.subList(commit + random.nextInt(terms.size() - commit), terms.size())
                            .clear();
                    term++;
                }
                List<Entry> batch = new ArrayList<>();
                for (int i = random.nextInt(6); i > 0; i--) {
                    terms.add(term);
                    batch.add(LogFixture.entry(term, terms.size(), random.nextInt(120)));
                }
                commit += random.nextInt(terms.size() - commit + 1);
                store.append(GROUP, state(term, 1, commit), batch);
                if (random.nextInt(8) == 0) {
                    boolean installed = random.nextBoolean();
                    if (installed) {
                        for (int i = random.nextInt(9); i >= 0; i--) {
                            terms.add(term);
                        }
                        commit = terms.size();
                    }
                    if (commit > 0) {
                        SnapshotMetadata metadata = snapshot(commit, terms.get(commit - 1));
                        log.saveSnapshot(metadata, new byte[] {1});
                        store.appendSnapshot(GROUP, metadata);
                        store.append(GROUP, state(term, 1, commit), List.of());
                    }
                }
                store.sync();
            }
        }
    }

    private WalLocation find(Path directory) throws IOException {
        return WalLocation.find(disk, directory, null).orElseThrow();
    }

    private static List<Entry> entriesOf(WalContents contents, long from, long to)
            throws StorageException, IOException {
        List<Entry> entries = new ArrayList<>();
        contents.entries(from, to, entries::add);
        return entries;
    }

    private static List<Long> range(long from, long to) {
        List<Long> indexes = new ArrayList<>();
        for (long index = from; index <= to; index++) {
            indexes.add(index);
        }
        return indexes;
    }
}
