package dev.coracle.wal;

import dev.coracle.node.Disk;
import dev.coracle.node.StorageException;
import dev.coracle.raft.EntryId;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Asks of a log what {@link WalLogStore#open} would: the same rules, and nothing written, renamed or locked. Whatever
 * happens to the log meanwhile, the answer is about what was there.
 */
public final class WalVerify {
    /**
     * What was found.
     *
     * @param verdict the answer
     * @param usable whether a node would start with it: also with a damaged snapshot, if it has the one before
     * @param lines what there is to say, for people
     */
    public record Report(WalVerdict verdict, boolean usable, List<String> lines) {
        /** Copies the list. */
        public Report {
            lines = List.copyOf(lines);
        }
    }

    private final Disk disk;
    private final WalLocation location;
    private final List<String> lines = new ArrayList<>();

    private WalVerify(Disk disk, WalLocation location) {
        this.disk = disk;
        this.location = location;
    }

    /**
     * Verifies what is in a directory.
     *
     * @param directory a log, or a directory that has one
     * @param snapshots where its snapshots are, or null to look for them
     */
    public static Report verify(Disk disk, Path directory, @Nullable Path snapshots) {
        try {
            Optional<WalLocation> location = WalLocation.find(disk, directory, snapshots);
            return location.isPresent()
                    ? new WalVerify(disk, location.get()).run()
                    : new Report(
                            WalVerdict.NO_LOG,
                            false,
                            List.of("not a log: no file named like " + SegmentName.FIRST.fileName() + " in " + directory
                                    + ", nor in wal or member/wal there"));
        } catch (IOException e) {
            return unreadable(List.of(), Damage.failed("look for a log in", directory, e));
        }
    }

    private Report run() {
        lines.add(location.describe());
        try {
            return verifySegments();
        } catch (StorageException e) {
            if (e.getCause() instanceof IOException) {
                return unreadable(lines, e);
            }
            lines.add("damaged: " + e.getMessage());
            return new Report(WalVerdict.DAMAGED, false, lines);
        }
    }

    /** Nothing says that it is damaged, and nothing that it is not. */
    private static Report unreadable(List<String> before, StorageException e) {
        List<String> all = new ArrayList<>(before);
        all.add("unreadable, so it may be sound or not: " + e.getMessage());
        return new Report(WalVerdict.DAMAGED, true, all);
    }

    private Report verifySegments() throws StorageException {
        SyncedMark mark = SyncedFile.peek(disk, location.log());
        List<Segment> segments = WalContents.open(disk, location.log());
        try {
            ChainReader records = new ChainReader(segments, WalOptions.DEFAULTS.maxBatchBytes(), mark);
            LogReplay replay = new LogReplay(records, segments.get(0).name());
            replay.run();
            boolean damagedSnapshots = verifySnapshots();
            EntryId snapshot = replay.recover(
                            FileSnapshotStore.forReading(disk, location.snapshots(), WalOptions.DEFAULTS.group()),
                            new ArrayList<>())
                    .snapshot()
                    .id();
            TornTail tail = records.tornTail();
            if (tail != null) {
                lines.add("torn tail: " + tail + ". Nobody was promised it; opening the log cuts it off. A log that is"
                        + " being written looks like that at times");
            }
            lines.add((damagedSnapshots ? "usable, but not sound: " : "sound: ") + segments.size()
                    + (segments.size() == 1 ? " segment, " : " segments, ")
                    + "from snapshot " + snapshot.index() + " on, last index " + replay.lastIndex() + ", term "
                    + Long.toUnsignedString(replay.state().term()) + ", committed to "
                    + replay.state().commit());
            return new Report(damagedSnapshots ? WalVerdict.DAMAGED : WalVerdict.SOUND, true, lines);
        } finally {
            SegmentDirectory.closeAll(segments);
        }
    }

    /** Tells of each damaged snapshot, needed or not, and whether there was one. */
    private boolean verifySnapshots() throws StorageException {
        if (!location.hasSnapshots()) {
            return false;
        }
        boolean damaged = false;
        FileSnapshotStore files = FileSnapshotStore.forReading(disk, location.snapshots(), WalOptions.DEFAULTS.group());
        for (EntryId id : files.list(WalOptions.DEFAULTS.group())) {
            try {
                files.open(WalOptions.DEFAULTS.group(), id).close();
            } catch (FileSnapshotStore.DamagedSnapshotException e) {
                damaged = true;
                lines.add("damaged snapshot: " + e.getMessage());
            } catch (StorageException e) {
                if (!(e.getCause() instanceof NoSuchFileException)) {
                    throw e;
                }
            } catch (IOException e) {
                throw Damage.failed("close", location.snapshots(), e);
            }
        }
        return damaged;
    }
}
