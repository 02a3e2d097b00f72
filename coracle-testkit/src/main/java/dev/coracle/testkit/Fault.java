package dev.coracle.testkit;

/** What a simulation does to a cluster. */
public enum Fault {
    /** A host loses its power, and of what its disk was not told to keep, chance takes what it wants. */
    POWER,
    /** A host loses its power in the middle of an operation on its disk. */
    POWER_IN_WRITE,
    /** All hosts lose their power at once. */
    POWER_OF_ALL,
    /** A process is ended by a signal. */
    KILL,
    /** A process is ended several times soon after it has begun to serve; then it hears again what it was sent before. */
    CRASH_LOOP,
    /** A member is closed as its application would. */
    CLOSE,
    /** One member after the other is closed and started again. */
    ROLLING_RESTART,
    /** A process stands still, for up to several election timeouts. */
    PAUSE,
    /** A host is cut off from all others. */
    ISOLATE,
    /** A host hears nothing of the others, which hear it. */
    DEAF,
    /** A leader hears nothing while it is asked for something, until the others have gone on so far that it needs a snapshot. */
    LEAVE_BEHIND,
    /** The hosts are cut into two parts. */
    PARTITION,
    /** The hosts are cut into two parts, but for one that reaches both. */
    BRIDGE,
    /** One direction between two hosts is cut. */
    ONE_WAY,
    /** A link breaks and mends several times. */
    FLAP,
    /** All connections between two hosts are reset, and what was on its way is lost. */
    RESET,
    /** All connections of a host are reset every few milliseconds, for a while. */
    RESETS,
    /** One direction between two hosts is much slower than all others. */
    SLOW_LINK,
    /** Frames are late, and out of order, for a while. */
    SLOW_NETWORK,
    /** Frames are lost, doubled, repeated from earlier, or damaged, for a while. */
    BAD_NETWORK,
    /** A host hears again what it was sent, before its restart too. */
    REPLAY,
    /** A clock runs too fast or too slow, or jumps ahead. */
    CLOCK,
    /** Writes take long now and then. */
    SLOW_DISK,
    /** The disk does not come back from a write, for up to several election timeouts. */
    HANGING_DISK,
    /** The disk is full for a while. */
    FULL_DISK,
    /** A sync fails, and the system forgets what it should have written. */
    SYNC_ERROR,
    /** A write fails, perhaps after some of its bytes. */
    WRITE_ERROR,
    /** A bit of a log that was closed, or of one of its segments but the last, is found flipped. */
    ROTTEN_LOG,
    /** A bit behind the end of a log, where nothing is written yet, is found flipped. */
    ROTTEN_TAIL,
    /** A bit of the newest snapshot is found flipped. */
    ROTTEN_SNAPSHOT,
    /** Applying is slow for a while. */
    SLOW_MACHINE,
    /** Writing snapshots is slow for a while. */
    SLOW_SNAPSHOTS,
    /** Many requests come at once. */
    OVERLOAD,
    /** A member comes back with an empty disk, and has to join as another one. */
    EMPTY_DISK,
    /** A host joins, or two at once. */
    JOIN,
    /** A member leaves. */
    LEAVE,
    /** A member is removed by another one. */
    REMOVE,
    /** The member that leads is removed. */
    REMOVE_LEADER,
    /** A voter becomes a learner. */
    DEMOTE,
    /** A learner becomes a voter. */
    PROMOTE,
    /** Two voters change at once, and the configuration between is left late, or by whoever leads then. */
    JOINT,
    /** Leadership is handed to another member. */
    TRANSFER,
    /** Leadership is handed to another member, and the old leader hears nothing more for a while. */
    TRANSFER_UNHEARD,
    /** The leader steps down. */
    STEP_DOWN,
    /** A follower is told to forget its leader. */
    FORGET_LEADER,
    /** A member takes a snapshot. */
    SNAPSHOT
}
