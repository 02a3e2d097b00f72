package dev.coracle.node;

import dev.coracle.raft.EntryId;
import dev.coracle.raft.SnapshotMetadata;
import org.jspecify.annotations.Nullable;

/** What the loop asks of the snapshot writer. */
sealed interface SnapshotWork {
    /** Write a pinned state. */
    record Write(PinnedState pinned) implements SnapshotWork {}

    /** Delete what is older than the snapshots that are kept. */
    record Purge(EntryId newest) implements SnapshotWork {}

    /**
     * How writing ended.
     *
     * @param failure why there is no snapshot, or null if it is durable
     */
    record Written(SnapshotMetadata snapshot, @Nullable String failure) {}
}
