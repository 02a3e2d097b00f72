package dev.coracle.node;

import dev.coracle.raft.Message;
import java.util.List;

/**
 * Carries messages between nodes. It may lose, delay, duplicate and reorder them; it never blocks its caller and never
 * grows without bound: what cannot be queued is dropped and reported as unreachable.
 *
 * <p>A {@link Message.InstallSnapshot} is sent together with the data of that snapshot, read from the sender's
 * {@link SnapshotStore}; the receiver stores the data durably before the message is handed in. How it ended is reported.
 */
public interface Transport extends AutoCloseable {
    /**
     * Where a transport hands in what it gets. Any thread may call, and nothing blocks; the node may do some of its work on
     * that thread.
     */
    interface Inbound {
        /**
         * A message for a group, its sender and receiver already checked against the connection.
         *
         * @return false if the node's queue is full; the message was not taken, and the transport should pause reading
         */
        boolean offer(long group, Message message);

        /**
         * The same for messages that arrived together, in their order; the node looks at them together.
         *
         * @return how many were taken, from the first on
         */
        default int offer(long group, List<Message> messages) {
            int count = 0;
            while (count < messages.size() && offer(group, messages.get(count))) {
                count++;
            }
            return count;
        }

        /** A note that its sender's node gave along: see {@link Transport#sendNote}. May get lost. */
        default void offerNote(long group, long from, byte[] note) {}

        /** Messages to a peer could not be delivered. */
        void unreachable(long group, long peer);

        /** How sending a snapshot to a peer ended. */
        void snapshotStatus(long group, long peer, boolean failed);
    }

    /** Begins to receive. Called once. */
    void start(Inbound inbound);

    /** Queues a message for its receiver. Called by the loop only. */
    void send(long group, Message message);

    /**
     * Queues a note for a peer, which travels with the messages of this wake-up: see {@link HeartbeatNotes}. It may get lost
     * as any message; a transport whose protocol is somebody else's, which has no place for it, drops it. Called by the loop
     * only.
     */
    default void sendNote(long group, long peer, byte[] note) {}

    /** Ends a wake-up: everything queued since the last call leaves, one batch a peer. Called by the loop only. */
    void flush();

    /**
     * Whether all whom it reaches take configuration changes of the newer form ({@link dev.coracle.raft.ConfChangeV2}).
     * Where some may ignore them, as etcd's raftexample does, none is proposed: configurations would differ from then on.
     */
    default boolean takesNewerChanges() {
        return true;
    }

    /** Tells where a node is to be found, replacing what was known of it. Any thread may call. */
    void setPeer(long id, String address);

    /** Forgets a node that was removed; it is told so if it calls. Any thread may call. */
    void removePeer(long id);

    @Override
    void close();
}
