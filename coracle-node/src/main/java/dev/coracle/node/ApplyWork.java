package dev.coracle.node;

import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Message;
import dev.coracle.raft.SnapshotMetadata;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the loop asks of the applier, and gets back when it is done. */
sealed interface ApplyWork {
    /**
     * A configuration change that is committed.
     *
     * @param change the change, or null if it was refused, on every node alike
     * @param configuration what holds since, or still
     */
    record Change(@Nullable ConfChangeV2 change, ConfState configuration) {}

    /** Committed entries. */
    final class Entries implements ApplyWork {
        final Message.StorageApply message;
        /** For each entry the request that waits for it; null if none of them has one. */
        final Request.@Nullable OfLog<?> @Nullable [] requests;
        /** One for each configuration change among the entries, in order. */
        final List<Change> changes;

        Entries(Message.StorageApply message, Request.@Nullable OfLog<?> @Nullable [] requests, List<Change> changes) {
            this.message = message;
            this.requests = requests;
            this.changes = changes;
        }
    }

    /** Reads whose index is reached once everything before them in the queue is done. */
    record Reads(List<Request.Read> reads) implements ApplyWork {}

    /** The state is to be replaced by a durable snapshot's. */
    record Restore(SnapshotMetadata snapshot) implements ApplyWork {}

    /** The state is to be pinned for a snapshot; comes back with it. */
    final class Pin implements ApplyWork {
        @Nullable
        PinnedState pinned;
    }
}
