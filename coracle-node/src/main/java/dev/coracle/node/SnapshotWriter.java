package dev.coracle.node;

import dev.coracle.raft.Check;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.jctools.queues.SpscArrayQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes pinned states to the snapshot store, which may take long, and purges old snapshots. */
final class SnapshotWriter extends NodeAgent {
    private static final Logger LOGGER = LoggerFactory.getLogger(RaftNode.class);

    private final long group;
    private final int kept;
    private final SnapshotStore store;
    private final StorageObserver observer;
    private final Clock clock;
    private final SpscArrayQueue<SnapshotWork> work;
    private final SpscArrayQueue<SnapshotWork.Written> finished;
    private final Runnable wakeLoop;

    SnapshotWriter(
            NodeConfig config,
            SnapshotStore store,
            SpscArrayQueue<SnapshotWork> work,
            SpscArrayQueue<SnapshotWork.Written> finished,
            Lifecycle lifecycle,
            Runnable wakeLoop) {
        super("snapshot", lifecycle);
        this.group = config.group;
        this.kept = config.keptSnapshots;
        this.store = store;
        this.observer = config.storageObserver;
        this.clock = config.storageClock;
        this.work = work;
        this.finished = finished;
        this.wakeLoop = wakeLoop;
    }

    @Override
    int turn(long nowNanos) throws StorageException {
        SnapshotWork next = work.poll();
        if (next == null) {
            return 0;
        }
        if (next instanceof SnapshotWork.Write write) {
            PinnedState pinned = write.pinned();
            if (pinned.claim()) {
                SnapshotWork.Written written = write(pinned);
                Check.that(finished.offer(written), "two snapshots were under way");
                wakeLoop.run();
            }
        } else if (next instanceof SnapshotWork.Purge purge) {
            long begin = clock.nanoTime();
            store.purge(group, purge.newest(), kept);
            observer.onSnapshotsPurged(clock.nanoTime() - begin);
        }
        return 1;
    }

    /**
     * Writes a snapshot. A full disk or a state that cannot be written costs this snapshot, not the node: the log still
     * has everything, and the next attempt begins a new file.
     */
    private SnapshotWork.Written write(PinnedState pinned) throws StorageException {
        long begin = clock.nanoTime();
        CountedOutput out = null;
        boolean failed = true;
        try (StateMachine.PinnedSnapshot state = pinned.state;
                SnapshotStore.Sink sink = store.create(group, pinned.metadata)) {
            out = new CountedOutput(sink.data());
            state.writeTo(out);
            out.flush();
            sink.commit();
            failed = false;
            return new SnapshotWork.Written(pinned.metadata, null);
        } catch (IOException e) {
            LOGGER.error("the snapshot at {} could not be written", pinned.metadata.index(), e);
            return new SnapshotWork.Written(pinned.metadata, String.valueOf(e.getMessage()));
        } finally {
            observer.onSnapshotWritten(clock.nanoTime() - begin, out == null ? 0 : out.bytes, failed);
        }
    }

    /** Counts what passes through. */
    private static final class CountedOutput extends FilterOutputStream {
        private long bytes;

        CountedOutput(OutputStream out) {
            super(out);
        }

        @Override
        public void write(int value) throws IOException {
            out.write(value);
            bytes++;
        }

        @Override
        public void write(byte[] source, int offset, int length) throws IOException {
            out.write(source, offset, length);
            bytes += length;
        }
    }

    @Override
    int afterStop() {
        SnapshotWork next = work.poll();
        while (next != null) {
            if (next instanceof SnapshotWork.Write write) {
                write.pinned().drop();
            }
            next = work.poll();
        }
        return 0;
    }
}
