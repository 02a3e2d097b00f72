package dev.coracle.node;

import dev.coracle.raft.Check;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The terms of a log, from a base on: terms never fall and change seldom, so the first index of each says all. Memory
 * grows with the number of terms, not of entries.
 */
public final class TermIndex {
    private static final int FIRST_CAPACITY = 8;

    /** Run {@code i} reaches from {@code starts[i]} to before {@code starts[i + 1]}, the last one to the last index. */
    private long[] starts = new long[FIRST_CAPACITY];

    private long[] terms = new long[FIRST_CAPACITY];

    private int runs;
    private long lastIndex;

    /** A log that has nothing but a base: the entry before its first, or 0/0. */
    public TermIndex(EntryId base) {
        starts[0] = base.index();
        terms[0] = base.term();
        runs = 1;
        lastIndex = base.index();
    }

    /** The lowest index whose term is known. */
    public long baseIndex() {
        return starts[0];
    }

    /** The highest. */
    public long lastIndex() {
        return lastIndex;
    }

    /** The term at an index from the base on. */
    public long term(long index) {
        Check.that(
                index >= starts[0] && index <= lastIndex,
                "no term is known at index %d, only from %d to %d",
                index,
                starts[0],
                lastIndex);
        return terms[runOf(index)];
    }

    private int runOf(long index) {
        if (index >= starts[runs - 1]) {
            // Nearly always it is the newest term that is asked for.
            return runs - 1;
        }
        int found = Arrays.binarySearch(starts, 0, runs, index);
        return found >= 0 ? found : -found - 2;
    }

    /** Takes the next entry, in place of all that are there from it on. */
    public void append(long index, long term) {
        Check.that(
                index > starts[0] && index <= lastIndex + 1,
                "entry %d does not continue the terms from %d to %d",
                index,
                starts[0],
                lastIndex);
        if (index <= lastIndex) {
            runs = runOf(index - 1) + 1;
        }
        lastIndex = index;
        if (terms[runs - 1] != term) {
            if (runs == starts.length) {
                starts = Arrays.copyOf(starts, 2 * runs);
                terms = Arrays.copyOf(terms, 2 * runs);
            }
            starts[runs] = index;
            terms[runs] = term;
            runs++;
        }
    }

    /**
     * Checks that entries continue this log, or replace an end of it: their indexes follow each other and their terms do
     * not fall.
     */
    public void requireContinuation(List<Entry> entries) {
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            long before = i == 0
                    ? Math.min(entry.index() - 1, lastIndex)
                    : entries.get(i - 1).index();
            Check.that(
                    entry.index() == before + 1 && before >= starts[0],
                    "entry %d does not continue the log from %d to %d",
                    entry.index(),
                    starts[0] + 1,
                    i == 0 ? lastIndex : before);
            long termBefore = i == 0 ? term(before) : entries.get(i - 1).term();
            Check.that(
                    entry.term() >= termBefore,
                    "entry %d has term %d, below the term %d before it",
                    entry.index(),
                    entry.term(),
                    termBefore);
        }
    }

    /** Tells whether the log has, or begins behind, the entry with an id. */
    public boolean holds(EntryId id) {
        return id.index() >= starts[0] && id.index() <= lastIndex && term(id.index()) == id.term();
    }

    /** Forgets what is before an index, which becomes the base. */
    public void compact(long index) {
        if (index <= starts[0]) {
            return;
        }
        int run = runOf(index);
        Check.that(index <= lastIndex, "compacting up to %d is beyond the last index %d", index, lastIndex);
        System.arraycopy(starts, run, starts, 0, runs - run);
        System.arraycopy(terms, run, terms, 0, runs - run);
        runs -= run;
        starts[0] = index;
    }

    /** The id of the base, then the first of each term behind it. */
    public List<EntryId> toList() {
        List<EntryId> list = new ArrayList<>(runs);
        for (int i = 0; i < runs; i++) {
            list.add(new EntryId(terms[i], starts[i]));
        }
        return list;
    }

    /** The id of a snapshot that the log goes on behind, then the first of each term behind it. */
    public List<EntryId> listBehind(EntryId snapshot) {
        List<EntryId> list = toList();
        list.removeIf(first -> first.index() <= snapshot.index());
        list.add(0, snapshot);
        return list;
    }

    /** What {@link #toList} and {@link #lastIndex} tell, made an index again. */
    public static TermIndex of(List<EntryId> list, long lastIndex) {
        TermIndex index = new TermIndex(list.get(0));
        for (EntryId first : list.subList(1, list.size())) {
            index.lastIndex = first.index() - 1;
            index.append(first.index(), first.term());
        }
        Check.that(lastIndex >= index.lastIndex, "the last term begins at %d, behind %d", index.lastIndex, lastIndex);
        index.lastIndex = lastIndex;
        return index;
    }
}
