package dev.coracle.raft;

/** Hears what metrics and operators want to know. Called on the thread that drives the core; must return at once. */
public interface RaftObserver {
    /** Hears nothing. */
    RaftObserver NONE = new RaftObserver() {};

    /** The server took a role, in a term. */
    default void onRole(RoleName role, long term) {}

    /** The server learned of a leader, or ({@link RawNode#NONE}) that it has none. */
    default void onLeader(long leader, long term) {}

    /** The commit index moved. */
    default void onCommit(long index) {}

    /** A configuration took effect. */
    default void onConfiguration(ConfState configuration) {}

    /** The log was replaced by a leader's snapshot. */
    default void onSnapshotRestored(long index, long term) {}
}
