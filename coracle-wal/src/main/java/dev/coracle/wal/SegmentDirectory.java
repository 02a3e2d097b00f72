package dev.coracle.wal;

import dev.coracle.node.Disk;
import dev.coracle.node.DiskFile;
import dev.coracle.node.StorageException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The files of a log's directory. */
final class SegmentDirectory {
    /** What the names of files end with that nobody needs after a crash: etcd ignores them too. */
    static final String TEMPORARY_SUFFIX = ".tmp";

    private SegmentDirectory() {}

    /** The names of the segments, by sequence. Other files are none of ours. */
    static List<SegmentName> names(Disk disk, Path directory) throws IOException {
        List<SegmentName> names = new ArrayList<>();
        for (String file : disk.list(directory)) {
            SegmentName name = SegmentName.parse(file);
            if (name != null) {
                names.add(name);
            }
        }
        names.sort(Comparator.comparing(SegmentName::sequence, Long::compareUnsigned));
        return names;
    }

    /** Opens segments to be read. */
    static List<Segment> open(Disk disk, Path directory, List<SegmentName> names) throws StorageException {
        return open(disk, directory, names, Disk.Mode.READ);
    }

    /** Opens and locks segments to be written. */
    static List<Segment> lock(Disk disk, Path directory, List<SegmentName> names) throws StorageException {
        return open(disk, directory, names, Disk.Mode.WRITE);
    }

    private static List<Segment> open(Disk disk, Path directory, List<SegmentName> names, Disk.Mode mode)
            throws StorageException {
        List<Segment> segments = new ArrayList<>();
        boolean done = false;
        try {
            for (SegmentName name : names) {
                Path path = directory.resolve(name.fileName());
                try {
                    DiskFile file = disk.open(path, mode);
                    segments.add(new Segment(name, path, file));
                    if (mode == Disk.Mode.WRITE && !file.tryLock()) {
                        throw Damage.inUse(directory);
                    }
                } catch (IOException e) {
                    throw Damage.failed("open", path, e);
                }
            }
            done = true;
            return segments;
        } finally {
            if (!done) {
                closeAll(segments);
            }
        }
    }

    /** Closes files of which nothing is wanted any more. */
    static void closeAll(Iterable<Segment> segments) {
        for (Segment segment : segments) {
            close(segment.file());
        }
    }

    /** Closes a file of which nothing is wanted any more, so that a failure to do so means nothing. */
    static void close(DiskFile file) {
        try {
            file.close();
        } catch (IOException e) {
            // Closing only gives back what the process holds; what must be durable was synced before.
        }
    }

    /** Deletes the temporary files that a crash left. Only for who holds the lock. */
    static void deleteTemporaries(Disk disk, Path directory) throws IOException {
        for (String name : disk.list(directory)) {
            if (name.endsWith(TEMPORARY_SUFFIX)) {
                disk.delete(directory.resolve(name));
            }
        }
    }

    /** Creates a directory and those above it so that none of them is lost in a crash. */
    static void createDurably(Disk disk, Path directory) throws IOException {
        Path parent = parentOf(directory);
        if (!disk.exists(parent)) {
            createDurably(disk, parent);
        }
        disk.createDirectories(directory);
        // Also if it was there: whoever created it may have died before this.
        disk.syncDirectory(parent);
    }

    /** The directory that a path's name stands in. */
    static Path parentOf(Path path) {
        Path parent = path.toAbsolutePath().getParent();
        return parent == null ? path.toAbsolutePath() : parent;
    }
}
