package dev.coracle.wal;

import dev.coracle.node.Disk;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where a log and its snapshots are, as the layouts in use have it:
 *
 * <pre>
 *   DIR/wal          DIR/snap            a node of this project
 *   DIR/member/wal   DIR/member/snap     a member of etcd
 *   DIR              DIR-snap            raftexample, or DIR is the log itself and snap is beside or in it
 * </pre>
 *
 * @param directory what was asked for
 * @param log the directory of the segments
 * @param snapshots where the snapshots are, or would be
 * @param hasSnapshots whether that is there
 */
public record WalLocation(Path directory, Path log, Path snapshots, boolean hasSnapshots) {
    private static final String LOG = "wal";
    private static final String SNAPSHOTS = "snap";

    /**
     * Looks for a log in a directory.
     *
     * @param snapshots where its snapshots are, or null to look for them too
     * @return empty if there is none
     * @throws IOException if the system does not let it look
     */
    public static Optional<WalLocation> find(Disk disk, Path directory, @Nullable Path snapshots) throws IOException {
        List<String> names;
        try {
            names = disk.list(directory);
        } catch (NoSuchFileException | NotDirectoryException e) {
            return Optional.empty();
        }
        List<Path> candidates = new ArrayList<>();
        candidates.add(directory);
        for (Path below : List.of(Path.of(LOG), Path.of("member", LOG))) {
            if (names.contains(below.getName(0).toString())) {
                candidates.add(directory.resolve(below));
            }
        }
        for (Path log : candidates) {
            if (holdsSegments(disk, log)) {
                return Optional.of(snapshots == null ? beside(disk, directory, log) : of(directory, log, snapshots));
            }
        }
        return Optional.empty();
    }

    /** Whether the log is a part of the directory and not the directory itself. */
    public boolean isDataDirectory() {
        return !log.equals(directory);
    }

    /** Says in one line what was found. */
    public String describe() {
        return "log " + log + ", " + (hasSnapshots ? "snapshots " + snapshots : "no snapshots (" + snapshots + ")");
    }

    private static WalLocation of(Path directory, Path log, Path snapshots) {
        return new WalLocation(directory, log, snapshots, true);
    }

    private static WalLocation beside(Disk disk, Path directory, Path log) throws IOException {
        Path sibling = log.toAbsolutePath().resolveSibling(SNAPSHOTS);
        Path named = log.toAbsolutePath().resolveSibling(name(log) + "-" + SNAPSHOTS);
        for (Path snapshots : List.of(named, log.resolve(SNAPSHOTS), sibling)) {
            if (disk.exists(snapshots)) {
                return of(directory, log, snapshots);
            }
        }
        return new WalLocation(directory, log, sibling, false);
    }

    /** The last name of a path, also of one that ends in dots. */
    static String name(Path path) {
        Path name = path.toAbsolutePath().normalize().getFileName();
        return name == null ? "" : name.toString();
    }

    private static boolean holdsSegments(Disk disk, Path directory) throws IOException {
        try {
            return disk.list(directory).stream().anyMatch(EtcdReader::isSegment);
        } catch (NoSuchFileException | NotDirectoryException e) {
            return false;
        }
    }
}
