package dev.coracle.wal;

import dev.coracle.node.Disk;
import dev.coracle.node.DiskFile;
import dev.coracle.node.StorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The file {@code <log>.synced} beside the log's directory: the newest {@link SyncedMark}. By it, opening tells what a
 * crash may have taken from what must be there.
 *
 * <p>It never lies: a mark is written only after the sync that it speaks of, so that an old one, which a crash may leave,
 * says less and nothing wrong. There are two places, a sector each, which are written in turn: a write that a crash cuts
 * short damages one and leaves the other.
 */
final class SyncedFile {
    private static final String SUFFIX = ".synced";
    private static final int SECTOR_BYTES = 512;
    private static final int SECTORS = 2;

    private final DiskFile file;
    private final ByteBuffer sector = ByteBuffer.allocateDirect(SECTOR_BYTES);
    private long generation;

    private SyncedFile(DiskFile file, long generation) {
        this.file = file;
        this.generation = generation;
    }

    static Path pathOf(Path directory) {
        return directory.resolveSibling(directory.getFileName() + SUFFIX);
    }

    /** The newest mark of a log, or null if there is none that is sound. */
    static @Nullable SyncedMark read(Disk disk, Path directory) throws IOException {
        Path path = pathOf(directory);
        if (!disk.exists(path)) {
            return null;
        }
        try (DiskFile file = disk.open(path, Disk.Mode.READ)) {
            SyncedMark.Numbered newest = newest(file);
            return newest == null ? null : newest.mark();
        }
    }

    /**
     * The same for who only looks, perhaps while another process writes: to be read before the segments are listed, so
     * that what it tells of is there.
     */
    static @Nullable SyncedMark peek(Disk disk, Path directory) throws StorageException {
        try {
            return read(disk, directory);
        } catch (IOException e) {
            throw Damage.failed("read", pathOf(directory), e);
        }
    }

    /** Forgets the marks of a log, durably: another one is about to be made in its place. */
    static void delete(Disk disk, Path directory) throws IOException {
        Path path = pathOf(directory);
        if (disk.exists(path)) {
            disk.delete(path);
            disk.syncDirectory(SegmentDirectory.parentOf(path));
        }
    }

    /** Opens the file of a log, or creates it, and writes a mark. */
    static SyncedFile begin(Disk disk, Path directory, SyncedMark mark) throws IOException {
        Path path = pathOf(directory);
        DiskFile file = disk.open(path, disk.exists(path) ? Disk.Mode.WRITE : Disk.Mode.CREATE_NEW);
        boolean done = false;
        try {
            SyncedMark.Numbered newest = newest(file);
            if (newest == null) {
                // Both at once, so that no later mark needs room.
                file.write(ByteBuffer.allocate(SECTORS * SECTOR_BYTES), 0);
            }
            SyncedFile synced = new SyncedFile(file, newest == null ? 0 : newest.generation());
            synced.write(mark);
            disk.syncDirectory(SegmentDirectory.parentOf(path));
            done = true;
            return synced;
        } finally {
            if (!done) {
                SegmentDirectory.close(file);
            }
        }
    }

    /** Makes a mark durable. */
    void write(SyncedMark mark) throws IOException {
        generation++;
        mark.encode(generation, sector.clear());
        while (sector.hasRemaining()) {
            sector.put((byte) 0);
        }
        file.write(sector.flip(), generation % SECTORS * SECTOR_BYTES);
        file.sync();
    }

    void close() {
        SegmentDirectory.close(file);
    }

    private static SyncedMark.@Nullable Numbered newest(DiskFile file) throws IOException {
        SyncedMark.Numbered newest = null;
        for (int i = 0; i < SECTORS; i++) {
            ByteBuffer bytes = ByteBuffer.allocate(SyncedMark.BYTES);
            if (file.read(bytes, (long) i * SECTOR_BYTES) < SyncedMark.BYTES) {
                continue;
            }
            SyncedMark.Numbered found = SyncedMark.decode(bytes.flip());
            if (found != null && (newest == null || found.generation() > newest.generation())) {
                newest = found;
            }
        }
        return newest;
    }
}
