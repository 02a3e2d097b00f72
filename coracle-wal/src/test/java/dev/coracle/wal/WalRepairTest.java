package dev.coracle.wal;

import static dev.coracle.wal.LogFixture.GROUP;
import static dev.coracle.wal.LogFixture.SMALL;
import static dev.coracle.wal.LogFixture.entries;
import static dev.coracle.wal.LogFixture.snapshot;
import static dev.coracle.wal.LogFixture.state;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.node.Disk;
import dev.coracle.node.FileDisk;
import dev.coracle.node.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@link WalRepair} moves, and when it does not. */
final class WalRepairTest {
    private final Disk disk = new FileDisk();

    @TempDir
    private Path root;

    @Test
    void everythingOfADataDirectoryIsMovedAndTheDirectoryStays() throws IOException, StorageException {
        Path data = root.resolve("data");
        write(data.resolve("wal"), data.resolve("snap"));
        Files.writeString(data.resolve("cluster"), "node-id=1");
        Files.writeString(data.resolve("lock"), "");
        List<String> before = names(data);

        Path target = WalRepair.wipe(disk, find(data));

        assertThat(target).isEqualTo(root.resolve("data.wiped-1"));
        before.remove("/lock");
        assertThat(names(target)).isEqualTo(before);
        assertThat(names(data)).containsExactly("/lock");
        assertThat(WalVerify.verify(disk, target, null).verdict()).isEqualTo(WalVerdict.SOUND);
    }

    @Test
    void whatWasMovedBeforeIsNotOverwritten() throws IOException, StorageException {
        Path data = root.resolve("data");
        for (int round = 1; round <= 2; round++) {
            write(data.resolve("wal"), data.resolve("snap"));
            assertThat(WalRepair.wipe(disk, find(data))).isEqualTo(root.resolve("data.wiped-" + round));
        }
        assertThat(names(root.resolve("data.wiped-1"))).isEqualTo(names(root.resolve("data.wiped-2")));
    }

    @Test
    void aBareLogIsMovedTogetherWithItsSnapshots() throws IOException, StorageException {
        Path wal = root.resolve("raftexample-1");
        Path snap = root.resolve("raftexample-1-snap");
        write(wal, snap);
        List<String> segments = names(wal);
        List<String> snapshots = names(snap);

        Path target = WalRepair.wipe(disk, find(wal));

        assertThat(target).isEqualTo(root.resolve("raftexample-1.wiped-1"));
        assertThat(names(target.resolve("raftexample-1"))).isEqualTo(segments);
        assertThat(names(target.resolve("raftexample-1-snap"))).isEqualTo(snapshots);
        assertThat(names(wal)).isEmpty();
        assertThat(names(snap)).isEmpty();
    }

    /** A node that keeps its name and loses its votes would vote twice. */
    @Test
    void aNodesLogIsNotTakenFromItAlone() throws IOException, StorageException {
        Path data = root.resolve("data");
        write(data.resolve("wal"), data.resolve("snap"));
        Files.writeString(data.resolve("cluster"), "node-id=1");
        List<String> before = names(root);

        assertThatThrownBy(() -> WalRepair.wipe(disk, find(data.resolve("wal"))))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("Name the whole directory");
        assertThat(names(root)).isEqualTo(before);
    }

    @Test
    void theLogOfARunningNodeIsNotTouched() throws IOException {
        try (LiveLog live = LiveLog.start(root.resolve("data"))) {
            assertThat(live).isNotNull();
            List<String> before = names(root);

            assertThatThrownBy(() -> WalRepair.wipe(disk, find(root.resolve("data"))))
                    .isInstanceOf(StorageException.class)
                    .hasMessageContaining("is in use by another process");
            assertThat(names(root)).isEqualTo(before);
        }
    }

    private WalLocation find(Path directory) throws IOException {
        return WalLocation.find(disk, directory, null).orElseThrow();
    }

    private void write(Path wal, Path snap) throws IOException, StorageException {
        LogFixture log = new LogFixture(disk, wal, snap, SMALL.withSegmentBytes(1024));
        try (WalLogStore store = log.open()) {
            for (long first = 1; first <= 21; first += 10) {
                store.append(GROUP, state(1, 1, first), entries(1, first, first + 9, 100));
                store.sync();
            }
            log.saveSnapshot(snapshot(11, 1), new byte[] {1});
            store.appendSnapshot(GROUP, snapshot(11, 1));
        }
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> paths = Files.walk(directory)) {
            return new ArrayList<>(paths.map(path ->
                            path.toString().substring(directory.toString().length()))
                    .filter(name -> !name.isEmpty())
                    .sorted()
                    .toList());
        }
    }
}
