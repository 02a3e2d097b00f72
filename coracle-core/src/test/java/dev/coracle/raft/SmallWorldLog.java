package dev.coracle.raft;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;

/** A log, in memory or on a disk: what is compacted ends at {@code before}, the entries follow. */
record SmallWorldLog(EntryId before, List<Entry> entries) {
    static SmallWorldLog of(RaftLog log) {
        long first = log.firstIndex();
        long last = log.lastIndex();
        try {
            List<Entry> entries = last < first ? List.of() : log.slice(first, last + 1, RaftConfig.NO_LIMIT);
            return new SmallWorldLog(new EntryId(log.term(first - 1), first - 1), entries);
        } catch (Storage.CompactedException compacted) {
            throw new IllegalStateException(compacted);
        }
    }

    long lastIndex() {
        return before.index() + entries.size();
    }

    boolean isKept(long index) {
        return index > before.index() && index <= lastIndex();
    }

    /** The entry at an index that {@link #isKept}. */
    Entry at(long index) {
        return entries.get((int) (index - before.index() - 1));
    }

    /** Whether it has this entry, or had it before it was compacted: only what is committed is compacted. */
    boolean has(Entry entry) {
        return entry.index() <= before.index()
                || (isKept(entry.index()) && at(entry.index()).equals(entry));
    }

    /**
     * Where two logs contradict Log Matching (§5.3), or 0: an index at which both have the same term, and there or
     * before it not the same entry.
     */
    static long contradiction(SmallWorldLog one, SmallWorldLog other) {
        if (one.entries == other.entries) {
            return 0;
        }
        long first = Math.max(one.before.index(), other.before.index()) + 1;
        boolean same = false;
        for (long i = Math.min(one.lastIndex(), other.lastIndex()); i >= first; i--) {
            Entry ours = one.at(i);
            Entry theirs = other.at(i);
            same |= ours.term() == theirs.term();
            if (same && !ours.equals(theirs)) {
                return i;
            }
        }
        return 0;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("[");
        if (before.index() > 0) {
            text.append("..").append(before.term()).append('/').append(before.index());
        }
        for (Entry entry : entries) {
            text.append(text.length() > 1 ? " " : "")
                    .append(entry.term())
                    .append('/')
                    .append(entry.index());
            if (!entry.isEmpty()) {
                text.append('=').append(text(entry));
            }
        }
        return text.append(']').toString();
    }

    private static String text(Entry entry) {
        byte[] data = entry.data();
        return data == null ? "" : new String(data, UTF_8);
    }
}
