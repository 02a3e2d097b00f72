package dev.coracle.node;

import dev.coracle.raft.Check;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.HardState;
import dev.coracle.raft.Message;
import dev.coracle.raft.SnapshotMetadata;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jctools.queues.SpscArrayQueue;

/**
 * The storage thread's work: writes all that is queued and syncs once for all of it. What piles up during a sync is the
 * next batch; no timer waits for more.
 */
final class StorageWriter extends NodeAgent {
    /** What a record in the log takes besides the entry, generously. */
    private static final int RECORD_BYTES = 32;

    /** What the records of a write's hard state and snapshot take besides their configuration, generously. */
    private static final int STATE_BYTES = 512;

    /** What an id takes in a snapshot's record. */
    private static final int ID_BYTES = 11;

    private final long group;
    private final long maxBatchBytes;
    private final LogStore log;
    private final SpscArrayQueue<WriteWork> work;
    private final SpscArrayQueue<WriteWork> finished;

    /** Up to where the loop needs no entries any more. No place in the queue, where it would wait on a full disk. */
    private final AtomicLong releasable;

    private long released;
    private final Runnable wakeLoop;

    private final List<WriteWork> batch = new ArrayList<>();
    /** Bytes of entries since the last sync. */
    private long unsyncedBytes;
    /** Whether anything was written since the last sync. */
    private boolean dirty;

    StorageWriter(
            NodeConfig config,
            LogStore log,
            SpscArrayQueue<WriteWork> work,
            SpscArrayQueue<WriteWork> finished,
            AtomicLong releasable,
            Lifecycle lifecycle,
            Runnable wakeLoop) {
        super("storage", lifecycle);
        this.group = config.group;
        this.maxBatchBytes = config.maxBatchBytes;
        this.log = log;
        this.work = work;
        this.finished = finished;
        this.releasable = releasable;
        this.wakeLoop = wakeLoop;
    }

    @Override
    int turn(long nowNanos) throws StorageException {
        long upTo = releasable.get();
        if (upTo > released) {
            log.release(group, upTo);
            released = upTo;
        }
        boolean mustSync = false;
        long bytes = 0;
        while (bytes < maxBatchBytes) {
            WriteWork next = work.peek();
            if (next == null || !log.makeRoom(group, maxBytes(next))) {
                // On a full disk the work stays where it is, unanswered, and the turns to come ask again.
                break;
            }
            work.poll();
            if (next instanceof WriteWork.Append append) {
                Message.StorageAppend message = append.message();
                write(message);
                bytes += size(message.entries());
                // Without responses nobody is told, so nothing need be durable yet (thesis §10.2.1).
                mustSync |=
                        !message.responses().isEmpty() || !message.snapshot().isEmpty();
            } else if (next instanceof WriteWork.Record record) {
                log.appendSnapshot(group, record.snapshot());
                dirty = true;
                mustSync = true;
            }
            batch.add(next);
        }
        if (batch.isEmpty()) {
            return 0;
        }
        if (mustSync) {
            sync();
        }
        for (WriteWork done : batch) {
            release(done);
            Check.that(finished.offer(done), "more writes came back than were handed out");
        }
        int count = batch.size();
        batch.clear();
        wakeLoop.run();
        return count;
    }

    private void write(Message.StorageAppend message) throws StorageException {
        // The snapshot first: a hard state that commits its index must not be found without it.
        if (!message.snapshot().isEmpty()) {
            log.appendSnapshot(group, message.snapshot().metadata());
            dirty = true;
        }
        List<Entry> entries = message.entries();
        HardState hardState = message.hardState();
        if (entries.isEmpty() && hardState.isEmpty()) {
            return;
        }
        // Recovery tells torn writes from damage by how far one batch can reach, so a batch never exceeds its limit.
        int from = 0;
        for (int i = 0; i < entries.size(); i++) {
            long size = (long) entries.get(i).encodedSize() + RECORD_BYTES;
            if (unsyncedBytes > 0 && unsyncedBytes + size > maxBatchBytes) {
                if (i > from) {
                    log.append(group, HardState.EMPTY, entries.subList(from, i));
                    from = i;
                }
                dirty = true;
                sync();
            }
            unsyncedBytes += size;
        }
        log.append(group, hardState, entries.subList(from, entries.size()));
        dirty = true;
    }

    /** Syncs, unless all that was written is durable already: an answer alone costs nothing. */
    private void sync() throws StorageException {
        if (dirty) {
            log.sync();
            dirty = false;
            unsyncedBytes = 0;
        }
    }

    /** A received snapshot replaces the log. What a snapshot of this node covers, the loop decides about. */
    private void release(WriteWork done) throws StorageException {
        if (done instanceof WriteWork.Append append
                && !append.message().snapshot().isEmpty()) {
            log.release(group, append.message().snapshot().index());
        }
    }

    /** The most bytes that a write takes in the log. */
    private static long maxBytes(WriteWork next) {
        if (next instanceof WriteWork.Append append) {
            Message.StorageAppend message = append.message();
            return STATE_BYTES
                    + size(message.entries())
                    + maxBytes(message.snapshot().metadata());
        }
        return STATE_BYTES + maxBytes(((WriteWork.Record) next).snapshot());
    }

    private static long maxBytes(SnapshotMetadata snapshot) {
        ConfState members = snapshot.confState();
        return (long) ID_BYTES
                * (members.voters().size()
                        + members.learners().size()
                        + members.votersOutgoing().size()
                        + members.learnersNext().size());
    }

    private static long size(List<Entry> entries) {
        long size = 0;
        for (int i = 0; i < entries.size(); i++) {
            size += entries.get(i).encodedSize() + RECORD_BYTES;
        }
        return size;
    }
}
