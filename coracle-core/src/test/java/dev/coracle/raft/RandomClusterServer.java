package dev.coracle.raft;

import static dev.coracle.raft.RandomClusterInvariants.violation;

import dev.coracle.raft.Message.Heartbeat;
import dev.coracle.raft.Message.StorageAppend;
import dev.coracle.raft.Message.StorageApply;
import dev.coracle.raft.Message.VoteRequest;
import dev.coracle.raft.RandomCluster.Happening;
import dev.coracle.raft.RandomClusterDisk.Write;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** One server of a {@link RandomCluster}: a core that comes and goes, its driver, its disk and its state machine. */
final class RandomClusterServer {
    /** What a state machine that survives crashes had written last. */
    private record Checkpoint(long index, long stateHash, ConfState members) {}

    private static final int LONG_AGO = 1 << 20;
    private static final int MOST_WORK = 10_000;

    final long id;
    final RandomClusterDisk disk;
    private final RandomCluster cluster;
    private final RandomClusterPlan plan;
    private final RandomClusterInvariants invariants;
    private final Random random;

    private @Nullable RawNode raw;
    private boolean async;
    private boolean checkQuorum;
    private long unpersistedApply;
    private int incarnation;

    private final Deque<StorageAppend> writing = new ArrayDeque<>();
    /** The answers to writes that are done, and have not been heard of. */
    private final Deque<List<Message>> written = new ArrayDeque<>();

    private final Deque<StorageApply> applying = new ArrayDeque<>();
    /** What storage was asked to fetch for an append. */
    private final Deque<EntryFetch> fetching = new ArrayDeque<>();

    private long applied;
    private long stateHash;
    private ConfState appliedMembers = ConfState.EMPTY;
    private @Nullable Checkpoint checkpoint;

    /** The core's configuration is at least that of this index: older changes are not its business any more. */
    private long restoredIndex;

    private int ticksSinceLeader = LONG_AGO;
    private long pausedUntil;
    private long slowUntil;

    RandomClusterServer(long id, RandomCluster cluster) {
        this.id = id;
        this.cluster = cluster;
        plan = cluster.plan;
        invariants = cluster.invariants;
        random = cluster.random;
        disk = new RandomClusterDisk(id, random, invariants, this::fetch);
    }

    // ---- coming and going

    void start() {
        incarnation++;
        recoverMachine();
        restoredIndex = 0;
        ticksSinceLeader = LONG_AGO;
        boolean asPlanned = !plan.switchesVary || cluster.isCalm();
        checkQuorum = asPlanned ? plan.checkQuorum : random.nextBoolean();
        boolean preVote = asPlanned ? plan.preVote : random.nextBoolean();
        async = switch (plan.storing) {
            case SYNCHRONOUSLY -> false;
            case ASYNCHRONOUSLY -> true;
            case EITHER -> random.nextBoolean();
        };
        long maxSize = random.nextInt(3) * 50L;
        unpersistedApply = unpersistedApply();
        RawNode started = new RawNode(RaftConfig.builder()
                .id(id)
                .electionTicks(plan.electionTicks)
                .heartbeatTicks(plan.heartbeatTicks)
                .storage(disk)
                .codec(new TextCodec())
                .random(random::nextInt)
                .applied(applied)
                .asyncStorageWrites(async)
                .maxSizePerMessage(maxSize)
                .maxCommittedSizePerReady(random.nextInt(3) * 60L)
                .maxUncommittedSize(random.nextInt(3) * 200L)
                .maxInflightMessages(1 + random.nextInt(4))
                .maxInflightBytes(random.nextInt(2) * (maxSize + random.nextInt(100)))
                .preVote(preVote)
                .checkQuorum(checkQuorum)
                .readOnlyOption(plan.reads)
                .disableProposalForwarding(!plan.forwards)
                .disableConfChangeValidation(!plan.validatesChanges)
                .stepDownOnRemoval(random.nextBoolean())
                .votesWaitForStorage(cluster.votesWait)
                .minElectionTicks(plan.electionTicks + random.nextInt(3))
                .maxElectionTicks(2 * plan.electionTicks + 2 + random.nextInt(5))
                .priority(priority())
                .groupCommit(plan.groupCommit)
                .shareCommit(plan.sharesCommit)
                .skipBroadcastCommit(random.nextInt(4) == 0)
                .batchAppend(random.nextBoolean())
                .maxUnpersistedApply(unpersistedApply)
                .uncommittedSizeRule(UncommittedSizeRule.values()[random.nextInt(2)])
                .logger(cluster.logger(id))
                .observer(new RaftObserver() {
                    @Override
                    public void onSnapshotRestored(long index, long term) {
                        restoredIndex = index;
                        cluster.happened(Happening.SNAPSHOT_RESTORED);
                    }
                })
                .build());
        raw = started;
        if (plan.groupCommit) {
            started.assignCommitGroups(plan.commitGroups);
        }
        cluster.note(
                "%d starts%s: %s",
                id, async ? " asynchronously" : "", started.status().toJson());
        invariants.started(this);
    }

    private long priority() {
        // With priorities two voters can block each other for ever: one for its log, one for its rank.
        return cluster.isCalm() ? 0 : random.nextInt(4) * plan.priorities;
    }

    private long unpersistedApply() {
        return random.nextInt(3) == 0 ? 1 + random.nextInt(4) : 0;
    }

    /** A state machine begins anew with the last snapshot, unless it survives crashes and was further. */
    private void recoverMachine() {
        Snapshot snapshot = disk.newestSnapshot();
        Checkpoint last = plan.durableMachine ? checkpoint : null;
        if (last != null
                && last.index() > snapshot.index()
                && last.index() <= disk.hardState().commit()) {
            applied = last.index();
            stateHash = last.stateHash();
            appliedMembers = last.members();
        } else {
            applied = snapshot.index();
            stateHash = stateHashOf(snapshot);
            appliedMembers = snapshot.metadata().confState();
        }
        disk.setMachineMembers(appliedMembers);
    }

    static Bytes data(long stateHash) {
        return Bytes.of(ByteBuffer.allocate(Long.BYTES).putLong(stateHash).array());
    }

    private static long stateHashOf(Snapshot snapshot) {
        return snapshot.data().isEmpty()
                ? 0
                : ByteBuffer.wrap(snapshot.data().array()).getLong();
    }

    void bootstrap(List<Bootstrap.Peer> peers) {
        call(() -> raw().bootstrap(peers));
    }

    void crash() {
        cluster.happened(Happening.CRASH);
        cluster.note("%d crashes, %d writes under way", id, writing.size());
        List<Write> underWay = new ArrayList<>();
        for (StorageAppend write : writing) {
            underWay.add(writeOf(write));
        }
        stop(underWay);
    }

    private void stop(List<Write> underWay) {
        raw = null;
        writing.clear();
        written.clear();
        applying.clear();
        fetching.clear();
        disk.crash(underWay);
    }

    /** Ends in good order, to start again at once with other settings. */
    void restart() {
        disk.sync();
        stop(List.of());
        start();
    }

    boolean isUp() {
        return raw != null;
    }

    boolean isAsync() {
        return async;
    }

    int incarnation() {
        return incarnation;
    }

    RawNode raw() {
        RawNode running = raw;
        if (running == null) {
            throw new IllegalStateException(id + " is down");
        }
        return running;
    }

    Server core() {
        return raw().server;
    }

    @Nullable
    RandomClusterServer peer(long other) {
        return cluster.server(other);
    }

    long applied() {
        return applied;
    }

    boolean leads() {
        return raw != null && core().leading() != null;
    }

    /** The entries from an index on, or from the first that is there. */
    List<Entry> logFrom(long index) {
        RaftLog log = core().raftLog;
        long from = Math.max(index, log.firstIndex());
        try {
            return from > log.lastIndex() ? List.of() : log.slice(from, log.lastIndex() + 1, RaftConfig.NO_LIMIT);
        } catch (Storage.CompactedException compacted) {
            throw new IllegalStateException(compacted);
        }
    }

    void pauseUntil(long step) {
        pausedUntil = step;
    }

    boolean isPaused() {
        return cluster.step() < pausedUntil;
    }

    void slowDiskUntil(long step) {
        slowUntil = step;
    }

    // ---- calls into the core

    private void call(Runnable call) {
        call.run();
        observe();
    }

    /** To be called after each call into the core, but for one that made the driver crash the server. */
    private void observe() {
        invariants.observe(this);
        TraceHash hash = cluster.hash;
        Server core = core();
        hash.add(id);
        hash.add(core.hardState());
        hash.add(core.leader());
        hash.add(core.role().name().ordinal());
        hash.add(core.raftLog.applied());
        hash.add(core.raftLog.lastIndex());
    }

    void tick() {
        ticksSinceLeader++;
        call(raw()::tick);
    }

    void receive(Message message) {
        if (raw == null) {
            return;
        }
        cluster.hash.add(message);
        cluster.note("%d receives %s", id, message);
        Server core = core();
        long term = core.term();
        boolean mustIgnore = isBoundByLease(message);
        boolean owedAnswers = core.outbox().hasAfterAppend();
        call(() -> raw().step(message));
        if (mustIgnore && (core.term() != term || core.outbox().hasAfterAppend() != owedAnswers)) {
            throw violation(
                    "lease: %d heard from its leader %d ticks ago and deals with %s", id, ticksSinceLeader, message);
        }
        if (isFromLeader(message) && message.term() >= term) {
            ticksSinceLeader = 0;
        }
    }

    private static boolean isFromLeader(Message message) {
        return switch (message.type()) {
            case APPEND, HEARTBEAT, INSTALL_SNAPSHOT -> true;
            default -> false;
        };
    }

    /**
     * A server that has heard from a leader within the election timeout, or leads, does not even answer who asks for a
     * vote (thesis §4.2.3).
     */
    private boolean isBoundByLease(Message message) {
        return checkQuorum
                && message instanceof VoteRequest request
                && !request.leaderTransfer()
                && request.term() > core().term()
                && core().leader() != RawNode.NONE
                && (leads() || ticksSinceLeader < plan.electionTicks);
    }

    void propose(List<Entry> entries) {
        Proposal proposal = raw().propose(entries);
        cluster.note("%d proposes %d entries: %s", id, entries.size(), proposal);
        observe();
        if (proposal.outcome() == ProposalOutcome.APPENDED) {
            for (int i = 0; i < entries.size(); i++) {
                if (core().raftLog.term(proposal.firstIndex() + i) != proposal.term()) {
                    throw violation("proposal: %d says %s, which is not in its log", id, proposal);
                }
            }
        }
    }

    void propose(ConfChangeV2 change) {
        if (!plan.validatesChanges && !mayChangeMembers()) {
            return;
        }
        Proposal proposal = raw().proposeConfChange(change);
        cluster.note("%d proposes %s: %s", id, Describe.confChange(change), proposal);
        observe();
    }

    void leaveJoint() {
        if (plan.validatesChanges || hasNoChangePending()) {
            raw().proposeConfChange(ConfChangeV2.LEAVE_JOINT);
        }
    }

    /** What the core checks unless it is told that the application does. */
    private boolean mayChangeMembers() {
        return leads() && !core().configuration().isJoint() && hasNoChangePending();
    }

    private boolean hasNoChangePending() {
        RaftLog log = core().raftLog;
        return !log.anyConfChange(log.applied() + 1, log.lastIndex() + 1);
    }

    void read(byte[] request) {
        cluster.note("%d reads", id);
        call(() -> raw().readIndex(Bytes.of(request)));
    }

    void transferLeader(long to) {
        cluster.note("%d hands over to %d", id, to);
        call(() -> raw().transferLeader(to));
    }

    void campaign() {
        cluster.note("%d is told to campaign", id);
        call(raw()::campaign);
    }

    void forgetLeader() {
        cluster.note("%d is told to forget its leader", id);
        call(raw()::forgetLeader);
    }

    void reportUnreachable(long peer) {
        if (isUp()) {
            call(() -> raw().reportUnreachable(peer));
        }
    }

    void reportSnapshot(long peer, boolean failed) {
        if (isUp()) {
            call(() -> raw().reportSnapshot(peer, failed));
        }
    }

    void requestSnapshot() {
        call(() -> {
            RequestOutcome outcome = raw().requestSnapshot();
            cluster.note("%d asks for a snapshot: %s", id, outcome);
            if (outcome == RequestOutcome.FORWARDED) {
                cluster.happened(Happening.SNAPSHOT_REQUESTED);
            }
        });
    }

    /** Changes what may be changed while a server runs. */
    void tune() {
        RawNode running = raw();
        call(() -> {
            switch (random.nextInt(10)) {
                case 0 -> running.setPriority(priority());
                case 1 -> running.setBatchAppend(random.nextBoolean());
                case 2 -> running.setSkipBroadcastCommit(random.nextBoolean());
                case 3 -> running.setMaxCommittedSizePerReady(1 + random.nextInt(100));
                case 4 -> {
                    unpersistedApply = unpersistedApply();
                    running.setMaxUnpersistedApply(unpersistedApply);
                }
                case 5 -> running.freeInflightBuffers();
                case 6 -> running.setGroupCommit(plan.groupCommit && random.nextInt(4) > 0);
                case 7 -> {
                    if (plan.switchesVary) {
                        checkQuorum = random.nextBoolean();
                        running.setCheckQuorum(checkQuorum);
                    }
                }
                case 8 -> running.ping();
                default -> running.adjustMaxInflightMessages(cluster.any().id, random.nextInt(6));
            }
        });
    }

    /** Undoes of that what may keep a cluster from agreeing. */
    void tuneForCalm() {
        call(() -> raw().setPriority(0));
        for (long peer = 1; peer <= RandomCluster.MOST_IDS; peer++) {
            raw().adjustMaxInflightMessages(peer, 4);
        }
        observe();
    }

    void fetch(EntryFetch fetch) {
        cluster.happened(Happening.FETCHED);
        fetching.add(fetch);
    }

    // ---- the driver

    /** Does one piece of what is to be done. */
    void work() {
        boolean done = false;
        int first = random.nextInt(5);
        for (int i = 0; i < 5 && !done; i++) {
            done = switch ((first + i) % 5) {
                case 0 -> handleReady();
                case 1 -> cluster.step() >= slowUntil && writeNext();
                case 2 -> reportWritten();
                case 3 -> applyNext();
                default -> fetchNext();
            };
        }
    }

    /** Does everything there is to do. */
    void workThrough() {
        for (int i = 0; hasWork(); i++) {
            if (i > MOST_WORK) {
                throw violation("liveness: %d always finds something to do", id);
            }
            handleReady();
            writeNext();
            reportWritten();
            applyNext();
            fetchNext();
        }
    }

    private boolean hasWork() {
        return raw().hasReady()
                || !writing.isEmpty()
                || !written.isEmpty()
                || !applying.isEmpty()
                || !fetching.isEmpty();
    }

    private boolean handleReady() {
        if (!raw().hasReady()) {
            return false;
        }
        Ready ready = raw().ready();
        cluster.hash.add(ready);
        cluster.note("%d has %s", id, ready);
        invariants.observe(this);
        for (ReadState read : ready.readStates()) {
            cluster.readAnswered(this, read);
        }
        List<Entry> committed = ready.committedEntries();
        if (!committed.isEmpty()) {
            invariants.handedOut(this, committed.get(committed.size() - 1), leads() ? unpersistedApply : 0);
        }
        if (async) {
            queue(ready.messages());
        } else {
            handleInOrder(ready);
        }
        return true;
    }

    private void queue(List<Message> messages) {
        for (Message message : messages) {
            if (message instanceof StorageAppend append) {
                writing.add(append);
            } else if (message instanceof StorageApply apply) {
                applying.add(apply);
            } else {
                send(message, true);
            }
        }
    }

    /** Synchronous mode. Between any two things the server may crash. */
    private void handleInOrder(Ready ready) {
        List<Message> messages = new ArrayList<>(ready.messages());
        if (leads() && random.nextBoolean()) {
            // They may overtake the leader's own write (thesis §10.2.1).
            messages.removeIf(message -> {
                boolean overtakes = message.type() == MessageType.APPEND;
                if (overtakes) {
                    send(message, true);
                }
                return overtakes;
            });
        }
        Write write = new Write(ready.hardState(), ready.snapshot(), ready.entries());
        if (crashesNow()) {
            stop(List.of(write));
            return;
        }
        store(write, ready.mustSync() || !ready.snapshot().isEmpty());
        if (crashesNow()) {
            stop(List.of());
            return;
        }
        messages.forEach(message -> send(message, true));
        for (Entry entry : ready.committedEntries()) {
            if (crashesNow()) {
                stop(List.of());
                return;
            }
            apply(entry);
        }
        call(raw()::advance);
    }

    private boolean crashesNow() {
        boolean crashes = !cluster.isCalm() && random.nextInt(1000) < plan.midwayCrashPermille;
        if (crashes) {
            cluster.happened(Happening.CRASH);
            cluster.note("%d crashes in the middle of a Ready", id);
        }
        return crashes;
    }

    private boolean writeNext() {
        StorageAppend next = writing.poll();
        if (next == null) {
            return false;
        }
        // Without answers nobody is told, and nothing need be synced.
        List<Message> answers = next.responses();
        store(writeOf(next), !answers.isEmpty());
        answers.forEach(answer -> invariants.promised(this, answer));
        written.add(answers);
        return true;
    }

    private static Write writeOf(StorageAppend append) {
        return new Write(append.hardState(), append.snapshot(), append.entries());
    }

    private boolean reportWritten() {
        List<Message> answers = written.poll();
        if (answers == null) {
            return false;
        }
        answers.forEach(answer -> send(answer, false));
        return true;
    }

    private boolean applyNext() {
        StorageApply next = applying.poll();
        if (next == null) {
            return false;
        }
        next.entries().forEach(this::apply);
        next.responses().forEach(answer -> send(answer, false));
        return true;
    }

    private boolean fetchNext() {
        EntryFetch next = fetching.poll();
        if (next == null) {
            return false;
        }
        call(() -> raw().entriesFetched(next));
        return true;
    }

    /** Sends a message. What it promises is looked at unless that was done when the write before it was done. */
    private void send(Message message, boolean promises) {
        if (promises) {
            invariants.promised(this, message);
        }
        if (message instanceof Heartbeat heartbeat) {
            invariants.heartbeatIsAcknowledged(heartbeat);
        }
        if (message.to() == id) {
            call(() -> raw().step(message));
        } else {
            cluster.send(message);
        }
    }

    private void store(Write write, boolean sync) {
        disk.write(write);
        if (sync || random.nextInt(4) == 0) {
            disk.sync();
        }
        Snapshot snapshot = write.snapshot();
        if (!snapshot.isEmpty() && snapshot.index() >= applied) {
            applied = snapshot.index();
            stateHash = stateHashOf(snapshot);
            appliedMembers = snapshot.metadata().confState();
            invariants.snapshot(this, snapshot, stateHash);
        }
    }

    private void apply(Entry entry) {
        if (entry.index() <= applied) {
            // Handed out before a snapshot that is installed by now.
            return;
        }
        if (entry.index() != applied + 1) {
            throw violation("apply: %d applies %s behind %d", id, entry, applied);
        }
        applied = entry.index();
        stateHash = RandomClusterInvariants.stateHash(stateHash, entry);
        invariants.applied(this, entry, stateHash);
        cluster.happened(Happening.APPLIED);
        if (entry.type() != EntryType.NORMAL && entry.index() > restoredIndex) {
            applyChange(entry);
        } else if (entry.index() == restoredIndex) {
            // Changes before it were none of the core's business: the snapshot says what they led to.
            appliedMembers = core().configuration().toConfState();
        }
        if (applied >= restoredIndex && applied <= disk.durable().hardState().commit() && random.nextInt(4) == 0) {
            checkpoint = new Checkpoint(applied, stateHash, appliedMembers);
        }
    }

    private void applyChange(Entry entry) {
        try {
            appliedMembers = raw().applyConfChange(new TextCodec().decode(entry));
            cluster.happened(appliedMembers.isJoint() ? Happening.JOINT : Happening.CONFIGURED);
        } catch (InvalidConfChangeException refused) {
            // By all servers alike, for they have the same configuration at this index.
            appliedMembers = core().configuration().toConfState();
            cluster.happened(Happening.CHANGE_REFUSED);
        } catch (ConfChangeCodec.MalformedException malformed) {
            throw new IllegalStateException(malformed);
        }
        cluster.note("%d has %s from %d on", id, Describe.confState(appliedMembers), entry.index());
        observe();
        invariants.configured(this, entry.index(), appliedMembers);
    }

    /** Makes a snapshot of what is applied and drops most of the log before it. */
    void compact() {
        // Not beyond what a restart would know to be committed, nor what the core knows to be applied.
        long index = Math.min(core().raftLog.applied(), disk.hardState().commit());
        boolean knowsMembers = index >= restoredIndex && index >= invariants.firstMembers();
        if (index == applied && index >= disk.firstIndex() && knowsMembers) {
            cluster.happened(Happening.COMPACTED);
            cluster.note("%d makes a snapshot of %d", id, index);
            disk.createSnapshot(index, appliedMembers, data(stateHash), index - random.nextInt(4));
            invariants.snapshot(this, disk.newestSnapshot(), stateHash);
        }
    }

    @Override
    public String toString() {
        return raw == null
                ? id + " is down"
                : raw.status().toJson() + " " + Describe.confState(raw.status().configuration());
    }
}
