package dev.coracle.node;

import dev.coracle.raft.Check;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.util.List;
import org.jctools.queues.SpscArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * The apply thread's work, and the only user of the state machine: entries, restores, reads and pins in the order in
 * which the loop queued them.
 */
final class Applier extends NodeAgent {
    /** How much is done before the loop hears of it. */
    private static final int TURN_LIMIT = 64;

    private final long group;
    private final StateMachine stateMachine;
    private final SnapshotStore snapshots;
    private final StorageObserver observer;
    private final Clock clock;
    private final SpscArrayQueue<ApplyWork> work;
    private final SpscArrayQueue<ApplyWork> finished;
    private final Lifecycle lifecycle;
    private final Runnable wakeLoop;

    private long appliedIndex;
    private long appliedTerm;
    private ConfState configuration;

    Applier(
            NodeConfig config,
            StateMachine stateMachine,
            SnapshotStore snapshots,
            SpscArrayQueue<ApplyWork> work,
            SpscArrayQueue<ApplyWork> finished,
            Lifecycle lifecycle,
            Runnable wakeLoop) {
        super("apply", lifecycle);
        this.group = config.group;
        this.configuration = config.initialConfiguration;
        this.stateMachine = stateMachine;
        this.snapshots = snapshots;
        this.observer = config.storageObserver;
        this.clock = config.storageClock;
        this.work = work;
        this.finished = finished;
        this.lifecycle = lifecycle;
        this.wakeLoop = wakeLoop;
    }

    @Override
    int turn(long nowNanos) throws StorageException {
        int count = 0;
        while (count < TURN_LIMIT) {
            ApplyWork next = work.poll();
            if (next == null) {
                break;
            }
            perform(next);
            Check.that(finished.offer(next), "more work came back than was handed out");
            if (next instanceof ApplyWork.Pin pin && pin.pinned != null && lifecycle.hasStopped()) {
                // The loop may have looked for pinned states for the last time before this one came.
                pin.pinned.drop();
            }
            count++;
        }
        if (count > 0) {
            wakeLoop.run();
        }
        return count;
    }

    private void perform(ApplyWork next) throws StorageException {
        if (next instanceof ApplyWork.Entries entries) {
            apply(entries);
        } else if (next instanceof ApplyWork.Reads reads) {
            for (Request.Read read : reads.reads()) {
                read.done(appliedIndex);
            }
        } else if (next instanceof ApplyWork.Restore restore) {
            restore(restore.snapshot());
        } else if (next instanceof ApplyWork.Pin pin) {
            pin(pin);
        }
    }

    private void apply(ApplyWork.Entries batch) {
        List<Entry> entries = batch.message.entries();
        Request.@Nullable OfLog<?> @Nullable [] requests = batch.requests;
        int change = 0;
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            Check.that(entry.index() == appliedIndex + 1, "entry %d comes after %d", entry.index(), appliedIndex);
            if (entry.type() != EntryType.NORMAL) {
                noteChange(entry.index(), batch.changes.get(change++));
            } else if (!entry.isEmpty()) {
                byte[] data = entry.data();
                Object result = stateMachine.apply(
                        entry.index(), entry.term(), data == null ? new byte[0] : data, entry.context());
                if (requests != null && requests[i] instanceof Request.Proposal proposal) {
                    proposal.result = result;
                }
            }
            appliedIndex = entry.index();
            appliedTerm = entry.term();
        }
        if (requests != null) {
            for (Request.@Nullable OfLog<?> request : requests) {
                if (request != null) {
                    request.finish();
                }
            }
        }
    }

    private void noteChange(long index, ApplyWork.Change noted) {
        if (noted.change() != null) {
            configuration = noted.configuration();
            stateMachine.configurationChanged(index, noted.change(), configuration);
        }
    }

    private void restore(SnapshotMetadata metadata) throws StorageException {
        long begin = clock.nanoTime();
        try (SnapshotStore.Source source = snapshots.open(group, metadata.id())) {
            stateMachine.restore(metadata, source.data());
            observer.onSnapshotRestored(clock.nanoTime() - begin, source.size());
        } catch (IOException e) {
            throw new StorageException(
                    "the snapshot at index " + metadata.index() + ", term " + metadata.term()
                            + " cannot be restored; remove it only if another node can send a newer one",
                    e);
        }
        appliedIndex = metadata.index();
        appliedTerm = metadata.term();
        configuration = metadata.confState();
    }

    private void pin(ApplyWork.Pin pin) {
        SnapshotMetadata metadata = new SnapshotMetadata(appliedIndex, appliedTerm, configuration);
        pin.pinned = new PinnedState(metadata, stateMachine.snapshot());
    }
}
