package dev.coracle.node;

import dev.coracle.raft.SnapshotMetadata;
import java.util.concurrent.atomic.AtomicBoolean;

/** A pinned state on its way from the applier to the snapshot writer. Whoever {@link #claim}s it closes it. */
final class PinnedState {
    final SnapshotMetadata metadata;
    final StateMachine.PinnedSnapshot state;
    private final AtomicBoolean claimed = new AtomicBoolean();

    PinnedState(SnapshotMetadata metadata, StateMachine.PinnedSnapshot state) {
        this.metadata = metadata;
        this.state = state;
    }

    /** Tells, once, that the caller is the one to close it. */
    boolean claim() {
        return claimed.compareAndSet(false, true);
    }

    /** Closes it unless somebody else does; for a node that stops on the way. */
    void drop() {
        if (claim()) {
            state.close();
        }
    }
}
