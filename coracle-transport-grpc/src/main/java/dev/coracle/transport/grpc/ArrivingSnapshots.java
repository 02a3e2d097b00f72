package dev.coracle.transport.grpc;

import dev.coracle.node.StorageException;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The snapshots that arrive, or wait for their senders to go on: one of each sender, and no more than a limit. One that
 * waits makes room for a newer one, and for anyone if there is no room left.
 */
final class ArrivingSnapshots {
    /** A connection to a snapshot, and what there was of it. */
    record Begun(ArrivingSnapshot snapshot, SnapshotAnswer held) {}

    private final TransportContext context;

    /** By sender, the longest known first. */
    private final Map<Long, ArrivingSnapshot> known = new LinkedHashMap<>();

    private boolean closed;

    ArrivingSnapshots(TransportContext context) {
        this.context = context;
    }

    /** Begins with the snapshot that a head announces, or goes on with it; null if too many others arrive. */
    @Nullable
    Begun begin(SnapshotHead head, IncomingSnapshot source) throws StorageException {
        while (true) {
            ArrivingSnapshot snapshot = findOrAdd(head);
            if (snapshot == null) {
                return null;
            }
            boolean done = false;
            try {
                SnapshotAnswer held = snapshot.attach(source, head);
                done = true;
                if (held != null) {
                    return new Begun(snapshot, held);
                }
            } finally {
                if (!done) {
                    snapshot.drop();
                }
            }
            // It was given up in the meantime.
        }
    }

    private @Nullable ArrivingSnapshot findOrAdd(SnapshotHead head) {
        List<ArrivingSnapshot> outdated;
        ArrivingSnapshot added;
        synchronized (this) {
            ArrivingSnapshot same = known.get(head.handshake().node());
            if (same != null && same.isOf(head)) {
                return same;
            }
            outdated = outdatedBy(head);
            if (closed || known.size() - outdated.size() >= context.config.maxIncomingSnapshots) {
                return null;
            }
            outdated.forEach(this::remove);
            added = new ArrivingSnapshot(context, head, this::remove);
            known.put(added.sender(), added);
        }
        outdated.forEach(
                one -> one.dropAndTell(Status.ABORTED.withDescription("another snapshot has taken its place")));
        return added;
    }

    private List<ArrivingSnapshot> outdatedBy(SnapshotHead head) {
        List<ArrivingSnapshot> outdated = new ArrayList<>();
        List<ArrivingSnapshot> others = new ArrayList<>();
        for (ArrivingSnapshot one : known.values()) {
            if (one.sender() == head.handshake().node()) {
                outdated.add(one);
            } else if (one.isWaiting()) {
                (one.index() <= head.message().snapshot().index() ? outdated : others).add(one);
            }
        }
        if (outdated.isEmpty() && !others.isEmpty() && known.size() >= context.config.maxIncomingSnapshots) {
            outdated.add(others.get(0));
        }
        return outdated;
    }

    private synchronized void remove(ArrivingSnapshot snapshot) {
        known.remove(snapshot.sender(), snapshot);
    }

    /** Drops all, and begins no more. */
    void close() {
        List<ArrivingSnapshot> all;
        synchronized (this) {
            closed = true;
            all = List.copyOf(known.values());
        }
        all.forEach(one -> one.dropAndTell(Status.UNAVAILABLE.withDescription("the node is closing")));
    }
}
