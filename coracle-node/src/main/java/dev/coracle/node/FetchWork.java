package dev.coracle.node;

import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryFetch;
import java.util.List;

/** Entries that the loop wants from the disk, and, when the reader has them, the entries. */
final class FetchWork {
    final EntryFetch fetch;
    final long low;
    final long high;
    final long maxSize;

    /** Set by the reader before it hands the work back. */
    List<Entry> entries = List.of();

    FetchWork(EntryFetch fetch, long low, long high, long maxSize) {
        this.fetch = fetch;
        this.low = low;
        this.high = high;
        this.maxSize = maxSize;
    }

    /** Whether an index is among what came back. */
    boolean has(long index) {
        return index >= low && index < low + entries.size();
    }
}
