package dev.coracle.wal;

import dev.coracle.node.Agent;
import dev.coracle.node.Disk;
import dev.coracle.node.DiskFile;
import dev.coracle.node.LogStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.Check;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The log in etcd's files: a directory of segments named {@code sequence-index.wal}, each a chain of records. Holds one
 * group, as the format does.
 *
 * <p>Opening reads everything and refuses, with a {@link StorageException} that says where and what to do, whatever may
 * have been promised and is not there: damage before the last known sync (see {@link SyncedFile}) or in a segment that is
 * not the last, damage further before sound records than one batch reaches, an end below the commit index, a missing
 * segment, records that make no log. Damage behind all that is a torn tail, what a crash leaves of a batch that was never
 * synced: it is copied to {@code <segment>.broken}, cut off and reported ({@link #tornTail}).
 *
 * <p>The first failure of a write, a sync or a cut is final: every later call throws it again, and nothing is tried a
 * second time, because a system that failed to write a page may forget that it did.
 *
 * <p>A full disk is not a failure while somebody asks before he writes ({@link #makeRoom}): space is taken before it is
 * needed.
 *
 * <p>A hard state in which only the commit index is new is written by {@link #sync}, but does not make it wait for the
 * disk: the commit index is only a head start (Figure 2 counts it as volatile), and a crash of the process alone does
 * not lose it. The first one that commits a snapshot does wait, as the snapshot counts from then on.
 */
public final class WalLogStore implements LogStore {
    private static final Logger LOG = LoggerFactory.getLogger(WalLogStore.class);

    /** What the copy of a segment whose tail is cut ends with, and a snapshot that is damaged. */
    static final String BROKEN_SUFFIX = ".broken";

    private static final int COPY_BYTES = 1 << 20;

    /** What must stay free on the disk when a segment grows beyond the space that was taken for it. */
    static final int GROWTH_RESERVE_BYTES = 64 << 10;

    /** What the head of a segment takes at most: a checksum, the metadata, a state. */
    private static final int LARGEST_HEAD_BYTES = 1024;

    /** The name under which a segment is made that was not prepared; the prepared ones are called 0 and 1. */
    private static final String UNPREPARED = "2" + SegmentDirectory.TEMPORARY_SUFFIX;

    private final Disk disk;
    private final Path directory;
    private final WalOptions options;
    private final @Nullable Bytes metadata;
    private final @Nullable TornTail tornTail;
    private final Housekeeping housekeeping;
    private final RecordWriter writer;
    private final EntryIndex places;

    /** The segments that may be needed, oldest first. */
    private final ArrayDeque<Segment> segments;

    private final AtomicLong syncs = new AtomicLong();
    private @Nullable Recovered recovered;
    private HardState state;
    private long lastIndex;
    private long lastTerm;

    /** The newest snapshot record, and the newest of those that are durable. */
    private long snapshotIndex;

    private long durableSnapshotIndex;
    private long durableCommit;

    /** Up to where the segment at hand has its space on the disk. */
    private long allocatedBytes;

    private boolean waitsForRoom;

    /** Up to where the segment at hand is durable, and whether what follows must be before anybody is told. */
    private long syncedOffset;

    private long syncedRecords;

    private boolean mustSync;
    private boolean closed;
    private volatile @Nullable StorageException failure;

    private WalLogStore(
            Disk disk,
            Path directory,
            WalOptions options,
            List<Segment> segments,
            ChainReader records,
            LogReplay replay,
            Recovered recovered)
            throws IOException {
        Segment last = segments.get(segments.size() - 1);
        this.disk = disk;
        this.directory = directory;
        this.options = options;
        this.metadata = records.metadata();
        this.tornTail = records.tornTail();
        this.segments = new ArrayDeque<>(segments);
        this.writer = new RecordWriter(last.file(), records.end(), records.checksum());
        this.places = replay.places();
        this.places.flushed(last, records.end());
        this.syncedOffset = records.end();
        this.allocatedBytes = last.file().size();
        this.recovered = recovered;
        this.state = recovered.hardState();
        this.durableCommit = state.commit();
        this.lastIndex = replay.lastIndex();
        this.lastTerm = replay.lastTerm();
        this.snapshotIndex = recovered.snapshot().index();
        this.durableSnapshotIndex = snapshotIndex;
        this.housekeeping = new Housekeeping(disk, directory, options, mark(false));
    }

    /**
     * Opens a log, or creates it if its directory is empty or missing. It is locked until it is closed.
     *
     * @param disk where it is
     * @param directory its segments, and nothing else
     * @param snapshots the snapshots that its records speak of. What is damaged there is renamed to {@code .broken} if
     *     the log would need it, and what unfinished ones left is deleted.
     * @param options how it is written
     * @throws StorageException if it is in use, if the system refuses something, or if anything that may have been
     *     promised is not there
     */
    public static WalLogStore open(Disk disk, Path directory, FileSnapshotStore snapshots, WalOptions options)
            throws StorageException {
        List<Segment> segments;
        try {
            if (!holdsSegments(disk, directory)) {
                create(disk, directory, options);
            }
            segments = SegmentDirectory.lock(disk, directory, SegmentDirectory.names(disk, directory));
        } catch (IOException e) {
            throw Damage.failed("open", directory, e);
        }
        boolean done = false;
        try {
            WalLogStore store = open(disk, directory, snapshots, options, segments);
            done = true;
            return store;
        } catch (IOException e) {
            throw Damage.failed("open", directory, e);
        } finally {
            if (!done) {
                SegmentDirectory.closeAll(segments);
            }
        }
    }

    private static WalLogStore open(
            Disk disk, Path directory, FileSnapshotStore snapshots, WalOptions options, List<Segment> segments)
            throws IOException, StorageException {
        SyncedMark mark = SyncedFile.read(disk, directory);
        ChainReader records = new ChainReader(segments, options.maxBatchBytes(), mark);
        LogReplay replay = new LogReplay(records, segments.get(0).name());
        replay.run();
        if (options.metadata() != null && !options.metadata().equals(records.metadata())) {
            throw new StorageException(directory + " is the log of another node: its metadata are "
                    + ChainReader.text(records.metadata()) + " and must be " + ChainReader.text(options.metadata())
                    + ". Give this node its own directory");
        }
        List<EntryId> damagedSnapshots = new ArrayList<>();
        Recovered recovered = replay.recover(snapshots, damagedSnapshots);

        // Only now that nothing is refused any more may anything be changed.
        SegmentDirectory.deleteTemporaries(disk, directory);
        snapshots.deleteTemporaries();
        for (EntryId damaged : damagedSnapshots) {
            snapshots.setAside(damaged);
        }
        SyncedMark own = records.ownMark();
        if (own == null && !isNew(records, recovered)) {
            LOG.warn(
                    "{} was last written by another program, or lost {}: what is behind its damage, if there is any, says"
                            + " less than usual about whether a crash left it",
                    directory,
                    SyncedFile.pathOf(directory));
        }
        Segment last = segments.get(segments.size() - 1);
        TornTail tail = records.tornTail();
        if (tail != null) {
            cutTail(disk, last, tail);
        }
        // What was read may be in the system's cache only: if the process before died without the machine, and also if
        // a sync of it failed, after which the system takes the pages for written. So they are written again.
        rewrite(last.file(), own != null && own.segment().equals(last.name()) ? own.offset() : 0, records.end());
        last.file().sync();
        disk.syncDirectory(directory);
        disk.syncDirectory(SegmentDirectory.parentOf(directory));
        WalLogStore store = new WalLogStore(disk, directory, options, segments, records, replay, recovered);
        boolean done = false;
        try {
            if (replay.endsInterrupted()) {
                store.writer.write(RecordType.SNAPSHOT, SnapshotRecordCodec.INSTANCE.encode(recovered.snapshot()));
                store.syncAll();
            }
            done = true;
            return store;
        } finally {
            if (!done) {
                store.housekeeping.close(null);
            }
        }
    }

    private static boolean isNew(ChainReader records, Recovered recovered) {
        return records.segment().name().equals(SegmentName.FIRST)
                && recovered.hardState().isEmpty()
                && recovered.lastIndex() == 0;
    }

    private static void rewrite(DiskFile file, long from, long to) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(COPY_BYTES, to - from));
        for (long position = from; position < to; position += buffer.limit()) {
            buffer.clear().limit((int) Math.min(buffer.capacity(), to - position));
            file.read(buffer, position);
            file.write(buffer.flip(), position);
        }
    }

    private static boolean holdsSegments(Disk disk, Path directory) throws IOException, StorageException {
        if (!disk.exists(directory)) {
            return false;
        }
        if (!SegmentDirectory.names(disk, directory).isEmpty()) {
            return true;
        }
        List<String> names = new ArrayList<>(disk.list(directory));
        names.removeIf(name -> name.endsWith(SegmentDirectory.TEMPORARY_SUFFIX));
        if (!names.isEmpty()) {
            throw new StorageException(directory + " holds no log, but files: expected segments like "
                    + SegmentName.FIRST.fileName() + " or nothing, found " + names.get(0)
                    + ". Give the log a directory of its own, or restore its segments");
        }
        return false;
    }

    /** Makes the first segment in a directory beside, and gives that its name: a log is there whole or not at all. */
    private static void create(Disk disk, Path directory, WalOptions options) throws IOException, StorageException {
        Path parent = SegmentDirectory.parentOf(directory);
        Path building = parent.resolve(directory.getFileName() + SegmentDirectory.TEMPORARY_SUFFIX);
        if (disk.exists(building)) {
            deleteUnfinished(disk, building, directory);
        }
        SegmentDirectory.createDurably(disk, building);
        SyncedFile.delete(disk, directory);
        requireSpace(disk, parent, options.segmentBytes(), "the first segment of " + directory);
        Path path = building.resolve(SegmentName.FIRST.fileName());
        // The lock is held until the directory has its name, or another process could take it for an unfinished one.
        try (DiskFile file = disk.open(path, Disk.Mode.CREATE_NEW)) {
            if (!file.tryLock()) {
                throw Damage.inUse(directory);
            }
            fillWithZeros(file, 0, options.segmentBytes());
            RecordWriter writer = new RecordWriter(file, 0, 0);
            writer.writeChecksum();
            writer.write(RecordType.METADATA, arrayOrNull(options.metadata()));
            writer.write(RecordType.SNAPSHOT, SnapshotRecordCodec.INSTANCE.encode(SnapshotMetadata.EMPTY));
            writer.flush();
            file.sync();
            disk.syncDirectory(building);
            if (disk.exists(directory)) {
                SegmentDirectory.deleteTemporaries(disk, directory);
                disk.delete(directory);
            }
            disk.rename(building, directory);
            disk.syncDirectory(parent);
        }
    }

    private static void deleteUnfinished(Disk disk, Path building, Path directory)
            throws IOException, StorageException {
        for (String name : disk.list(building)) {
            Path path = building.resolve(name);
            try (DiskFile file = disk.open(path, Disk.Mode.WRITE)) {
                if (!file.tryLock()) {
                    throw Damage.inUse(directory);
                }
                disk.delete(path);
            }
        }
        disk.delete(building);
    }

    private static void requireSpace(Disk disk, Path directory, long bytes, String what)
            throws IOException, StorageException {
        long usable = disk.usableSpace(directory);
        if (usable < bytes) {
            throw new StorageException("the disk of " + directory + " has no room for " + what + ": " + usable
                    + " bytes are left. Free at least " + (bytes - usable) + " more, then start again");
        }
    }

    private static void cutTail(Disk disk, Segment last, TornTail tail) throws IOException, StorageException {
        Path copy = last.path().resolveSibling(last.name().fileName() + BROKEN_SUFFIX);
        long end = tail.offset() + tail.bytes();
        if (!disk.exists(copy)) {
            requireSpace(
                    disk, SegmentDirectory.parentOf(copy), end, "a copy of " + last.path() + ", whose end is torn");
        }
        try (DiskFile file = disk.open(copy, Disk.Mode.CREATE_OR_TRUNCATE)) {
            ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(COPY_BYTES, end));
            for (long position = 0; position < end; position += buffer.limit()) {
                buffer.clear().limit((int) Math.min(buffer.capacity(), end - position));
                last.file().read(buffer, position);
                file.write(buffer.flip(), position);
            }
            file.sync();
        }
        disk.syncDirectory(SegmentDirectory.parentOf(copy));
        // Where the file is long enough for another length behind it the tail is overwritten, so that no space that was
        // taken is given back.
        if (end <= last.file().size() - SegmentReader.LENGTH_BYTES) {
            fillWithZeros(last.file(), tail.offset(), end);
        } else {
            last.file().truncate(tail.offset());
        }
        LOG.warn("cut a torn tail, which a crash leaves and nobody was promised: {}; kept as {}", tail, copy);
    }

    private static void fillWithZeros(DiskFile file, long from, long to) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(COPY_BYTES, to - from));
        for (long position = from; position < to; position += zeros.limit()) {
            file.write(zeros.clear().limit((int) Math.min(zeros.capacity(), to - position)), position);
        }
    }

    /** What was cut off when the log was opened. */
    public Optional<TornTail> tornTail() {
        return Optional.ofNullable(tornTail);
    }

    /** The metadata at the head of each segment. */
    public Optional<Bytes> metadata() {
        return Optional.ofNullable(metadata);
    }

    @Override
    public Recovered recover(long group) {
        requireGroup(group);
        Recovered found = recovered;
        Check.that(found != null, "group %d was recovered before", group);
        recovered = null;
        return Objects.requireNonNull(found);
    }

    @Override
    public List<Entry> read(long group, long low, long high, long maxSize) throws StorageException {
        requireGroup(group);
        try {
            return places.read(low, high, maxSize);
        } catch (IOException e) {
            if (!places.reaches(low)) {
                // Its segment was released and is closed.
                return List.of();
            }
            throw Damage.failed("read", directory, e);
        }
    }

    @Override
    public long lowestWithin(long group, long low, long high, long bytes) {
        requireGroup(group);
        return places.lowestWithin(low, high, bytes);
    }

    /**
     * {@inheritDoc}
     *
     * <p>If a batch would become longer than {@link WalOptions#maxBatchBytes}, what there is of it is synced first.
     *
     * @throws IllegalArgumentException if an entry is longer than {@link #maxEntryBytes}, or if the group is not this one;
     *     nothing is written
     */
    @Override
    public void append(long group, HardState hardState, List<Entry> entries) throws StorageException {
        requireGroup(group);
        requireUsable();
        boolean isOneBatch = writer.offset() - syncedOffset + requireContinuation(entries) <= options.maxBatchBytes();
        requireProgress(hardState);
        try {
            for (int i = 0; i < entries.size(); i++) {
                Entry entry = entries.get(i);
                if (!isOneBatch) {
                    keepWithinBatch(RecordWriter.maxRecordBytes(entry));
                }
                places.add(entry.index(), segments.getLast(), writer.offset(), writer.checksum());
                writer.writeEntry(entry);
                lastIndex = entry.index();
                lastTerm = entry.term();
                mustSync = true;
            }
            if (!hardState.isEmpty()) {
                byte[] data = StateRecordCodec.INSTANCE.encode(hardState);
                keepWithinBatch(RecordWriter.OVERHEAD_BYTES + data.length);
                writer.write(RecordType.STATE, data);
                // A received snapshot is there once a durable state commits it, so that state cannot wait.
                mustSync |= hardState.term() != state.term()
                        || hardState.vote() != state.vote()
                        || (durableCommit < snapshotIndex && hardState.commit() >= snapshotIndex);
                state = hardState;
            }
        } catch (IOException e) {
            throw poison("write to", e);
        } catch (RuntimeException | Error e) {
            poisonHalfWritten(e);
            throw e;
        }
    }

    @Override
    public void appendSnapshot(long group, SnapshotMetadata snapshot) throws StorageException {
        requireGroup(group);
        requireUsable();
        Check.that(snapshot.index() > 0, "a snapshot at index %d covers nothing", snapshot.index());
        try {
            byte[] data = SnapshotRecordCodec.INSTANCE.encode(snapshot);
            keepWithinBatch(RecordWriter.OVERHEAD_BYTES + data.length);
            writer.write(RecordType.SNAPSHOT, data);
            mustSync = true;
            snapshotIndex = Math.max(snapshotIndex, snapshot.index());
            if (snapshot.index() > lastIndex) {
                lastIndex = snapshot.index();
                lastTerm = snapshot.term();
            }
        } catch (IOException e) {
            throw poison("write to", e);
        } catch (RuntimeException | Error e) {
            poisonHalfWritten(e);
            throw e;
        }
    }

    @Override
    public void sync() throws StorageException {
        requireUsable();
        try {
            flush();
            if (mustSync) {
                syncAll();
            }
        } catch (IOException e) {
            throw poison("sync", e);
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>There is room in the space that was taken for the segment at hand, in the next segment if that is prepared, or
     * in what is free on the disk.
     */
    @Override
    public boolean makeRoom(long group, long bytes) throws StorageException {
        requireGroup(group);
        requireUsable();
        try {
            boolean room = writer.offset() + bytes <= allocatedBytes || hasFree(bytes);
            if (!room && housekeeping.isReady() && bytes + LARGEST_HEAD_BYTES <= options.segmentBytes()) {
                Segment full = segments.getLast();
                syncAll();
                if (segments.getLast().equals(full)) {
                    cut();
                }
                room = true;
            }
            noteRoom(room, bytes);
            return room;
        } catch (IOException e) {
            throw poison("sync", e);
        }
    }

    private boolean hasFree(long bytes) throws IOException {
        return disk.usableSpace(directory) >= bytes + GROWTH_RESERVE_BYTES;
    }

    private void noteRoom(boolean room, long bytes) {
        if (room == waitsForRoom) {
            waitsForRoom = !room;
            if (room) {
                LOG.info("{} has room again and goes on", directory);
            } else {
                LOG.warn(
                        "{} is on a full disk, and all space that was taken before is used up: nothing is acknowledged"
                                + " until at least {} bytes are free",
                        directory,
                        bytes + GROWTH_RESERVE_BYTES);
            }
        }
    }

    /** What {@link WalOptions#maxBatchBytes} leaves for data and context. */
    @Override
    public int maxEntryBytes() {
        return options.maxBatchBytes() - RecordWriter.ENTRY_OVERHEAD_BYTES;
    }

    @Override
    public void release(long group, long index) throws StorageException {
        requireGroup(group);
        requireUsable();
        Check.that(
                index <= Math.min(durableSnapshotIndex, durableCommit),
                "released up to %d, but the durable snapshot is at %d and the durable commit at %d",
                index,
                durableSnapshotIndex,
                durableCommit);
        // The snapshot's record stands in the segment before the first one that is named at or above it, or behind.
        int keepFrom = -1;
        int position = 0;
        for (Segment segment : segments) {
            if (segment.name().index() >= index) {
                break;
            }
            keepFrom = position++;
        }
        int count = Math.min(keepFrom, segments.size() - 2);
        List<Segment> superfluous = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            superfluous.add(segments.removeFirst());
        }
        // First, so that whoever finds one of them closed finds here why.
        places.removeBefore(segments.getFirst());
        superfluous.forEach(housekeeping::delete);
    }

    @Override
    public boolean hasSpace() {
        return failure == null && housekeeping.hasSpace();
    }

    @Override
    public long syncs() {
        return syncs.get();
    }

    @Override
    public Agent housekeeping() {
        return housekeeping;
    }

    /** Makes everything durable, unless something failed before, and gives up the locks. */
    @Override
    public void close() throws StorageException {
        if (closed) {
            return;
        }
        closed = true;
        SyncedMark last = null;
        try {
            if (failure == null) {
                writer.flush();
                if (writer.offset() > syncedOffset) {
                    syncFile(segments.getLast().file());
                }
                last = mark(true);
            }
        } catch (IOException e) {
            throw poison("sync", e);
        } finally {
            housekeeping.close(last);
            SegmentDirectory.closeAll(segments);
        }
    }

    private void requireGroup(long group) {
        if (group != options.group()) {
            throw new IllegalArgumentException(
                    "group " + group + " is not in this log: it holds group " + options.group() + " alone");
        }
    }

    private void requireUsable() throws StorageException {
        StorageException first = failure;
        if (first != null) {
            throw first;
        }
        Check.that(!closed, "the log was closed");
    }

    /** Nothing is written that opening would refuse. Returns the most bytes that the entries' records take. */
    private long requireContinuation(List<Entry> entries) {
        long total = 0;
        long previousIndex = lastIndex;
        long previousTerm = lastTerm;
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            boolean next = entry.index() == previousIndex + 1;
            Check.that(
                    next || (i == 0 && entry.index() > 0 && entry.index() <= previousIndex),
                    "entry %d does not continue the log, which ends at %d",
                    entry.index(),
                    previousIndex);
            Check.that(
                    !next || entry.term() >= previousTerm,
                    "entry %d has term %d, below the term %d before it",
                    entry.index(),
                    entry.term(),
                    previousTerm);
            long bytes = RecordWriter.maxRecordBytes(entry);
            if (bytes > options.maxBatchBytes()) {
                throw new IllegalArgumentException("entry " + entry.index() + " has "
                        + (bytes - RecordWriter.ENTRY_OVERHEAD_BYTES) + " bytes and must not exceed the "
                        + maxEntryBytes() + " that maxBatchBytes " + options.maxBatchBytes() + " leaves");
            }
            total += bytes;
            previousIndex = entry.index();
            previousTerm = entry.term();
        }
        return total;
    }

    private void requireProgress(HardState next) {
        if (next.isEmpty()) {
            return;
        }
        boolean sameVote = next.term() > state.term() || state.vote() == 0 || next.vote() == state.vote();
        if (next.term() == 0 || next.term() < state.term() || next.commit() < state.commit() || !sameVote) {
            throw Check.fail("%s does not follow %s", next, state);
        }
    }

    /** The place at hand, up to where all is durable. */
    private SyncedMark mark(boolean atTheEnd) {
        return new SyncedMark(
                segments.getLast().name(), writer.offset(), lastIndex, lastTerm, writer.checksum(), atTheEnd);
    }

    /** Keeps what is between two syncs within the limit by which opening tells a torn tail from corruption. */
    private void keepWithinBatch(long bytes) throws IOException {
        if (writer.offset() - syncedOffset + bytes > options.maxBatchBytes()) {
            syncAll();
        }
    }

    private void flush() throws IOException {
        writer.flush();
        places.flushed(segments.getLast(), writer.offset());
    }

    private void syncAll() throws IOException {
        flush();
        syncFile(segments.getLast().file());
        mustSync = false;
        durableSnapshotIndex = snapshotIndex;
        durableCommit = state.commit();
        housekeeping.noteSync(mark(false));
        if (syncedOffset >= options.segmentBytes()) {
            cut();
        }
    }

    /** Makes durable what was written, all of which the file at hand has. */
    private void syncFile(DiskFile file) throws IOException {
        long begin = options.clock().nanoTime();
        file.sync();
        long nanos = options.clock().nanoTime() - begin;
        syncs.incrementAndGet();
        options.observer().onSync(nanos, writer.offset() - syncedOffset, writer.records() - syncedRecords);
        syncedOffset = writer.offset();
        syncedRecords = writer.records();
    }

    /** Begins the next segment. Everything in this one is durable. */
    private void cut() throws IOException {
        long begin = options.clock().nanoTime();
        Housekeeping.Spare spare = housekeeping.take();
        if (spare == null) {
            if (disk.usableSpace(directory) < options.segmentBytes()) {
                // This segment grows instead, while hasSpace() holds new proposals back.
                return;
            }
            spare = Housekeeping.create(disk, directory.resolve(UNPREPARED));
            // Zeros would take too long now: it has its length, and no space yet.
            spare.file().truncate(options.segmentBytes());
            allocatedBytes = 0;
        } else {
            allocatedBytes = options.segmentBytes();
        }
        boolean done = false;
        try {
            moveTo(spare);
            done = true;
            options.observer().onSegmentCut(options.clock().nanoTime() - begin, segments.size());
        } finally {
            if (!done) {
                SegmentDirectory.close(spare.file());
            }
        }
    }

    private void moveTo(Housekeeping.Spare spare) throws IOException {
        Segment full = segments.getLast();
        if (full.file().size() > syncedOffset) {
            full.file().truncate(syncedOffset);
        }
        writer.moveTo(spare.file());
        syncedOffset = 0;
        writer.writeChecksum();
        writer.write(RecordType.METADATA, arrayOrNull(metadata));
        if (!state.isEmpty()) {
            // Always, also if this process stored none: the segments that hold it may be purged.
            writer.write(RecordType.STATE, StateRecordCodec.INSTANCE.encode(state));
        }
        writer.flush();
        syncFile(spare.file());
        SegmentName name = new SegmentName(full.name().sequence() + 1, lastIndex + 1);
        Path path = directory.resolve(name.fileName());
        disk.rename(spare.path(), path);
        disk.syncDirectory(directory);
        segments.addLast(new Segment(name, path, spare.file()));
        housekeeping.noteSync(mark(false));
    }

    private StorageException poison(String what, IOException cause) {
        StorageException first = Damage.failed(what, segments.getLast().path(), cause);
        if (isFull()) {
            first = new StorageException(
                    directory + " is on a full disk, and " + segments.getLast().path() + " cannot grow: "
                            + cause.getMessage() + ". What was acknowledged is safe. Free at least "
                            + (options.lowSpaceBytes() + options.segmentBytes()) + " bytes, then start again",
                    cause);
        }
        failure = first;
        return first;
    }

    private boolean isFull() {
        try {
            return disk.usableSpace(directory) < options.maxBatchBytes();
        } catch (IOException e) {
            return false;
        }
    }

    /** A bug, or no memory, in the middle of a record: nothing may be written behind it. */
    private void poisonHalfWritten(Throwable cause) {
        failure = new StorageException(
                "a record of " + segments.getLast().path() + " was written by half: " + cause + ". Start again", cause);
    }

    private static byte @Nullable [] arrayOrNull(@Nullable Bytes bytes) {
        return bytes == null ? null : bytes.array();
    }
}
