package dev.coracle.raft;

import dev.coracle.raft.quorum.VoteResult;
import dev.coracle.raft.tracker.Configuration;
import dev.coracle.raft.tracker.MemberChange;
import dev.coracle.raft.tracker.Progress;
import dev.coracle.raft.tracker.ProgressState;
import dev.coracle.raft.tracker.ProgressTracker;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The role that appends proposals, replicates them and answers reads (§5.3, thesis §6.4). What goes to whom is its
 * {@link Replicator}'s matter; here are proposals, the quorum check, leadership transfer, reads and configuration changes.
 */
final class Leader extends Role {
    /** How many reads may wait, be it for the first commit of the term or for a quorum; more are as lost messages. */
    static final int MAX_WAITING_READS = 4096;

    private final ProgressTracker tracker;
    private final Replicator replicator;
    private final ReadIndexQueue reads = new ReadIndexQueue();

    /** Reads that came before an entry of this term was committed: until then the commit index may be behind (§8). */
    private final ArrayDeque<Message.ReadIndex> earlyReads = new ArrayDeque<>();

    /** Whom leadership is handed to; proposals are dropped meanwhile. */
    private long transferee = RawNode.NONE;

    /**
     * No configuration change may be proposed before this index is applied: the newest one's, or, since an earlier
     * leader may have left one behind, the last index at the election.
     */
    private long pendingConfIndex;

    /**
     * Payload bytes of entries that are not applied, or not handed out, as the configuration says. Counted from 0 at the
     * election, so it may be too low; never below 0.
     */
    private long uncommittedSize;

    private final long lastIndexAtElection;

    private int heartbeatElapsedTicks;

    Leader(Server server) {
        super(server);
        tracker = new ProgressTracker(server.config.maxInflightMessages, server.config.maxInflightBytes);
        long last = server.raftLog.lastIndex();
        var members = server.configuration().members();
        for (int i = 0; i < members.size(); i++) {
            tracker.add(members.at(i), last + 1, false);
        }
        Progress own = tracker.get(server.id);
        if (own == null) {
            throw Check.fail("leader %x is no member", server.id);
        }
        own.maybeUpdate(last);
        own.becomeReplicate();
        own.setRecentlyActive(true);
        replicator = new Replicator(server, tracker);
        pendingConfIndex = last;
        lastIndexAtElection = last;
    }

    @Override
    RoleName name() {
        return RoleName.LEADER;
    }

    ProgressTracker tracker() {
        return tracker;
    }

    Replicator replicator() {
        return replicator;
    }

    long transferee() {
        return transferee;
    }

    @Override
    void tick() {
        heartbeatElapsedTicks++;
        server.electionTimer.tick();
        if (server.electionTimer.isLeaseOver()) {
            server.electionTimer.restart();
            if (server.tuning.checkQuorum) {
                server.step(new Message.CheckQuorum());
            }
            if (isInOffice() && transferee != RawNode.NONE) {
                // The transferee had its time (thesis §3.10).
                transferee = RawNode.NONE;
            }
        }
        if (isInOffice() && heartbeatElapsedTicks >= server.config.heartbeatTicks) {
            heartbeatElapsedTicks = 0;
            server.step(new Message.Beat());
        }
    }

    private boolean isInOffice() {
        return server.role() == this;
    }

    @Override
    StepOutcome step(Message message) {
        return switch (message.type()) {
            case BEAT -> {
                replicator.broadcastHeartbeat(reads.context());
                yield StepOutcome.OK;
            }
            case CHECK_QUORUM -> onCheckQuorum();
            case PROPOSE -> outcome(propose((Message.Propose) message));
            case READ_INDEX -> {
                readIndex((Message.ReadIndex) message);
                yield StepOutcome.OK;
            }
            case APPEND_REPLY -> onAppendReply((Message.AppendReply) message);
            case HEARTBEAT_REPLY -> onHeartbeatReply((Message.HeartbeatReply) message);
            case SNAPSHOT_STATUS -> {
                Progress progress = progressOf(message);
                if (progress != null) {
                    replicator.onSnapshotStatus(message.from(), progress, message.reject());
                }
                yield StepOutcome.OK;
            }
            case UNREACHABLE -> {
                Progress progress = progressOf(message);
                if (progress != null) {
                    replicator.onUnreachable(message.from(), progress);
                }
                yield StepOutcome.OK;
            }
            case TRANSFER_LEADER -> {
                transferLeader((Message.TransferLeader) message);
                yield StepOutcome.OK;
            }
            case FORGET_LEADER,
                    APPEND,
                    HEARTBEAT,
                    INSTALL_SNAPSHOT,
                    VOTE_REPLY,
                    PRE_VOTE_REPLY,
                    TIMEOUT_NOW,
                    READ_INDEX_REPLY -> StepOutcome.OK;
            case HUP, VOTE, PRE_VOTE, STORAGE_APPEND, STORAGE_APPEND_REPLY, STORAGE_APPLY, STORAGE_APPLY_REPLY ->
                throw handledByServer(message);
        };
    }

    private @Nullable Progress progressOf(Message message) {
        Progress progress = tracker.get(message.from());
        if (progress == null) {
            server.log.debug("%x no progress available for %x", server.id, message.from());
        }
        return progress;
    }

    // ---- proposals

    @Override
    Proposal propose(Message.Propose message) {
        List<Entry> entries = message.entries();
        if (entries.isEmpty()) {
            server.log.error("%x dropping a proposal without entries", server.id);
            return Proposal.of(ProposalOutcome.DROPPED_MALFORMED);
        }
        if (tracker.get(server.id) == null) {
            // Removed, and leading only until the others have elected somebody.
            return Proposal.of(ProposalOutcome.DROPPED_NOT_MEMBER);
        }
        if (transferee != RawNode.NONE) {
            server.log.debug(
                    "%x [term %d] transfer leadership to %x is in progress; dropping proposal",
                    server.id, server.term(), transferee);
            return Proposal.of(ProposalOutcome.DROPPED_TRANSFERRING);
        }
        long pendingBefore = pendingConfIndex;
        long first = server.raftLog.lastIndex() + 1;
        List<Entry> placed = new ArrayList<>(entries.size());
        ProposalOutcome outcome = ProposalOutcome.APPENDED;
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            if (entry.type() != EntryType.NORMAL) {
                ProposalOutcome refusal = checkConfChange(entry, first + i);
                if (refusal == ProposalOutcome.DROPPED_MALFORMED) {
                    pendingConfIndex = pendingBefore;
                    return Proposal.of(refusal);
                }
                if (refusal != ProposalOutcome.APPENDED) {
                    outcome = refusal;
                    entry = Entry.normal(null);
                }
            }
            placed.add(entry.at(server.term(), first + i));
        }
        if (!append(placed)) {
            pendingConfIndex = pendingBefore;
            return Proposal.of(ProposalOutcome.DROPPED_BACKLOG);
        }
        replicator.broadcastAppend();
        return new Proposal(outcome, server.term(), first);
    }

    /**
     * Decides whether a configuration change may be appended at {@code index}: one at a time, and in a joint
     * configuration only the change that leaves it. Returns APPENDED if so.
     */
    private ProposalOutcome checkConfChange(Entry entry, long index) {
        ConfChangeV2 change;
        try {
            change = server.config.codec.decode(entry);
        } catch (ConfChangeCodec.MalformedException malformed) {
            server.log.error("%x dropping malformed configuration change: %s", server.id, malformed.getMessage());
            return ProposalOutcome.DROPPED_MALFORMED;
        }
        Configuration configuration = server.configuration();
        long applied = server.raftLog.applied();
        boolean leaves = change.changes().isEmpty();
        ProposalOutcome refusal = ProposalOutcome.APPENDED;
        String reason = "";
        if (pendingConfIndex > applied) {
            refusal = ProposalOutcome.REFUSED_PENDING_CHANGE;
            reason = "possible unapplied conf change at index " + pendingConfIndex + " (applied to " + applied + ")";
        } else if (configuration.isJoint() && !leaves) {
            refusal = ProposalOutcome.REFUSED_JOINT;
            reason = "must transition out of joint config first";
        } else if (!configuration.isJoint() && leaves) {
            refusal = ProposalOutcome.REFUSED_NOT_JOINT;
            reason = "not in joint state; refusing empty conf change";
        }
        if (refusal == ProposalOutcome.APPENDED || server.config.disableConfChangeValidation) {
            pendingConfIndex = index;
            return ProposalOutcome.APPENDED;
        }
        server.log.info(
                "%x ignoring conf change %s at config %s: %s",
                server.id, Describe.confChange(change), configuration, reason);
        return refusal;
    }

    /**
     * Appends the entry that begins a term: only when it commits are the entries of earlier terms committed with it
     * (§5.4.2), and reads may be answered (§8).
     */
    void appendEmptyEntry() {
        long index = server.raftLog.lastIndex() + 1;
        boolean appended = append(List.of(new Entry(server.term(), index, EntryType.NORMAL, null)));
        Check.that(appended, "empty entry was dropped");
    }

    /** Appends entries that have their place, unless too many bytes wait already. Their acknowledgement follows. */
    private boolean append(List<Entry> entries) {
        long size = Entries.payloadSize(entries);
        // The first proposal passes whatever its size, and so do empty entries: somebody must be able to make progress.
        if (uncommittedSize > 0 && size > 0 && uncommittedSize + size > server.config.maxUncommittedSize) {
            server.log.debug(
                    "%x appending new entries to log would exceed uncommitted entry size limit; dropping proposal",
                    server.id);
            return false;
        }
        uncommittedSize += size;
        long last = server.raftLog.append(entries);
        // To ourselves: counted when it comes back, after the entries are durable here (thesis §10.2.1).
        server.send(Message.AppendReply.accepted(server.id, server.id, server.term(), last));
        return true;
    }

    void onApplied(List<Entry> entries) {
        if (server.config.uncommittedSizeRule == UncommittedSizeRule.UNTIL_APPLIED) {
            reduceUncommitted(Entries.payloadSize(entries));
        }
    }

    void onHandedOut(List<Entry> entries) {
        if (server.config.uncommittedSizeRule == UncommittedSizeRule.UNTIL_HANDED_OUT) {
            long size = 0;
            for (int i = 0; i < entries.size(); i++) {
                size += entries.get(i).index() > lastIndexAtElection
                        ? entries.get(i).payloadSize()
                        : 0;
            }
            reduceUncommitted(size);
        }
    }

    private void reduceUncommitted(long size) {
        uncommittedSize = Math.max(uncommittedSize - size, 0);
    }

    long uncommittedSize() {
        return uncommittedSize;
    }

    // ---- answers

    private StepOutcome onAppendReply(Message.AppendReply message) {
        Progress progress = progressOf(message);
        if (progress == null || !replicator.onAppendReply(message, progress)) {
            return StepOutcome.OK;
        }
        // The reply brought the member forward.
        if (replicator.maybeCommit()) {
            answerEarlyReads();
            if (tellsCommitsAtOnce()) {
                replicator.broadcastAppend();
            }
        } else if (tellsCommitsAtOnce()) {
            replicator.bumpCommit(message.from(), progress);
        }
        replicator.sendRest(message.from());
        if (message.from() == transferee && progress.match() == server.raftLog.lastIndex()) {
            server.log.info("%x sent MsgTimeoutNow to %x after received MsgAppResp", server.id, message.from());
            sendTimeoutNow(message.from());
        }
        return StepOutcome.OK;
    }

    /** Whether a new commit index is worth an append of its own. A configuration change is, since others wait for it. */
    private boolean tellsCommitsAtOnce() {
        return !server.tuning.skipBroadcastCommit || pendingConfIndex > server.raftLog.applied();
    }

    /** Commits what other members or another way of counting allow, and tells whether there was anything. */
    boolean recount() {
        if (!replicator.maybeCommit()) {
            return false;
        }
        answerEarlyReads();
        replicator.broadcastAppend();
        return true;
    }

    private StepOutcome onHeartbeatReply(Message.HeartbeatReply message) {
        Progress progress = progressOf(message);
        if (progress == null) {
            return StepOutcome.OK;
        }
        progress.updateCommitted(message.commit());
        replicator.onHeartbeatReply(message.from(), progress);
        if (server.config.readOnlyOption == ReadOnlyOption.SAFE
                && !message.context().isEmpty()) {
            reads.acknowledge(message.from(), message.context());
            releaseReads();
        }
        return StepOutcome.OK;
    }

    private StepOutcome onCheckQuorum() {
        // Members that were heard from since the last check; a leader always hears itself.
        boolean active = server.configuration().voteResult(voter -> {
                    Progress progress = tracker.get(voter);
                    return progress != null && progress.recentlyActive() ? 1 : -1;
                })
                == VoteResult.WON;
        if (!active) {
            server.log.warn("%x stepped down to follower since quorum is not active", server.id);
            server.becomeFollower(server.term(), RawNode.NONE);
            return StepOutcome.OK;
        }
        for (int i = 0; i < tracker.size(); i++) {
            if (tracker.idAt(i) != server.id) {
                tracker.at(i).setRecentlyActive(false);
            }
        }
        return StepOutcome.OK;
    }

    // ---- reads

    @Override
    RequestOutcome readIndex(Message.ReadIndex message) {
        if (earlyReads.size() + reads.size() >= MAX_WAITING_READS) {
            server.log.debug("%x dropping a read: %d wait", server.id, MAX_WAITING_READS);
            return RequestOutcome.TOO_MANY;
        }
        if (server.hasCommittedInTerm()) {
            startRead(message);
        } else {
            earlyReads.add(message);
        }
        return RequestOutcome.ACCEPTED;
    }

    private void answerEarlyReads() {
        // A commit by counting is one of the own term.
        while (!earlyReads.isEmpty()) {
            startRead(earlyReads.remove());
        }
    }

    private void startRead(Message.ReadIndex message) {
        long committed = server.raftLog.committed();
        Configuration configuration = server.configuration();
        boolean alone = configuration.isSingleton() && configuration.isVoter(server.id);
        if (alone || server.config.readOnlyOption == ReadOnlyOption.LEASE_BASED) {
            answerRead(message, committed);
            return;
        }
        reads.add(message, committed);
        reads.acknowledgeAll(server.id);
        replicator.broadcastHeartbeat(reads.context());
    }

    private void releaseReads() {
        if (!reads.isEmpty()) {
            reads.release(server.configuration(), this::answerRead);
        }
    }

    private void answerRead(Message.ReadIndex message, long index) {
        if (message.from() != RawNode.NONE && message.from() != server.id) {
            server.send(new Message.ReadIndexReply(server.id, message.from(), server.term(), index, message.entries()));
        } else if (!message.entries().isEmpty()) {
            server.addReadState(index, message.entries().get(0));
        }
    }

    // ---- leadership transfer (thesis §3.10)

    @Override
    RequestOutcome transferLeader(Message.TransferLeader message) {
        Progress progress = progressOf(message);
        if (progress == null) {
            return RequestOutcome.NOT_MEMBER;
        }
        long wanted = message.from();
        if (server.configuration().learners().contains(wanted)) {
            server.log.debug("%x is learner. Ignored transferring leadership", server.id);
            return RequestOutcome.IS_LEARNER;
        }
        if (transferee == wanted) {
            server.log.info(
                    "%x [term %d] transfer leadership to %x is in progress, ignores request to same node %x",
                    server.id, server.term(), wanted, wanted);
            return RequestOutcome.ALREADY_PENDING;
        }
        if (transferee != RawNode.NONE) {
            server.log.info(
                    "%x [term %d] abort previous transferring leadership to %x", server.id, server.term(), transferee);
            transferee = RawNode.NONE;
        }
        if (wanted == server.id) {
            server.log.debug("%x is already leader. Ignored transferring leadership to self", server.id);
            return RequestOutcome.IS_LEADER;
        }
        server.log.info("%x [term %d] starts to transfer leadership to %x", server.id, server.term(), wanted);
        // The transfer has one election timeout.
        server.electionTimer.restart();
        transferee = wanted;
        if (progress.match() == server.raftLog.lastIndex()) {
            sendTimeoutNow(wanted);
            server.log.info(
                    "%x sends MsgTimeoutNow to %x immediately as %x already has up-to-date log",
                    server.id, wanted, wanted);
        } else {
            replicator.sendAppend(wanted);
        }
        return RequestOutcome.ACCEPTED;
    }

    @Override
    RequestOutcome forgetLeader() {
        return RequestOutcome.IS_LEADER;
    }

    @Override
    RequestOutcome requestSnapshot() {
        return RequestOutcome.IS_LEADER;
    }

    private void sendTimeoutNow(long to) {
        server.send(new Message.TimeoutNow(server.id, to, server.term()));
    }

    // ---- configuration

    /** Whether the automatic way out of a joint configuration may be proposed: the change that entered it is applied. */
    boolean mayLeaveJoint() {
        return server.raftLog.applied() >= pendingConfIndex;
    }

    void proposeToLeaveJoint() {
        // Without data, so that the limit on uncommitted bytes cannot refuse it. If something else does, the next
        // applied entry brings us here again.
        Entry leave = new Entry(0, 0, EntryType.CONF_CHANGE_V2, null);
        Proposal proposal = propose(new Message.Propose(RawNode.NONE, RawNode.NONE, List.of(leave)));
        if (proposal.outcome().isAccepted()) {
            server.log.info("initiating automatic transition out of joint configuration %s", server.configuration());
        } else {
            server.log.debug(
                    "not initiating automatic transition out of joint configuration %s: %s",
                    server.configuration(), StepOutcome.PROPOSAL_DROPPED.etcdText());
        }
    }

    /** Deals with a configuration that has just come into force. */
    void configurationChanged(List<MemberChange> changes) {
        tracker.apply(changes, server.raftLog.lastIndex());
        Configuration configuration = server.configuration();
        boolean demoted =
                !configuration.isMember(server.id) || configuration.learners().contains(server.id);
        if (demoted) {
            // It leads on, not counting itself, until others take over, unless told to give up at once (thesis §4.2.2).
            if (server.config.stepDownOnRemoval) {
                server.becomeFollower(server.term(), RawNode.NONE);
            }
            return;
        }
        if (configuration.voters().isEmpty()) {
            return;
        }
        // A smaller quorum may commit what waited, and confirm reads that waited.
        if (!recount()) {
            replicator.probeAll();
        }
        releaseReads();
        if (transferee != RawNode.NONE && !configuration.isVoter(transferee)) {
            transferee = RawNode.NONE;
        }
    }

    /** How a member is printed. */
    static String describe(Server server, long id, Progress progress) {
        return progress.describe(server.configuration().learners().contains(id));
    }

    /** A copy of what is known of each member. */
    List<Status.PeerProgress> progress() {
        List<Status.PeerProgress> all = new ArrayList<>(tracker.size());
        for (int i = 0; i < tracker.size(); i++) {
            long member = tracker.idAt(i);
            Progress progress = tracker.at(i);
            all.add(new Status.PeerProgress(
                    member,
                    progress.match(),
                    progress.next(),
                    progress.state().etcdName(),
                    server.configuration().learners().contains(member),
                    progress.isPaused(),
                    progress.state() == ProgressState.SNAPSHOT ? progress.pendingSnapshot() : 0,
                    progress.requestedSnapshot(),
                    progress.committed(),
                    server.groups.group(member),
                    progress.recentlyActive(),
                    progress.inflights().count(),
                    progress.inflights().isFull(),
                    describe(server, member, progress)));
        }
        return all;
    }
}
