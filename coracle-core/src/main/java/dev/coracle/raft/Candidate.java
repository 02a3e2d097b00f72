package dev.coracle.raft;

import dev.coracle.raft.quorum.IdSet;

/**
 * The role that asks for votes (§5.2), or, before it raises its term, whether it would get them (thesis §9.6).
 *
 * @see Server#startElection
 */
final class Candidate extends Role {
    private final boolean preVote;

    /** Who answered. The first answer of a server counts; the sets are disjoint. */
    private IdSet granted = IdSet.EMPTY;

    private IdSet rejected = IdSet.EMPTY;

    Candidate(Server server, boolean preVote) {
        super(server);
        this.preVote = preVote;
    }

    @Override
    RoleName name() {
        return preVote ? RoleName.PRE_CANDIDATE : RoleName.CANDIDATE;
    }

    @Override
    void tick() {
        server.tickElection();
    }

    @Override
    StepOutcome step(Message message) {
        return switch (message.type()) {
            case PROPOSE -> outcome(propose((Message.Propose) message));
            case APPEND, HEARTBEAT, INSTALL_SNAPSHOT -> {
                // Somebody won this term's election (§5.2).
                server.becomeFollower(message.term(), message.from());
                yield server.role().step(message);
            }
            // A late answer to the pre-vote is no vote, nor the other way round.
            case VOTE_REPLY -> preVote ? StepOutcome.OK : onVoteReply((Message.VoteResponse) message);
            case PRE_VOTE_REPLY -> preVote ? onVoteReply((Message.VoteResponse) message) : StepOutcome.OK;
            case TIMEOUT_NOW -> {
                server.log.debug(
                        "%x [term %d state %s] ignored MsgTimeoutNow from %x",
                        server.id, server.term(), name().etcdName(), message.from());
                yield StepOutcome.OK;
            }
            case BEAT,
                    APPEND_REPLY,
                    HEARTBEAT_REPLY,
                    UNREACHABLE,
                    SNAPSHOT_STATUS,
                    CHECK_QUORUM,
                    TRANSFER_LEADER,
                    READ_INDEX,
                    READ_INDEX_REPLY,
                    FORGET_LEADER -> StepOutcome.OK;
            case HUP, VOTE, PRE_VOTE, STORAGE_APPEND, STORAGE_APPEND_REPLY, STORAGE_APPLY, STORAGE_APPLY_REPLY ->
                throw handledByServer(message);
        };
    }

    @Override
    Proposal propose(Message.Propose message) {
        server.log.info("%x no leader at term %d; dropping proposal", server.id, server.term());
        return Proposal.of(ProposalOutcome.DROPPED_NO_LEADER);
    }

    @Override
    RequestOutcome transferLeader(Message.TransferLeader message) {
        return RequestOutcome.NO_LEADER;
    }

    @Override
    RequestOutcome readIndex(Message.ReadIndex message) {
        return RequestOutcome.NO_LEADER;
    }

    @Override
    RequestOutcome forgetLeader() {
        return RequestOutcome.NO_LEADER;
    }

    @Override
    RequestOutcome requestSnapshot() {
        return RequestOutcome.NO_LEADER;
    }

    private StepOutcome onVoteReply(Message.VoteResponse message) {
        record(message);
        switch (server.configuration().voteResult(this::vote)) {
            case WON -> {
                if (preVote) {
                    server.campaign(Server.Campaign.ELECTION);
                } else {
                    server.becomeLeader();
                }
            }
            case LOST -> server.becomeFollower(server.term(), RawNode.NONE);
            case PENDING -> {}
        }
        server.commitByVote(message.commit(), message.commitTerm());
        return StepOutcome.OK;
    }

    private void record(Message.VoteResponse message) {
        long from = message.from();
        String type = message.type().etcdName();
        if (message.reject()) {
            server.log.info("%x received %s rejection from %x at term %d", server.id, type, from, server.term());
        } else {
            server.log.info("%x received %s from %x at term %d", server.id, type, from, server.term());
        }
        if (vote(from) == 0) {
            if (message.reject()) {
                rejected = rejected.with(from);
            } else {
                granted = granted.with(from);
            }
        }
        server.log.info(
                "%x has received %d %s votes and %d vote rejections",
                server.id, countVoters(granted), type, countVoters(rejected));
    }

    private int vote(long id) {
        return granted.contains(id) ? 1 : rejected.contains(id) ? -1 : 0;
    }

    private int countVoters(IdSet answered) {
        int count = 0;
        for (int i = 0; i < answered.size(); i++) {
            if (server.configuration().isVoter(answered.at(i))) {
                count++;
            }
        }
        return count;
    }
}
