package dev.coracle.node;

import dev.coracle.raft.Check;
import dev.coracle.raft.ConfChange;
import dev.coracle.raft.ConfChangeCodec;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.HardState;
import dev.coracle.raft.RaftConfig;
import dev.coracle.raft.RandomSource;
import dev.coracle.raft.RawNode;
import dev.coracle.raft.ReadOnlyOption;
import dev.coracle.raft.SnapshotMetadata;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jctools.queues.SpscArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * A durable member of a Raft cluster: the core driven over a log, snapshots, a network and a state machine, which are all
 * handed in. It has no threads: whoever makes it runs its {@link #agents}, each by one thread at a time.
 *
 * <p>Requests may be made by any thread and never block. Every one of them ends in exactly one call of its {@link Reply},
 * at the latest when its deadline has passed, as long as the agents are run; a deadline is a moment of the clock whose
 * time is given to {@link Agent#doWork}. Only the leader takes proposals, configuration changes and transfers; while no
 * leader is known they wait, and when another node leads they fail with its id.
 *
 * <p>A broken invariant, a failure of the storage and an exception out of the state machine stop the node for good.
 */
public final class RaftNode implements AutoCloseable {
    private final NodeConfig config;
    private final ConfChangeCodec codec;
    private final boolean newerChanges;
    private final Lifecycle lifecycle;
    private final RequestQueue requests;
    private final Inbox inbox;
    private final Loop loop;
    private final StorageWriter storageWriter;
    private final Applier applier;
    private final SnapshotWriter snapshotWriter;
    private final EntryReader entryReader;
    private final Agent housekeeping;

    /**
     * Recovers a node from its log; the state machine is restored in the first turn of its agent.
     *
     * @param transport carries the node's messages; the caller starts it with {@link #inbound} and closes it
     * @throws Check.BrokenInvariantException if what the log holds contradicts itself
     * @throws IllegalArgumentException if the configuration breaks a rule of the core, or allows proposals that the log
     *     cannot hold
     */
    public RaftNode(
            NodeConfig config,
            LogStore log,
            SnapshotStore snapshots,
            Transport transport,
            StateMachine stateMachine,
            RandomSource random,
            ConfChangeCodec codec) {
        if (config.maxProposalBytes > log.maxEntryBytes()) {
            throw new IllegalArgumentException("maxProposalBytes: " + config.maxProposalBytes
                    + " must not exceed the maxEntryBytes of the log, " + log.maxEntryBytes());
        }
        this.config = config;
        this.codec = codec;
        newerChanges = transport.takesNewerChanges();
        lifecycle = new Lifecycle(config.id);
        requests = new RequestQueue(config.requestCapacity, config.maxPendingBytes, lifecycle);
        inbox = new Inbox(config, lifecycle);

        var fetches = new SpscArrayQueue<FetchWork>(StoredLog.FETCH_CAPACITY);
        var fetched = new SpscArrayQueue<FetchWork>(StoredLog.FETCH_CAPACITY);
        entryReader = new EntryReader(config, log, fetches, fetched, lifecycle, this::wakeLoop);
        StoredLog stored = recover(config, log, fetches, entryReader::wake);
        RawNode raw = new RawNode(coreConfig(config, stored, random, codec));
        if (!config.bootstrap.isEmpty() && stored.lastIndex() == 0) {
            raw.bootstrap(config.bootstrap);
        }

        var writes = new SpscArrayQueue<WriteWork>(config.maxOutstandingWrites);
        var written = new SpscArrayQueue<WriteWork>(config.maxOutstandingWrites);
        var work = new SpscArrayQueue<ApplyWork>(ApplierQueue.CAPACITY);
        var done = new SpscArrayQueue<ApplyWork>(ApplierQueue.CAPACITY);
        var snapshotWork = new SpscArrayQueue<SnapshotWork>(8);
        var snapshotsWritten = new SpscArrayQueue<SnapshotWork.Written>(4);
        AtomicLong releasable = new AtomicLong();
        storageWriter = new StorageWriter(config, log, writes, written, releasable, lifecycle, this::helpLoop);
        applier = new Applier(config, stateMachine, snapshots, work, done, lifecycle, this::helpLoop);
        snapshotWriter =
                new SnapshotWriter(config, snapshots, snapshotWork, snapshotsWritten, lifecycle, this::wakeLoop);
        Loop.Channels channels = new Loop.Channels(
                writes,
                written,
                releasable,
                storageWriter::wake,
                work,
                done,
                applier::wake,
                snapshotWork,
                snapshotsWritten,
                snapshotWriter::wake,
                fetched);
        loop = new Loop(config, raw, stored, log, codec, transport, random, inbox, requests, channels, lifecycle);
        inbox.onWork(loop::wake, loop::help);
        housekeeping = new Housekeeping(log.housekeeping(), lifecycle);
    }

    private void wakeLoop() {
        loop.wake();
    }

    private void helpLoop() {
        loop.help();
    }

    private static RaftConfig coreConfig(
            NodeConfig config, StoredLog stored, RandomSource random, ConfChangeCodec codec) {
        return RaftConfig.builder()
                .id(config.id)
                .electionTicks(config.electionTicks)
                .heartbeatTicks(config.heartbeatTicks)
                .storage(stored)
                .codec(codec)
                .random(random)
                .applied(stored.firstIndex() - 1)
                .asyncStorageWrites(true)
                .votesWaitForStorage(true)
                .maxSizePerMessage(config.maxSizePerMessage)
                .maxCommittedSizePerReady(config.maxApplyingBytes)
                .maxUncommittedSize(config.maxUncommittedBytes)
                .maxInflightMessages(config.maxInflightMessages)
                .maxInflightBytes(config.maxInflightBytes)
                .checkQuorum(config.checkQuorum)
                .preVote(config.preVote)
                .readOnlyOption(ReadOnlyOption.SAFE)
                .disableProposalForwarding(true)
                .stepDownOnRemoval(config.stepDownOnRemoval)
                .logger(config.logger)
                .observer(config.observer)
                .build();
    }

    /** What the log holds, mended where a crash between two records of one write can have left a gap. */
    private static StoredLog recover(
            NodeConfig config, LogStore log, SpscArrayQueue<FetchWork> fetches, Runnable wakeReader) {
        LogStore.Recovered found = log.recover(config.group);
        HardState hardState = found.hardState();
        if (found.snapshot().index() == 0 && !config.initialConfiguration.equals(ConfState.EMPTY)) {
            found = new LogStore.Recovered(
                    hardState,
                    new SnapshotMetadata(0, 0, config.initialConfiguration),
                    found.terms(),
                    found.lastIndex());
        }
        if (hardState.isEmpty() && config.firstLeader != RawNode.NONE) {
            // It leads in the first term without having asked: the vote is its, and nobody else's.
            hardState = new HardState(1, config.firstLeader, 0);
        }
        if (hardState.isEmpty() && found.snapshot().index() == 0) {
            // Nothing was ever synced, since the first write ends with a term; whatever is there was promised to
            // nobody.
            found = new LogStore.Recovered(
                    hardState, found.snapshot(), List.of(found.terms().get(0)), 0);
        }
        long lastTerm = found.terms().get(found.terms().size() - 1).term();
        long term = hardState.term();
        long vote = hardState.vote();
        if (lastTerm > term) {
            // The entries arrived, the term after them did not. No vote of that term can have left this node.
            term = lastTerm;
            vote = RawNode.NONE;
        }
        Check.that(
                hardState.commit() <= found.lastIndex(),
                "the log ends at %d, and up to %d was committed",
                found.lastIndex(),
                hardState.commit());
        HardState mended = new HardState(term, vote, hardState.commit());
        return new StoredLog(config, log, found, mended, fetches, wakeReader);
    }

    /**
     * What drives the node: loop, storage writer, applier, snapshot writer, entry reader and the log's housekeeping. Each
     * may have a thread of its own; all may share one. They go on to be run for a while after {@link #close}, to end what is open.
     */
    public List<Agent> agents() {
        return List.of(loop, storageWriter, applier, snapshotWriter, entryReader, housekeeping);
    }

    /** Where the transport hands in messages for this node. */
    public Transport.Inbound inbound() {
        return inbox;
    }

    /** The node's id. */
    public long id() {
        return config.id;
    }

    /**
     * Proposes a command. Done with what the state machine returned for it here.
     *
     * @param data the command, at least one byte; the node takes ownership
     * @throws IllegalArgumentException if {@code data} is empty
     */
    public void propose(byte[] data, long deadlineNanos, Reply<@Nullable Object> reply) {
        propose(data, null, deadlineNanos, reply);
    }

    /**
     * Proposes a command. Done with what the state machine returned for it here.
     *
     * @param data the command, at least one byte; the node takes ownership
     * @param context the context of the entry, which only raft-rs's dialect has; null for none
     * @throws IllegalArgumentException if {@code data} is empty
     */
    public void propose(byte[] data, byte @Nullable [] context, long deadlineNanos, Reply<@Nullable Object> reply) {
        if (data.length == 0) {
            throw new IllegalArgumentException("data: 0 bytes, must have at least 1");
        }
        if (fits("data", data.length + (context == null ? 0 : context.length), reply)) {
            submit(new Request.Proposal(data, context, deadlineNanos, reply));
        }
    }

    /** No log need take what is longer. */
    private boolean fits(String what, int bytes, Reply<?> reply) {
        if (bytes > config.maxProposalBytes) {
            reply.failed(Failure.of(
                    Failure.Kind.TOO_LARGE,
                    what + ": " + bytes + " bytes, must not exceed maxProposalBytes " + config.maxProposalBytes));
            return false;
        }
        return true;
    }

    /**
     * Proposes a change of the configuration. Done with the configuration that it led to, which may be a joint one that
     * is still to be left, once it is in force here and noted by the state machine. Refused where the transport has peers
     * that ignore this form ({@link Transport#takesNewerChanges}).
     */
    public void changeConfiguration(ConfChangeV2 change, long deadlineNanos, Reply<ConfState> reply) {
        changeConfiguration(change, null, deadlineNanos, reply);
    }

    /**
     * Proposes a change of the configuration as {@link #changeConfiguration(ConfChangeV2, long, Reply)}.
     *
     * @param context the context of the entry, which only raft-rs's dialect has; null for none
     */
    public void changeConfiguration(
            ConfChangeV2 change, byte @Nullable [] context, long deadlineNanos, Reply<ConfState> reply) {
        if (!newerChanges) {
            reply.failed(Failure.of(
                    Failure.Kind.REFUSED_CONFIG,
                    "change: members of this cluster may ignore the newer form; only the older one, which changes one"
                            + " member, may be proposed"));
        } else if (fits("change", codec.encode(change).length + (context == null ? 0 : context.length), reply)) {
            submit(new Request.Configuration(null, change, context, deadlineNanos, reply));
        }
    }

    /** The same in the older form, the only one that some programs of etcd's dialect understand. */
    public void changeConfiguration(ConfChange change, long deadlineNanos, Reply<ConfState> reply) {
        if (fits("change", codec.encode(change).length, reply)) {
            submit(new Request.Configuration(change, null, null, deadlineNanos, reply));
        }
    }

    /**
     * Reads linearizably (thesis §6.4), on any member. Done, on the applier's thread, with the index that the state
     * machine stands at: the reply may look at the state machine, which has everything that was done before this call.
     */
    public void read(long deadlineNanos, Reply<Long> reply) {
        submit(new Request.Read(true, false, deadlineNanos, reply));
    }

    /**
     * Reads as {@link #read} does, but trusts the clocks (thesis §6.4.1): the leader answers without a round of messages as
     * long as it knows, by the time that has passed since the last one, that no other node can lead. Other members ask the
     * leader. Without a {@link NodeConfig.Builder#clock}, without check-quorum, or without a lease at the moment, it is the
     * same as {@link #read}.
     */
    public void leaseRead(long deadlineNanos, Reply<Long> reply) {
        submit(new Request.Read(true, true, deadlineNanos, reply));
    }

    /**
     * Reads what this node has, which may be old. Done, on the applier's thread, with the index that the state machine
     * stands at.
     */
    public void staleRead(long deadlineNanos, Reply<Long> reply) {
        submit(new Request.Read(false, false, deadlineNanos, reply));
    }

    /** Hands leadership to another voter (thesis §3.10). Done with its id once it leads. */
    public void transferLeadership(long target, long deadlineNanos, Reply<Long> reply) {
        submit(new Request.Transfer(target, deadlineNanos, reply));
    }

    /**
     * Starts an election, unless the node leads or may not; nor does it while a leader trusts that it does not, with a
     * {@link NodeConfig.Builder#clock} and check-quorum, for an election timeout after it has heard from one or has started
     * again. Done with whether it was tried.
     */
    public void campaign(long deadlineNanos, Reply<Boolean> reply) {
        submit(new Request.Campaign(deadlineNanos, reply));
    }

    /**
     * Makes a follower forget its leader, until it hears from it again: for whoever knows sooner than by silence that the
     * leader is gone, and wants this node to vote for another one at once. With a {@link NodeConfig.Builder#clock} and
     * check-quorum a lease may count on its not voting, and it does not before an election timeout after the leader's last
     * word. Done with whether there was a leader to forget.
     */
    public void forgetLeader(long deadlineNanos, Reply<Boolean> reply) {
        submit(new Request.ForgetLeader(deadlineNanos, reply));
    }

    /**
     * Gives leadership up, if the node leads in {@code term}, by moving on to the next term. Done with that term; any
     * node, this one too, may be elected then.
     */
    public void stepDown(long term, long deadlineNanos, Reply<Long> reply) {
        submit(new Request.StepDown(term, deadlineNanos, reply));
    }

    /** Takes a snapshot, or waits for the one that is under way. Done when it is durable and recorded in the log. */
    public void snapshot(long deadlineNanos, Reply<SnapshotMetadata> reply) {
        submit(new Request.TakeSnapshot(deadlineNanos, reply));
    }

    /** Asks for all that the node knows about itself. */
    public void status(long deadlineNanos, Reply<NodeStatus> reply) {
        submit(new Request.AskStatus(deadlineNanos, reply));
    }

    private void submit(Request<?> request) {
        requests.submit(request);
        loop.wake();
    }

    /** What the node knew of itself at the end of the loop's last turn. Any thread may call, often. */
    public NodeView view() {
        return loop.view();
    }

    /** The number of messages from the network that were refused because they made no sense. */
    public long refusedMessages() {
        return inbox.refused();
    }

    /**
     * Sets who hears, once and on whatever thread, of the failure that stopped the node; at once if it has happened. The
     * node is dead then, and its process should end.
     */
    public void onFailure(Consumer<Throwable> listener) {
        lifecycle.onFailure(listener);
    }

    /** Tells whether the node has stopped. */
    public boolean hasStopped() {
        return lifecycle.hasStopped();
    }

    /** What stopped the node, or null if nothing did or {@link #close}. */
    public @Nullable Throwable failure() {
        return lifecycle.failure();
    }

    /**
     * Stops the node. The next turn of its loop fails everything open; what is made afterwards fails at once. Log,
     * snapshots and transport stay open, and are the caller's to close when the agents are not run any more.
     */
    @Override
    public void close() {
        lifecycle.stop();
        loop.wake();
        snapshotWriter.wake();
    }

    /** The log's own agent, whose failures stop the node like those of the others. */
    private static final class Housekeeping extends NodeAgent {
        private final Agent agent;

        Housekeeping(Agent agent, Lifecycle lifecycle) {
            super(agent.name(), lifecycle);
            this.agent = agent;
        }

        @Override
        int turn(long nowNanos) {
            return agent.doWork(nowNanos);
        }

        @Override
        public void onWork(Runnable wakeUp) {
            agent.onWork(wakeUp);
        }
    }
}
