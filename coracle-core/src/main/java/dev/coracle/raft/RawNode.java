package dev.coracle.raft;

import dev.coracle.raft.Message.StorageAppend;
import dev.coracle.raft.Message.StorageAppendReply;
import dev.coracle.raft.Message.StorageApply;
import dev.coracle.raft.Message.StorageApplyReply;
import dev.coracle.raft.tracker.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A Raft server as a function: ticks, messages and proposals go in, a {@link Ready} with everything to do comes out. Not
 * safe for use by several threads: one thread drives it.
 *
 * <pre>
 *   while (running) {
 *       raw.tick() now and then; raw.step(message) for what arrives; raw.propose(data)
 *       if (raw.hasReady()) {
 *           Ready ready = raw.ready();
 *           store ready.hardState(), ready.entries(), ready.snapshot(), and sync if ready.mustSync()
 *               or if there is a snapshot;
 *           send ready.messages(); apply ready.snapshot() and ready.committedEntries();
 *           raw.advance();
 *       }
 *   }
 * </pre>
 *
 * <p>With {@link RaftConfig.Builder#asyncStorageWrites} there is no {@code advance}: storing and applying are messages to
 * {@link #APPEND_THREAD} and {@link #APPLY_THREAD}, and what those answer is stepped like any other message.
 *
 * <p>{@link Check.BrokenInvariantException} out of any method means a bug or a damaged log: stop using the server.
 */
public final class RawNode {
    /** No node. */
    public static final long NONE = 0;

    /** The receiver of {@link StorageAppend}: whoever stores. */
    public static final long APPEND_THREAD = -1;

    /** The receiver of {@link StorageApply}: whoever applies. */
    public static final long APPLY_THREAD = -2;

    final Server server;
    private final boolean async;

    /** What the last Ready said, so that the next one says only what changed. */
    private SoftState shownSoftState;

    private HardState shownHardState;

    /** Synchronous mode: what {@link #advance} steps, the server's own answers; null unless a Ready is out. */
    private @Nullable List<Message> stepsOnAdvance;

    /**
     * Starts a server from what its storage holds.
     *
     * @throws Check.BrokenInvariantException if the stored state contradicts itself
     */
    public RawNode(RaftConfig config) {
        server = new Server(config);
        async = config.asyncStorageWrites;
        shownSoftState = server.softState();
        shownHardState = server.hardState();
    }

    /** Tells whether an id stands for one of the server's own threads. */
    public static boolean isLocalThread(long id) {
        return id == APPEND_THREAD || id == APPLY_THREAD;
    }

    /** Lets one tick pass. Returns whether there is something for {@link #ready} now. */
    public boolean tick() {
        server.role().tick();
        return hasReady();
    }

    /** Takes a message from another server, or from one of this server's threads. */
    public StepOutcome step(Message message) {
        boolean fromThread = isLocalThread(message.from());
        if (message.type().isLocal() && !fromThread) {
            return StepOutcome.LOCAL_MESSAGE;
        }
        if (message.type().isResponse()
                && !fromThread
                && !server.configuration().isMember(message.from())) {
            return StepOutcome.PEER_NOT_FOUND;
        }
        return server.step(message);
    }

    /** Starts an election, unless the server leads already or may not. */
    public RequestOutcome campaign() {
        return server.campaign();
    }

    /** Proposes data, and takes ownership of it. */
    public Proposal propose(byte[] data) {
        return propose(List.of(Entry.normal(data)));
    }

    /**
     * Proposes entries, of which only type, data and context count; all of them are appended at once, or none.
     */
    public Proposal propose(List<Entry> entries) {
        return server.role().propose(new Message.Propose(server.id, NONE, entries));
    }

    /** Proposes a change of one member. */
    public Proposal proposeConfChange(ConfChange change) {
        return proposeConfChange(EntryType.CONF_CHANGE, server.config.codec.encode(change), null);
    }

    /** Proposes a change of the configuration. */
    public Proposal proposeConfChange(ConfChangeV2 change) {
        return proposeConfChange(change, null);
    }

    /**
     * Proposes a change of the configuration.
     *
     * @param context the context of the entry, which only raft-rs's dialect has; null for none
     */
    public Proposal proposeConfChange(ConfChangeV2 change, byte @Nullable [] context) {
        return proposeConfChange(EntryType.CONF_CHANGE_V2, server.config.codec.encode(change), context);
    }

    private Proposal proposeConfChange(EntryType type, byte[] data, byte @Nullable [] context) {
        Entry entry = new Entry(0, 0, type, data, context);
        return server.role().propose(new Message.Propose(NONE, NONE, List.of(entry)));
    }

    /**
     * Puts a committed configuration change into force. To be called for each one, in the order of the log, before its
     * entry is reported as applied; not to be called for one that the application refuses.
     *
     * @return the configuration that is in force now
     * @throws InvalidConfChangeException if the change does not fit; nothing has changed
     */
    public ConfState applyConfChange(ConfChangeV2 change) throws InvalidConfChangeException {
        return server.apply(change);
    }

    // ---- ready

    /** Tells whether {@link #ready} has something to say. */
    public boolean hasReady() {
        return softStateChanged()
                || hardStateChanged()
                || server.raftLog.unstable().nextSnapshot() != null
                || !server.outbox().isEmpty()
                || server.raftLog.unstable().hasNextEntries()
                || server.raftLog.hasNextCommitted(!async)
                || server.hasReadStates();
    }

    // Asked far more often than something has changed, so without making the records.

    private boolean softStateChanged() {
        return server.leader() != shownSoftState.leader() || server.role().name() != shownSoftState.role();
    }

    private boolean hardStateChanged() {
        return server.raftLog.committed() != shownHardState.commit()
                || server.term() != shownHardState.term()
                || server.vote() != shownHardState.vote();
    }

    /** Hands out everything there is to do since the last time. May be empty. In synchronous mode, advance follows. */
    public Ready ready() {
        Check.that(stepsOnAdvance == null, "two accepted Ready structs without call to Advance");
        RaftLog raftLog = server.raftLog;
        Unstable unstable = raftLog.unstable();

        @Nullable SoftState soft = softStateChanged() ? server.softState() : null;
        HardState toStore = hardStateChanged() ? server.hardState() : HardState.EMPTY;
        List<Entry> entries = unstable.nextEntries();
        Snapshot next = unstable.nextSnapshot();
        Snapshot snapshot = next == null ? Snapshot.EMPTY : next;
        List<Entry> committed = raftLog.nextCommitted(!async);
        boolean mustSync =
                !entries.isEmpty() || server.vote() != shownHardState.vote() || server.term() != shownHardState.term();
        List<Message> messages = server.outbox().takeImmediate();
        List<Message> afterAppend = server.outbox().takeAfterAppend();
        @Nullable StorageAppendReply stored = unstable.size() > 0 || !snapshot.isEmpty() ? storedReply(snapshot) : null;
        @Nullable StorageApplyReply applied = committed.isEmpty() ? null : new StorageApplyReply(server.id, committed);
        if (async) {
            if (!entries.isEmpty() || !toStore.isEmpty() || !snapshot.isEmpty() || !afterAppend.isEmpty()) {
                if (stored != null) {
                    // Last: the acknowledgements before it still find their entries' terms without asking storage.
                    afterAppend.add(stored);
                }
                messages.add(new StorageAppend(server.id, toStore, entries, snapshot, afterAppend));
            }
            if (applied != null) {
                messages.add(new StorageApply(server.id, committed, List.of(applied)));
            }
        } else {
            List<Message> steps = new ArrayList<>();
            for (Message message : afterAppend) {
                (message.to() == server.id ? steps : messages).add(message);
            }
            if (stored != null) {
                steps.add(stored);
            }
            if (applied != null) {
                steps.add(applied);
            }
            stepsOnAdvance = steps;
        }

        Ready ready =
                new Ready(soft, toStore, server.takeReadStates(), entries, snapshot, committed, messages, mustSync);
        if (soft != null) {
            shownSoftState = soft;
        }
        if (!toStore.isEmpty()) {
            shownHardState = toStore;
        }
        unstable.acceptInProgress();
        if (!committed.isEmpty()) {
            Leader leading = server.leading();
            if (leading != null) {
                leading.onHandedOut(committed);
            }
            raftLog.acceptApplying(committed.get(committed.size() - 1).index(), Entries.encodedSize(committed), !async);
        }
        return ready;
    }

    /**
     * What storage is to answer. It names the last entry of the whole log and the term of now: an older answer, of
     * entries that were replaced since, is told by its lower term, or by the term of its entry; a newer one with every
     * write while something is unstable makes sure that it is heard at last.
     */
    private StorageAppendReply storedReply(Snapshot snapshot) {
        EntryId last = server.raftLog.unstable().size() > 0 ? server.raftLog.lastId() : new EntryId(0, 0);
        return new StorageAppendReply(server.id, server.term(), last.term(), last.index(), snapshot);
    }

    /** Synchronous mode: everything that the last Ready asked for is done. */
    public void advance() {
        Check.that(!async, "Advance must not be called when using AsyncStorageWrites");
        List<Message> steps = stepsOnAdvance;
        if (steps == null) {
            throw Check.fail("advance without a Ready");
        }
        stepsOnAdvance = null;
        for (Message message : steps) {
            server.step(message);
        }
    }

    // ---- the rest

    /**
     * Gives a new server a configuration, as committed entries at the head of its log; the first Ready hands them out.
     * Every first member must do the same.
     *
     * @throws IllegalArgumentException if there are no peers
     * @throws IllegalStateException if the log is not empty
     */
    public void bootstrap(List<Bootstrap.Peer> peers) {
        Bootstrap.run(server, peers);
        shownHardState = HardState.EMPTY;
    }

    /** What the server knows about itself. */
    public Status status() {
        return Status.of(server);
    }

    /** Tells that a message could not be delivered. */
    public void reportUnreachable(long id) {
        server.step(new Message.Unreachable(id));
    }

    /** Tells how sending a snapshot ended. Must follow each {@link Message.InstallSnapshot}. */
    public void reportSnapshot(long id, boolean failed) {
        server.step(new Message.SnapshotStatus(id, failed));
    }

    /**
     * Asks that a member shall lead (thesis §3.10). Whether it will, {@link #status} shows: a transfer that has not
     * succeeded within an election timeout is given up. Asking for the leader itself gives up a transfer under way.
     */
    public RequestOutcome transferLeader(long transferee) {
        return server.role().transferLeader(new Message.TransferLeader(transferee, NONE, 0));
    }

    /** Makes a follower forget its leader, so that it may vote at once. */
    public RequestOutcome forgetLeader() {
        return server.role().forgetLeader();
    }

    /**
     * Asks for a read index (thesis §6.4). The answer comes in {@link Ready#readStates} with the same context, or, even
     * if the request was taken, never: requests are lost with leadership, or on their way to the leader, and are to be
     * repeated.
     */
    public RequestOutcome readIndex(Bytes context) {
        return server.role().readIndex(new Message.ReadIndex(NONE, NONE, List.of(Entry.normal(context.array()))));
    }

    // ---- what raft-rs has besides

    /** Makes a leader send heartbeats now. */
    public RequestOutcome ping() {
        if (server.leading() == null) {
            return RequestOutcome.NOT_LEADER;
        }
        server.step(new Message.Beat());
        return RequestOutcome.ACCEPTED;
    }

    /**
     * Asks the leader for a snapshot of all that is in this follower's log, though the log may need none: for an
     * application that has lost its state. The follower takes no entries until it has the snapshot, which comes in a
     * {@link Ready} and is to be taken even where the application had got as far. The request ends with the term.
     * Between servers that speak raft-rs's dialect only.
     */
    public RequestOutcome requestSnapshot() {
        return server.role().requestSnapshot();
    }

    /** Tells that storage now has the entries that it was asked for; see {@link Storage#entries(long, long, long, EntryFetch)}. */
    public RequestOutcome entriesFetched(EntryFetch fetch) {
        if (fetch.to() == APPLY_THREAD) {
            server.raftLog.committedFetched();
            return RequestOutcome.ACCEPTED;
        }
        Leader leading = server.leading();
        return leading == null || fetch.term() != server.term()
                ? RequestOutcome.NOT_LEADER
                : leading.replicator().onEntriesFetched(fetch);
    }

    /**
     * Changes how many appends may be on their way to a member; 0 stops sending it entries. Holds as long as the server
     * leads and the member is one.
     *
     * @throws IllegalArgumentException if {@code maxMessages} is negative
     */
    public RequestOutcome adjustMaxInflightMessages(long member, int maxMessages) {
        if (maxMessages < 0) {
            throw new IllegalArgumentException("maxMessages: " + maxMessages + " must not be negative");
        }
        Leader leading = server.leading();
        if (leading == null) {
            return RequestOutcome.NOT_LEADER;
        }
        Progress progress = leading.tracker().get(member);
        if (progress == null) {
            return RequestOutcome.NOT_MEMBER;
        }
        leading.replicator().adjustInflight(member, progress, maxMessages);
        return RequestOutcome.ACCEPTED;
    }

    /** The bytes of memory that a leader's in-flight windows hold. */
    public long inflightBufferBytes() {
        Leader leading = server.leading();
        return leading == null ? 0 : leading.tracker().inflightBufferBytes();
    }

    /** Gives back the memory of in-flight windows that are empty. */
    public void freeInflightBuffers() {
        Leader leading = server.leading();
        if (leading != null) {
            leading.tracker().freeInflightBuffers();
        }
    }

    /**
     * Puts members into groups, or with group 0 into none. With {@link RaftConfig.Builder#groupCommit} an entry commits
     * when a majority has it and, besides, members of two groups; if some voters have no group and the others are of
     * one, when all voters have it. To be called on every member that may lead, and again after a restart.
     */
    public void assignCommitGroups(Map<Long, Long> groupOfMember) {
        groupOfMember.forEach(server.groups::assign);
        recount();
    }

    /** Takes all members out of their groups. */
    public void clearCommitGroups() {
        server.groups.clear();
        recount();
    }

    /**
     * Tells whether everything that is committed is on members of two groups; empty on a server that does not know: it
     * does not lead, or has not applied an entry of its own term.
     */
    public Optional<Boolean> isGroupCommitConsistent() {
        Leader leading = server.leading();
        if (leading == null || !server.hasAppliedInTerm()) {
            return Optional.empty();
        }
        boolean consistent = server.tuning.groupCommit
                && server.configuration().spansGroups(server.groups)
                && leading.replicator().quorumIndex() == server.raftLog.committed();
        return Optional.of(consistent);
    }

    private void recount() {
        Leader leading = server.leading();
        if (leading != null) {
            leading.recount();
        }
    }

    /** The current term. */
    public long term() {
        return server.term();
    }

    /** Who leads in the current term; {@link #NONE} if that is not known. */
    public long leader() {
        return server.leader();
    }

    /** The commit index. */
    public long committed() {
        return server.raftLog.committed();
    }

    /** Tells whether an entry of the current term is committed. */
    public boolean hasCommittedInTerm() {
        return server.hasCommittedInTerm();
    }

    /** Tells whether an entry of the current term is applied. */
    public boolean hasAppliedInTerm() {
        return server.hasAppliedInTerm();
    }

    /** Changes {@link RaftConfig.Builder#groupCommit}. */
    public void setGroupCommit(boolean on) {
        server.tuning.groupCommit = on;
        recount();
    }

    /** Changes {@link RaftConfig.Builder#priority}. */
    public void setPriority(long priority) {
        server.tuning.priority = priority;
    }

    /**
     * Changes {@link RaftConfig.Builder#checkQuorum}.
     *
     * @throws IllegalArgumentException if it is switched off where reads are based on leases
     */
    public void setCheckQuorum(boolean on) {
        RaftConfig.requireCheckQuorum(server.config.readOnlyOption, on);
        server.tuning.checkQuorum = on;
    }

    /** Changes {@link RaftConfig.Builder#batchAppend}. */
    public void setBatchAppend(boolean on) {
        server.tuning.batchAppend = on;
    }

    /** Changes {@link RaftConfig.Builder#skipBroadcastCommit}. */
    public void setSkipBroadcastCommit(boolean on) {
        server.tuning.skipBroadcastCommit = on;
    }

    /**
     * Changes {@link RaftConfig.Builder#maxCommittedSizePerReady}.
     *
     * @throws IllegalArgumentException if it is less than 1
     */
    public void setMaxCommittedSizePerReady(long size) {
        if (size < 1) {
            throw new IllegalArgumentException("maxCommittedSizePerReady: " + size + " must be at least 1");
        }
        server.raftLog.setMaxApplyingSize(size);
    }

    /**
     * Changes {@link RaftConfig.Builder#maxUnpersistedApply}.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public void setMaxUnpersistedApply(long entries) {
        if (entries < 0) {
            throw new IllegalArgumentException("maxUnpersistedApply: " + entries + " must not be negative");
        }
        server.tuning.maxUnpersistedApply = entries;
        if (server.leading() != null) {
            server.raftLog.setMaxUnpersistedApply(entries);
        }
    }

    // ---- for tests

    /** Sets the limit of the running election timer, for tests and scripts; the next reset draws a new one. */
    public void setElectionTimeout(int ticks) {
        server.electionTimer.setLimit(ticks);
    }

    /**
     * Checks what must hold between two calls.
     *
     * @throws Check.BrokenInvariantException if something does not
     */
    public void checkInvariants() {
        Invariants.check(server);
    }
}
