package dev.coracle.raft;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A log that lives in memory: for tests, for simulation, and beside a write-ahead log whose content fits into memory.
 * Not thread safe: it belongs to the thread that drives the core.
 *
 * <p>Nothing limits what is appended; {@link #compact} makes room.
 */
public final class MemoryStorage implements Storage {
    private HardState hardState = HardState.EMPTY;
    private Snapshot snapshot = Snapshot.EMPTY;

    /** What {@link #entries} begins behind: the last entry that was compacted, or 0/0. */
    private EntryId compacted = new EntryId(0, 0);

    /**
     * The entries from {@code compacted.index() + 1} on, {@link #count} of them. Slots below the count are never
     * written again, since the lists that were given out look into this array: what truncates or compacts takes a new
     * one.
     */
    private Entry[] entries = {};

    private int count;

    /** An empty log. */
    public MemoryStorage() {}

    /** The hard state, as last set. */
    public HardState hardState() {
        return hardState;
    }

    /** Replaces the hard state. */
    public void setHardState(HardState hardState) {
        this.hardState = hardState;
    }

    /**
     * Replaces the whole log by a snapshot. One at index 0 sets nothing but the configuration that a new cluster begins
     * with.
     *
     * @return false, with nothing changed, if the snapshot here is as new
     */
    public boolean applySnapshot(Snapshot newer) {
        if (snapshot.index() != 0 && snapshot.index() >= newer.index()) {
            return false;
        }
        snapshot = newer;
        compacted = newer.metadata().id();
        entries = new Entry[0];
        count = 0;
        return true;
    }

    /**
     * Makes a snapshot the newest one; the entries that it covers stay until {@link #compact}.
     *
     * @param index the last index that it covers, which must be in the log
     * @param confState the configuration at {@code index}, or {@code null} for that of the snapshot before
     * @param data the state of the application
     * @return the snapshot, or {@code null}, with nothing changed, if the one before is as new
     */
    public @Nullable Snapshot createSnapshot(long index, @Nullable ConfState confState, Bytes data) {
        if (index <= snapshot.index()) {
            return null;
        }
        Check.that(index <= lastIndex(), "snapshot at %d is beyond the last index %d", index, lastIndex());
        Check.that(index >= compacted.index(), "snapshot at %d, compacted up to %d", index, compacted.index());
        ConfState state = confState == null ? snapshot.metadata().confState() : confState;
        snapshot = new Snapshot(new SnapshotMetadata(index, term(index), state), data);
        return snapshot;
    }

    /**
     * Drops the entries up to {@code index}, which must be in the log. No entry should be dropped that no snapshot
     * covers.
     *
     * @return false, with nothing changed, if they are gone already
     */
    public boolean compact(long index) {
        if (index <= compacted.index()) {
            return false;
        }
        Check.that(index <= lastIndex(), "compacting up to %d is beyond the last index %d", index, lastIndex());
        EntryId newCompacted = new EntryId(term(index), index);
        entries = Arrays.copyOfRange(entries, position(index + 1), count);
        count = entries.length;
        compacted = newCompacted;
        return true;
    }

    /**
     * Writes consecutive entries to the log, in place of all that is there from the first one on. What is compacted
     * already is skipped.
     */
    public void append(List<Entry> appended) {
        checkConsecutive(appended);
        int skipped = 0;
        while (skipped < appended.size() && appended.get(skipped).index() <= compacted.index()) {
            skipped++;
        }
        List<Entry> rest = appended.subList(skipped, appended.size());
        if (rest.isEmpty()) {
            return;
        }
        long first = rest.get(0).index();
        Check.that(first <= lastIndex() + 1, "missing log entry [last: %d, append at: %d]", lastIndex(), first);
        int kept = position(first);
        int newCount = kept + rest.size();
        if (kept < count || newCount > entries.length) {
            int capacity = (int) Math.min(Math.max(newCount, 2L * kept), Integer.MAX_VALUE - 8);
            Entry[] longer = new Entry[capacity];
            System.arraycopy(entries, 0, longer, 0, kept);
            entries = longer;
        }
        for (int i = 0; i < rest.size(); i++) {
            entries[kept + i] = rest.get(i);
        }
        count = newCount;
    }

    private static void checkConsecutive(List<Entry> appended) {
        for (int i = 1; i < appended.size(); i++) {
            long before = appended.get(i - 1).index();
            long index = appended.get(i).index();
            Check.that(index == before + 1, "entries to append are not consecutive: %d follows %d", index, before);
        }
    }

    @Override
    public InitialState initialState() {
        return new InitialState(hardState, snapshot.metadata().confState());
    }

    @Override
    public List<Entry> entries(long low, long high, long maxSize) throws CompactedException, UnavailableException {
        if (low <= compacted.index()) {
            throw CompactedException.INSTANCE;
        }
        Check.that(low <= high, "entries from %d up to %d are asked for", low, high);
        Check.that(high <= lastIndex() + 1, "entries' hi(%d) is out of bound lastindex(%d)", high, lastIndex());
        if (count == 0) {
            throw UnavailableException.INSTANCE;
        }
        return Entries.limit(new EntrySlice(entries, position(low), position(high)), maxSize);
    }

    @Override
    public long term(long index) {
        if (index < compacted.index()) {
            return COMPACTED;
        }
        if (index > lastIndex()) {
            return UNAVAILABLE;
        }
        return index == compacted.index() ? compacted.term() : entries[position(index)].term();
    }

    @Override
    public long lastIndex() {
        return compacted.index() + count;
    }

    @Override
    public long firstIndex() {
        return compacted.index() + 1;
    }

    @Override
    public @Nullable Snapshot snapshot() {
        return snapshot.isEmpty() ? null : snapshot;
    }

    private int position(long index) {
        return (int) (index - compacted.index() - 1);
    }
}
