package dev.coracle.sim;

import dev.coracle.node.LogStore;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import java.util.Random;

/** The disk of a simulated node, and what opens a log and snapshots on it. It outlives the node's crashes. */
public interface SimStorage {
    /** Stands for no crash in {@link #crashAfter}. */
    int NEVER = -1;

    /**
     * Opens the log as a process does that starts. What was opened before is of no use any more.
     *
     * @throws StorageException if the log is refused, or if the power goes while it is being opened
     */
    LogStore openLog() throws StorageException;

    /** The snapshots beside the log that was opened last. */
    SnapshotStore snapshots();

    /** Lets the power go after so many more operations on the disk; {@link #NEVER} takes that back. */
    void crashAfter(int operations);

    /** Tells whether the power went, so that nothing that the node does has an effect on the disk. */
    boolean hasLostPower();

    /** The power goes, unless it went before, and comes back: what must be durable is there, the rest as chance will. */
    void crash(Random random);
}
