package dev.coracle.node;

import dev.coracle.raft.Check;
import org.jctools.queues.SpscArrayQueue;

/** Reads entries from the disk that are not in memory any more, so that the loop does not wait for them. */
final class EntryReader extends NodeAgent {
    private final long group;
    private final LogStore log;
    private final SpscArrayQueue<FetchWork> work;
    private final SpscArrayQueue<FetchWork> finished;
    private final Runnable wakeLoop;

    EntryReader(
            NodeConfig config,
            LogStore log,
            SpscArrayQueue<FetchWork> work,
            SpscArrayQueue<FetchWork> finished,
            Lifecycle lifecycle,
            Runnable wakeLoop) {
        super("reader", lifecycle);
        this.group = config.group;
        this.log = log;
        this.work = work;
        this.finished = finished;
        this.wakeLoop = wakeLoop;
    }

    @Override
    int turn(long nowNanos) throws StorageException {
        FetchWork next = work.poll();
        if (next == null) {
            return 0;
        }
        next.entries = log.read(group, next.low, next.high, next.maxSize);
        Check.that(finished.offer(next), "more reads came back than were handed out");
        wakeLoop.run();
        return 1;
    }
}
