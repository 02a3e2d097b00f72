package dev.coracle.rocksdb;

import dev.coracle.codec.CodecException;
import dev.coracle.codec.EtcdCodec;
import dev.coracle.node.Agent;
import dev.coracle.node.FileDisk;
import dev.coracle.node.LogStore;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.node.TermIndex;
import dev.coracle.raft.Check;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;

/**
 * A log in RocksDB, of any number of groups. What is appended is collected and written by {@link #sync} as one batch with
 * one sync, which is there whole after a crash or not at all; of what is longer than
 * {@link RocksDbOptions#maxBatchBytes}, a part is synced before.
 *
 * <p>RocksDB checks its own checksums. What was synced and does not come back as it was makes opening or reading fail
 * with a {@link StorageException} that says what to do; only a record of RocksDB's own log that a crash cut short at the
 * very end is taken for what was never synced. So a loss of power that leaves such a record at its full length, with
 * something else in it, makes opening fail as well.
 *
 * <p>The first failure of a write is final: every later call throws it again.
 *
 * <p>A hard state in which only the commit index is new is written by {@link #sync} and does not wait for the disk: a
 * crash of the process alone does not lose it. While a snapshot's record waits to be committed, it does wait.
 */
public final class RocksDbLogStore implements LogStore {
    /** What a record in a batch takes besides an entry's data and context, at most. */
    private static final int OVERHEAD_BYTES = 128;

    private static final int SCRATCH_BYTES = 16 << 10;

    private final Path directory;
    private final RocksDbOptions options;
    private final Database database;
    private final FileDisk disk = new FileDisk();
    private final Map<Long, Group> groups = new ConcurrentHashMap<>();
    private final WriteBatch batch = new WriteBatch();
    private final AtomicLong syncs = new AtomicLong();
    private boolean mustSync;
    private boolean closed;
    private volatile long usableBytes;
    private volatile @Nullable StorageException failure;

    private RocksDbLogStore(Path directory, RocksDbOptions options, Database database) {
        this.directory = directory;
        this.options = options;
        this.database = database;
    }

    /** Opens a log with {@link RocksDbOptions#DEFAULTS}. */
    public static RocksDbLogStore open(Path directory, SnapshotStore snapshots) throws StorageException {
        return open(directory, snapshots, RocksDbOptions.DEFAULTS);
    }

    /**
     * Opens a log, or creates it if its directory is empty or missing. It is locked until it is closed.
     *
     * @param directory the database, and nothing else
     * @param snapshots the snapshots that the log speaks of
     * @param options how it is kept
     * @throws StorageException if it is in use, if the system refuses something, or if what was synced is not there
     */
    public static RocksDbLogStore open(Path directory, SnapshotStore snapshots, RocksDbOptions options)
            throws StorageException {
        RocksDbLogStore store = new RocksDbLogStore(directory, options, Database.open(directory, options));
        boolean done = false;
        try {
            store.recover(snapshots);
            done = true;
            return store;
        } finally {
            if (!done) {
                store.closeNatives();
            }
        }
    }

    private void recover(SnapshotStore snapshots) throws StorageException {
        for (Group group : new Recovery(database, snapshots).groups()) {
            groups.put(group.id, group);
            changing(() -> resumeInterrupted(group));
        }
        write(true);
        measureSpace();
    }

    @Override
    public Recovered recover(long id) {
        Group group = groups.get(id);
        if (group == null) {
            SnapshotMetadata none = SnapshotMetadata.EMPTY;
            return new Recovered(HardState.EMPTY, none, List.of(none.id()), 0);
        }
        Recovered found = group.recovered;
        Check.that(found != null, "group %d was recovered before", id);
        group.recovered = null;
        return Objects.requireNonNull(found);
    }

    // ---- reading

    @Override
    public List<Entry> read(long id, long low, long high, long maxSize) throws StorageException {
        Group group = groups.get(id);
        if (group == null) {
            return List.of();
        }
        long history = group.readableHistory;
        return database.iterate(
                Keys.entry(id, history, low),
                Keys.entry(id, history, high),
                iterator -> entries(iterator, low, maxSize));
    }

    private List<Entry> entries(RocksIterator iterator, long low, long maxSize) throws StorageException {
        List<Entry> found = new ArrayList<>();
        byte[] scratch = new byte[SCRATCH_BYTES];
        long size = 0;
        long next = low;
        for (iterator.seekToFirst(); iterator.isValid(); iterator.next()) {
            int length = iterator.value(scratch);
            if (length > scratch.length) {
                scratch = new byte[length];
                length = iterator.value(scratch);
            }
            Entry entry = decode(scratch, length);
            if (Keys.number(iterator.key(), 2) != next || entry.index() != next) {
                if (found.isEmpty()) {
                    // It was released.
                    break;
                }
                throw database.damaged("entry " + next + " is missing before entry " + entry.index());
            }
            if (!found.isEmpty() && size + entry.encodedSize() > maxSize) {
                break;
            }
            found.add(entry);
            size += entry.encodedSize();
            next++;
        }
        return found;
    }

    private Entry decode(byte[] bytes, int length) throws StorageException {
        try {
            return EtcdCodec.INSTANCE.entries().decode(bytes, 0, length);
        } catch (CodecException e) {
            throw database.damaged("what should be an entry is none: " + e.getMessage());
        }
    }

    @Override
    public long lowestWithin(long id, long low, long high, long bytes) {
        Group group = groups.get(id);
        if (group == null) {
            return high;
        }
        long history = group.readableHistory;
        byte[] end = Keys.entry(id, history, high);
        long from = low;
        long to = high;
        try {
            while (from < to) {
                long middle = from + (to - from) / 2;
                if (database.approximateBytes(Keys.entry(id, history, middle), end) <= bytes) {
                    to = middle;
                } else {
                    from = middle + 1;
                }
            }
            return from;
        } catch (StorageException closed) {
            return high;
        }
    }

    // ---- writing

    /** Something that adds to the batch. */
    private interface Change {
        void run() throws RocksDBException, StorageException;
    }

    private void changing(Change change) throws StorageException {
        requireUsable();
        try {
            change.run();
        } catch (RocksDBException e) {
            failure = database.failed("write to", e);
            throw failure;
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>If the batch would become longer than {@link RocksDbOptions#maxBatchBytes}, what there is of it is synced first.
     */
    @Override
    public void append(long id, HardState hardState, List<Entry> entries) throws StorageException {
        for (int i = 0; i < entries.size(); i++) {
            LogStore.requireLength(entries.get(i), maxEntryBytes());
        }
        changing(() -> {
            Group group = group(id);
            if (!entries.isEmpty()) {
                append(group, entries);
            }
            if (!hardState.isEmpty()) {
                append(group, hardState);
            }
        });
    }

    private void append(Group group, List<Entry> entries) throws RocksDBException, StorageException {
        long first = entries.get(0).index();
        if (first <= group.history.terms().baseIndex()) {
            resumeInterrupted(group);
        }
        long history = group.history.number();
        TermIndex terms = group.history.terms();
        terms.requireContinuation(entries);
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            byte[] encoded = EtcdCodec.INSTANCE.entries().encode(entry);
            keepWithinBatch(encoded.length);
            if (entry.index() <= terms.lastIndex()) {
                batch.deleteRange(
                        Keys.entry(group.id, history, entry.index()),
                        Keys.entry(group.id, history, terms.lastIndex() + 1));
            }
            batch.put(Keys.entry(group.id, history, entry.index()), encoded);
            terms.append(entry.index(), entry.term());
            mustSync = true;
        }
    }

    private void append(Group group, HardState next) throws RocksDBException, StorageException {
        byte[] encoded = EtcdCodec.INSTANCE.hardStates().encode(next);
        keepWithinBatch(encoded.length);
        batch.put(Keys.state(group.id), encoded);
        // A received snapshot is there once a durable state commits it, so that state cannot wait.
        mustSync |= next.term() != group.state.term()
                || next.vote() != group.state.vote()
                || group.durableCommit < group.snapshotIndex;
        group.state = next;
        if (group.interrupted != null && next.commit() >= group.history.terms().baseIndex()) {
            delete(group, group.interrupted);
            group.interrupted = null;
        }
    }

    @Override
    public void appendSnapshot(long id, SnapshotMetadata snapshot) throws StorageException {
        Check.that(snapshot.index() > 0, "a snapshot at index %d covers nothing", snapshot.index());
        changing(() -> {
            Group group = group(id);
            byte[] encoded = EtcdCodec.INSTANCE.snapshotMetadata().encode(snapshot);
            keepWithinBatch(encoded.length);
            batch.put(Keys.snapshot(id, snapshot.index()), encoded);
            mustSync = true;
            group.snapshotIndex = Math.max(group.snapshotIndex, snapshot.index());
            resumeInterrupted(group);
            TermIndex terms = group.history.terms();
            if (snapshot.index() >= terms.baseIndex() && !terms.holds(snapshot.id())) {
                replace(group, snapshot);
            }
        });
    }

    private void replace(Group group, SnapshotMetadata snapshot) throws RocksDBException {
        Group.History replaced = group.history;
        group.history = new Group.History(replaced.number() + 1, new TermIndex(snapshot.id()));
        putBase(group);
        if (snapshot.index() > group.state.commit()) {
            group.interrupted = replaced;
        } else {
            delete(group, replaced);
        }
    }

    /** Goes back to the log before a received snapshot that was not committed. */
    private void resumeInterrupted(Group group) throws RocksDBException {
        if (group.interrupted != null) {
            delete(group, group.history);
            group.history = group.interrupted;
            group.interrupted = null;
        }
    }

    private void delete(Group group, Group.History history) throws RocksDBException {
        batch.delete(Keys.history(group.id, history.number()));
        batch.deleteRange(
                Keys.entry(group.id, history.number(), 0), Keys.entry(group.id, history.number(), Keys.BEHIND_INDEXES));
    }

    /** A group, which is there from its first record on. */
    private Group group(long id) throws RocksDBException {
        Group group = groups.get(id);
        if (group == null) {
            Group.History empty = new Group.History(0, new TermIndex(SnapshotMetadata.EMPTY.id()));
            group = new Group(id, HardState.EMPTY, empty, 0);
            putBase(group);
            groups.put(id, group);
        }
        return group;
    }

    private void putBase(Group group) throws RocksDBException {
        TermIndex terms = group.history.terms();
        SnapshotMetadata base = new SnapshotMetadata(terms.baseIndex(), terms.term(terms.baseIndex()), ConfState.EMPTY);
        batch.put(
                Keys.history(group.id, group.history.number()),
                EtcdCodec.INSTANCE.snapshotMetadata().encode(base));
    }

    private void keepWithinBatch(int bytes) throws StorageException {
        if (batch.getDataSize() + bytes + OVERHEAD_BYTES > options.maxBatchBytes()) {
            write(true);
        }
    }

    @Override
    public void sync() throws StorageException {
        requireUsable();
        write(mustSync);
    }

    private void write(boolean sync) throws StorageException {
        if (batch.count() == 0) {
            return;
        }
        try {
            database.write(batch, sync);
        } catch (StorageException e) {
            failure = e;
            throw e;
        }
        batch.clear();
        if (sync) {
            syncs.incrementAndGet();
            mustSync = false;
        }
        for (Group group : groups.values()) {
            group.written(sync);
        }
    }

    @Override
    public int maxEntryBytes() {
        return options.maxBatchBytes() - OVERHEAD_BYTES;
    }

    /** {@inheritDoc} It is gone with the next sync, and RocksDB gives the space back when it next puts files together. */
    @Override
    public void release(long id, long index) throws StorageException {
        changing(() -> {
            Group group = group(id);
            Check.that(
                    index <= Math.min(group.durableSnapshotIndex, group.durableCommit),
                    "released up to %d, but the durable snapshot is at %d and the durable commit at %d",
                    index,
                    group.durableSnapshotIndex,
                    group.durableCommit);
            TermIndex terms = group.history.terms();
            if (index > terms.baseIndex()) {
                terms.compact(index);
                putBase(group);
                long history = group.history.number();
                batch.deleteRange(Keys.entry(id, history, 0), Keys.entry(id, history, index + 1));
                batch.deleteRange(Keys.snapshot(id, 0), Keys.snapshot(id, index));
            }
        });
    }

    // ---- space

    /** {@inheritDoc} There is, while RocksDB can write its memory to files besides. */
    @Override
    public boolean makeRoom(long id, long bytes) throws StorageException {
        requireUsable();
        measureSpace();
        return usableBytes >= bytes + 2 * options.writeBufferBytes();
    }

    @Override
    public boolean hasSpace() {
        return failure == null && usableBytes >= options.lowSpaceBytes();
    }

    private void measureSpace() throws StorageException {
        try {
            usableBytes = disk.usableSpace(directory);
        } catch (IOException e) {
            throw new StorageException(
                    "cannot tell how much space is left for " + directory + ": " + e
                            + ". See what the system says about the disk, then start again",
                    e);
        }
    }

    @Override
    public long syncs() {
        return syncs.get();
    }

    /** {@inheritDoc} Threads of RocksDB do that; what is left is to measure the free space. */
    @Override
    public Agent housekeeping() {
        return new Agent() {
            @Override
            public int doWork(long nowNanos) {
                try {
                    measureSpace();
                } catch (StorageException e) {
                    usableBytes = 0;
                }
                return 0;
            }

            @Override
            public String name() {
                return "rocksdb-housekeeping";
            }

            @Override
            public void onWork(Runnable wakeUp) {}
        };
    }

    // ---- the end

    private void requireUsable() throws StorageException {
        StorageException first = failure;
        if (first != null) {
            throw first;
        }
        Check.that(!closed, "the log was closed");
    }

    /** Makes everything durable, unless something failed before, and gives up the lock. */
    @Override
    public void close() throws StorageException {
        if (closed) {
            return;
        }
        closed = true;
        try {
            if (failure == null) {
                write(true);
            }
        } finally {
            closeNatives();
        }
    }

    private void closeNatives() {
        batch.close();
        database.close();
    }
}
