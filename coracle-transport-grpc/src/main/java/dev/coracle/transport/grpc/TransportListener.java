package dev.coracle.transport.grpc;

import dev.coracle.node.StorageException;

/** Hears what happens on the network. Any thread may call, also one of the network's: nothing may block. */
public interface TransportListener {
    /** Hears nothing. */
    TransportListener NONE = new TransportListener() {};

    /** A peer accepted this node's stream. */
    default void connected(long peer, long incarnation) {}

    /**
     * A peer refuses this node, or this node refuses what it found at the peer's address. Called once a change, not at
     * each attempt; the attempts go on. {@link RefusalCode#REMOVED} means that this node is no member any more.
     */
    default void refused(long peer, RefusalCode code, String text) {}

    /**
     * The store of snapshots has failed and must not be used any more. One that only found no room for a snapshot goes
     * on, and the snapshot's sender is told.
     */
    default void storageFailed(StorageException failure) {}
}
