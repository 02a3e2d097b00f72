package dev.coracle.node;

import dev.coracle.raft.Check;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryFetch;
import dev.coracle.raft.HardState;
import dev.coracle.raft.MemoryStorage;
import dev.coracle.raft.RawNode;
import dev.coracle.raft.Snapshot;
import dev.coracle.raft.SnapshotMetadata;
import dev.coracle.raft.Storage;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jctools.queues.SpscArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * What the core reads of the log that is stored: the terms of all of it, and the entries at its end, which are kept in
 * memory up to a limit. Older ones are on the disk, and fetched by the {@link EntryReader} while the loop goes on; they
 * do not displace those at the end. The loop's alone.
 *
 * <pre>
 *   compacted | on disk only            | on disk and in memory |  the core's own: not stored yet
 *             ^ firstIndex              ^ tail.firstIndex       ^ lastIndex + 1
 * </pre>
 */
final class StoredLog implements Storage {
    /** How many reads may be with the reader; more wait here. */
    static final int FETCH_CAPACITY = 64;

    /** What an entry takes in memory beside its bytes, about. */
    private static final int ENTRY_OVERHEAD_BYTES = 64;

    private final NodeConfig config;
    private final LogStore store;
    private final SpscArrayQueue<FetchWork> fetches;
    private final Runnable wakeReader;

    private final HardState recoveredState;
    private SnapshotMetadata snapshot;
    private TermIndex terms;

    /** The entries at the end. Everything up to its first index is forgotten here, and on the disk only. */
    private MemoryStorage tail;

    private long tailBytes;

    /** For whom the reader is at work, or has been: by member, {@link RawNode#APPLY_THREAD} among them. */
    private final Map<Long, FetchWork> fetching = new LinkedHashMap<>();

    private final Map<Long, FetchWork> fetched = new LinkedHashMap<>();
    private final ArrayDeque<FetchWork> waiting = new ArrayDeque<>();

    StoredLog(
            NodeConfig config,
            LogStore store,
            LogStore.Recovered recovered,
            HardState hardState,
            SpscArrayQueue<FetchWork> fetches,
            Runnable wakeReader) {
        this.config = config;
        this.store = store;
        this.fetches = fetches;
        this.wakeReader = wakeReader;
        this.recoveredState = hardState;
        this.snapshot = recovered.snapshot();
        this.terms = TermIndex.of(recovered.terms(), recovered.lastIndex());
        this.tail = behind(terms.lastIndex());
    }

    /** An empty tail. */
    private MemoryStorage behind(long index) {
        MemoryStorage empty = new MemoryStorage();
        if (index > 0) {
            empty.applySnapshot(Snapshot.of(new SnapshotMetadata(index, terms.term(index), snapshot.confState())));
        }
        return empty;
    }

    HardState recoveredState() {
        return recoveredState;
    }

    SnapshotMetadata snapshotMetadata() {
        return snapshot;
    }

    // ---- what the loop tells

    /** Takes entries that are durable now, in place of all that were there from the first of them on. */
    void append(List<Entry> entries) {
        if (entries.isEmpty()) {
            return;
        }
        long first = entries.get(0).index();
        if (first < tail.firstIndex()) {
            tail = behind(first - 1);
            tailBytes = 0;
        }
        for (long index = first; index <= tail.lastIndex(); index++) {
            tailBytes -= size(inTail(index, index + 1).get(0));
        }
        tail.append(entries);
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            tailBytes += size(entry);
            terms.append(entry.index(), entry.term());
        }
        // An eighth at a time, since forgetting copies what is kept.
        if (tailBytes > config.logCacheBytes + config.logCacheBytes / 8) {
            forgetOldest();
        }
    }

    private void forgetOldest() {
        long index = tail.firstIndex() - 1;
        // At least the last one is kept: it is what followers will want next.
        while (tailBytes > config.logCacheBytes && index + 1 < tail.lastIndex()) {
            index++;
            tailBytes -= size(inTail(index, index + 1).get(0));
        }
        tail.compact(index);
    }

    private static long size(Entry entry) {
        return (long) entry.encodedSize() + ENTRY_OVERHEAD_BYTES;
    }

    /** Replaces everything by a leader's snapshot. */
    void restore(SnapshotMetadata newer) {
        Check.that(newer.index() > snapshot.index(), "snapshot %d is not news", newer.index());
        snapshot = newer;
        terms = new TermIndex(newer.id());
        tail = behind(newer.index());
        tailBytes = 0;
        fetched.clear();
    }

    /** Notes a snapshot of this node, unless a newer one is there. Returns whether it is the newest. */
    boolean advanceSnapshot(SnapshotMetadata newer) {
        if (newer.index() <= snapshot.index()) {
            return false;
        }
        snapshot = newer;
        return true;
    }

    /**
     * Forgets entries up to an index or before: what is being fetched stays.
     *
     * @return up to where they are forgotten
     */
    long compact(long index) {
        long upTo = index;
        for (FetchWork read : fetching.values()) {
            upTo = Math.min(upTo, read.low - 1);
        }
        if (upTo < firstIndex()) {
            return firstIndex() - 1;
        }
        terms.compact(upTo);
        if (upTo >= tail.firstIndex()) {
            for (long each = tail.firstIndex(); each <= upTo; each++) {
                tailBytes -= size(inTail(each, each + 1).get(0));
            }
            tail.compact(upTo);
        }
        return upTo;
    }

    // ---- fetching

    /** The reader has entries. What they were for is to be told to the core. */
    EntryFetch onFetched(FetchWork work) {
        fetching.remove(work.fetch.to());
        if (!work.entries.isEmpty()) {
            fetched.put(work.fetch.to(), work);
        }
        while (!waiting.isEmpty() && fetches.offer(waiting.peekFirst())) {
            waiting.removeFirst();
            wakeReader.run();
        }
        return work.fetch;
    }

    /** The node does not lead any more: nobody is sent anything. */
    void forgetFetched() {
        Iterator<Long> receivers = fetched.keySet().iterator();
        while (receivers.hasNext()) {
            if (receivers.next() != RawNode.APPLY_THREAD) {
                receivers.remove();
            }
        }
    }

    @Override
    public @Nullable List<Entry> entries(long low, long high, long maxSize, EntryFetch fetch)
            throws CompactedException, UnavailableException {
        if (low < firstIndex()) {
            throw CompactedException.INSTANCE;
        }
        if (low >= tail.firstIndex()) {
            return cached(low, high, maxSize);
        }
        FetchWork ready = fetched.get(fetch.to());
        if (ready != null) {
            if (isCurrent(ready) && ready.has(low)) {
                return take(ready, low, Math.min(high, ready.low + ready.entries.size()), maxSize);
            }
            fetched.remove(fetch.to());
        }
        if (!fetching.containsKey(fetch.to())) {
            FetchWork work = new FetchWork(fetch, low, Math.min(high, tail.firstIndex()), maxSize);
            fetching.put(fetch.to(), work);
            config.storageObserver.onCacheMiss();
            if (fetches.offer(work)) {
                wakeReader.run();
            } else {
                waiting.addLast(work);
            }
        }
        return null;
    }

    /** Whether what was read is still the log: the log that has its last entry has all of it. */
    private boolean isCurrent(FetchWork ready) {
        long last = ready.low + ready.entries.size() - 1;
        return last <= lastIndex()
                && last >= terms.baseIndex()
                && terms.term(last)
                        == ready.entries.get(ready.entries.size() - 1).term();
    }

    private List<Entry> take(FetchWork ready, long low, long high, long maxSize) {
        List<Entry> all = ready.entries;
        int from = (int) (low - ready.low);
        int to = from;
        long size = 0;
        while (to < high - ready.low && (to == from || size + all.get(to).encodedSize() <= maxSize)) {
            size += all.get(to).encodedSize();
            to++;
        }
        if (to == all.size()) {
            fetched.remove(ready.fetch.to());
        }
        return all.subList(from, to);
    }

    // ---- what the core asks

    @Override
    public InitialState initialState() {
        return new InitialState(recoveredState, snapshot.confState());
    }

    /** {@inheritDoc} Waits for the disk where the entries are not in memory; the core does so before elections only. */
    @Override
    public List<Entry> entries(long low, long high, long maxSize) throws CompactedException, UnavailableException {
        if (low < firstIndex()) {
            throw CompactedException.INSTANCE;
        }
        if (low >= tail.firstIndex()) {
            return cached(low, high, maxSize);
        }
        config.storageObserver.onCacheMiss();
        try {
            return EntryReader.read(config, store, low, Math.min(high, tail.firstIndex()), maxSize);
        } catch (StorageException failed) {
            throw new IllegalStateException(failed.getMessage(), failed);
        }
    }

    private List<Entry> cached(long low, long high, long maxSize) throws CompactedException, UnavailableException {
        List<Entry> entries = tail.entries(low, high, maxSize);
        config.storageObserver.onCacheHit(entries.size());
        return entries;
    }

    private List<Entry> inTail(long low, long high) {
        try {
            return tail.entries(low, high, 0);
        } catch (CompactedException | UnavailableException absent) {
            throw Check.fail("entry %d is not in memory, where entries begin at %d", low, tail.firstIndex());
        }
    }

    @Override
    public long term(long index) {
        if (index < terms.baseIndex()) {
            return COMPACTED;
        }
        return index > terms.lastIndex() ? UNAVAILABLE : terms.term(index);
    }

    @Override
    public long lastIndex() {
        return terms.lastIndex();
    }

    @Override
    public long firstIndex() {
        return terms.baseIndex() + 1;
    }

    @Override
    public @Nullable Snapshot snapshot() {
        return snapshot.index() == 0 ? null : Snapshot.of(snapshot);
    }
}
