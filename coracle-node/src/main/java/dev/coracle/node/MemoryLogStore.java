package dev.coracle.node;

import dev.coracle.raft.Check;
import dev.coracle.raft.Entry;
import dev.coracle.raft.HardState;
import dev.coracle.raft.MemoryStorage;
import dev.coracle.raft.Snapshot;
import dev.coracle.raft.SnapshotMetadata;
import dev.coracle.raft.Storage.CompactedException;
import dev.coracle.raft.Storage.UnavailableException;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A log in memory, of any number of groups: for tests, and for clusters that may forget everything. <b>Nothing of it
 * survives the process</b>: what is acknowledged is in the memory of a majority and nowhere else, so a member that
 * restarts has lost its votes and acknowledgements, and must come back as a new one, under a new id or a new incarnation.
 *
 * <p>What {@link #append} is given counts at once, and {@link #sync} has nothing to do. A second node may be started over
 * the same object after the first one ended: {@link #recover} tells it what is there.
 *
 * <p>It holds the entries that are not released, which it shares with the node's cache, and says how many bytes that is
 * ({@link #bytes}). It is full, and refuses more as a full disk does, at a limit that must be well above what a node keeps:
 * the entries since its last snapshot, and those that it keeps before it, each {@link NodeConfig#snapshotBytes} at most.
 */
public final class MemoryLogStore implements LogStore {
    /** What is free in the end for what was proposed already. */
    private static final int RESERVE_PARTS = 4;

    private static final int MAX_ENTRY_BYTES = 16 << 20;

    /** What an entry takes in memory beside its bytes, about. */
    private static final int ENTRY_OVERHEAD_BYTES = 64;

    /** Entries behind a base: the beginning, a released entry, or a snapshot that was received. */
    private static final class History {
        private final TermIndex terms;
        private final MemoryStorage entries = new MemoryStorage();

        History(SnapshotMetadata base) {
            terms = new TermIndex(base.id());
            entries.applySnapshot(Snapshot.of(base));
        }

        List<Entry> read(long low, long high, long maxSize) {
            if (low < entries.firstIndex() || low > entries.lastIndex()) {
                return List.of();
            }
            try {
                return entries.entries(low, Math.min(high, entries.lastIndex() + 1), maxSize);
            } catch (CompactedException | UnavailableException absent) {
                throw Check.fail("entry %d is not in memory", low);
            }
        }

        /** What the entries from an index on take. */
        long bytesFrom(long index) {
            long bytes = 0;
            for (Entry entry : read(Math.max(index, entries.firstIndex()), Long.MAX_VALUE, Long.MAX_VALUE)) {
                bytes += size(entry);
            }
            return bytes;
        }
    }

    private static final class Log {
        private HardState state = HardState.EMPTY;
        private final TreeMap<Long, SnapshotMetadata> snapshots = new TreeMap<>();
        private History history = new History(SnapshotMetadata.EMPTY);

        /** What a received snapshot replaces as soon as it is committed, or null. */
        private @Nullable History interrupted;
    }

    private final MemorySnapshotStore snapshotStore;
    private final long maxBytes;
    private final TreeMap<Long, Log> logs = new TreeMap<>();
    private final AtomicLong bytes = new AtomicLong();

    /**
     * Empty logs.
     *
     * @param snapshots the snapshots that they speak of
     * @param maxBytes how many bytes of entries they may hold together
     */
    public MemoryLogStore(MemorySnapshotStore snapshots, long maxBytes) {
        if (maxBytes < RESERVE_PARTS) {
            throw new IllegalArgumentException("maxBytes " + maxBytes + " must be at least " + RESERVE_PARTS);
        }
        this.snapshotStore = snapshots;
        this.maxBytes = maxBytes;
    }

    /** How many bytes of entries it holds, about. Any thread may call. */
    public long bytes() {
        return bytes.get();
    }

    private static long size(Entry entry) {
        return (long) entry.encodedSize() + ENTRY_OVERHEAD_BYTES;
    }

    private Log log(long group) {
        return logs.computeIfAbsent(group, absent -> new Log());
    }

    @Override
    public synchronized Recovered recover(long group) {
        Log log = log(group);
        resumeInterrupted(log);
        TermIndex terms = log.history.terms;
        SnapshotMetadata newest = SnapshotMetadata.EMPTY;
        for (SnapshotMetadata snapshot : log.snapshots.values()) {
            if (snapshot.index() <= log.state.commit()
                    && terms.holds(snapshot.id())
                    && snapshotStore.has(group, snapshot.id())) {
                newest = snapshot;
            }
        }
        Check.that(
                newest.index() >= terms.baseIndex(),
                "the log begins behind %d, and the newest snapshot is at %d",
                terms.baseIndex(),
                newest.index());
        return new Recovered(log.state, newest, terms.listBehind(newest.id()), terms.lastIndex());
    }

    @Override
    public synchronized List<Entry> read(long group, long low, long high, long maxSize) {
        return log(group).history.read(low, high, maxSize);
    }

    @Override
    public synchronized long lowestWithin(long group, long low, long high, long within) {
        List<Entry> entries = log(group).history.read(low, high, Long.MAX_VALUE);
        int from = entries.size();
        long left = within;
        while (from > 0 && left >= size(entries.get(from - 1))) {
            left -= size(entries.get(--from));
        }
        return low + from;
    }

    @Override
    public boolean makeRoom(long group, long more) {
        return bytes.get() + more <= maxBytes;
    }

    @Override
    public synchronized void append(long group, HardState hardState, List<Entry> entries) {
        for (int i = 0; i < entries.size(); i++) {
            LogStore.requireLength(entries.get(i), maxEntryBytes());
        }
        Log log = log(group);
        if (!entries.isEmpty()) {
            append(log, entries);
        }
        if (!hardState.isEmpty()) {
            log.state = hardState;
            if (log.interrupted != null && hardState.commit() >= log.history.terms.baseIndex()) {
                bytes.addAndGet(-log.interrupted.bytesFrom(0));
                log.interrupted = null;
            }
        }
    }

    private void append(Log log, List<Entry> entries) {
        long first = entries.get(0).index();
        if (first <= log.history.terms.baseIndex()) {
            resumeInterrupted(log);
        }
        History history = log.history;
        history.terms.requireContinuation(entries);
        long more = -(first <= history.terms.lastIndex() ? history.bytesFrom(first) : 0);
        history.entries.append(entries);
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            history.terms.append(entry.index(), entry.term());
            more += size(entry);
        }
        bytes.addAndGet(more);
    }

    @Override
    public synchronized void appendSnapshot(long group, SnapshotMetadata snapshot) {
        Log log = log(group);
        resumeInterrupted(log);
        log.snapshots.put(snapshot.index(), snapshot);
        History history = log.history;
        if (snapshot.index() < history.terms.baseIndex() || history.terms.holds(snapshot.id())) {
            return;
        }
        log.history = new History(snapshot);
        if (snapshot.index() > log.state.commit()) {
            log.interrupted = history;
        } else {
            bytes.addAndGet(-history.bytesFrom(0));
        }
    }

    /** Goes back to the log before a received snapshot that was not committed. */
    private void resumeInterrupted(Log log) {
        if (log.interrupted != null) {
            bytes.addAndGet(-log.history.bytesFrom(0));
            log.history = log.interrupted;
            log.interrupted = null;
        }
    }

    /** {@inheritDoc} Everything counts already. */
    @Override
    public void sync() {}

    /** {@inheritDoc} 16 MiB, or a quarter of what the store may hold if that is less. */
    @Override
    public int maxEntryBytes() {
        return (int) Math.min(MAX_ENTRY_BYTES, maxBytes / RESERVE_PARTS);
    }

    @Override
    public synchronized void release(long group, long index) {
        Log log = log(group);
        Long newest = log.snapshots.floorKey(log.state.commit());
        Check.that(
                newest != null && index <= newest,
                "released up to %d, and no committed snapshot at or above it is there",
                index);
        History history = log.history;
        if (index > history.terms.baseIndex()) {
            long before = history.bytesFrom(0);
            history.entries.compact(index);
            history.terms.compact(index);
            bytes.addAndGet(history.bytesFrom(0) - before);
        }
        log.snapshots.headMap(index, false).clear();
    }

    /** {@inheritDoc} That is while three quarters of what the store may hold are not used up. */
    @Override
    public boolean hasSpace() {
        return bytes.get() < maxBytes - maxBytes / RESERVE_PARTS;
    }

    /** {@inheritDoc} There are none. */
    @Override
    public long syncs() {
        return 0;
    }

    @Override
    public Agent housekeeping() {
        return Agent.idle("housekeeping");
    }

    /** Does nothing: what the store holds goes with the object. */
    @Override
    public void close() {}
}
