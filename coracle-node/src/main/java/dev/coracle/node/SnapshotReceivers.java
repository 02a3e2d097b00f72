package dev.coracle.node;

import dev.coracle.raft.Status;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The followers that are sent a snapshot, until they have what follows it in the log as well: were that compacted
 * meanwhile, they would need another snapshot, and again another while they get that.
 */
final class SnapshotReceivers {
    /** The index of each one's snapshot. */
    private final Map<Long, Long> snapshots = new LinkedHashMap<>();

    void sent(long peer, long index) {
        snapshots.put(peer, index);
    }

    boolean isEmpty() {
        return snapshots.isEmpty();
    }

    /**
     * The first index of the log that one of them needs, {@link Long#MAX_VALUE} if none does. Those are forgotten who did
     * not get their snapshot, who have everything before {@code first}, or whom the log cannot help any more.
     */
    long firstNeeded(Status status, long firstInLog, long first) {
        long lowest = Long.MAX_VALUE;
        Iterator<Map.Entry<Long, Long>> each = snapshots.entrySet().iterator();
        while (each.hasNext()) {
            Map.Entry<Long, Long> receiver = each.next();
            long needed = needed(status, receiver.getKey(), receiver.getValue(), first);
            if (needed < firstInLog) {
                each.remove();
            } else {
                lowest = Math.min(lowest, needed);
            }
        }
        return lowest;
    }

    /** What a follower needs next; 0 if it is none, has failed, or needs nothing before {@code first}. */
    private static long needed(Status status, long peer, long snapshot, long first) {
        for (Status.PeerProgress progress : status.progress()) {
            if (progress.id() != peer) {
                continue;
            }
            if (progress.match() >= snapshot) {
                return progress.match() + 1 < first ? progress.match() + 1 : 0;
            }
            // Behind the snapshot, unless that has failed: then it is probed behind what it has.
            return progress.next() > snapshot ? progress.next() : 0;
        }
        return 0;
    }
}
