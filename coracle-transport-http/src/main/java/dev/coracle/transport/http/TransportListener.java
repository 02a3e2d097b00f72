package dev.coracle.transport.http;

import dev.coracle.node.StorageException;

/**
 * Hears what happens on the network; a place for metrics. Called by the network's thread unless said otherwise: nothing
 * may block.
 */
public interface TransportListener {
    /** Hears nothing. */
    TransportListener NONE = new TransportListener() {};

    /** A peer is there: a stream was opened, either way, or a message was posted to it. Called once a change. */
    default void active(long peer) {}

    /** Something failed that concerns a peer. Called once a change. */
    default void inactive(long peer, String reason) {}

    /**
     * A peer refuses this node. Called once a change, not at each attempt; the attempts go on. {@link Refusal#REMOVED}
     * means that this node is no member any more.
     */
    default void refused(long peer, Refusal refusal, String text) {}

    /** Bytes of messages were sent to a peer. */
    default void sent(long peer, long bytes) {}

    /** Bytes of messages came from a peer. */
    default void received(long peer, long bytes) {}

    /** Messages to a peer were dropped, or could not be delivered. May be called by the node's loop. */
    default void sendFailed(long peer) {}

    /** What came from a peer broke a rule. */
    default void receiveFailed(long peer) {}

    /** How long a peer took to answer a probe. */
    default void roundTrip(long peer, long nanos) {}

    /** Sending a snapshot has ended. */
    default void snapshotSent(long peer, long bytes, boolean failed) {}

    /** A snapshot was stored and handed in. */
    default void snapshotReceived(long peer, long bytes) {}

    /** A snapshot that was received could not be stored: the store must not be used any more. Any thread may call. */
    default void storageFailed(StorageException failure) {}
}
