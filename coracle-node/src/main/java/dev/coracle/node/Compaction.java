package dev.coracle.node;

import dev.coracle.raft.RawNode;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Lets the log begin later, once a snapshot has made its beginning superfluous: followers that are a little behind, or
 * get a snapshot, shall not need another one. The loop's.
 */
final class Compaction {
    /** How many times {@link NodeConfig#snapshotBytes} of log are kept for followers that are sent a snapshot. */
    private static final int RECEIVERS_FACTOR = 8;

    private final NodeConfig config;
    private final RawNode raw;
    private final StoredLog log;
    private final LogStore store;
    private final Ticks ticks;
    private final AtomicLong releasable;
    private final Runnable wakeStorage;

    /** Set when a snapshot has made entries superfluous, which are not released yet. */
    private boolean released;

    /** Who needs some of those all the same; asked once a tick. */
    private final SnapshotReceivers receivers = new SnapshotReceivers();

    private long askedReceiversAt = -1;

    Compaction(NodeConfig config, RawNode raw, StoredLog log, LogStore store, Ticks ticks, Loop.Channels channels) {
        this.config = config;
        this.raw = raw;
        this.log = log;
        this.store = store;
        this.ticks = ticks;
        this.releasable = channels.releasable();
        this.wakeStorage = channels.wakeStorage();
    }

    /** Notes that the log has a newer snapshot. */
    void snapshotAdvanced() {
        released = true;
    }

    /** Notes that a follower is sent a snapshot. */
    void snapshotSent(long peer, long index) {
        receivers.sent(peer, index);
    }

    /** Releases what nobody needs of the entries that are superfluous. */
    void compact() {
        if (!released || ticks.now() == askedReceiversAt) {
            return;
        }
        long newest = log.snapshotMetadata().index();
        long low = Math.max(log.firstIndex(), newest + 1 - config.catchUpEntries);
        long first = low > newest ? low : store.lowestWithin(config.group, low, newest + 1, config.snapshotBytes);
        long kept = first;
        askedReceiversAt = -1;
        if (!receivers.isEmpty()) {
            long needed = receivers.firstNeeded(raw.status(), log.firstIndex(), first);
            if (needed < first) {
                askedReceiversAt = ticks.now();
                long most = Math.min(config.snapshotBytes, Long.MAX_VALUE / RECEIVERS_FACTOR) * RECEIVERS_FACTOR;
                kept = Math.min(first, store.lowestWithin(config.group, needed, newest + 1, most));
            }
        }
        long upTo = log.compact(kept - 1);
        // What is being read, or needed, stays; then the rest has its turn.
        released = upTo < first - 1;
        if (upTo > releasable.get()) {
            releasable.set(upTo);
            wakeStorage.run();
        }
    }
}
