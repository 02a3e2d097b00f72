package dev.coracle.node;

import dev.coracle.raft.Check;
import dev.coracle.raft.Entry;
import dev.coracle.raft.Proposal;
import dev.coracle.raft.RawNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Brings requests into the log of a leader: the proposals of a turn together, configuration changes one by one, and all
 * in the order in which they come. The loop's.
 */
final class Proposer {
    private final NodeConfig config;
    private final RawNode raw;
    private final LogStore store;
    private final OpenRequests open;
    private final PendingProposals pending;

    /** What is proposed next, and for whom: as many entries as requests, of {@code batchBytes} in all. */
    private final List<Entry> batch = new ArrayList<>();

    private final List<Request.Proposal> batchRequests = new ArrayList<>();
    private long batchBytes;

    /** @param pending takes the requests that have got their place in the log */
    Proposer(NodeConfig config, RawNode raw, LogStore store, OpenRequests open, PendingProposals pending) {
        this.config = config;
        this.raw = raw;
        this.store = store;
        this.open = open;
        this.pending = pending;
    }

    /** Tells whether the batch may grow. */
    boolean hasRoom() {
        return batchBytes < config.maxSizePerMessage;
    }

    /** Adds a proposal to the batch. */
    void add(Request.Proposal proposal) {
        if (!store.hasSpace()) {
            open.fail(proposal, Failure.of(Failure.Kind.NO_SPACE, "the disk has no room for more proposals"));
            return;
        }
        batch.add(proposal.entry);
        batchRequests.add(proposal);
        batchBytes += proposal.entry.encodedSize();
    }

    /** Proposes the batch, if there is one. */
    void proposeBatch() {
        if (batch.isEmpty()) {
            return;
        }
        Proposal proposal = raw.propose(batch);
        for (int i = 0; i < batchRequests.size(); i++) {
            settle(batchRequests.get(i), proposal, i);
        }
        batch.clear();
        batchRequests.clear();
        batchBytes = 0;
    }

    /** Proposes a configuration change, behind the batch. */
    void propose(Request.Configuration request) {
        proposeBatch();
        Proposal proposal = request.older != null
                ? raw.proposeConfChange(request.older)
                : raw.proposeConfChange(Objects.requireNonNull(request.newer), request.context);
        settle(request, proposal, 0);
    }

    /** Keeps a request that has its place in the log, and ends it otherwise. */
    private void settle(Request.OfLog<?> request, Proposal proposal, int position) {
        switch (proposal.outcome()) {
            case APPENDED -> {
                request.placeAt(proposal.term(), proposal.firstIndex() + position);
                pending.add(request);
            }
            case REFUSED_PENDING_CHANGE ->
                open.fail(
                        request,
                        Failure.of(Failure.Kind.CHANGE_PENDING, "another configuration change is not applied yet"));
            case REFUSED_JOINT ->
                open.fail(
                        request,
                        Failure.of(Failure.Kind.CHANGE_PENDING, "the configuration is joint and must be left first"));
            case REFUSED_NOT_JOINT -> refuse(request, "the configuration is not joint");
            case DROPPED_MALFORMED -> refuse(request, "the change cannot be read");
            case DROPPED_NO_LEADER -> open.waiting().addLast(request); // It was lost since the last turn.
            case DROPPED_NOT_LEADER, DROPPED_NOT_MEMBER ->
                open.failNotLeader(request, raw.status().softState().leader());
            case DROPPED_TRANSFERRING ->
                open.fail(request, Failure.of(Failure.Kind.TRANSFERRING, "leadership is being handed to another node"));
            case DROPPED_BACKLOG ->
                open.fail(
                        request,
                        Failure.of(
                                Failure.Kind.OVERLOADED,
                                "more than " + config.maxUncommittedBytes + " bytes of proposals are not applied yet"));
            case FORWARDED -> throw Check.unreachable("proposals are not forwarded");
        }
    }

    private void refuse(Request.OfLog<?> request, String reason) {
        open.fail(request, Failure.of(Failure.Kind.REFUSED_CONFIG, reason));
    }
}
