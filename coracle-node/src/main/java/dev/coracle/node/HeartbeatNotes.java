package dev.coracle.node;

import org.jspecify.annotations.Nullable;

/**
 * What travels with heartbeats and their answers beside the core's messages, for whoever uses the node: a few bytes that
 * the core knows nothing of. Notes may get lost, be late, overtake each other and come twice. All methods are called on the
 * loop, and must be quick; what they throw stops the node.
 */
public interface HeartbeatNotes {
    /** The longest note. */
    int MOST_BYTES = 1024;

    /** No notes. */
    HeartbeatNotes NONE = new HeartbeatNotes() {
        @Override
        public byte @Nullable [] forFollower(long follower) {
            return null;
        }

        @Override
        public byte @Nullable [] forLeader(long leader) {
            return null;
        }

        @Override
        public void received(long from, byte[] note) {}
    };

    /** What goes with a heartbeat, now that this node leads; null for nothing. */
    byte @Nullable [] forFollower(long follower);

    /** What goes with the answer to a leader's heartbeat; null for nothing. */
    byte @Nullable [] forLeader(long leader);

    /** A note came. */
    void received(long from, byte[] note);
}
