package dev.coracle.transport.grpc;

import dev.coracle.codec.Dialect;
import dev.coracle.raft.Message;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The snapshots on their way: one to each peer, and no more at once than a limit; further ones wait for their turn. */
final class OutgoingSnapshots {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcTransport.class);

    private final TransportContext context;
    private final Map<Long, OutgoingSnapshot> byPeer = new LinkedHashMap<>();
    private final Deque<OutgoingSnapshot> waiting = new ArrayDeque<>();
    private int running;

    OutgoingSnapshots(TransportContext context) {
        this.context = context;
    }

    /**
     * Sends a snapshot, or reports that it does not.
     *
     * @param address where its receiver is to be found
     */
    void send(Message.InstallSnapshot message, Supplier<@Nullable String> address) {
        OutgoingSnapshot snapshot = context.config.dialect == Dialect.RAFT_RS
                ? new WholeSnapshot(context, message, address, this::ended)
                : new StreamedSnapshot(context, message, address, this::ended);
        OutgoingSnapshot other;
        boolean starts = false;
        synchronized (this) {
            other = byPeer.putIfAbsent(message.to(), snapshot);
            if (other == null && running < context.config.maxOutgoingSnapshots) {
                running++;
                starts = true;
            } else if (other == null) {
                waiting.addLast(snapshot);
            }
        }
        if (starts) {
            snapshot.start();
        } else if (other != null) {
            LOG.warn("snapshot {} to {}: another one is on its way", snapshot.index(), snapshot.peer());
            if (other.message.term() < message.term()) {
                // The receiver may refuse what a leader of the past sends; the next attempt finds the way free.
                other.cancel("this node leads anew");
            }
            context.snapshotStatus(message.to(), true);
        }
    }

    private void ended(OutgoingSnapshot snapshot) {
        OutgoingSnapshot next = null;
        synchronized (this) {
            byPeer.remove(snapshot.message.to(), snapshot);
            if (waiting.remove(snapshot)) {
                return;
            }
            next = waiting.poll();
            if (next == null) {
                running--;
            }
        }
        if (next != null) {
            next.start();
        }
    }

    /** Breaks off the one to a peer, if there is one. */
    void cancel(long peer, String reason) {
        OutgoingSnapshot snapshot;
        synchronized (this) {
            snapshot = byPeer.get(peer);
        }
        if (snapshot != null) {
            snapshot.cancel(reason);
        }
    }

    /** Breaks off all. */
    void cancelAll(String reason) {
        List<OutgoingSnapshot> all;
        synchronized (this) {
            all = List.copyOf(byPeer.values());
        }
        all.forEach(snapshot -> snapshot.cancel(reason));
    }
}
