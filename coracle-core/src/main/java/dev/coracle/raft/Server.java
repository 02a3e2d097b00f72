package dev.coracle.raft;

import dev.coracle.raft.confchange.Changer;
import dev.coracle.raft.confchange.Restore;
import dev.coracle.raft.quorum.IdSet;
import dev.coracle.raft.tracker.CommitGroups;
import dev.coracle.raft.tracker.Configuration;
import dev.coracle.raft.tracker.MemberChange;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is true of a server in every role: term, vote, leader, log and configuration; the gate that terms pass, and the
 * rule by which votes are given (Figure 2, Rules for All Servers).
 */
final class Server {
    /** Why an election is held. */
    enum Campaign {
        /** To ask first whether it could be won (thesis §9.6). */
        PRE_ELECTION,
        /** Because there is no leader. */
        ELECTION,
        /** Because the leader asked for it (thesis §3.10). */
        TRANSFER
    }

    final long id;
    final RaftConfig config;
    final Log log;
    final RaftLog raftLog;
    final ElectionTimer electionTimer;
    final Tuning tuning;

    /** The application's, for group commit: it outlives leaderships, as it may be assigned on any member. */
    final CommitGroups groups = new CommitGroups();

    private final Outbox outbox;

    /** Invariant: never goes back. */
    private long term;

    /** Whom this server voted for in this term. Invariant: set at most once a term. */
    private long vote = RawNode.NONE;

    /** Invariant: set to at most one server in a term, and then perhaps to none and back. */
    private long leader = RawNode.NONE;

    private Role role;
    private Configuration configuration = Configuration.EMPTY;
    private List<ReadState> readStates = new ArrayList<>();

    Server(RaftConfig config) {
        this.config = config;
        id = config.id;
        log = new Log(config.logger);
        tuning = new Tuning(config);
        outbox = new Outbox(id, config.votesWaitForStorage);
        raftLog = new RaftLog(config.storage, config.maxCommittedSizePerReady, log, config.observer);
        electionTimer = new ElectionTimer(config);
        role = new Follower(this);
        EntryId last = raftLog.lastId();
        Storage.InitialState stored = config.storage.initialState();
        switchTo(new Changer.Result(restoreConfiguration(stored.confState()), List.of()));
        if (!stored.hardState().isEmpty()) {
            load(stored.hardState());
        }
        if (config.applied > 0) {
            raftLog.appliedTo(config.applied, 0);
        }
        becomeFollower(term, RawNode.NONE);
        log.info(
                "newRaft %x [peers: [%s], term: %d, commit: %d, applied: %d, lastindex: %d, lastterm: %d]",
                id,
                configuration.allVoters().toString().replace(' ', ','),
                term,
                raftLog.committed(),
                raftLog.applied(),
                last.index(),
                last.term());
    }

    private void load(HardState state) {
        if (state.commit() < raftLog.committed() || state.commit() > raftLog.lastIndex()) {
            throw log.fatal(
                    "%x state.commit %d is out of range [%d, %d]",
                    id, state.commit(), raftLog.committed(), raftLog.lastIndex());
        }
        raftLog.loadCommitted(state.commit());
        term = state.term();
        vote = state.vote();
    }

    long term() {
        return term;
    }

    long vote() {
        return vote;
    }

    long leader() {
        return leader;
    }

    Role role() {
        return role;
    }

    Configuration configuration() {
        return configuration;
    }

    Outbox outbox() {
        return outbox;
    }

    /** The current leader's own state, or null on others. */
    @Nullable
    Leader leading() {
        return role instanceof Leader leading ? leading : null;
    }

    HardState hardState() {
        return new HardState(term, vote, raftLog.committed());
    }

    SoftState softState() {
        return new SoftState(leader, role.name());
    }

    long orSelf(long from) {
        return from == RawNode.NONE ? id : from;
    }

    void send(Message message) {
        outbox.send(message);
    }

    void addReadState(long index, Entry request) {
        byte[] data = request.data();
        readStates.add(new ReadState(index, data == null ? Bytes.EMPTY : Bytes.of(data)));
    }

    boolean hasReadStates() {
        return !readStates.isEmpty();
    }

    List<ReadState> takeReadStates() {
        if (readStates.isEmpty()) {
            return List.of();
        }
        List<ReadState> taken = readStates;
        readStates = new ArrayList<>();
        return taken;
    }

    void setLeader(long newLeader) {
        if (leader != newLeader) {
            leader = newLeader;
            config.observer.onLeader(newLeader, term);
        }
    }

    // ---- messages

    StepOutcome step(Message message) {
        if (!passesTermGate(message)) {
            return StepOutcome.OK;
        }
        switch (message.type()) {
            case HUP -> campaign();
            case VOTE, PRE_VOTE -> onVoteRequest((Message.VoteRequest) message);
            case STORAGE_APPEND_REPLY -> onStored((Message.StorageAppendReply) message);
            case STORAGE_APPLY_REPLY -> onApplied((Message.StorageApplyReply) message);
            default -> {
                return role.step(message);
            }
        }
        return StepOutcome.OK;
    }

    /**
     * Compares a message's term with ours: a higher one is taken over, a lower one goes no further (§5.1). Messages
     * without a term are local or may be forwarded.
     */
    private boolean passesTermGate(Message message) {
        if (message.term() == 0 || message.term() == term) {
            return true;
        }
        return message.term() > term ? passesFromHigherTerm(message) : answerLowerTerm(message);
    }

    private boolean passesFromHigherTerm(Message message) {
        switch (message.type()) {
            case VOTE, PRE_VOTE -> {
                if (isProtectedByLease((Message.VoteRequest) message)) {
                    return false;
                }
                if (message.type() == MessageType.PRE_VOTE) {
                    // The term is only what the sender would take; nobody has it yet.
                    return true;
                }
            }
            case PRE_VOTE_REPLY -> {
                if (!message.reject()) {
                    // Granted: it carries the term that we asked for, and take only when we won.
                    return true;
                }
            }
            default -> {}
        }
        log.info(
                "%x [term: %d] received a %s message with higher term from %x [term: %d]",
                id, term, message.type().etcdName(), message.from(), message.term());
        boolean fromLeader = switch (message.type()) {
            case APPEND, HEARTBEAT, INSTALL_SNAPSHOT -> true;
            default -> false;
        };
        becomeFollower(message.term(), fromLeader ? message.from() : RawNode.NONE);
        return true;
    }

    /**
     * Whether a vote request must be ignored because this server heard from a leader within the minimum election timeout
     * (thesis §4.2.3, §6.4.1). A leader that hands over outweighs that.
     */
    private boolean isProtectedByLease(Message.VoteRequest message) {
        boolean inLease = tuning.checkQuorum && leader != RawNode.NONE && !electionTimer.isLeaseOver();
        if (!inLease || message.leaderTransfer()) {
            return false;
        }
        EntryId last = raftLog.lastId();
        log.info(
                "%x [logterm: %d, index: %d, vote: %x] ignored %s from %x [logterm: %d, index: %d] at term %d: lease is"
                        + " not expired (remaining ticks: %d)",
                id,
                last.term(),
                last.index(),
                vote,
                message.type().etcdName(),
                message.from(),
                message.logTerm(),
                message.index(),
                term,
                electionTimer.remainingLeaseTicks());
        return true;
    }

    private boolean answerLowerTerm(Message message) {
        switch (message.type()) {
            case APPEND, HEARTBEAT -> {
                if (tuning.checkQuorum || config.preVote) {
                    // An isolated server came back with a higher term, and votes for itself are refused by lease or
                    // pre-vote. Its leader must learn of the term to step down, or the server stays out for ever.
                    send(Message.AppendReply.accepted(id, message.from(), term, 0));
                } else {
                    logLowerTerm(message);
                }
            }
            case PRE_VOTE -> {
                // Without an answer, clusters that switch pre-vote on one by one could deadlock.
                logRejectedVote((Message.VoteRequest) message);
                send(Message.VoteResponse.of(true, id, message.from(), term, true));
            }
            case STORAGE_APPEND_REPLY -> {
                // The entries may have been replaced since; what a snapshot holds is committed in any term.
                if (message.index() != 0) {
                    log.info(
                            "%x [term: %d] ignored entry appends from a %s message with lower term [term: %d]",
                            id, term, message.type().etcdName(), message.term());
                }
                if (!message.snapshot().isEmpty()) {
                    snapshotStored(message.snapshot());
                }
            }
            default -> logLowerTerm(message);
        }
        return false;
    }

    private void logLowerTerm(Message message) {
        log.info(
                "%x [term: %d] ignored a %s message with lower term from %x [term: %d]",
                id, term, message.type().etcdName(), message.from(), message.term());
    }

    // ---- votes

    /** One vote a term, first come first served (§5.2), to candidates whose log is at least as new (§5.4.1). */
    private void onVoteRequest(Message.VoteRequest message) {
        boolean preVote = message.type() == MessageType.PRE_VOTE;
        boolean free = vote == message.from()
                // Voted for nobody, and does not follow anybody who may have won this term.
                || (vote == RawNode.NONE && leader == RawNode.NONE)
                || (preVote && message.term() > term);
        // Learners vote too: the candidate may know that they were promoted, and they may not yet.
        if (!free || !isUpToDate(message)) {
            logRejectedVote(message);
            send(Message.VoteResponse.of(preVote, id, message.from(), term, true, sharedCommit()));
            commitByVote(message.commit(), message.commitTerm());
            return;
        }
        EntryId last = raftLog.lastId();
        log.info(
                "%x [logterm: %d, index: %d, vote: %x] cast %s for %x [logterm: %d, index: %d] at term %d",
                id,
                last.term(),
                last.index(),
                vote,
                message.type().etcdName(),
                message.from(),
                message.logTerm(),
                message.index(),
                term);
        // The candidate's term, not ours: a pre-vote's answer in our lower term would be ignored.
        send(Message.VoteResponse.of(preVote, id, message.from(), message.term(), false));
        if (!preVote) {
            electionTimer.restart();
            vote = message.from();
        }
        commitByVote(message.commit(), message.commitTerm());
    }

    /** Whether a candidate's log is as new as ours, and its priority as high unless its log is longer. */
    private boolean isUpToDate(Message.VoteRequest message) {
        return raftLog.isUpToDate(new EntryId(message.logTerm(), message.index()))
                && (message.index() > raftLog.lastIndex() || tuning.priority <= message.priority());
    }

    /** What a message tells of this server's commit index: 0/0 unless it is to be told. */
    EntryId sharedCommit() {
        if (!config.shareCommit) {
            return EntryId.NONE;
        }
        long committed = raftLog.committed();
        return new EntryId(raftLog.termOrZero(committed), committed);
    }

    /**
     * Commits what another server told to be committed, if this log has that very entry. Whoever tells it: an entry's
     * term and index say what it is, and that it is committed stays true. A leader knows better by itself.
     */
    void commitByVote(long index, long commitTerm) {
        long before = raftLog.committed();
        if (!config.shareCommit || role instanceof Leader || !raftLog.maybeCommit(commitTerm, index)) {
            return;
        }
        log.info("%x [commit: %d, term: %d] committed what a vote told", id, index, commitTerm);
        if (role instanceof Candidate && raftLog.anyConfChange(before + 1, index + 1)) {
            // It may be counting the votes of those who do not count any more.
            becomeFollower(term, RawNode.NONE);
        }
    }

    private void logRejectedVote(Message.VoteRequest message) {
        EntryId last = raftLog.lastId();
        log.info(
                "%x [logterm: %d, index: %d, vote: %x] rejected %s from %x [logterm: %d, index: %d] at term %d",
                id,
                last.term(),
                last.index(),
                vote,
                message.type().etcdName(),
                message.from(),
                message.logTerm(),
                message.index(),
                term);
    }

    // ---- elections

    void tickElection() {
        electionTimer.tick();
        if (isPromotable() && electionTimer.isOver()) {
            electionTimer.restart();
            step(new Message.Hup());
        }
    }

    /** Whether this server may lead: a voter, and not about to be replaced by a snapshot. */
    private boolean isPromotable() {
        return configuration.isMember(id) && !configuration.learners().contains(id) && !raftLog.hasPendingSnapshot();
    }

    /** Starts an election, with a pre-vote if the configuration says so. */
    RequestOutcome campaign() {
        return startElection(config.preVote ? Campaign.PRE_ELECTION : Campaign.ELECTION);
    }

    RequestOutcome startElection(Campaign why) {
        if (role instanceof Leader) {
            log.debug("%x ignoring MsgHup because already leader", id);
            return RequestOutcome.IS_LEADER;
        }
        if (!isPromotable()) {
            log.warn("%x is unpromotable and can not campaign", id);
            return RequestOutcome.NOT_PROMOTABLE;
        }
        if (raftLog.anyConfChange(raftLog.applied() + 1, raftLog.committed() + 1)) {
            // The configuration in force is newer than the one we would count votes by.
            log.warn(
                    "%x cannot campaign at term %d since there are still pending configuration changes to apply",
                    id, term);
            return RequestOutcome.PENDING_CHANGE;
        }
        log.info("%x is starting a new election at term %d", id, term);
        campaign(why);
        return RequestOutcome.ACCEPTED;
    }

    void campaign(Campaign why) {
        boolean preVote = why == Campaign.PRE_ELECTION;
        if (preVote) {
            becomePreCandidate();
        } else {
            becomeCandidate();
        }
        // A pre-vote asks for the term that would come; nobody's term rises by it.
        long electionTerm = preVote ? term + 1 : term;
        EntryId last = raftLog.lastId();
        IdSet voters = configuration.allVoters();
        for (int i = 0; i < voters.size(); i++) {
            long voter = voters.at(i);
            if (voter == id) {
                // Counted when it comes back, after term and vote are durable.
                send(Message.VoteResponse.of(preVote, id, id, electionTerm, false));
                continue;
            }
            Message.VoteRequest request = Message.VoteRequest.of(
                    preVote, id, voter, electionTerm, last, why == Campaign.TRANSFER, sharedCommit(), tuning.priority);
            log.info(
                    "%x [logterm: %d, index: %d] sent %s request to %x at term %d",
                    id, last.term(), last.index(), request.type().etcdName(), voter, term);
            send(request);
        }
    }

    // ---- roles

    private void take(Role newRole) {
        role = newRole;
        // Only a leader hands out what it has not stored: only it has counted itself what the others have.
        raftLog.setMaxUnpersistedApply(newRole instanceof Leader ? tuning.maxUnpersistedApply : 0);
        config.observer.onRole(newRole.name(), term);
    }

    /** Forgets the term's vote if the term is new, the leader, and, by leaving the role, all that belonged to it. */
    private void reset(long newTerm) {
        Check.that(newTerm >= term, "term would go back from %d to %d", term, newTerm);
        if (term != newTerm) {
            term = newTerm;
            vote = RawNode.NONE;
        }
        setLeader(RawNode.NONE);
        electionTimer.reset();
    }

    void becomeFollower(long newTerm, long newLeader) {
        RoleTransitions.check(role.name(), RoleName.FOLLOWER);
        reset(newTerm);
        setLeader(newLeader);
        take(new Follower(this));
        log.info("%x became follower at term %d", id, term);
    }

    void becomePreCandidate() {
        RoleTransitions.check(role.name(), RoleName.PRE_CANDIDATE);
        // Neither term nor vote nor timer change: to ask is to promise nothing.
        setLeader(RawNode.NONE);
        take(new Candidate(this, true));
        log.info("%x became pre-candidate at term %d", id, term);
    }

    void becomeCandidate() {
        RoleTransitions.check(role.name(), RoleName.CANDIDATE);
        reset(term + 1);
        vote = id;
        take(new Candidate(this, false));
        log.info("%x became candidate at term %d", id, term);
    }

    void becomeLeader() {
        RoleTransitions.check(role.name(), RoleName.LEADER);
        reset(term);
        setLeader(id);
        Leader leading = new Leader(this);
        take(leading);
        leading.appendEmptyEntry();
        log.info("%x became leader at term %d", id, term);
        leading.replicator().broadcastAppend();
    }

    // ---- storage and application

    private void onStored(Message.StorageAppendReply message) {
        if (message.index() != 0) {
            raftLog.unstable().stableTo(message.logTerm(), message.index());
        }
        if (!message.snapshot().isEmpty()) {
            snapshotStored(message.snapshot());
        }
    }

    private void snapshotStored(Snapshot snapshot) {
        raftLog.unstable().stableSnapshotTo(snapshot.index());
        appliedTo(snapshot.index(), 0);
    }

    private void onApplied(Message.StorageApplyReply message) {
        List<Entry> entries = message.entries();
        if (entries.isEmpty()) {
            return;
        }
        appliedTo(entries.get(entries.size() - 1).index(), Entries.encodedSize(entries));
        Leader leading = leading();
        if (leading != null) {
            leading.onApplied(entries);
        }
    }

    private void appliedTo(long index, long size) {
        // Storage and application answer independently: entries may be reported after a snapshot that covers them.
        raftLog.appliedTo(Math.max(index, raftLog.applied()), size);
        Leader leading = leading();
        if (configuration.autoLeave() && leading != null && leading.mayLeaveJoint()) {
            leading.proposeToLeaveJoint();
        }
    }

    /** Whether the commit index is one of this term: then no earlier leader's can be above it (§8). */
    boolean hasCommittedInTerm() {
        return raftLog.matches(term, raftLog.committed());
    }

    boolean hasAppliedInTerm() {
        return raftLog.matches(term, raftLog.applied());
    }

    // ---- configuration

    /** Puts a committed change into force, which happens where the change is applied (thesis §4.1 says: appended). */
    ConfState apply(ConfChangeV2 change) throws InvalidConfChangeException {
        return switchTo(Changer.apply(configuration, change));
    }

    private ConfState switchTo(Changer.Result result) {
        configuration = result.configuration();
        log.info("%x switched to configuration %s", id, configuration);
        for (MemberChange change : result.changes()) {
            if (!change.added()) {
                groups.remove(change.id());
            }
        }
        ConfState state = configuration.toConfState();
        config.observer.onConfiguration(state);
        Leader leading = leading();
        if (leading != null) {
            leading.configurationChanged(result.changes());
        }
        return state;
    }

    private Configuration restoreConfiguration(ConfState state) {
        try {
            return Restore.restore(state);
        } catch (InvalidConfChangeException invalid) {
            throw log.fatal("unable to restore configuration %s: %s", state, invalid.getMessage());
        }
    }

    /**
     * Replaces the log by a leader's snapshot, unless the log has all of it.
     *
     * @param requested the least index of a snapshot that this server asked for, which replaces the log even so; 0 if it
     *     did not. NB: its log ends there, so nothing that it has acknowledged is lost
     * @return whether the log was replaced
     */
    boolean restore(Snapshot snapshot, long requested) {
        boolean wanted = requested > 0 && snapshot.index() >= Math.max(requested, raftLog.lastIndex());
        if (snapshot.index() <= raftLog.committed() && !wanted) {
            return false;
        }
        ConfState members = snapshot.metadata().confState();
        if (!members.contains(id)) {
            // Would make this server take part in a cluster that does not know it.
            log.warn(
                    "%x attempted to restore snapshot but it is not in the ConfState %s; should never happen",
                    id, Describe.confState(members));
            return false;
        }
        Configuration restoredConfiguration;
        try {
            restoredConfiguration = Restore.restore(members);
        } catch (InvalidConfChangeException invalid) {
            log.error(
                    "%x ignoring snapshot [index: %d, term: %d] with impossible ConfState %s: %s",
                    id, snapshot.index(), snapshot.term(), members, invalid.getMessage());
            return false;
        }
        EntryId last = raftLog.lastId();
        if (!wanted && raftLog.matches(snapshot.term(), snapshot.index())) {
            log.info(
                    "%x [commit: %d, lastindex: %d, lastterm: %d] fast-forwarded commit to snapshot [index: %d, term:"
                            + " %d]",
                    id, raftLog.committed(), last.index(), last.term(), snapshot.index(), snapshot.term());
            raftLog.commitTo(snapshot.index());
            return false;
        }
        raftLog.restore(snapshot);
        switchTo(new Changer.Result(restoredConfiguration, List.of()));
        EntryId restored = raftLog.lastId();
        log.info(
                "%x [commit: %d, lastindex: %d, lastterm: %d] restored snapshot [index: %d, term: %d]",
                id, raftLog.committed(), restored.index(), restored.term(), snapshot.index(), snapshot.term());
        return true;
    }
}
