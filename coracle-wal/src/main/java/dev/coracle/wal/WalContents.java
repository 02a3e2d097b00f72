package dev.coracle.wal;

import dev.coracle.codec.CodecException;
import dev.coracle.codec.EtcdCodec;
import dev.coracle.node.Disk;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a log holds, for people to look at: all entries that are on disk and still count, and what is known besides. Only
 * reads, takes no lock, and keeps no entries in memory: the log is read once to learn what counts, and again for the
 * entries.
 *
 * <p>Of a damaged log it shows what stands before the damage, which {@link #damage} tells. It does not decide whether a
 * node may use the log: {@link WalVerify} does.
 */
public final class WalContents implements Closeable {
    /** Takes entries in the order of their indexes. */
    @FunctionalInterface
    public interface EntrySink {
        /** One entry. */
        void accept(Entry entry) throws IOException;
    }

    private static final int ATTEMPTS = 3;

    private final Disk disk;
    private final WalLocation location;

    /** Open from the first reading to the last, so that both are of the same records, whatever is deleted meanwhile. */
    private final @Nullable SyncedMark mark;

    private final List<Segment> segments;

    private final WalSurvivors survivors = new WalSurvivors();
    private final Set<EntryId> snapshots = new LinkedHashSet<>();
    private final List<String> notes = new ArrayList<>();

    /** The first index of each term, from the first entry on. */
    private TreeMap<Long, Long> terms = new TreeMap<>();

    private HardState state = HardState.EMPTY;
    private SnapshotMetadata snapshot = SnapshotMetadata.EMPTY;
    private long records;
    private long first = 1;
    private long last;
    private @Nullable String damage;

    /** The log as it was before a snapshot record that does not follow it and is not yet committed, or null. */
    private @Nullable Interrupted interrupted;

    /** Where such a record stands, its index, and what the log was. */
    private record Interrupted(long record, long index, TreeMap<Long, Long> terms, long first, long last) {}

    private WalContents(Disk disk, WalLocation location) throws StorageException {
        this.disk = disk;
        this.location = location;
        this.mark = SyncedFile.peek(disk, location.log());
        this.segments = open(disk, location.log());
    }

    /**
     * Reads a log for the first time.
     *
     * @throws StorageException if it cannot be read at all
     */
    public static WalContents read(Disk disk, WalLocation location) throws StorageException {
        WalContents contents = new WalContents(disk, location);
        boolean done = false;
        try {
            contents.scan();
            contents.findSnapshot();
            done = true;
            return contents;
        } finally {
            if (!done) {
                contents.close();
            }
        }
    }

    /** The last hard state. */
    public HardState hardState() {
        return state;
    }

    /** The newest snapshot that is committed, recorded and sound; empty if there is none. */
    public SnapshotMetadata snapshot() {
        return snapshot;
    }

    /** The first index on disk; one above the last if there are no entries. */
    public long firstIndex() {
        return first;
    }

    /** The last index. */
    public long lastIndex() {
        return last;
    }

    /** The term at the last index; 0 if it is unknown. */
    public long lastTerm() {
        return termAt(last);
    }

    /** How many segments there are. */
    public int segmentCount() {
        return segments.size();
    }

    /** What there is to say besides: a torn tail, snapshots that are missing or damaged. */
    public List<String> notes() {
        return List.copyOf(notes);
    }

    /** What is wrong with the log, if it is damaged. */
    public Optional<String> damage() {
        return Optional.ofNullable(damage);
    }

    /**
     * Reads the entries from one index to another, both included.
     *
     * @throws StorageException if the log cannot be read any more
     * @throws IOException whatever the sink throws
     */
    public void entries(long from, long to, EntrySink sink) throws StorageException, IOException {
        ChainReader reader = reader();
        survivors.rewind();
        for (long record = 1; record <= records; record++) {
            if (!reader.next()) {
                throw new IOException(location.log() + " was changed while it was being read");
            }
            if (reader.type() == RecordType.ENTRY) {
                try {
                    long index = reader.entryHead().index();
                    if (survivors.contains(record, index) && index >= from && index <= to) {
                        sink.accept(reader.entry());
                    }
                } catch (CodecException e) {
                    throw unreadable(reader, e);
                }
            }
        }
    }

    @Override
    public void close() {
        SegmentDirectory.closeAll(segments);
    }

    private ChainReader reader() {
        return new ChainReader(segments, WalOptions.DEFAULTS.maxBatchBytes(), mark);
    }

    /** Opens all segments. It is used by every tool that reads what another process may be writing. */
    static List<Segment> open(Disk disk, Path log) throws StorageException {
        for (int attempt = 1; ; attempt++) {
            try {
                List<SegmentName> names = SegmentDirectory.names(disk, log);
                if (names.isEmpty()) {
                    throw new StorageException(
                            log + " has no segments: expected files named like " + SegmentName.FIRST.fileName());
                }
                return SegmentDirectory.open(disk, log, names);
            } catch (StorageException e) {
                // A node at work deletes old segments.
                if (!(e.getCause() instanceof NoSuchFileException) || attempt == ATTEMPTS) {
                    throw e;
                }
            } catch (IOException e) {
                throw Damage.failed("list", log, e);
            }
        }
    }

    private void scan() throws StorageException {
        ChainReader reader = reader();
        try {
            while (reader.next()) {
                onRecord(reader, records + 1);
                records++;
            }
            TornTail tail = reader.tornTail();
            if (tail != null) {
                notes.add("the log ends in " + tail + ": a torn tail, or a log that is being written");
            }
        } catch (StorageException e) {
            if (e.getCause() instanceof IOException) {
                throw e;
            }
            damage = e.getMessage();
        }
        if (interrupted != null) {
            survivors.endBefore(interrupted.record);
            takeUp(interrupted);
        }
    }

    private void onRecord(ChainReader reader, long record) throws StorageException {
        try {
            switch (reader.type()) {
                case METADATA, CHECKSUM -> {}
                case ENTRY -> onEntry(reader.entryHead(), record);
                case STATE -> onState(EtcdCodec.INSTANCE.hardStates().decode(reader.requireData()));
                case SNAPSHOT ->
                    onSnapshot(
                            SnapshotRecordCodec.INSTANCE
                                    .decode(reader.requireData())
                                    .id(),
                            record);
            }
        } catch (CodecException e) {
            throw unreadable(reader, e);
        }
    }

    private void onEntry(EntryHead entry, long record) {
        long index = entry.index();
        if (interrupted != null && index <= interrupted.index) {
            takeUp(interrupted);
            survivors.cut(record, last + 1);
        }
        if (terms.isEmpty() || index < first) {
            first = index;
        }
        if (index <= last) {
            survivors.cut(record, index);
        }
        terms.tailMap(index, true).clear();
        if (termAt(index - 1) != entry.term()) {
            terms.put(index, entry.term());
        }
        last = index;
    }

    private void onState(HardState next) {
        state = next;
        if (interrupted != null && state.commit() >= interrupted.index) {
            survivors.beginAt(interrupted.record);
            interrupted = null;
        }
    }

    /** One that the log does not lead to begins it anew, as {@link LogReplay} explains. */
    private void onSnapshot(EntryId id, long record) {
        if (interrupted != null) {
            takeUp(interrupted);
            survivors.cut(record, last + 1);
        }
        snapshots.add(id);
        boolean known = id.index() < first || termAt(id.index()) == 0 || termAt(id.index()) == id.term();
        if (id.index() <= last && known) {
            return;
        }
        interrupted = new Interrupted(record, id.index(), terms, first, last);
        terms = new TreeMap<>();
        terms.put(id.index(), id.term());
        first = id.index() + 1;
        last = id.index();
        onState(state);
    }

    private void takeUp(Interrupted log) {
        terms = log.terms;
        first = log.first;
        last = log.last;
        interrupted = null;
    }

    /** 0 if it is unknown. */
    private long termAt(long index) {
        Map.Entry<Long, Long> term = terms.floorEntry(index);
        return term == null ? 0 : term.getValue();
    }

    private void findSnapshot() throws StorageException {
        FileSnapshotStore files = FileSnapshotStore.forReading(disk, location.snapshots(), WalOptions.DEFAULTS.group());
        List<EntryId> newestFirst = new ArrayList<>(snapshots);
        newestFirst.sort(Comparator.comparingLong(EntryId::index)
                .thenComparingLong(EntryId::term)
                .reversed());
        for (EntryId id : newestFirst) {
            if (id.index() == 0 || id.index() > state.commit()) {
                continue;
            }
            SnapshotMetadata found = files.findSound(id, new ArrayList<>());
            if (found != null) {
                snapshot = found;
                return;
            }
            notes.add("the snapshot at index " + id.index() + " is recorded, but its file is missing or damaged in "
                    + location.snapshots());
        }
    }

    private static StorageException unreadable(ChainReader reader, CodecException e) {
        return reader.corrupt("a record of type " + reader.type(), String.valueOf(e.getMessage()));
    }
}
