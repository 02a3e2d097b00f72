package dev.coracle.node;

/**
 * Hears what storage does, for metrics: syncs, segments, reads, snapshots. Every method does nothing by default.
 *
 * <p>Each is called by the thread that did it, as soon as it is done: the storage writer, the log's housekeeping, the
 * entry reader, the snapshot writer, the applier or the loop, of which several may call at once. That thread waits, so
 * an implementation must return at once, and must not throw: what it throws stops the node. Calls allocate nothing.
 *
 * <p>Durations are in nanoseconds of the {@link Clock} that was handed in with the observer; sizes are in bytes.
 */
public interface StorageObserver {
    /** Hears nothing. */
    StorageObserver NONE = new StorageObserver() {};

    /**
     * A segment of the log was synced.
     *
     * @param nanos how long the system took
     * @param bytes what was written to it since its last sync
     * @param records the records that these bytes are, those of a segment's head included
     */
    default void onSync(long nanos, long bytes, long records) {}

    /**
     * The next segment was begun, and its head synced, which is told before.
     *
     * @param nanos how long that took in all, while appends waited
     * @param segments how many there are now that may still be needed
     */
    default void onSegmentCut(long nanos, int segments) {}

    /** A segment was filled with zeros and is ready to be begun. */
    default void onSegmentPrepared() {}

    /** A segment that is not needed any more was deleted. */
    default void onSegmentPurged() {}

    /**
     * Stored entries were asked for and were in memory.
     *
     * @param entries how many were handed out
     */
    default void onCacheHit(int entries) {}

    /** Stored entries were asked for, for a follower or to be applied, and the first of them was not in memory. */
    default void onCacheMiss() {}

    /**
     * Entries were read from the disk, as each cache miss has it done.
     *
     * @param nanos how long it took
     * @param bytes their encoded sizes
     * @param entries how many were found
     */
    default void onRead(long nanos, long bytes, int entries) {}

    /**
     * A snapshot of this node was written and is durable, or could not be written.
     *
     * @param nanos how long it took, the state machine's part included
     * @param bytes what the state machine wrote
     * @param failed whether there is no such snapshot now
     */
    default void onSnapshotWritten(long nanos, long bytes, boolean failed) {}

    /**
     * The state machine was restored from a snapshot.
     *
     * @param nanos how long it took, the state machine's part included
     * @param bytes the size of the snapshot's data
     */
    default void onSnapshotRestored(long nanos, long bytes) {}

    /**
     * Old snapshots were deleted, if there were any.
     *
     * @param nanos how long it took
     */
    default void onSnapshotsPurged(long nanos) {}
}
