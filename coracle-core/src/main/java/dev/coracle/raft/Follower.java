package dev.coracle.raft;

import java.util.List;

/** The role that answers leaders and candidates, and waits (§5.2, §5.3). */
final class Follower extends Role {
    /**
     * The least index of the snapshot that this follower has asked for; 0 if none. While it waits it takes no appends:
     * the snapshot replaces the log, and must not take with it what was acknowledged behind it. The wish ends with the
     * role, and so with the term, as a new leader may never come to have a snapshot that is new enough.
     */
    private long requestedSnapshot;

    Follower(Server server) {
        super(server);
    }

    @Override
    RoleName name() {
        return RoleName.FOLLOWER;
    }

    @Override
    void tick() {
        server.tickElection();
    }

    @Override
    StepOutcome step(Message message) {
        return switch (message.type()) {
            case PROPOSE -> outcome(propose((Message.Propose) message));
            case APPEND -> onAppend((Message.Append) message);
            case HEARTBEAT -> onHeartbeat((Message.Heartbeat) message);
            case INSTALL_SNAPSHOT -> onInstallSnapshot((Message.InstallSnapshot) message);
            case TRANSFER_LEADER -> {
                transferLeader((Message.TransferLeader) message);
                yield StepOutcome.OK;
            }
            case TIMEOUT_NOW -> onTimeoutNow((Message.TimeoutNow) message);
            case READ_INDEX -> {
                readIndex((Message.ReadIndex) message);
                yield StepOutcome.OK;
            }
            case READ_INDEX_REPLY -> onReadIndexReply((Message.ReadIndexReply) message);
            case FORGET_LEADER -> {
                forgetLeader();
                yield StepOutcome.OK;
            }
            // Late answers to what this server asked in another role, and orders for a leader.
            case BEAT,
                    APPEND_REPLY,
                    VOTE_REPLY,
                    PRE_VOTE_REPLY,
                    HEARTBEAT_REPLY,
                    UNREACHABLE,
                    SNAPSHOT_STATUS,
                    CHECK_QUORUM -> StepOutcome.OK;
            case HUP, VOTE, PRE_VOTE, STORAGE_APPEND, STORAGE_APPEND_REPLY, STORAGE_APPLY, STORAGE_APPLY_REPLY ->
                throw handledByServer(message);
        };
    }

    @Override
    Proposal propose(Message.Propose message) {
        long leader = server.leader();
        if (leader == RawNode.NONE) {
            server.log.info("%x no leader at term %d; dropping proposal", server.id, server.term());
            return Proposal.of(ProposalOutcome.DROPPED_NO_LEADER);
        }
        if (server.config.disableProposalForwarding) {
            server.log.info(
                    "%x not forwarding to leader %x at term %d; dropping proposal", server.id, leader, server.term());
            return Proposal.of(ProposalOutcome.DROPPED_NOT_LEADER);
        }
        // A copy: the message is sent later, and the list is the caller's, who may use it again.
        server.send(new Message.Propose(server.orSelf(message.from()), leader, List.copyOf(message.entries())));
        return Proposal.of(ProposalOutcome.FORWARDED);
    }

    private StepOutcome onAppend(Message.Append message) {
        heardFromLeader(message.from());
        RaftLog raftLog = server.raftLog;
        if (requestedSnapshot != 0) {
            sendSnapshotRequest();
            return StepOutcome.OK;
        }
        // Everything committed is the same on the leader; the rest of what it sends may be as well, and comes again.
        if (message.index() < raftLog.committed()) {
            acknowledge(message.from(), raftLog.committed());
            return StepOutcome.OK;
        }
        if (!isContiguous(message.index(), message.entries())) {
            server.log.error(
                    "%x ignoring malformed MsgApp from %x: entries do not follow index %d",
                    server.id, message.from(), message.index());
            return StepOutcome.OK;
        }
        long last = raftLog.maybeAppend(message.logTerm(), message.index(), message.entries(), message.commit());
        if (last >= 0) {
            acknowledge(message.from(), last);
        } else {
            reject(message);
        }
        return StepOutcome.OK;
    }

    private static boolean isContiguous(long previous, List<Entry> entries) {
        for (int i = 0; i < entries.size(); i++) {
            if (entries.get(i).index() != previous + 1 + i) {
                return false;
            }
        }
        return true;
    }

    /**
     * Rejects an append, with a hint that lets the leader skip what cannot match: the highest entry here that is not
     * newer than the leader's at the rejected index. Whatever lies between has a higher term here than the leader had
     * written by then, and so is not in its log.
     */
    private void reject(Message.Append message) {
        RaftLog raftLog = server.raftLog;
        server.log.debug(
                "%x [logterm: %d, index: %d] rejected MsgApp [logterm: %d, index: %d] from %x",
                server.id,
                raftLog.termOrZero(message.index()),
                message.index(),
                message.logTerm(),
                message.index(),
                message.from());
        EntryId hint = raftLog.findConflictByTerm(Math.min(message.index(), raftLog.lastIndex()), message.logTerm());
        send(Message.AppendReply.rejected(
                server.id, message.from(), server.term(), message.index(), hint.index(), hint.term()));
    }

    private void send(Message.AppendReply reply) {
        server.send(server.config.shareCommit ? reply.withCommit(server.raftLog.committed()) : reply);
    }

    private StepOutcome onHeartbeat(Message.Heartbeat message) {
        heardFromLeader(message.from());
        server.raftLog.commitTo(message.commit());
        long committed = server.sharedCommit().index();
        server.send(new Message.HeartbeatReply(server.id, message.from(), server.term(), message.context(), committed));
        if (requestedSnapshot != 0) {
            sendSnapshotRequest();
        }
        return StepOutcome.OK;
    }

    private StepOutcome onInstallSnapshot(Message.InstallSnapshot message) {
        heardFromLeader(message.from());
        Snapshot snapshot = message.snapshot();
        RaftLog raftLog = server.raftLog;
        if (server.restore(snapshot, requestedSnapshot)) {
            requestedSnapshot = 0;
            server.log.info(
                    "%x [commit: %d] restored snapshot [index: %d, term: %d]",
                    server.id, raftLog.committed(), snapshot.index(), snapshot.term());
            acknowledge(message.from(), raftLog.lastIndex());
        } else {
            server.log.info(
                    "%x [commit: %d] ignored snapshot [index: %d, term: %d]",
                    server.id, raftLog.committed(), snapshot.index(), snapshot.term());
            acknowledge(message.from(), raftLog.committed());
        }
        return StepOutcome.OK;
    }

    @Override
    RequestOutcome transferLeader(Message.TransferLeader message) {
        long leader = server.leader();
        if (leader == RawNode.NONE) {
            server.log.info("%x no leader at term %d; dropping leader transfer msg", server.id, server.term());
            return RequestOutcome.NO_LEADER;
        }
        server.send(new Message.TransferLeader(server.orSelf(message.from()), leader, server.term()));
        return RequestOutcome.FORWARDED;
    }

    private StepOutcome onTimeoutNow(Message.TimeoutNow message) {
        server.log.info(
                "%x [term %d] received MsgTimeoutNow from %x and starts an election to get leadership.",
                server.id, server.term(), message.from());
        // Never a pre-vote: the leader wants to be disturbed (thesis §3.10).
        server.startElection(Server.Campaign.TRANSFER);
        return StepOutcome.OK;
    }

    @Override
    RequestOutcome readIndex(Message.ReadIndex message) {
        long leader = server.leader();
        if (leader == RawNode.NONE) {
            server.log.info("%x no leader at term %d; dropping index reading msg", server.id, server.term());
            return RequestOutcome.NO_LEADER;
        }
        server.send(new Message.ReadIndex(server.orSelf(message.from()), leader, message.entries()));
        return RequestOutcome.FORWARDED;
    }

    private StepOutcome onReadIndexReply(Message.ReadIndexReply message) {
        if (message.entries().size() != 1) {
            server.log.error(
                    "%x invalid format of MsgReadIndexResp from %x, entries count: %d",
                    server.id, message.from(), message.entries().size());
        } else {
            server.addReadState(message.index(), message.entries().get(0));
        }
        if (server.config.shareCommit) {
            // What the leader has committed in its term, if it is here.
            server.raftLog.maybeCommit(message.term(), message.index());
        }
        return StepOutcome.OK;
    }

    @Override
    RequestOutcome forgetLeader() {
        if (server.config.readOnlyOption == ReadOnlyOption.LEASE_BASED) {
            // The leader's lease counts on this follower's not voting.
            server.log.error("ignoring MsgForgetLeader due to ReadOnlyLeaseBased");
            return RequestOutcome.LEASE;
        }
        if (server.leader() == RawNode.NONE) {
            return RequestOutcome.NO_LEADER;
        }
        server.log.info("%x forgetting leader %x at term %d", server.id, server.leader(), server.term());
        server.setLeader(RawNode.NONE);
        return RequestOutcome.ACCEPTED;
    }

    /**
     * Asks the leader for a snapshot of everything that is in the log now. The log must end in the leader's own term:
     * then the leader can commit all of it, and a snapshot of it comes to be.
     */
    @Override
    RequestOutcome requestSnapshot() {
        if (server.leader() == RawNode.NONE) {
            return RequestOutcome.NO_LEADER;
        }
        if (server.raftLog.hasPendingSnapshot()) {
            return RequestOutcome.PENDING_SNAPSHOT;
        }
        if (requestedSnapshot != 0) {
            return RequestOutcome.ALREADY_PENDING;
        }
        EntryId last = server.raftLog.lastId();
        if (last.term() != server.term()) {
            return RequestOutcome.NO_ENTRY_OF_TERM;
        }
        requestedSnapshot = last.index();
        sendSnapshotRequest();
        return RequestOutcome.FORWARDED;
    }

    /** Lost requests do not matter: it is sent again in answer to each append and heartbeat. */
    private void sendSnapshotRequest() {
        long leader = server.leader();
        if (leader == RawNode.NONE) {
            return;
        }
        EntryId last = server.raftLog.lastId();
        long committed = server.raftLog.committed();
        send(new Message.AppendReply(
                server.id, leader, server.term(), committed, true, last.index(), last.term(), 0, requestedSnapshot));
    }

    private void heardFromLeader(long leader) {
        server.electionTimer.restart();
        server.setLeader(leader);
    }

    private void acknowledge(long leader, long index) {
        send(Message.AppendReply.accepted(server.id, leader, server.term(), index));
    }
}
