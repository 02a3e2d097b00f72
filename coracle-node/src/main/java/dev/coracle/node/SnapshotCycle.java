package dev.coracle.node;

import dev.coracle.raft.SnapshotMetadata;
import java.util.ArrayList;
import java.util.List;

/**
 * When the next snapshot is due, and who waits for it. One is under way at a time: pinned by the applier, written by the
 * snapshot writer, recorded in the log by the storage writer.
 */
final class SnapshotCycle {
    private final long everyEntries;
    private final long everyBytes;
    private final long everyNanos;
    private final List<Request.TakeSnapshot> waiting = new ArrayList<>();

    private boolean underWay;
    private boolean demanded;
    private long entriesSince;
    private long bytesSince;

    /** Since when the interval runs, if it does: it begins at the first look after the start or after a snapshot. */
    private long sinceNanos;

    private boolean timed;

    /** The newest snapshot that the log knows or will know once all writes that are queued are done. */
    private SnapshotMetadata newest;

    SnapshotCycle(NodeConfig config, SnapshotMetadata recovered) {
        everyEntries = config.snapshotEntries;
        everyBytes = config.snapshotBytes;
        everyNanos = config.snapshotIntervalNanos;
        newest = recovered;
    }

    boolean isUnderWay() {
        return underWay;
    }

    SnapshotMetadata newest() {
        return newest;
    }

    /** Counts an entry that was handed to the applier. */
    void count(int sizeBytes) {
        entriesSince++;
        bytesSince += sizeBytes;
    }

    /** Tells whether a snapshot is to be begun. */
    boolean isDue(long nowNanos) {
        if (!timed) {
            timed = true;
            sinceNanos = nowNanos;
        }
        boolean wanted = demanded || !waiting.isEmpty();
        boolean late = everyNanos > 0 && entriesSince > 0 && nowNanos - sinceNanos >= everyNanos;
        return !underWay && (wanted || late || entriesSince >= everyEntries || bytesSince >= everyBytes);
    }

    /** Makes one due that is newer than the configuration now: for a member that the newest one does not know. */
    void demand() {
        demanded = !underWay;
    }

    void begin() {
        underWay = true;
        demanded = false;
        startCounting();
    }

    /** Notes the newest one, taken here and about to be recorded. */
    void advanceTo(SnapshotMetadata snapshot) {
        newest = snapshot;
    }

    /** Notes a leader's, which covers everything that was counted. */
    void receive(SnapshotMetadata snapshot) {
        newest = snapshot;
        startCounting();
    }

    private void startCounting() {
        entriesSince = 0;
        bytesSince = 0;
        timed = false;
    }

    /** Ends the one under way; returns who waited for it. */
    List<Request.TakeSnapshot> finish() {
        underWay = false;
        demanded = false;
        List<Request.TakeSnapshot> waited = List.copyOf(waiting);
        waiting.clear();
        return waited;
    }

    /** Lets a request wait for the snapshot under way, or for the one that it makes due. */
    void await(Request.TakeSnapshot request) {
        waiting.removeIf(other -> !other.isOpen());
        waiting.add(request);
    }
}
