package dev.coracle.node;

import dev.coracle.raft.Check;
import org.jctools.queues.SpscArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * The writes that are out with the storage writer, and what they tell of the disk: whether it has room for more, and
 * whether it hangs. The loop's.
 */
final class OutstandingWrites {
    private final SpscArrayQueue<WriteWork> writes;
    private final SpscArrayQueue<WriteWork> written;
    private final Runnable wakeStorage;
    private final Ticks ticks;
    private final int most;
    private final long patienceTicks;

    /** Those added and not taken back; at most {@code most}, since who adds asks for room first. */
    private int count;

    /** When the disk last showed that it works: a write came back, or there was none to come back. */
    private long movedAtTick;

    OutstandingWrites(NodeConfig config, Loop.Channels channels, Ticks ticks) {
        this.writes = channels.writes();
        this.written = channels.written();
        this.wakeStorage = channels.wakeStorage();
        this.ticks = ticks;
        this.most = config.maxOutstandingWrites;
        this.patienceTicks = 2L * config.electionTicks;
    }

    int count() {
        return count;
    }

    boolean hasRoom() {
        return count < most;
    }

    /** Entries leave the other half to what a slow disk must not delay: heartbeats, votes, reads. */
    boolean hasRoomForEntries() {
        return count < most / 2;
    }

    /** In ticks and not in time, since a process that was stopped says nothing about its disk. */
    boolean diskHangs() {
        return count > 0 && ticks.now() - movedAtTick > patienceTicks;
    }

    /** Hands the storage writer one more; there must be room. */
    void add(WriteWork work) {
        Check.that(writes.offer(work), "the storage writer's queue is full");
        if (count == 0) {
            movedAtTick = ticks.now();
        }
        count++;
        wakeStorage.run();
    }

    /** Takes back the next one that is done, in the order of the writes; null if there is none. */
    @Nullable
    WriteWork takeDone() {
        WriteWork done = written.poll();
        if (done != null) {
            count--;
            movedAtTick = ticks.now();
        }
        return done;
    }
}
