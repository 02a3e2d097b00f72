package dev.coracle.node;

import dev.coracle.raft.RawNode;
import java.util.ArrayDeque;

/**
 * The requests from their arrival to their end, those among them that wait to be begun, and the ways in which they fail.
 * The loop's.
 *
 * <p>One that waits ends with its deadline and stays where it waits, so whoever takes it asks whether it is still open. One
 * that is with the applier may end at any time, and is forgotten when the applier's work comes back.
 */
final class OpenRequests {
    private final long id;
    private final Standing standing;
    private final RequestQueue queue;

    /** Each one that has arrived, until it is forgotten; nothing else ends those that nobody answers. */
    private final DeadlineWheel wheel;

    /** Those for the log that wait for a leader, or for the disk; in the order of their arrival. */
    private final ArrayDeque<Request.OfLog<?>> waiting = new ArrayDeque<>();

    /** Reads and transfers that wait for a leader; no disk keeps them. */
    private final ArrayDeque<Request<?>> waitingForLeader = new ArrayDeque<>();

    /** How many have expired since those that wait were last swept. */
    private int expiredCount;

    /** What those forgotten in this turn count in the queue, whose counter callers share. */
    private long releasedBytes;

    OpenRequests(NodeConfig config, Standing standing, RequestQueue queue) {
        this.id = config.id;
        this.standing = standing;
        this.queue = queue;
        this.wheel = new DeadlineWheel(Math.max(1, config.tickNanos / 8));
    }

    /** Adds one that has arrived. */
    void add(Request<?> request) {
        wheel.add(request);
    }

    /** Those for the log that wait, the oldest first. */
    ArrayDeque<Request.OfLog<?>> waiting() {
        return waiting;
    }

    /** The others that wait, the oldest first. */
    ArrayDeque<Request<?>> waitingForLeader() {
        return waitingForLeader;
    }

    /** Gives back what a request that has ended counts. */
    void forget(Request<?> request) {
        if (wheel.remove(request)) {
            releasedBytes += request.sizeBytes;
        }
    }

    void fail(Request<?> request, Failure failure) {
        request.fail(failure);
        forget(request);
    }

    /** Fails one that only a leader can serve. */
    void failNotLeader(Request<?> request, long leader) {
        long other = leader == id ? RawNode.NONE : leader;
        fail(
                request,
                new Failure(
                        Failure.Kind.NOT_LEADER,
                        other,
                        other == RawNode.NONE
                                ? "this node leads no more"
                                : "node " + Long.toUnsignedString(other) + " leads"));
    }

    /** Fails one in whose place another entry was committed. */
    void failLost(Request.OfLog<?> request) {
        fail(
                request,
                new Failure(
                        Failure.Kind.LOST,
                        standing.leader(),
                        "another leader's entry was committed at index " + request.index()));
    }

    /** Fails one whose place in the log a snapshot has swallowed. */
    void failSkipped(Request.OfLog<?> request) {
        fail(
                request,
                new Failure(
                        Failure.Kind.UNKNOWN,
                        standing.leader(),
                        "a snapshot replaced the log, and what it holds at index " + request.index()
                                + " is not known"));
    }

    /** Ends the turn: fails those whose deadline has passed, and gives back what the ended ones count. */
    void endTurn(long nowNanos) {
        wheel.expire(nowNanos, this::expire);
        sweepWaiting();
        if (releasedBytes > 0) {
            queue.release(releasedBytes);
            releasedBytes = 0;
        }
    }

    private void expire(Request<?> request) {
        expiredCount++;
        boolean inLog = request instanceof Request.OfLog<?> ofLog && ofLog.index() > 0;
        Failure failure;
        if (inLog) {
            failure = standing.leads()
                    ? Failure.of(Failure.Kind.TIMED_OUT, "the deadline passed before the entry was applied")
                    : new Failure(
                            Failure.Kind.UNKNOWN,
                            standing.leader(),
                            "leadership was lost, the entry's fate is not known");
        } else if (request.needsLeader() && !standing.knowsLeader()) {
            failure = Failure.of(Failure.Kind.NO_LEADER, "no leader was known before the deadline");
        } else {
            failure = new Failure(
                    Failure.Kind.OVERLOADED, standing.leader(), "the deadline passed before there was an answer");
        }
        fail(request, failure);
    }

    /** Drops the requests that expired while they waited, now and then, so that they do not pile up without a leader. */
    private void sweepWaiting() {
        if (expiredCount > (waiting.size() + waitingForLeader.size()) / 2) {
            expiredCount = 0;
            waiting.removeIf(request -> !request.isOpen());
            waitingForLeader.removeIf(request -> !request.isOpen());
        }
    }

    /** Fails all, since the node has stopped. What is in the log may be committed by the others. */
    void failAll() {
        wheel.forEach(request -> {
            boolean inLog = request instanceof Request.OfLog<?> ofLog && ofLog.index() > 0;
            fail(
                    request,
                    inLog
                            ? Failure.of(Failure.Kind.UNKNOWN, "the node stopped before the entry was applied")
                            : RequestQueue.stopped());
        });
    }
}
