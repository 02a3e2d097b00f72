package dev.coracle.wal;

import dev.coracle.node.Disk;
import dev.coracle.node.DiskFile;
import dev.coracle.node.StorageException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Moves aside what a node has on its disk, so that it can join its cluster again as a new member. Nothing is deleted, and
 * directories stay where they are, with their owners and modes.
 */
public final class WalRepair {
    private static final String LOCK = "lock";

    /** What says which node a directory is, in one that a node of this project has. */
    private static final String IDENTITY = "cluster";

    private WalRepair() {}

    /**
     * Moves everything into a new directory beside the one that was asked for, {@code NAME.wiped-1} or the next number
     * that is free.
     *
     * @return that directory
     * @throws StorageException if somebody works with the log, or the system refuses something; what was moved until then
     *     is in the new directory
     */
    public static Path wipe(Disk disk, WalLocation location) throws StorageException {
        List<DiskFile> locks = new ArrayList<>();
        List<Segment> segments = List.of();
        try {
            requireWhole(disk, location);
            Path lock = location.directory().resolve(LOCK);
            if (location.isDataDirectory() && disk.exists(lock)) {
                DiskFile file = disk.open(lock, Disk.Mode.WRITE);
                locks.add(file);
                if (!file.tryLock()) {
                    throw Damage.inUse(location.directory());
                }
            }
            segments = SegmentDirectory.lock(disk, location.log(), SegmentDirectory.names(disk, location.log()));
            return moveAside(disk, location);
        } catch (IOException e) {
            throw Damage.failed("move aside", location.directory(), e);
        } finally {
            SegmentDirectory.closeAll(segments);
            locks.forEach(SegmentDirectory::close);
        }
    }

    /** A node that lost its log and kept its name would vote a second time in terms in which it has voted. */
    private static void requireWhole(Disk disk, WalLocation location) throws IOException, StorageException {
        Path parent = SegmentDirectory.parentOf(location.log());
        if (!location.isDataDirectory() && disk.exists(parent.resolve(IDENTITY))) {
            throw new StorageException(location.log() + " is a part of the data directory " + parent
                    + ": a node must not lose its log and stay who it is. Name the whole directory");
        }
    }

    private static Path moveAside(Disk disk, WalLocation location) throws IOException {
        Path target = newTarget(disk, location.directory());
        disk.createDirectories(target);
        if (location.isDataDirectory()) {
            moveChildren(disk, location.directory(), target);
        } else {
            Path log = target.resolve(WalLocation.name(location.log()));
            disk.createDirectories(log);
            if (location.hasSnapshots() && !location.snapshots().startsWith(location.log())) {
                Path snapshots = target.resolve(WalLocation.name(location.snapshots()));
                disk.createDirectories(snapshots);
                moveChildren(disk, location.snapshots(), snapshots);
            }
            // The segments go last: with them there it is still a log, and moving can be tried again.
            moveChildren(disk, location.directory(), log);
        }
        disk.syncDirectory(target);
        disk.syncDirectory(SegmentDirectory.parentOf(target));
        return target;
    }

    private static Path newTarget(Disk disk, Path directory) throws IOException {
        for (int number = 1; ; number++) {
            Path target = directory
                    .toAbsolutePath()
                    .normalize()
                    .resolveSibling(WalLocation.name(directory) + ".wiped-" + number);
            if (!disk.exists(target)) {
                return target;
            }
        }
    }

    private static void moveChildren(Disk disk, Path from, Path to) throws IOException {
        for (String name : disk.list(from)) {
            // Another process may wait for this lock; it holds nothing.
            if (!name.equals(LOCK)) {
                disk.rename(from.resolve(name), to.resolve(name));
            }
        }
        disk.syncDirectory(to);
        disk.syncDirectory(from);
    }
}
