package dev.coracle.node;

import dev.coracle.raft.Check;
import dev.coracle.raft.Entry;
import java.util.List;
import org.jctools.queues.SpscArrayQueue;

/** Reads entries from the disk that are not in memory any more, so that the loop does not wait for them. */
final class EntryReader extends NodeAgent {
    private final NodeConfig config;
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
        this.config = config;
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
        next.entries = read(config, log, next.low, next.high, next.maxSize);
        Check.that(finished.offer(next), "more reads came back than were handed out");
        wakeLoop.run();
        return 1;
    }

    /** Reads as {@link LogStore#read} does, and tells the observer. */
    static List<Entry> read(NodeConfig config, LogStore log, long low, long high, long maxSize)
            throws StorageException {
        long begin = config.storageClock.nanoTime();
        List<Entry> entries = log.read(config.group, low, high, maxSize);
        long nanos = config.storageClock.nanoTime() - begin;
        long bytes = 0;
        for (int i = 0; i < entries.size(); i++) {
            bytes += entries.get(i).encodedSize();
        }
        config.storageObserver.onRead(nanos, bytes, entries.size());
        return entries;
    }
}
