package dev.coracle.node;

import dev.coracle.raft.Check;
import dev.coracle.raft.SnapshotMetadata;
import java.util.ArrayDeque;
import org.jctools.queues.SpscArrayQueue;
import org.jspecify.annotations.Nullable;

/** The applier's work, in the order in which it is to be done, and how far it takes the applier. The loop's. */
final class ApplierQueue {
    /** How much work the applier may have queued; more waits here, limited by the core and by the open requests. */
    static final int CAPACITY = 1024;

    private final SpscArrayQueue<ApplyWork> work;
    private final SpscArrayQueue<ApplyWork> done;
    private final Runnable wakeApplier;

    /** What is behind the work that is out. */
    private final ArrayDeque<ApplyWork> backlog = new ArrayDeque<>();

    /** The work that is out; at most {@link #CAPACITY}, so that the queues to and from the applier hold it. */
    private int outstanding;

    /** The last index whose entry, or whose snapshot, is queued: the applier has reached it when it has done all this. */
    private long lastIndex;

    ApplierQueue(Loop.Channels channels) {
        this.work = channels.work();
        this.done = channels.done();
        this.wakeApplier = channels.wakeApplier();
    }

    /** The last index whose entry, or whose snapshot, is queued. */
    long lastIndex() {
        return lastIndex;
    }

    /** Notes that an entry is about to be queued. */
    void advanceTo(long index) {
        Check.that(index == lastIndex + 1, "entry %d is committed after %d", index, lastIndex);
        lastIndex = index;
    }

    /** Queues work behind all else. */
    void add(ApplyWork newWork) {
        backlog.add(newWork);
    }

    /** Queues that the state is replaced by a durable snapshot's. */
    void restore(SnapshotMetadata snapshot) {
        lastIndex = snapshot.index();
        backlog.add(new ApplyWork.Restore(snapshot));
    }

    /** Hands the applier as much as it may have. */
    void feed() {
        boolean fed = false;
        while (!backlog.isEmpty() && outstanding < CAPACITY) {
            Check.that(work.offer(backlog.removeFirst()), "the applier's queue is full");
            outstanding++;
            fed = true;
        }
        if (fed) {
            wakeApplier.run();
        }
    }

    /** Takes back the next piece that is done; null if there is none. */
    @Nullable
    ApplyWork takeDone() {
        ApplyWork next = done.poll();
        if (next != null) {
            outstanding--;
        }
        return next;
    }
}
