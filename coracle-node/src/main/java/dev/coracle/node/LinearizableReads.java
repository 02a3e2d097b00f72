package dev.coracle.node;

import dev.coracle.raft.Message;
import dev.coracle.raft.RandomSource;
import dev.coracle.raft.RawNode;
import dev.coracle.raft.ReadState;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads that see whatever was acknowledged before they began (thesis §6.4): each learns an index from the leader, by a
 * round of heartbeats or by its {@link Lease}, and is served once the applier has reached it. The loop's.
 */
final class LinearizableReads {
    private final NodeConfig config;
    private final long id;
    private final RawNode raw;
    private final Standing standing;
    private final Ticks ticks;
    private final Lease lease;
    private final ApplierQueue applier;

    /** The reads of this turn, which are asked for at once: by a round, and from the lease. */
    private List<Request.Read> turnReads = new ArrayList<>();

    private List<Request.Read> turnLeaseReads = new ArrayList<>();

    /** Reads whose index is asked for. */
    private final PendingReads pending;

    /** Reads whose index is confirmed, until they are queued for the applier. */
    private final List<ConfirmedReads> confirmedReads = new ArrayList<>();

    private record ConfirmedReads(long index, List<Request.Read> reads) {}

    LinearizableReads(
            NodeConfig config,
            RawNode raw,
            Standing standing,
            Ticks ticks,
            Lease lease,
            ApplierQueue applier,
            RandomSource random) {
        this.config = config;
        this.id = config.id;
        this.raw = raw;
        this.standing = standing;
        this.ticks = ticks;
        this.lease = lease;
        this.applier = applier;
        this.pending = new PendingReads(random);
    }

    /** Adds a read to those of this turn. */
    void add(Request.Read read) {
        (read.leased && lease.isPossible() ? turnLeaseReads : turnReads).add(read);
    }

    /** Asks for those of this turn. */
    void askTurn() {
        if (!turnLeaseReads.isEmpty()) {
            askLeased(turnLeaseReads);
            turnLeaseReads = new ArrayList<>();
        }
        if (!turnReads.isEmpty()) {
            ask(turnReads);
            turnReads = new ArrayList<>();
        }
    }

    /** Questions and answers may be lost; after an election timeout they are asked again. */
    void askAgain() {
        if (standing.knowsLeader() && pending.hasOpenSince(ticks.now() - config.electionTicks)) {
            List<Request.Read> open = pending.takeAll();
            if (!open.isEmpty()) {
                ask(open);
            }
        }
    }

    /** Lets the next turn ask a new leader: the questions went to another one, and are lost with it. */
    void leaderChanged() {
        List<Request.Read> unanswered = pending.takeAll();
        turnReads.addAll(unanswered);
    }

    private void ask(List<Request.Read> asking) {
        ask(asking, false);
    }

    private void ask(List<Request.Read> asking, boolean leased) {
        // The time comes first: the round must not have begun before it.
        long nowNanos = lease.now();
        raw.readIndex(pending.ask(asking, ticks.now(), nowNanos, standing.leadingTerm(), leased));
    }

    /** Answers reads from the lease, or asks whoever may have one. */
    private void askLeased(List<Request.Read> asking) {
        if (standing.leader() != id) {
            ask(asking, true);
            return;
        }
        long index = leasedIndex();
        if (index < 0) {
            // As any other read; its round begins the next lease.
            turnReads.addAll(asking);
        } else {
            confirmedReads.add(new ConfirmedReads(index, asking));
            queueReached();
        }
    }

    /** The answer to another node's question if the lease gives one, else null: the core knows what else to do. */
    Message.@Nullable ReadIndexReply answerFromLease(Message message) {
        if (!(message instanceof Message.ReadIndex question) || !PendingReads.isLeased(question)) {
            return null;
        }
        long index = leasedIndex();
        if (index < 0) {
            return null;
        }
        return new Message.ReadIndexReply(id, question.from(), leadingTermNow(), index, question.entries());
    }

    /** The term in which this node leads at this moment, also within a turn; 0 if it does not. */
    private long leadingTermNow() {
        return raw.leader() == id ? raw.term() : 0;
    }

    /**
     * The index that a read needs which came before this call, by the lease alone; negative if there is no lease. Whatever
     * was acknowledged before the clock is read for the second time, this leader has committed by then, and what it has
     * committed is read before: however long the process stands still between any two steps here, the answer was right
     * after the read began. That an entry of this term is committed goes with the lease.
     */
    private long leasedIndex() {
        long leading = leadingTermNow();
        if (leading == 0) {
            return -1;
        }
        if (lease.isToBeRenewed(leading) && !pending.hasLeaderSince(leading, lease.now() - config.tickNanos)) {
            ask(List.of());
        }
        if (!lease.holds(leading)) {
            return -1;
        }
        long index = raw.committed();
        return lease.holds(leading) ? index : -1;
    }

    /** Takes a leader's answer. */
    void onReadState(ReadState state) {
        PendingReads.Batch answered = pending.answered(state.context());
        if (answered != null) {
            if (answered.leaderTerm() != 0 && answered.leaderTerm() == leadingTermNow()) {
                // Nobody leads twice in a term: it has led all the time since it asked, and the answer is a quorum's.
                lease.confirmed(answered.leaderTerm(), answered.askedNanos());
            }
            if (!answered.reads().isEmpty()) {
                confirmedReads.add(new ConfirmedReads(state.index(), answered.reads()));
            }
        }
    }

    /** Queues the reads whose index the applier will have reached when it comes to them. */
    void queueReached() {
        confirmedReads.removeIf(confirmed -> {
            boolean reached = confirmed.index() <= applier.lastIndex();
            if (reached) {
                applier.add(new ApplyWork.Reads(confirmed.reads()));
            }
            return reached;
        });
    }
}
