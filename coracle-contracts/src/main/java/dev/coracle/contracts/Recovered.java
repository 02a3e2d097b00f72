package dev.coracle.contracts;

import dev.coracle.node.LogStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import java.util.ArrayList;
import java.util.List;

/**
 * What a store recovers, and all entries that it then reads.
 *
 * @param hardState the hard state
 * @param snapshot the snapshot that the log begins behind
 * @param entries the entries behind it
 */
public record Recovered(HardState hardState, SnapshotMetadata snapshot, List<Entry> entries) {
    /** Recovers a group. */
    public static Recovered of(LogStore store, long group) throws StorageException {
        return read(store, group, store.recover(group));
    }

    /** Reads the entries of a group that was recovered. */
    public static Recovered read(LogStore store, long group, LogStore.Recovered found) throws StorageException {
        List<Entry> entries = new ArrayList<>();
        List<EntryId> terms = new ArrayList<>(List.of(found.snapshot().id()));
        long next = found.snapshot().index() + 1;
        while (next <= found.lastIndex()) {
            // In pages of some entries, so that reading on is part of every test.
            List<Entry> page = store.read(group, next, found.lastIndex() + 1, 500);
            for (Entry entry : page) {
                if (entry.index() != next) {
                    throw new AssertionError("entry " + entry.index() + " read instead of " + next);
                }
                if (entry.term() != terms.get(terms.size() - 1).term()) {
                    terms.add(entry.id());
                }
                next++;
            }
            if (page.isEmpty()) {
                throw new AssertionError("entry " + next + " of " + found.lastIndex() + " is not there");
            }
            entries.addAll(page);
        }
        if (!terms.equals(found.terms())) {
            throw new AssertionError("terms " + found.terms() + ", and those of the entries are " + terms);
        }
        return new Recovered(found.hardState(), found.snapshot(), List.copyOf(entries));
    }
}
