package dev.coracle.node;

import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/**
 * What the log drives, as bytes. Called by one thread, the applier's, in the order of the log, the same on every node.
 * An exception out of {@code apply} or {@code restore} stops the node: the states of the nodes could differ from there.
 */
public interface StateMachine {
    /** A view of the state, pinned at one index, that is written while {@code apply} goes on. */
    interface PinnedSnapshot extends AutoCloseable {
        /** Writes the pinned state. Called once, by another thread than the applier's. */
        void writeTo(OutputStream out) throws IOException;

        /** Unpins. Called by the thread that wrote, also if writing failed or never began. */
        @Override
        void close();
    }

    /**
     * Applies a committed entry that carries data.
     *
     * @return what the proposer's future gets, on the node where it proposed
     */
    @Nullable
    Object apply(long index, long term, byte[] data);

    /**
     * The same for an entry with a context, which only raft-rs's dialect has; null for none. What this returns counts;
     * by default the context is ignored.
     */
    default @Nullable Object apply(long index, long term, byte[] data, byte @Nullable [] context) {
        return apply(index, term, data);
    }

    /** Notes a configuration that takes effect at {@code index}, with the change that led to it. */
    default void configurationChanged(long index, ConfChangeV2 change, ConfState configuration) {}

    /** Pins the state as of the last applied entry. Must not take long. */
    PinnedSnapshot snapshot();

    /** Replaces the state by a snapshot's. */
    void restore(SnapshotMetadata metadata, InputStream data) throws IOException;
}
