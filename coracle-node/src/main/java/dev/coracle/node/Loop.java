package dev.coracle.node;

import dev.coracle.raft.Check;
import dev.coracle.raft.ConfChangeCodec;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.raft.InvalidConfChangeException;
import dev.coracle.raft.Message;
import dev.coracle.raft.RandomSource;
import dev.coracle.raft.RawNode;
import dev.coracle.raft.ReadState;
import dev.coracle.raft.Ready;
import dev.coracle.raft.SnapshotMetadata;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jctools.queues.SpscArrayQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The consensus thread's work, and the only user of the core: time, messages and requests go in, writes, messages and
 * committed entries come out. No user code runs here but replies, and nothing waits.
 *
 * <p>A {@link #turn} reads from top to bottom, and so do the methods that it calls: what the other agents have done, time,
 * messages, requests, and then what the core wants done. What must be remembered from turn to turn is in the classes of
 * the fields, each with its invariant.
 *
 * <p>The log in memory holds exactly what the storage writer has made durable: it changes when a write comes back, in
 * the order of the writes, and before the core hears of it.
 */
final class Loop extends NodeAgent {
    /** How many messages, and how many requests, are taken in one turn. */
    private static final int TURN_LIMIT = 1024;

    private static final Logger LOGGER = LoggerFactory.getLogger(RaftNode.class);

    private final long group;
    private final long id;
    private final RawNode raw;
    private final StoredLog log;
    private final LogStore store;
    private final ConfChangeCodec codec;

    private final Standing standing;
    private final Ticks ticks;
    private final Lease lease;
    private final FollowerPromise promise;

    private final Inbox inbox;
    private final Transport transport;
    private final boolean newerChanges;
    private final HeartbeatNotes notes;

    /** Whether something was sent since the last flush. */
    private boolean sent;

    private final Channels channels;
    private final OutstandingWrites writes;
    private final ApplierQueue applier;
    private final SnapshotCycle snapshots;
    private final Compaction compaction;

    private final RequestQueue requests;
    private final OpenRequests open;
    private final PendingProposals proposals;
    private final Proposer proposer;
    private final LinearizableReads reads;
    private final Handover handover;

    private volatile Runnable help = this::wake;

    /** The queues between the loop and the other agents, and how to wake those. */
    record Channels(
            SpscArrayQueue<WriteWork> writes,
            SpscArrayQueue<WriteWork> written,
            AtomicLong releasable,
            Runnable wakeStorage,
            SpscArrayQueue<ApplyWork> work,
            SpscArrayQueue<ApplyWork> done,
            Runnable wakeApplier,
            SpscArrayQueue<SnapshotWork> snapshotWork,
            SpscArrayQueue<SnapshotWork.Written> snapshotsWritten,
            Runnable wakeSnapshotWriter,
            SpscArrayQueue<FetchWork> fetched) {}

    Loop(
            NodeConfig config,
            RawNode raw,
            StoredLog log,
            LogStore store,
            ConfChangeCodec codec,
            Transport transport,
            RandomSource random,
            Inbox inbox,
            RequestQueue requests,
            Channels channels,
            Lifecycle lifecycle) {
        super("loop", lifecycle);
        HardState hardState = log.recoveredState();
        SnapshotMetadata recovered = log.snapshotMetadata();
        this.group = config.group;
        this.id = config.id;
        this.raw = raw;
        this.log = log;
        this.store = store;
        this.codec = codec;

        this.standing = new Standing(hardState, recovered.index(), raw.status().configuration());
        this.ticks = new Ticks(config);
        this.lease = new Lease(config);
        this.promise = new FollowerPromise(config, raw, lease, ticks, hardState.isEmpty());

        this.inbox = inbox;
        this.transport = transport;
        this.newerChanges = transport.takesNewerChanges();
        this.notes = config.heartbeatNotes;

        this.channels = channels;
        this.writes = new OutstandingWrites(config, channels, ticks);
        this.applier = new ApplierQueue(channels);
        this.snapshots = new SnapshotCycle(config, recovered);
        this.compaction = new Compaction(config, raw, log, store, ticks, channels);

        this.requests = requests;
        this.open = new OpenRequests(config, standing, requests);
        this.proposals = new PendingProposals(open::failLost);
        this.proposer = new Proposer(config, raw, store, open, proposals);
        this.reads = new LinearizableReads(config, raw, standing, ticks, lease, applier, random);
        this.handover = new Handover(config, raw, standing, writes, open);
        if (recovered.index() > 0) {
            applier.restore(recovered);
        }
    }

    NodeView view() {
        return standing.view();
    }

    @Override
    public void onHelp(Runnable newHelp) {
        help = newHelp;
    }

    /** Runs the loop on this thread if nobody else does, and sees to it that it is run otherwise. */
    void help() {
        help.run();
    }

    @Override
    int turn(long nowNanos) {
        // Without room for one more write the core must not be asked for work, and so it must not be given any: the
        // node stands still, as if its process were stopped, and counts the time as passed when it goes on.
        boolean room = writes.hasRoom();
        int work = takeWritten() + takeApplied() + takeSnapshots();
        if (room) {
            work += tick(nowNanos) + takeFetched() + takeMessages();
        }
        work += takeRequests(nowNanos);
        if (room) {
            work += startWaiting();
            reads.askAgain();
        }
        work += handleReadies();
        beginSnapshot(nowNanos);
        compaction.compact();
        // Before the applier hears of it: who is removed shall still be told that it is, and the applier's user may
        // close the connection.
        flush();
        applier.feed();
        open.endTurn(nowNanos);
        standing.publish();
        return work;
    }

    // ---- what comes back from the other agents

    private int takeWritten() {
        int count = 0;
        WriteWork done = writes.takeDone();
        while (done != null) {
            count++;
            if (done instanceof WriteWork.Append append) {
                onWritten(append.message());
            } else if (done instanceof WriteWork.Record record) {
                onRecorded(record.snapshot());
            }
            done = writes.takeDone();
        }
        return count;
    }

    private void onWritten(Message.StorageAppend message) {
        if (!message.snapshot().isEmpty()) {
            SnapshotMetadata snapshot = message.snapshot().metadata();
            log.restore(snapshot);
            standing.configured(snapshot.confState());
            proposals.skipTo(snapshot.index(), open::failSkipped);
            applier.restore(snapshot);
            reads.queueReached();
        }
        log.append(message.entries());
        for (Message response : message.responses()) {
            deliver(response);
        }
    }

    private void onRecorded(SnapshotMetadata snapshot) {
        // Still newer than what the log begins with, unless a leader's was written between the two.
        if (log.advanceSnapshot(snapshot)) {
            compaction.snapshotAdvanced();
        }
        purge(snapshot);
        endSnapshot(null, snapshot);
    }

    private int takeApplied() {
        int count = 0;
        ApplyWork done = applier.takeDone();
        while (done != null) {
            count++;
            if (done instanceof ApplyWork.Entries entries) {
                onApplied(entries);
            } else if (done instanceof ApplyWork.Reads applierReads) {
                applierReads.reads().forEach(open::forget);
            } else if (done instanceof ApplyWork.Restore restore) {
                standing.appliedTo(restore.snapshot().index());
                purge(restore.snapshot());
            } else if (done instanceof ApplyWork.Pin pin) {
                onPinned(pin);
            }
            done = applier.takeDone();
        }
        return count;
    }

    private void onApplied(ApplyWork.Entries work) {
        List<Entry> entries = work.message.entries();
        standing.appliedTo(entries.get(entries.size() - 1).index());
        Request.@Nullable OfLog<?> @Nullable [] finished = work.requests;
        if (finished != null) {
            for (Request.@Nullable OfLog<?> request : finished) {
                if (request != null) {
                    open.forget(request);
                }
            }
        }
        for (Message response : work.message.responses()) {
            deliver(response);
        }
    }

    private void onPinned(ApplyWork.Pin pin) {
        PinnedState pinned = pin.pinned;
        if (pinned == null) {
            throw Check.fail("the applier pinned nothing");
        }
        Check.that(channels.snapshotWork.offer(new SnapshotWork.Write(pinned)), "the snapshot writer's queue is full");
        channels.wakeSnapshotWriter.run();
    }

    private int takeSnapshots() {
        // Its record is one more write.
        if (!writes.hasRoom()) {
            return 0;
        }
        SnapshotWork.Written written = channels.snapshotsWritten.poll();
        if (written == null) {
            return 0;
        }
        SnapshotMetadata snapshot = written.snapshot();
        if (written.failure() != null) {
            endSnapshot("it could not be written: " + written.failure(), snapshot);
        } else if (snapshot.index() <= snapshots.newest().index()) {
            // A leader's snapshot came in meanwhile, and the log begins behind it.
            endSnapshot(null, snapshots.newest());
        } else {
            snapshots.advanceTo(snapshot);
            writes.add(new WriteWork.Record(snapshot));
        }
        return 1;
    }

    private void endSnapshot(@Nullable String failure, SnapshotMetadata snapshot) {
        for (Request.TakeSnapshot request : snapshots.finish()) {
            if (failure == null) {
                request.done(snapshot);
            } else {
                request.fail(Failure.of(Failure.Kind.SNAPSHOT_FAILED, failure));
            }
            open.forget(request);
        }
    }

    /** Asks for old snapshots to be deleted; if the writer has too much to do, the next time will do as well. */
    private void purge(SnapshotMetadata newest) {
        if (channels.snapshotWork.size() < channels.snapshotWork.capacity() - 1) {
            channels.snapshotWork.offer(new SnapshotWork.Purge(newest.id()));
            channels.wakeSnapshotWriter.run();
        }
    }

    private int takeFetched() {
        int count = 0;
        FetchWork done = channels.fetched.poll();
        while (done != null) {
            count++;
            raw.entriesFetched(log.onFetched(done));
            done = channels.fetched.poll();
        }
        return count;
    }

    // ---- time

    private int tick(long nowNanos) {
        int due = ticks.takeDue(nowNanos);
        if (due == 0) {
            return 0;
        }
        for (int i = 0; i < due; i++) {
            ticks.pass();
            if (standing.leads() || !writes.diskHangs()) {
                // Else it would campaign, and could not make its vote durable.
                raw.tick();
            }
        }
        handover.check();
        handover.leaveHangingDisk();
        return due;
    }

    // ---- messages

    private int takeMessages() {
        int count = 0;
        Map.Entry<Long, byte[]> note = inbox.pollNote();
        while (note != null) {
            count++;
            notes.received(note.getKey(), note.getValue());
            note = inbox.pollNote();
        }
        while (count < TURN_LIMIT) {
            Message report = inbox.pollReport();
            if (report == null) {
                break;
            }
            count++;
            if (report instanceof Message.SnapshotStatus status) {
                raw.reportSnapshot(status.from(), status.reject());
            } else {
                raw.reportUnreachable(report.from());
            }
        }
        boolean heard = false;
        for (int i = 0; i < TURN_LIMIT; i++) {
            Message message = inbox.poll();
            if (message == null) {
                break;
            }
            count++;
            // An append is lost then, as any may be: what is behind it, such as heartbeats, shall not wait for the
            // disk.
            boolean lost = message instanceof Message.Append && !writes.hasRoomForEntries();
            if (!lost
                    && !proposesWhatSomeIgnore(message)
                    && !isAnsweredFromLease(message)
                    && !promise.forbidsVote(message)) {
                raw.step(message);
                heard |= promise.isRenewedBy(message);
            }
        }
        if (heard) {
            promise.renew();
        }
        return count;
    }

    /** Answers another node's question from the lease, if there is one. */
    private boolean isAnsweredFromLease(Message message) {
        Message.ReadIndexReply answer = reads.answerFromLease(message);
        if (answer == null) {
            return false;
        }
        send(answer);
        return true;
    }

    /** What this node would not propose it does not take from others either. */
    private boolean proposesWhatSomeIgnore(Message message) {
        if (newerChanges || !(message instanceof Message.Propose)) {
            return false;
        }
        for (Entry entry : message.entries()) {
            if (entry.type() == EntryType.CONF_CHANGE_V2) {
                LOGGER.warn(
                        "node {} drops a proposal of node {}: members of this cluster may ignore its form",
                        id,
                        Long.toUnsignedString(message.from()));
                return true;
            }
        }
        return false;
    }

    // ---- requests

    private int takeRequests(long nowNanos) {
        int count = 0;
        while (count < TURN_LIMIT) {
            Request<?> request = requests.poll();
            if (request == null) {
                break;
            }
            count++;
            open.add(request);
            if (request.deadlineNanos - nowNanos <= 0) {
                open.fail(request, Failure.of(Failure.Kind.OVERLOADED, "its deadline passed before its turn came"));
            } else if (request instanceof Request.OfLog<?> ofLog) {
                open.waiting().addLast(ofLog);
            } else if (request.needsLeader()) {
                open.waitingForLeader().addLast(request);
            } else {
                serve(request);
            }
        }
        return count;
    }

    /** What needs no leader is served at once. */
    private void serve(Request<?> request) {
        if (request instanceof Request.Read read) {
            applier.add(new ApplyWork.Reads(List.of(read)));
        } else if (request instanceof Request.TakeSnapshot takeSnapshot) {
            snapshots.await(takeSnapshot);
        } else if (request instanceof Request.AskStatus askStatus) {
            askStatus.done(status());
            open.forget(request);
        } else if (request instanceof Request.Campaign campaign) {
            boolean bound = promise.isBinding() && !isOnlyVoter();
            if (!bound) {
                raw.campaign();
            }
            campaign.done(!bound);
            open.forget(request);
        } else if (request instanceof Request.ForgetLeader forgetLeader) {
            forgetLeader.done(raw.forgetLeader().isAccepted());
            open.forget(request);
        } else if (request instanceof Request.StepDown stepDown) {
            handover.stepDown(stepDown);
        } else {
            throw Check.unreachable("a request that nobody serves");
        }
    }

    private boolean isOnlyVoter() {
        ConfState configuration = standing.configuration();
        return configuration.voters().equals(List.of(id))
                && configuration.votersOutgoing().isEmpty();
    }

    private NodeStatus status() {
        return new NodeStatus(
                raw.status(),
                log.firstIndex(),
                log.lastIndex(),
                snapshots.newest(),
                snapshots.isUnderWay(),
                requests.openBytes(),
                writes.count(),
                store.syncs());
    }

    /** Begins what waits, as far as a leader is known, and the disk and a batch have room. */
    private int startWaiting() {
        int count = 0;
        if (standing.knowsLeader()) {
            int limit = standing.leader() != id || writes.hasRoomForEntries()
                    ? open.waiting().size()
                    : 0;
            while (count < limit && proposer.hasRoom()) {
                Request.OfLog<?> request = open.waiting().removeFirst();
                count++;
                if (!request.isOpen()) {
                    continue;
                }
                if (standing.leader() != id) {
                    open.failNotLeader(request, standing.leader());
                } else if (request instanceof Request.Proposal proposal) {
                    proposer.add(proposal);
                } else if (request instanceof Request.Configuration change) {
                    proposer.propose(change);
                }
            }
            count += startWaitingForLeader();
        }
        proposer.proposeBatch();
        reads.askTurn();
        return count;
    }

    private int startWaitingForLeader() {
        int count = open.waitingForLeader().size();
        for (int i = 0; i < count; i++) {
            Request<?> request = open.waitingForLeader().removeFirst();
            if (!request.isOpen()) {
                continue;
            }
            if (request instanceof Request.Read read) {
                reads.add(read);
            } else if (standing.leader() != id) {
                open.failNotLeader(request, standing.leader());
            } else if (request instanceof Request.Transfer transfer) {
                // Behind the proposals of this turn, which a transfer under way would refuse. Those that found no room
                // in it are refused, for certain not done.
                proposer.proposeBatch();
                handover.transfer(transfer);
            }
        }
        return count;
    }

    // ---- what the core wants done

    private int handleReadies() {
        int count = 0;
        while (writes.hasRoom() && raw.hasReady()) {
            handle(raw.ready());
            count++;
        }
        return count;
    }

    private void handle(Ready ready) {
        standing.update(ready);
        if (ready.softState() != null) {
            if (!standing.leads()) {
                log.forgetFetched();
            }
            if (standing.knowsLeader()) {
                reads.leaderChanged();
            }
            handover.check();
        }
        List<ReadState> readStates = ready.readStates();
        for (int i = 0; i < readStates.size(); i++) {
            reads.onReadState(readStates.get(i));
        }
        List<Message> messages = ready.messages();
        for (int i = 0; i < messages.size(); i++) {
            Message message = messages.get(i);
            if (message instanceof Message.StorageAppend append) {
                if (!append.snapshot().isEmpty()) {
                    snapshots.receive(append.snapshot().metadata());
                }
                writes.add(new WriteWork.Append(append));
            } else if (message instanceof Message.StorageApply apply) {
                queueCommitted(apply);
            } else if (message instanceof Message.InstallSnapshot install && isTooOldFor(install)) {
                // Its receiver would ignore a snapshot that does not know it, and wait for ever.
                raw.reportSnapshot(install.to(), true);
                snapshots.demand();
            } else {
                if (message instanceof Message.TimeoutNow) {
                    lease.end(message.term());
                }
                if (message instanceof Message.InstallSnapshot install) {
                    compaction.snapshotSent(install.to(), install.snapshot().index());
                }
                send(message);
            }
        }
        reads.queueReached();
    }

    private static boolean isTooOldFor(Message.InstallSnapshot install) {
        return !install.snapshot().metadata().confState().contains(install.to());
    }

    /**
     * Queues committed entries for the applier, each with the request that waits for it. Configuration changes take
     * effect here, in the order of the log; the applier only notes them.
     */
    private void queueCommitted(Message.StorageApply apply) {
        List<Entry> entries = apply.entries();
        Request.@Nullable OfLog<?> @Nullable [] waitingFor = null;
        List<ApplyWork.Change> changes = List.of();
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            applier.advanceTo(entry.index());
            snapshots.count(entry.encodedSize());
            Request.OfLog<?> request = proposals.take(entry.term(), entry.index());
            if (entry.type() != EntryType.NORMAL) {
                if (changes.isEmpty()) {
                    changes = new ArrayList<>();
                }
                changes.add(putIntoForce(entry, request));
            }
            if (request != null && request.isOpen()) {
                if (waitingFor == null) {
                    waitingFor = new Request.OfLog<?>[entries.size()];
                }
                waitingFor[i] = request;
            }
        }
        applier.add(new ApplyWork.Entries(apply, waitingFor, changes));
    }

    /** Every node comes to the same result here, since all see the same changes in the same order. */
    private ApplyWork.Change putIntoForce(Entry entry, Request.@Nullable OfLog<?> request) {
        String reason;
        try {
            ConfChangeV2 change = codec.decode(entry);
            ConfState configuration = raw.applyConfChange(change);
            standing.configured(configuration);
            lease.interrupt();
            if (request instanceof Request.Configuration waitingRequest) {
                waitingRequest.tookEffect(configuration);
            }
            return new ApplyWork.Change(change, configuration);
        } catch (ConfChangeCodec.MalformedException | InvalidConfChangeException e) {
            reason = String.valueOf(e.getMessage());
        }
        LOGGER.warn("node {} refuses the configuration change at {}: {}", id, entry.index(), reason);
        if (request != null) {
            open.fail(request, Failure.of(Failure.Kind.REFUSED_CONFIG, reason));
        }
        return new ApplyWork.Change(null, ConfState.EMPTY);
    }

    private void beginSnapshot(long nowNanos) {
        if (!snapshots.isDue(nowNanos)) {
            return;
        }
        if (applier.lastIndex() < snapshots.newest().index()) {
            // A leader's is on its way into the log.
            return;
        }
        if (applier.lastIndex() == snapshots.newest().index()) {
            endSnapshot(applier.lastIndex() == 0 ? "there is nothing in the log yet" : null, snapshots.newest());
            return;
        }
        snapshots.begin();
        applier.add(new ApplyWork.Pin());
    }

    // ---- messages that leave

    private void deliver(Message message) {
        if (message.to() == id) {
            raw.step(message);
        } else {
            send(message);
        }
    }

    private void send(Message message) {
        transport.send(group, message);
        sent = true;
        if (message instanceof Message.Heartbeat) {
            sendNote(message.to(), notes.forFollower(message.to()));
        } else if (message instanceof Message.HeartbeatReply) {
            sendNote(message.to(), notes.forLeader(message.to()));
        }
    }

    private void sendNote(long to, byte @Nullable [] note) {
        if (note != null) {
            transport.sendNote(group, to, note);
        }
    }

    private void flush() {
        if (sent) {
            sent = false;
            transport.flush();
        }
    }

    // ---- the end

    /** Ends every request. */
    @Override
    int afterStop() {
        open.failAll();
        int count = 0;
        Request<?> request = requests.poll();
        while (request != null) {
            request.fail(RequestQueue.stopped());
            count++;
            request = requests.poll();
        }
        ApplyWork done = applier.takeDone();
        while (done != null) {
            if (done instanceof ApplyWork.Pin pin && pin.pinned != null) {
                pin.pinned.drop();
            }
            done = applier.takeDone();
        }
        return count;
    }
}
