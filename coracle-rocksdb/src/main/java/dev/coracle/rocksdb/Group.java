package dev.coracle.rocksdb;

import dev.coracle.node.LogStore.Recovered;
import dev.coracle.node.TermIndex;
import dev.coracle.raft.HardState;
import org.jspecify.annotations.Nullable;

/** What is known of a group's log without asking the database. The writer's, but for what readers look at. */
final class Group {
    /** Entries that follow each other: their number in the keys, and their terms from what they begin behind on. */
    record History(long number, TermIndex terms) {}

    final long id;

    HardState state;
    History history;

    /** What a received snapshot replaces as soon as it is committed, or null. */
    @Nullable
    History interrupted;

    /** The newest snapshot record. */
    long snapshotIndex;

    // What of it is durable.
    long durableSnapshotIndex;
    long durableCommit;

    /** The number of the history that is in the database, for those who read there. */
    volatile long readableHistory;

    /** What opening found, until somebody asks. */
    @Nullable
    Recovered recovered;

    Group(long id, HardState state, History history, long snapshotIndex) {
        this.id = id;
        this.state = state;
        this.history = history;
        this.snapshotIndex = snapshotIndex;
        this.durableSnapshotIndex = snapshotIndex;
        this.durableCommit = state.commit();
        this.readableHistory = history.number;
    }

    /** Everything was written, and is durable if it was synced. */
    void written(boolean synced) {
        readableHistory = history.number;
        if (synced) {
            durableCommit = state.commit();
            durableSnapshotIndex = snapshotIndex;
        }
    }
}
