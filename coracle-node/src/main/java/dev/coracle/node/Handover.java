package dev.coracle.node;

import dev.coracle.raft.Message;
import dev.coracle.raft.RawNode;
import dev.coracle.raft.RoleName;
import dev.coracle.raft.SoftState;
import dev.coracle.raft.Status;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How a leader ceases to lead: because it is asked to hand over or to step down, or because its disk hangs. The loop's. */
final class Handover {
    private static final Logger LOGGER = LoggerFactory.getLogger(RaftNode.class);

    private final long id;
    private final RawNode raw;
    private final Standing standing;
    private final OutstandingWrites writes;
    private final OpenRequests open;

    /** The request under way, the only one; null if there is none, or none that {@link #check} has not ended yet. */
    private Request.@Nullable Transfer transfer;

    /** Whether leadership was handed on already because the disk hangs. */
    private boolean handedOn;

    Handover(NodeConfig config, RawNode raw, Standing standing, OutstandingWrites writes, OpenRequests open) {
        this.id = config.id;
        this.raw = raw;
        this.standing = standing;
        this.writes = writes;
        this.open = open;
    }

    /** Begins what a leader is asked. */
    void transfer(Request.Transfer request) {
        if (request.target == id) {
            request.done(id);
            open.forget(request);
            return;
        }
        if (transfer != null && transfer.isOpen()) {
            open.fail(
                    request,
                    Failure.of(Failure.Kind.TRANSFERRING, "leadership is being handed to another node already"));
            return;
        }
        raw.transferLeader(request.target);
        transfer = request;
        check();
    }

    /** Ends a transfer that succeeded, or that the core has given up. */
    void check() {
        Request.Transfer pending = transfer;
        if (pending == null) {
            return;
        }
        if (!pending.isOpen()) {
            transfer = null;
            return;
        }
        long leaderNow = raw.status().softState().leader();
        if (leaderNow == pending.target) {
            pending.done(leaderNow);
        } else if (leaderNow == id && raw.status().transferee() != pending.target) {
            pending.fail(new Failure(
                    Failure.Kind.REFUSED_TRANSFER,
                    id,
                    "node " + Long.toUnsignedString(pending.target)
                            + " is no voter, or did not take over within an election timeout"));
        } else if (leaderNow != id && leaderNow != RawNode.NONE) {
            pending.fail(new Failure(Failure.Kind.REFUSED_TRANSFER, leaderNow, "another node was faster"));
        } else {
            return;
        }
        transfer = null;
        open.forget(pending);
    }

    /** Steps down at once, if this node leads in the term that is meant. */
    void stepDown(Request.StepDown request) {
        SoftState soft = raw.status().softState();
        if (soft.role() != RoleName.LEADER || raw.status().hardState().term() != request.term) {
            open.failNotLeader(request, soft.leader());
            return;
        }
        request.done(abdicate());
        open.forget(request);
    }

    /** Gives leadership up, by entering the next term, as any server may at any time (§5.1); returns that term. */
    private long abdicate() {
        long next = raw.status().hardState().term() + 1;
        raw.step(new Message.ForgetLeader(id, id, next));
        return next;
    }

    /**
     * A leader that can store nothing applies nothing and answers no proposal, though all else about it is well: another
     * one does better. It hands leadership to whoever has most of the log and steps down if that fails.
     */
    void leaveHangingDisk() {
        if (!standing.leads() || !writes.diskHangs()) {
            handedOn = false;
            return;
        }
        Status status = raw.status();
        if (status.transferee() != RawNode.NONE) {
            return;
        }
        Status.PeerProgress successor = null;
        for (Status.PeerProgress peer : status.progress()) {
            boolean votes = peer.id() != id && status.configuration().voters().contains(peer.id());
            if (votes && (successor == null || isBetter(peer, successor))) {
                successor = peer;
            }
        }
        if (successor == null) {
            return; // Nobody else can lead.
        }
        if (handedOn) {
            LOGGER.warn("node {} steps down: its disk hangs, and no other node took over", id);
            abdicate();
        } else {
            LOGGER.warn(
                    "node {} hands leadership to node {}: no write to its disk has ended for two election timeouts",
                    id,
                    Long.toUnsignedString(successor.id()));
            handedOn = true;
            raw.transferLeader(successor.id());
        }
    }

    private static boolean isBetter(Status.PeerProgress peer, Status.PeerProgress other) {
        return peer.match() != other.match()
                ? peer.match() > other.match()
                : peer.recentlyActive() && !other.recentlyActive();
    }
}
