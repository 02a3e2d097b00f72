package dev.coracle.node;

import dev.coracle.raft.Message;
import dev.coracle.raft.RawNode;

/**
 * What a follower promises the leader that it hears from, and what that leader's {@link Lease} rests on: it votes for
 * nobody else for an election timeout by its own ticks, unless the leader sent the candidate. The core sees to it where
 * the leader is known; a node that has just started may have forgotten whom it has heard from. The loop's.
 */
final class FollowerPromise {
    private final RawNode raw;
    private final Lease lease;
    private final Ticks ticks;
    private final int electionTicks;

    /** When a leader's message was last taken; before the start if the node is new and has promised nobody anything. */
    private long promisedAtTick;

    /** @param isNew whether the node has never run before */
    FollowerPromise(NodeConfig config, RawNode raw, Lease lease, Ticks ticks, boolean isNew) {
        this.raw = raw;
        this.lease = lease;
        this.ticks = ticks;
        this.electionTicks = config.electionTicks;
        // A node that was there before may have heard from a leader just before it went down.
        this.promisedAtTick = isNew ? -config.electionTicks : 0;
    }

    /** Tells whether a message that the core has taken has begun the election timeout anew. */
    boolean isRenewedBy(Message message) {
        boolean isLeaders = message instanceof Message.Heartbeat
                || message instanceof Message.Append
                || message instanceof Message.InstallSnapshot;
        return isLeaders && message.term() == raw.term() && message.from() == raw.leader();
    }

    /**
     * Notes that the election timeout begins anew. What passed of a turn before, while the process stood still perhaps,
     * must not be counted as passed since: it would end the leader's lease early.
     */
    void renew() {
        promisedAtTick = ticks.now();
        if (lease.isPossible()) {
            ticks.forgetBefore(lease.now());
        }
    }

    /** Whether a leader may count on this node's keeping its vote to itself, for all that it knows. */
    boolean isBinding() {
        return lease.isPossible() && ticks.now() - promisedAtTick < electionTicks;
    }

    /** Whether a message asks for a vote that is promised to be kept: not for a candidate that the leader sent. */
    boolean forbidsVote(Message message) {
        return message instanceof Message.VoteRequest request && !request.leaderTransfer() && isBinding();
    }
}
