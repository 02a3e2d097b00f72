package dev.coracle.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.node.Disk;
import dev.coracle.node.Disk.Mode;
import dev.coracle.node.DiskFile;
import dev.coracle.raft.RandomSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class SimDiskTest {
    private static final Path ROOT = Path.of("/data");

    /** Keeps everything. */
    private static final RandomSource LOWEST = bound -> 0;

    /** Loses everything that was not synced. */
    private static final RandomSource HIGHEST = bound -> bound - 1;

    private final SimDisk machine = new SimDisk();
    private final Disk disk = machine.process();

    @Test
    void whatWasSyncedSurvivesAndTheRestMayNot() throws IOException {
        DiskFile file = createDurably("a");
        file.write(bytes(2000, 1), 0);
        file.sync();
        file.write(bytes(2000, 2), 0);
        file.write(bytes(10, 3), 2000);

        machine.crash(HIGHEST);
        assertThat(read("a")).isEqualTo(bytes(2000, 1).array());
    }

    @Test
    void sectorsSurviveOneByOne() throws IOException {
        Set<List<Integer>> seen = new HashSet<>();
        Random random = new Random(1);
        for (int i = 0; i < 40; i++) {
            SimDisk another = new SimDisk();
            Disk itsDisk = another.process();
            DiskFile file = itsDisk.open(ROOT.resolveSibling("a"), Mode.CREATE_NEW);
            file.write(bytes(1024, 1), 0);
            file.sync();
            itsDisk.syncDirectory(Path.of("/"));
            file.write(bytes(1024, 2), 0);
            another.crash(random::nextInt);
            byte[] found = read(itsDisk, ROOT.resolveSibling("a"));
            assertThat(Arrays.copyOf(found, 512)).containsOnly(found[0]);
            seen.add(List.of((int) found[0], (int) found[512]));
        }
        assertThat(seen).containsExactlyInAnyOrder(List.of(1, 1), List.of(1, 2), List.of(2, 1), List.of(2, 2));
    }

    @Test
    void aSectorIsFoundAsAnyOfItsWritesLeftIt() throws IOException {
        DiskFile file = createDurably("a");
        file.write(bytes(512, 1), 0);
        file.sync();
        file.write(bytes(100, 2), 0);
        file.write(bytes(100, 3), 100);
        assertThat(machine.unsynced()).isEqualTo(2);

        List<String> found = new ArrayList<>();
        for (int kept = 0; kept < 4; kept++) {
            byte[] sector = crashed(kept, "a");
            found.add(sector[0] + " " + sector[100] + " " + sector[200]);
        }
        assertThat(found)
                .as("the second write is on the page of the first")
                .containsExactly("1 1 1", "2 1 1", "2 3 1", "2 3 1");
    }

    @Test
    void aFileIsFoundAtAnyOfItsLengths() throws IOException {
        DiskFile file = createDurably("a");
        file.truncate(10);
        file.sync();
        file.truncate(20);
        file.truncate(30);

        List<Integer> found = new ArrayList<>();
        for (int kept = 0; kept < 4; kept++) {
            found.add(crashed(kept, "a").length);
        }
        assertThat(found).containsExactly(10, 20, 30, 30);
    }

    @Test
    void ofTheNamesThatWereNotSyncedAnySurvive() throws IOException {
        createDurably("a").sync();
        disk.rename(ROOT.resolve("a"), ROOT.resolve("b"));
        disk.open(ROOT.resolve("c"), Mode.CREATE_NEW).close();
        disk.rename(ROOT.resolve("b"), ROOT.resolve("d"));
        disk.delete(ROOT.resolve("d"));
        assertThat(disk.list(ROOT)).containsExactly("c");

        List<List<String>> found = new ArrayList<>();
        for (int kept = 0; kept < 16; kept++) {
            found.add(list(kept));
        }
        assertThat(found)
                .containsExactly(
                        List.of("a"),
                        List.of("b"),
                        List.of("a", "c"),
                        List.of("b", "c"),
                        List.of("d"),
                        List.of("d"),
                        List.of("c", "d"),
                        List.of("c", "d"),
                        List.of("a"),
                        List.of("b"),
                        List.of("a", "c"),
                        List.of("b", "c"),
                        List.of(),
                        List.of(),
                        List.of("c"),
                        List.of("c"));
        disk.syncDirectory(ROOT);
        assertThat(list(0)).containsExactly("c");
    }

    @Test
    void aWriteCanBeShort() throws IOException {
        DiskFile file = createDurably("a");
        machine.setFault((operation, path) -> {
            throw new SimDisk.ShortWriteException(3);
        });
        assertThatThrownBy(() -> file.write(bytes(10, 1), 0)).hasMessage("Input/output error after 3 bytes");
        machine.clearFault();
        assertThat(read("a")).isEqualTo(bytes(3, 1).array());
    }

    /** What a file holds after a crash in which those changes survive whose bits are set in {@code kept}. */
    private byte[] crashed(int kept, String name) throws IOException {
        SimDisk copy = machine.copy();
        copy.crashKeeping(change -> (kept >>> change & 1) != 0);
        return read(copy.process(), ROOT.resolve(name));
    }

    private List<String> list(int kept) throws IOException {
        SimDisk copy = machine.copy();
        copy.crashKeeping(change -> (kept >>> change & 1) != 0);
        return copy.process().list(ROOT);
    }

    @Test
    void whatAFailedSyncForgotNoLaterSyncBringsBack() throws IOException {
        DiskFile file = createDurably("a");
        file.write(bytes(10, 1), 0);
        machine.setFault(SimDisk.failing(SimDisk.Operation.SYNC, 1));
        assertThatThrownBy(file::sync).isInstanceOf(IOException.class).hasMessage("Input/output error");
        file.sync();
        assertThat(read("a")).isEqualTo(bytes(10, 1).array());

        machine.crash(LOWEST);
        assertThat(read("a")).isEqualTo(new byte[10]);
    }

    @Test
    void aCutThatWasNotSyncedMayLeaveWhatWasBehindIt() throws IOException {
        DiskFile file = createDurably("a");
        file.write(bytes(1000, 1), 0);
        file.sync();
        file.truncate(100);
        file.truncate(1000);
        assertThat(read("a")).isEqualTo(Arrays.copyOf(bytes(100, 1).array(), 1000));

        machine.crash(HIGHEST);
        assertThat(read("a")).isEqualTo(bytes(1000, 1).array());
    }

    @Test
    void locksBelongToAProcessAndEndWithItsFileOrTheMachine() throws IOException {
        Disk other = machine.process();
        DiskFile file = createDurably("a");
        DiskFile foreign = other.open(ROOT.resolve("a"), Mode.WRITE);
        assertThat(file.tryLock()).isTrue();
        assertThat(foreign.tryLock()).isFalse();
        assertThatThrownBy(() -> disk.open(ROOT.resolve("a"), Mode.READ))
                .hasMessageContaining("locked by this process");
        file.close();
        assertThat(foreign.tryLock()).isTrue();

        machine.crash(LOWEST);
        assertThatThrownBy(foreign::size).hasMessageContaining("before the machine crashed");
        assertThat(disk.open(ROOT.resolve("a"), Mode.WRITE).tryLock()).isTrue();
    }

    @Test
    void aFullDiskRefusesToGrowAndTakesBackWhatIsDeleted() throws IOException {
        machine.setCapacity(1000);
        DiskFile file = createDurably("a");
        file.write(bytes(800, 1), 0);
        assertThat(disk.usableSpace(ROOT)).isEqualTo(200);
        assertThatThrownBy(() -> file.write(bytes(300, 1), 800)).hasMessage("No space left on device");
        assertThatThrownBy(() -> file.truncate(1001)).hasMessage("No space left on device");
        file.write(bytes(300, 1), 100);
        disk.delete(ROOT.resolve("a"));
        assertThat(disk.usableSpace(ROOT)).isEqualTo(1000);
        assertThat(file.size()).as("an open file stays").isEqualTo(800);
    }

    @Test
    void aDeadMachineDoesNothingMore() throws IOException {
        DiskFile file = createDurably("a");
        machine.setFault(SimDisk.dyingAt(2));
        file.write(bytes(10, 1), 0);
        assertThatThrownBy(file::sync).isInstanceOf(SimDisk.PowerOffException.class);
        assertThatThrownBy(() -> disk.syncDirectory(ROOT)).isInstanceOf(SimDisk.PowerOffException.class);
        machine.crash(HIGHEST);
        assertThat(read("a")).isEmpty();
    }

    private DiskFile createDurably(String name) throws IOException {
        disk.createDirectories(ROOT);
        disk.syncDirectory(Path.of("/"));
        DiskFile file = disk.open(ROOT.resolve(name), Mode.CREATE_NEW);
        disk.syncDirectory(ROOT);
        return file;
    }

    private byte[] read(String name) throws IOException {
        return read(machine.process(), ROOT.resolve(name));
    }

    private static byte[] read(Disk disk, Path path) throws IOException {
        try (DiskFile file = disk.open(path, Mode.READ)) {
            ByteBuffer target = ByteBuffer.allocate((int) file.size());
            assertThat(file.read(target, 0)).isEqualTo(target.capacity());
            return target.array();
        }
    }

    private static ByteBuffer bytes(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return ByteBuffer.wrap(bytes);
    }
}
