package dev.coracle.raft;

import dev.coracle.raft.Storage.CompactedException;
import dev.coracle.raft.Storage.UnavailableException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The replicated log as a server sees it: what storage holds, and behind it what is {@link Unstable}.
 *
 * <p>Invariants: {@code applied <= applying <= committed <= lastIndex()}; none of the three ever goes back.
 */
final class RaftLog {
    private final Storage storage;
    private final Log log;
    private final RaftObserver observer;
    private final Unstable unstable;

    /** How many encoded bytes of committed entries may be handed out and not applied. At least 1. */
    private long maxApplyingSize;

    /** Whether storage fetches the entries that are to be handed out next. */
    private boolean fetchingCommitted;

    /** How many committed entries may be handed out beyond what storage has confirmed. */
    private long maxUnpersistedApply;

    /** The highest index known to be on a quorum. */
    private long committed;

    /** The highest index handed out to be applied. */
    private long applying;

    /** The highest index known to be applied. */
    private long applied;

    private long applyingSize;

    /** Set when entries were held back, or would be: a small rest is not worth a Ready of its own. */
    private boolean applyingPaused;

    RaftLog(Storage storage, long maxApplyingSize, Log log, RaftObserver observer) {
        this.storage = storage;
        this.maxApplyingSize = maxApplyingSize;
        this.log = log;
        this.observer = observer;
        unstable = new Unstable(storage.lastIndex() + 1, log);
        committed = storage.firstIndex() - 1;
        applying = committed;
        applied = committed;
    }

    long committed() {
        return committed;
    }

    long applying() {
        return applying;
    }

    long applied() {
        return applied;
    }

    Unstable unstable() {
        return unstable;
    }

    void setMaxApplyingSize(long size) {
        maxApplyingSize = size;
        applyingPaused = applyingSize >= maxApplyingSize;
    }

    void setMaxUnpersistedApply(long entries) {
        maxUnpersistedApply = entries;
    }

    long firstIndex() {
        Snapshot snapshot = unstable.snapshot();
        return snapshot != null ? snapshot.index() + 1 : storage.firstIndex();
    }

    long lastIndex() {
        long last = unstable.lastIndexOrNone();
        return last != -1 ? last : storage.lastIndex();
    }

    EntryId lastId() {
        long index = lastIndex();
        long term = term(index);
        if (term < 0) {
            throw log.fatal("unexpected error when getting the last term at %d: %d", index, term);
        }
        return new EntryId(term, index);
    }

    /** The term at {@code index}; {@link Storage#COMPACTED} or {@link Storage#UNAVAILABLE} where there is none. */
    long term(long index) {
        long term = unstable.termOrNone(index);
        if (term != -1) {
            return term;
        }
        // The term of the entry before the first is known, for it is matched against.
        if (index + 1 < firstIndex()) {
            return Storage.COMPACTED;
        }
        return index > lastIndex() ? Storage.UNAVAILABLE : storage.term(index);
    }

    /** The term at {@code index}, or 0 where there is none. */
    long termOrZero(long index) {
        return Math.max(term(index), 0);
    }

    boolean matches(long term, long index) {
        return term(index) == term;
    }

    boolean isUpToDate(EntryId candidate) {
        return candidate.isAtLeast(lastId());
    }

    /**
     * Appends what follows the entry at ({@code prevTerm}, {@code prevIndex}), if this log has that entry (§5.3).
     *
     * @return the last index that is now the same as the leader's, or -1 if the logs differ before
     */
    long maybeAppend(long prevTerm, long prevIndex, List<Entry> entries, long leaderCommit) {
        if (!matches(prevTerm, prevIndex)) {
            return -1;
        }
        int conflict = findConflict(entries);
        if (conflict < entries.size()) {
            long index = entries.get(conflict).index();
            if (index <= committed) {
                throw log.fatal("entry %d conflict with committed entry [committed(%d)]", index, committed);
            }
            append(entries.subList(conflict, entries.size()));
        }
        long last = prevIndex + entries.size();
        commitTo(Math.min(leaderCommit, last));
        return last;
    }

    /** Appends entries, replacing everything at and after the first of them. Returns the last index. */
    long append(List<Entry> entries) {
        if (!entries.isEmpty()) {
            long after = entries.get(0).index() - 1;
            if (after < committed) {
                throw log.fatal("after(%d) is out of range [committed(%d)]", after, committed);
            }
            unstable.truncateAndAppend(entries);
        }
        return lastIndex();
    }

    /** The position of the first entry that this log does not have in that term; their number if it has all. */
    private int findConflict(List<Entry> entries) {
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            if (!matches(entry.term(), entry.index())) {
                if (entry.index() <= lastIndex()) {
                    log.info(
                            "found conflict at index %d [existing term: %d, conflicting term: %d]",
                            entry.index(), termOrZero(entry.index()), entry.term());
                }
                return i;
            }
        }
        return entries.size();
    }

    /**
     * The highest index up to {@code index} whose term is at most {@code term}: the last place where this log can agree
     * with one that has {@code term} at {@code index}. The term is 0 where this log does not know its own.
     */
    EntryId findConflictByTerm(long index, long term) {
        for (long i = index; i > 0; i--) {
            long ours = term(i);
            if (ours < 0) {
                return new EntryId(0, i);
            }
            if (ours <= term) {
                return new EntryId(ours, i);
            }
        }
        return new EntryId(0, 0);
    }

    /** Commits up to {@code index} if its entry is of {@code term}, which must be the leader's own (§5.4.2). */
    boolean maybeCommit(long term, long index) {
        if (term != 0 && index > committed && matches(term, index)) {
            commitTo(index);
            return true;
        }
        return false;
    }

    void commitTo(long index) {
        if (index <= committed) {
            return;
        }
        if (index > lastIndex()) {
            throw log.fatal(
                    "tocommit(%d) is out of range [lastIndex(%d)]. Was the raft log corrupted, truncated, or lost?",
                    index, lastIndex());
        }
        committed = index;
        observer.onCommit(index);
    }

    /** Takes over a stored commit index when a server starts. */
    void loadCommitted(long index) {
        committed = index;
    }

    void appliedTo(long index, long size) {
        if (index > committed || index < applied) {
            throw log.fatal("applied(%d) is out of range [prevApplied(%d), committed(%d)]", index, applied, committed);
        }
        applied = index;
        applying = Math.max(applying, index);
        applyingSize = Math.max(applyingSize - size, 0);
        applyingPaused = applyingSize >= maxApplyingSize;
    }

    /** Notes that committed entries up to {@code index} were handed out. */
    void acceptApplying(long index, long size, boolean allowUnstable) {
        if (index > committed) {
            throw log.fatal(
                    "applying(%d) is out of range [prevApplying(%d), committed(%d)]", index, applying, committed);
        }
        applying = index;
        applyingSize += size;
        applyingPaused = applyingSize >= maxApplyingSize || index < maxAppliable(allowUnstable);
    }

    /**
     * The committed entries to be applied next, as many as the limit on outstanding ones allows. Entries that are not
     * stored are among them only if {@code allowUnstable}: then the caller stores and applies one Ready in that order.
     */
    List<Entry> nextCommitted(boolean allowUnstable) {
        if (!hasNextCommitted(allowUnstable)) {
            return List.of();
        }
        long room = maxApplyingSize - applyingSize;
        if (room <= 0) {
            throw log.fatal("applying entry size (%d-%d)=%d not positive", maxApplyingSize, applyingSize, room);
        }
        try {
            List<Entry> entries = slice(applying + 1, maxAppliable(allowUnstable) + 1, room, EntryFetch.TO_APPLY);
            fetchingCommitted = entries == null;
            return entries == null ? List.of() : entries;
        } catch (CompactedException compacted) {
            throw log.fatal(
                    "unexpected error when getting unapplied entries from %d: %s",
                    applying + 1, compacted.getMessage());
        }
    }

    boolean hasNextCommitted(boolean allowUnstable) {
        // A snapshot comes first: it is applied before any entry behind it.
        return !applyingPaused
                && !fetchingCommitted
                && unstable.snapshot() == null
                && applying < maxAppliable(allowUnstable);
    }

    /** Storage has the entries to be handed out next. */
    void committedFetched() {
        fetchingCommitted = false;
    }

    private long maxAppliable(boolean allowUnstable) {
        if (allowUnstable) {
            return committed;
        }
        long stored = unstable.offset() - 1;
        return committed - stored <= maxUnpersistedApply ? committed : stored + maxUnpersistedApply;
    }

    /** Whether a snapshot waits to be stored, or is being stored. */
    boolean hasPendingSnapshot() {
        return unstable.snapshot() != null;
    }

    /** The snapshot to send to a follower, of at least {@code atLeast}, or null if there is none right now. */
    @Nullable
    Snapshot snapshot(long atLeast, long to) {
        Snapshot pending = unstable.snapshot();
        return pending != null && pending.index() >= atLeast ? pending : storage.snapshot(atLeast, to);
    }

    /** Replaces the log by a snapshot. */
    void restore(Snapshot snapshot) {
        log.info("log [%s] starts to restore snapshot [index: %d, term: %d]", this, snapshot.index(), snapshot.term());
        committed = snapshot.index();
        fetchingCommitted = false;
        unstable.restore(snapshot);
        observer.onCommit(committed);
        observer.onSnapshotRestored(snapshot.index(), snapshot.term());
    }

    /**
     * The entries from {@code index} on, at most {@code maxSize} bytes of them but at least one; null if storage has to
     * fetch them first.
     */
    @Nullable
    List<Entry> entriesFrom(long index, long maxSize, EntryFetch fetch) throws CompactedException {
        return slice(index, lastIndex() + 1, maxSize, fetch);
    }

    /** Whether an entry in [low, high) changes the configuration. Reads in pages, so that memory stays bounded. */
    boolean anyConfChange(long low, long high) {
        long next = low;
        while (next < high) {
            List<Entry> page;
            try {
                page = slice(next, high, maxApplyingSize);
            } catch (CompactedException compacted) {
                throw log.fatal("error scanning unapplied entries [%d, %d): %s", low, high, compacted.getMessage());
            }
            for (int i = 0; i < page.size(); i++) {
                if (page.get(i).type() != EntryType.NORMAL) {
                    return true;
                }
            }
            next += page.size();
        }
        return false;
    }

    /** The entries in [low, high), at most {@code maxSize} bytes of them but at least one. */
    List<Entry> slice(long low, long high, long maxSize) throws CompactedException {
        List<Entry> entries = slice(low, high, maxSize, null);
        if (entries == null) {
            throw Check.fail("storage gave no entries [%d, %d) and was not asked to fetch them", low, high);
        }
        return entries;
    }

    /** The same; null if storage has to fetch them first, which it may only for somebody whom it can tell. */
    private @Nullable List<Entry> slice(long low, long high, long maxSize, @Nullable EntryFetch fetch)
            throws CompactedException {
        if (low > high) {
            throw log.fatal("invalid slice %d > %d", low, high);
        }
        long first = firstIndex();
        if (low < first) {
            throw CompactedException.INSTANCE;
        }
        if (high > lastIndex() + 1) {
            throw log.fatal("slice[%d,%d) out of bound [%d,%d]", low, high, first, lastIndex());
        }
        if (low == high) {
            return List.of();
        }
        long border = unstable.offset();
        if (low >= border) {
            return Entries.limit(unstable.slice(low, high), maxSize);
        }
        long cut = Math.min(high, border);
        List<Entry> stored;
        try {
            stored = fetch == null ? storage.entries(low, cut, maxSize) : storage.entries(low, cut, maxSize, fetch);
        } catch (UnavailableException unavailable) {
            throw log.fatal("entries[%d:%d) is unavailable from storage", low, cut);
        }
        if (stored == null) {
            return null;
        }
        // Storage stopped at the limit, or the next entry would exceed it: the unstable part must not be appended.
        if (high <= border || stored.size() < cut - low) {
            return stored;
        }
        long size = Entries.encodedSize(stored);
        if (size >= maxSize) {
            return stored;
        }
        List<Entry> rest = Entries.limit(unstable.slice(border, high), maxSize - size);
        if (rest.size() == 1 && size + rest.get(0).encodedSize() > maxSize) {
            return stored;
        }
        return Entries.concat(stored, rest);
    }

    @Override
    public String toString() {
        return "committed=" + committed + ", applied=" + applied + ", applying=" + applying + ", unstable.offset="
                + unstable.offset() + ", unstable.offsetInProgress=" + unstable.offsetInProgress()
                + ", len(unstable.Entries)=" + unstable.size();
    }
}
