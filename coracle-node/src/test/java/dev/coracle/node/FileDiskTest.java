package dev.coracle.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.node.Disk.Mode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileDiskTest {
    private final Disk disk = new FileDisk();

    @TempDir
    private Path root;

    @Test
    void readsAndWritesAtAnyPosition() throws IOException {
        try (DiskFile file = disk.open(root.resolve("a"), Mode.CREATE_NEW)) {
            file.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 2);
            file.sync();

            assertThat(file.size()).isEqualTo(5);
            ByteBuffer target = ByteBuffer.allocate(8);
            assertThat(file.read(target, 1)).isEqualTo(4);
            assertThat(target.array()).startsWith(0, 1, 2, 3, 0);
            assertThat(file.read(ByteBuffer.allocate(1), 5)).isZero();
        }
    }

    @Test
    void cutsAndExtendsWithZeros() throws IOException {
        try (DiskFile file = disk.open(root.resolve("a"), Mode.CREATE_NEW)) {
            file.write(ByteBuffer.wrap(new byte[] {1, 2, 3, 4}), 0);
            file.truncate(2);
            file.truncate(6);

            assertThat(root.resolve("a")).hasBinaryContent(new byte[] {1, 2, 0, 0, 0, 0});
            file.truncate(6);
            assertThat(file.size()).isEqualTo(6);
        }
    }

    @Test
    void modesSayWhetherAFileMustBeThere() throws IOException {
        Path path = root.resolve("a");
        assertThatThrownBy(() -> disk.open(path, Mode.READ)).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.open(path, Mode.WRITE)).isInstanceOf(NoSuchFileException.class);
        disk.open(path, Mode.CREATE_NEW).close();
        assertThatThrownBy(() -> disk.open(path, Mode.CREATE_NEW)).isInstanceOf(FileAlreadyExistsException.class);
        Files.write(path, new byte[3]);
        disk.open(path, Mode.WRITE).close();
        assertThat(path).hasSize(3);
        disk.open(path, Mode.CREATE_OR_TRUNCATE).close();
        assertThat(path).isEmptyFile();
    }

    @Test
    void namesAreListedSortedAndChanged() throws IOException {
        Path directory = root.resolve("one").resolve("two");
        assertThat(disk.exists(directory)).isFalse();
        disk.createDirectories(directory);
        disk.createDirectories(directory);
        disk.open(directory.resolve("b"), Mode.CREATE_NEW).close();
        disk.open(directory.resolve("a"), Mode.CREATE_NEW).close();
        disk.rename(directory.resolve("b"), directory.resolve("c"));
        disk.syncDirectory(directory);

        assertThat(disk.exists(directory)).isTrue();
        assertThat(disk.list(directory)).containsExactly("a", "c");
        disk.rename(directory.resolve("a"), directory.resolve("c"));
        assertThat(disk.list(directory)).containsExactly("c");
        disk.delete(directory.resolve("c"));
        disk.rename(directory, root.resolve("three"));
        disk.delete(root.resolve("three"));
        assertThat(disk.list(root)).containsExactly("one");
        assertThat(disk.usableSpace(root)).isPositive();
    }

    @Test
    void whatIsCreatedBelongsToTheOwnerAlone() throws IOException {
        disk.createDirectories(root.resolve("one").resolve("two"));
        Path file = root.resolve("one").resolve("a");
        disk.open(file, Mode.CREATE_OR_TRUNCATE).close();

        assertThat(permissions(root.resolve("one"))).isEqualTo("rwx------");
        assertThat(permissions(root.resolve("one").resolve("two"))).isEqualTo("rwx------");
        assertThat(permissions(file)).isEqualTo("rw-------");
    }

    private static String permissions(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void aLockedFileCannotBeOpenedAgainUnderAnyName() throws IOException {
        Path path = root.resolve("a");
        DiskFile file = disk.open(path, Mode.CREATE_NEW);
        assertThat(file.tryLock()).isTrue();
        assertThat(file.tryLock()).as("a second time").isFalse();
        Path renamed = root.resolve("b");
        disk.rename(path, renamed);
        Path link = Files.createSymbolicLink(root.resolve("link"), renamed);

        for (Mode mode : new Mode[] {Mode.READ, Mode.WRITE, Mode.CREATE_OR_TRUNCATE}) {
            assertThatThrownBy(() -> disk.open(renamed, mode))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("b is locked by this process");
        }
        assertThatThrownBy(() -> new FileDisk().open(link, Mode.READ)).hasMessageContaining("locked by this process");
        file.close();
        file.close();
        try (DiskFile again = disk.open(renamed, Mode.WRITE)) {
            assertThat(again.tryLock()).isTrue();
        }
    }

    @Test
    void aFileThatIsOpenTwiceCannotBeLockedUntilOneIsClosed() throws IOException {
        Path path = root.resolve("a");
        try (DiskFile first = disk.open(path, Mode.CREATE_NEW)) {
            DiskFile second = disk.open(path, Mode.READ);
            assertThat(first.tryLock()).isFalse();
            second.close();
            assertThat(first.tryLock()).isTrue();
        }
    }

    @Test
    void aLockThatSomebodyElseInThisProcessHoldsIsNoError() throws IOException {
        Path path = root.resolve("a");
        try (DiskFile file = disk.open(path, Mode.CREATE_NEW);
                FileChannel stranger = FileChannel.open(path, StandardOpenOption.WRITE)) {
            assertThat(stranger.tryLock()).isNotNull();
            assertThat(file.tryLock()).isFalse();
        }
    }

    @Test
    void whatIsMissingIsAnError() throws IOException {
        assertThatThrownBy(() -> disk.list(root.resolve("missing"))).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.syncDirectory(root.resolve("missing"))).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.delete(root.resolve("missing"))).isInstanceOf(NoSuchFileException.class);
    }
}
