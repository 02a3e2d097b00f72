package dev.coracle.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.node.Disk;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import dev.coracle.sim.SimDisk;
import dev.coracle.wal.FileSnapshotStore;
import dev.coracle.wal.WalLogStore;
import dev.coracle.wal.WalOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DurableLogTest {
    private static final Path DIRECTORY = Path.of("/data/wal");

    private final SimDisk disk = new SimDisk();
    private final Disk process = disk.process();
    private final List<Long> told = new ArrayList<>();
    private final DurableLog log = new DurableLog(disk, DIRECTORY, (index, term, previous, hash) -> told.add(index));

    private WalLogStore open() throws Exception {
        process.createDirectories(DIRECTORY.getParent());
        process.syncDirectory(Path.of("/"));
        FileSnapshotStore snapshots = FileSnapshotStore.open(process, Path.of("/data/snap"), 0);
        WalLogStore store =
                WalLogStore.open(process, DIRECTORY, snapshots, WalOptions.DEFAULTS.withSegmentBytes(4_096));
        store.recover(0);
        return store;
    }

    private static List<Entry> entries(long term, long from, long to) {
        List<Entry> entries = new ArrayList<>();
        for (long index = from; index <= to; index++) {
            entries.add(new Entry(term, index, EntryType.NORMAL, ("entry " + index).getBytes(StandardCharsets.UTF_8)));
        }
        return entries;
    }

    @Test
    void itHasWhatWasSyncedAndNoMore() throws Exception {
        WalLogStore store = open();
        store.append(0, new HardState(1, 2, 0), entries(1, 1, 3));
        log.refresh();
        assertThat(log.lastIndex()).isZero();
        store.sync();
        log.refresh();
        assertThat(log.lastIndex()).isEqualTo(3);
        assertThat(log.term(3)).isEqualTo(1);
        assertThat(log.currentTerm()).isEqualTo(1);
        assertThat(log.vote()).isEqualTo(2);
        assertThat(told).containsExactly(1L, 2L, 3L);
    }

    @Test
    void itGoesOnInTheNextSegmentAndTakesWhatIsReplaced() throws Exception {
        WalLogStore store = open();
        for (long index = 1; index <= 300; index += 10) {
            store.append(0, new HardState(1, 2, index - 1), entries(1, index, index + 9));
            store.sync();
            log.refresh();
            assertThat(log.lastIndex()).isEqualTo(index + 9);
        }
        assertThat(log.lastSegment()).isNotEqualTo("0000000000000000-0000000000000000.wal");
        store.append(0, new HardState(2, 2, 291), entries(2, 295, 296));
        store.sync();
        log.refresh();
        assertThat(log.lastIndex()).isEqualTo(296);
        assertThat(log.term(294)).isEqualTo(1);
        assertThat(log.term(295)).isEqualTo(2);
        assertThat(log.commit()).isEqualTo(291);

        DurableLog again = new DurableLog(disk, DIRECTORY, (index, term, previous, hash) -> {});
        again.refresh();
        assertThat(again.lastIndex()).isEqualTo(296);
        assertThat(again.term(295)).isEqualTo(2);
    }

    @Test
    void aReceivedSnapshotIsWhereTheLogBegins() throws Exception {
        WalLogStore store = open();
        store.append(0, new HardState(1, 2, 0), entries(1, 1, 3));
        store.appendSnapshot(0, new SnapshotMetadata(50, 2, ConfState.EMPTY));
        store.append(0, new HardState(2, 0, 50), List.of());
        store.sync();
        log.refresh();
        assertThat(log.baseIndex()).isEqualTo(50);
        assertThat(log.lastIndex()).isEqualTo(50);
        assertThat(log.holds(20, 1)).isTrue();
        assertThat(log.holds(51, 2)).isFalse();
    }

    @Test
    void itKnowsWhetherTheLogWasClosedWhereItEnds() throws Exception {
        WalLogStore store = open();
        store.append(0, new HardState(1, 2, 0), entries(1, 1, 3));
        store.sync();
        log.refresh();
        assertThat(log.isMarkedAsClosed()).isFalse();
        store.close();
        log.refresh();
        assertThat(log.isMarkedAsClosed()).isTrue();
    }

    @Test
    void behindACrashItReadsNothingMore() throws Exception {
        WalLogStore store = open();
        store.append(0, new HardState(1, 2, 0), entries(1, 1, 3));
        store.sync();
        log.refresh();
        store.append(0, new HardState(1, 2, 0), entries(1, 4, 9));
        disk.crash(bound -> 0);
        log.refresh();
        assertThat(log.lastIndex()).isEqualTo(3);
    }
}
