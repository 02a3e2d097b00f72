package dev.coracle.wal;

import static dev.coracle.wal.LogFixture.GROUP;
import static dev.coracle.wal.LogFixture.SMALL;
import static dev.coracle.wal.LogFixture.entries;
import static dev.coracle.wal.LogFixture.entry;
import static dev.coracle.wal.LogFixture.snapshot;
import static dev.coracle.wal.LogFixture.state;
import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.node.Disk;
import dev.coracle.node.FileDisk;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Entry;
import dev.coracle.raft.HardState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Entries are read back from where they stand, while the log is written and after it was opened again. */
class EntryIndexTest {
    @TempDir
    private Path root;

    private LogFixture log;

    @BeforeEach
    void makeLog() {
        Disk disk = new FileDisk();
        log = new LogFixture(disk, root, SMALL);
    }

    @Test
    void whatWasReplacedDoesNotComeBack() throws StorageException {
        try (WalLogStore store = log.open()) {
            store.recover(GROUP);
            // Over several segments, so that places on both sides of borders are dropped.
            store.append(GROUP, state(1, 1, 0), entries(1, 1, 40, 5_000));
            store.sync();
            store.append(GROUP, state(2, 0, 0), entries(2, 7, 9, 5_000));
            store.sync();

            assertThat(store.read(GROUP, 5, 10, 1 << 20))
                    .extracting(Entry::term)
                    .containsExactly(1L, 1L, 2L, 2L, 2L);
        }
        assertThat(log.recovered().entries()).hasSize(9).endsWith(entry(2, 9, 5_000));
    }

    @Test
    void whatWasReleasedIsGoneAndThatIsNoFailure() throws StorageException, IOException {
        try (WalLogStore store = log.open()) {
            store.recover(GROUP);
            store.append(GROUP, state(1, 1, 40), entries(1, 1, 40, 5_000));
            store.sync();
            log.saveSnapshot(snapshot(40, 1), new byte[10]);
            store.appendSnapshot(GROUP, snapshot(40, 1));
            store.sync();

            store.release(GROUP, 35);
            while (store.housekeeping().doWork(0) > 0) {}

            assertThat(store.read(GROUP, 1, 5, 1 << 20)).isEmpty();
            assertThat(store.read(GROUP, 36, 41, 1 << 20)).isEqualTo(entries(1, 36, 40, 5_000));
        }
    }

    @Test
    void answersAsAMapWould() throws StorageException {
        long seed = 1776;
        System.out.println("EntryIndexTest: seed " + seed);
        Random random = new Random(seed);
        TreeMap<Long, Entry> map = new TreeMap<>();
        long term = 1;
        for (int opening = 0; opening < 8; opening++) {
            try (WalLogStore store = log.open()) {
                store.recover(GROUP);
                for (int step = 0; step < 40; step++) {
                    long last = map.isEmpty() ? 0 : map.lastKey();
                    long first = last + 1;
                    if (random.nextInt(5) == 0) {
                        term++;
                        first = Math.max(1, last + 1 - random.nextInt(40));
                    }
                    int size = random.nextInt(10) == 0 ? 20_000 : random.nextInt(400);
                    List<Entry> batch = entries(term, first, first + random.nextInt(30), size);
                    store.append(GROUP, new HardState(term, 0, 0), batch);
                    store.sync();
                    map.tailMap(first, true).clear();
                    batch.forEach(entry -> map.put(entry.index(), entry));
                    check(store, map, random);
                }
            }
        }
    }

    private static void check(WalLogStore store, TreeMap<Long, Entry> map, Random random) throws StorageException {
        long last = map.lastKey();
        long low = 1 + random.nextInt((int) last);
        long high = Math.min(last + 1, low + 1 + random.nextInt(200));
        List<Entry> expected = new ArrayList<>(map.subMap(low, high).values());
        List<Entry> found = new ArrayList<>();
        while (found.size() < expected.size()) {
            found.addAll(store.read(GROUP, low + found.size(), high, random.nextInt(100_000)));
        }
        assertThat(found).isEqualTo(expected);
    }
}
