package dev.coracle.raft;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The part of the log that storage has not confirmed: entries from {@link #offset} on, and perhaps a snapshot that
 * replaces everything before them. Some of it is in progress: handed out to be stored, and not confirmed.
 *
 * <pre>
 *   stored ...  | in progress   | not handed out |
 *               ^offset         ^offsetInProgress ^end
 * </pre>
 *
 * Storage may hold entries at and after {@code offset} as well: an older version, or what is in progress.
 */
final class Unstable {
    private static final Entry[] NOTHING = {};

    private final Log log;

    /** Invariant: with a snapshot, {@code offset >= snapshot.index() + 1}. */
    private @Nullable Snapshot snapshot;

    private boolean snapshotInProgress;

    /** Entry i of the log is {@code array[start + i - offset]}. Slots below {@code end} are never written again. */
    private Entry[] array = NOTHING;

    private int start;
    private int end;

    private long offset;

    /** Invariant: {@code offset <= offsetInProgress <= offset + size()}. */
    private long offsetInProgress;

    Unstable(long offset, Log log) {
        this.offset = offset;
        this.offsetInProgress = offset;
        this.log = log;
    }

    long offset() {
        return offset;
    }

    long offsetInProgress() {
        return offsetInProgress;
    }

    int size() {
        return end - start;
    }

    long encodedSize() {
        return Entries.encodedSize(slice(offset, offset + size()));
    }

    @Nullable
    Snapshot snapshot() {
        return snapshot;
    }

    /** The index of the last entry, or of the snapshot; -1 if there is neither. */
    long lastIndexOrNone() {
        if (size() > 0) {
            return offset + size() - 1;
        }
        return snapshot == null ? -1 : snapshot.index();
    }

    /** The term at {@code index}, or -1 if it is not here. */
    long termOrNone(long index) {
        if (index < offset) {
            return snapshot != null && snapshot.index() == index ? snapshot.term() : -1;
        }
        return index - offset < size() ? entry(index).term() : -1;
    }

    /** The entries that were not handed out yet. */
    List<Entry> nextEntries() {
        return slice(offsetInProgress, offset + size());
    }

    boolean hasNextEntries() {
        return offsetInProgress < offset + size();
    }

    /** The snapshot, unless it was handed out. */
    @Nullable
    Snapshot nextSnapshot() {
        return snapshotInProgress ? null : snapshot;
    }

    /** Everything is handed out now. */
    void acceptInProgress() {
        offsetInProgress = offset + size();
        snapshotInProgress = snapshot != null;
    }

    /**
     * Storage confirmed everything up to an entry. Of a rewritten entry it confirmed an older version (it was handed out,
     * then replaced, then confirmed): the term tells, and nothing happens.
     */
    void stableTo(long term, long index) {
        long ours = termOrNone(index);
        if (ours == -1) {
            log.info("entry at index %d missing from unstable log; ignoring", index);
            return;
        }
        if (index < offset) {
            log.info("entry at index %d matched unstable snapshot; ignoring", index);
            return;
        }
        if (ours != term) {
            log.info(
                    "entry at (index,term)=(%d,%d) mismatched with entry at (%d,%d) in unstable log; ignoring",
                    index, term, index, ours);
            return;
        }
        start += (int) (index + 1 - offset);
        offset = index + 1;
        offsetInProgress = Math.max(offsetInProgress, offset);
        if (start == end) {
            array = NOTHING;
            start = 0;
            end = 0;
        }
    }

    /** Storage confirmed the snapshot. */
    void stableSnapshotTo(long index) {
        if (snapshot != null && snapshot.index() == index) {
            snapshot = null;
            snapshotInProgress = false;
        }
    }

    /** Everything is replaced by a snapshot. */
    void restore(Snapshot replacement) {
        offset = replacement.index() + 1;
        offsetInProgress = offset;
        array = NOTHING;
        start = 0;
        end = 0;
        snapshot = replacement;
        snapshotInProgress = false;
    }

    /** Appends entries, replacing everything at and after the first of them. */
    void truncateAndAppend(List<Entry> entries) {
        long from = entries.get(0).index();
        Check.that(from <= offset + size(), "unstable log would get a gap: from %d, end %d", from, offset + size());
        if (from == offset + size()) {
            append(entries, size());
        } else if (from <= offset) {
            log.info("replace the unstable entries from index %d", from);
            // What storage confirmed at and after it is void as well.
            array = NOTHING;
            start = 0;
            end = 0;
            append(entries, 0);
            offset = from;
            offsetInProgress = from;
        } else {
            log.info("truncate the unstable entries before index %d", from);
            int kept = (int) (from - offset);
            // Views of the array show the slots behind the cut: it is not written again.
            array = copyOf(kept, kept + entries.size());
            start = 0;
            end = kept;
            append(entries, kept);
            offsetInProgress = Math.min(offsetInProgress, from);
        }
    }

    private void append(List<Entry> entries, int kept) {
        if (end + entries.size() > array.length) {
            int wanted = kept + entries.size();
            array = copyOf(kept, kept == 0 ? wanted : Math.max(2 * kept, wanted));
            start = 0;
            end = kept;
        }
        for (int i = 0; i < entries.size(); i++) {
            array[end++] = entries.get(i);
        }
    }

    private Entry[] copyOf(int count, int capacity) {
        Entry[] copy = new Entry[capacity];
        System.arraycopy(array, start, copy, 0, count);
        return copy;
    }

    private Entry entry(long index) {
        return array[start + (int) (index - offset)];
    }

    /** The entries in [low, high), a view that never changes. */
    List<Entry> slice(long low, long high) {
        Check.that(low <= high, "invalid unstable.slice %d > %d", low, high);
        Check.that(
                low >= offset && high <= offset + size(),
                "unstable.slice[%d,%d) out of bound [%d,%d]",
                low,
                high,
                offset,
                offset + size());
        if (low == high) {
            return List.of();
        }
        int first = start + (int) (low - offset);
        return new EntrySlice(array, first, first + (int) (high - low));
    }
}
