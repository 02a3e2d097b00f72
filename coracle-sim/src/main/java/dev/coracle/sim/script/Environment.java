package dev.coracle.sim.script;

import dev.coracle.codec.EtcdConfChangeCodec;
import dev.coracle.raft.Check;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Describe;
import dev.coracle.raft.Entry;
import dev.coracle.raft.Message;
import dev.coracle.raft.MessageType;
import dev.coracle.raft.Proposal;
import dev.coracle.raft.RaftConfig;
import dev.coracle.raft.RawNode;
import dev.coracle.raft.Ready;
import dev.coracle.raft.Snapshot;
import dev.coracle.raft.SnapshotMetadata;
import dev.coracle.raft.Status;
import dev.coracle.raft.StepOutcome;
import dev.coracle.raft.Storage;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A cluster that does nothing by itself: its nodes, the messages under way, and what can be done with them. */
final class Environment {
    /** More is no script but a cluster that does not come to rest. */
    private static final int MAX_ROUNDS = 10_000;

    private static final int MAX_MESSAGES = 100_000;
    private static final int MAX_NODES = 1_000;

    private final ScriptLog log;
    private final Describe describe = new Describe(EtcdConfChangeCodec.INSTANCE);
    private final List<ScriptNode> nodes = new ArrayList<>();
    private final Set<Long> down = new TreeSet<>();
    private List<Message> inFlight = new ArrayList<>();

    Environment(ScriptLog log) {
        this.log = log;
    }

    /** Who is to get messages, or to lose them. */
    record Target(long id, boolean drop) {}

    /** The node with {@code id}; ids count from 1 in the order of creation. */
    ScriptNode node(long id) {
        if (id < 1 || id > nodes.size()) {
            throw new MisuseException("there is no node %s, only %d", Long.toUnsignedString(id), nodes.size());
        }
        if (down.contains(id)) {
            throw new MisuseException("node %d is down", id);
        }
        return nodes.get((int) id - 1);
    }

    List<ScriptNode> allNodes() {
        return nodes.stream().filter(node -> !down.contains(node.id)).toList();
    }

    /** Adds nodes that are configured alike; their log begins behind {@code start}, unless that has neither content. */
    void addNodes(int count, RaftConfig.Builder config, ScriptNode.Setup setup, Snapshot start)
            throws CommandException {
        if (count > MAX_NODES - nodes.size()) {
            throw new MisuseException("%d and %d more are more than %d nodes", nodes.size(), count, MAX_NODES);
        }
        boolean bootstrap = !start.equals(Snapshot.EMPTY);
        if (bootstrap && start.index() <= 1) {
            throw new CommandException("index must be specified as > 1 due to bootstrap");
        }
        SnapshotMetadata metadata =
                new SnapshotMetadata(start.index(), 1, start.metadata().confState());
        Snapshot first = bootstrap ? new Snapshot(metadata, start.data()) : Snapshot.EMPTY;
        for (int i = 0; i < count; i++) {
            nodes.add(new ScriptNode(nodes.size() + 1, config, setup, first, log));
        }
    }

    /** Crashes nodes and starts them again. What they have sent to others stays under way. */
    void restart(ScriptNode node) throws CommandException {
        inFlight.removeIf(message -> message.to() == node.id && isReliable(message));
        try {
            nodes.set(nodes.indexOf(node), node.restarted());
        } catch (Check.BrokenInvariantException e) {
            down.add(node.id);
            throw new CommandException("node " + node.id + " does not start: " + e.getMessage());
        }
    }

    /** Checks what must hold of every node between two commands. */
    void checkInvariants() {
        for (ScriptNode node : allNodes()) {
            // As in etcd's runner, a node that begins behind a snapshot has not heard of the snapshot's term at first.
            if (node.raft.status().hardState().term() > 0) {
                node.raft.checkInvariants();
            }
        }
    }

    void processReady(ScriptNode node) throws CommandException {
        Ready ready = node.raft.ready();
        log.print(describe.ready(ready));
        if (!node.isAsync()) {
            node.store(ready.hardState(), ready.entries(), ready.snapshot());
            node.apply(ready.committedEntries());
        }
        for (Message message : ready.messages()) {
            if (message instanceof Message.StorageAppend work) {
                node.appendWork.add(work);
            } else if (message instanceof Message.StorageApply work) {
                node.applyWork.add(work);
            } else {
                send(message);
            }
        }
        if (!node.isAsync()) {
            node.raft.advance();
        }
    }

    void processAppendThread(ScriptNode node) throws CommandException {
        Message.StorageAppend work = node.appendWork.poll();
        if (work == null) {
            log.print("no append work to perform");
            return;
        }
        printWork(new Message.StorageAppend(work.from(), work.hardState(), work.entries(), work.snapshot(), List.of()));
        node.store(work.hardState(), work.entries(), work.snapshot());
        respond(work.responses());
    }

    void processApplyThread(ScriptNode node) throws CommandException {
        Message.StorageApply work = node.applyWork.poll();
        if (work == null) {
            log.print("no apply work to perform");
            return;
        }
        printWork(new Message.StorageApply(work.from(), work.entries(), List.of()));
        node.apply(work.entries());
        respond(work.responses());
    }

    private void printWork(Message workWithoutResponses) {
        log.printLine("Processing:");
        log.printLine(describe.message(workWithoutResponses));
    }

    private void respond(List<Message> responses) {
        log.printLine("Responses:");
        for (Message response : responses) {
            log.printLine(describe.message(response));
            send(response);
        }
    }

    /** Puts a message on its way. */
    private void send(Message message) {
        if (inFlight.size() == MAX_MESSAGES) {
            throw new MisuseException("more than %d messages are under way", MAX_MESSAGES);
        }
        inFlight.add(message);
    }

    /**
     * Which messages are meant.
     *
     * @param type the only type that is, or {@code null} for all
     * @param senders their senders, or none for all
     */
    record Choice(@Nullable MessageType type, List<Long> senders) {
        static final Choice ALL = new Choice(null, List.of());

        private boolean includes(Message message) {
            return (type == null || message.type() == type) && (senders.isEmpty() || senders.contains(message.from()));
        }
    }

    /**
     * Delivers or drops what is under way, target by target.
     *
     * @param duplicate whether what is delivered stays under way as well, and so arrives again
     * @return whether there was any message
     */
    boolean deliver(Choice choice, List<Target> targets, boolean duplicate) {
        boolean any = false;
        for (Target target : targets) {
            List<Message> taken = takeFor(target, choice);
            if (duplicate && !target.drop()) {
                taken.stream().filter(message -> !isReliable(message)).forEach(this::send);
            }
            for (Message message : taken) {
                any = true;
                log.printLine((target.drop() ? "dropped: " : "") + describe.message(message));
                if (!target.drop()) {
                    printFailure(node(message.to()).raft.step(message));
                }
            }
        }
        return any;
    }

    private void printFailure(StepOutcome outcome) {
        if (outcome != StepOutcome.OK) {
            log.printLine(outcome.etcdText());
        }
    }

    private List<Message> takeFor(Target target, Choice choice) {
        List<Message> taken = new ArrayList<>();
        List<Message> left = new ArrayList<>();
        for (Message message : inFlight) {
            boolean wanted = message.to() == target.id() && choice.includes(message);
            (wanted && !(target.drop() && isReliable(message)) ? taken : left).add(message);
        }
        inFlight = left;
        return taken;
    }

    /** Tells whether a message stays within its node and so cannot be lost. */
    private static boolean isReliable(Message message) {
        return message.from() == message.to() || isThread(message.from()) || isThread(message.to());
    }

    private static boolean isThread(long id) {
        return id == RawNode.APPEND_THREAD || id == RawNode.APPLY_THREAD;
    }

    /** Lets nodes work until none has anything to do. */
    void stabilize(List<ScriptNode> chosen) throws CommandException {
        for (int round = 0; stabilizeOnce(chosen); round++) {
            if (round == MAX_ROUNDS) {
                throw new MisuseException("stabilize has not come to an end after %d rounds", MAX_ROUNDS);
            }
        }
    }

    /** One round of each kind of work; tells whether there was any. */
    private boolean stabilizeOnce(List<ScriptNode> chosen) throws CommandException {
        boolean any = false;
        for (ScriptNode node : chosen) {
            if (node.raft.hasReady()) {
                any = true;
                printHeader(node, "handling Ready");
                log.indented(() -> processReady(node));
            }
        }
        for (ScriptNode node : chosen) {
            if (inFlight.stream().anyMatch(message -> message.to() == node.id)) {
                any = true;
                printHeader(node, "receiving messages");
                log.indented(() -> deliver(Choice.ALL, List.of(new Target(node.id, false)), false));
            }
        }
        for (ScriptNode node : chosen) {
            any |= workOff(node, node.appendWork, "processing append thread", () -> processAppendThread(node));
        }
        for (ScriptNode node : chosen) {
            any |= workOff(node, node.applyWork, "processing apply thread", () -> processApplyThread(node));
        }
        return any;
    }

    private boolean workOff(ScriptNode node, Queue<? extends Message> work, String header, ScriptLog.Part one)
            throws CommandException {
        if (work.isEmpty()) {
            return false;
        }
        printHeader(node, header);
        while (!work.isEmpty()) {
            log.indented(one);
        }
        return true;
    }

    void printHeader(ScriptNode node, String doing) {
        log.printLine("> " + node.id + " " + doing);
    }

    void propose(ScriptNode node, byte[] data) throws CommandException {
        requireAccepted(node.raft.propose(data));
    }

    /** Fails, in the words of etcd, if a proposal was dropped. */
    static void requireAccepted(Proposal proposal) throws CommandException {
        if (!proposal.outcome().isAccepted()) {
            throw new CommandException(StepOutcome.PROPOSAL_DROPPED.etcdText());
        }
    }

    void compact(ScriptNode node, long index) throws CommandException {
        if (!node.storage.compact(index)) {
            throw new CommandException(String.valueOf(Storage.CompactedException.INSTANCE.getMessage()));
        }
        printLog(node);
    }

    /** Prints what the log in memory holds. */
    void printLog(ScriptNode node) throws CommandException {
        long first = node.storage.firstIndex();
        long last = node.storage.lastIndex();
        if (last < first) {
            log.print("log is empty: first index=" + first + ", last index=" + last);
            return;
        }
        try {
            List<Entry> entries = node.storage.entries(first, last + 1, RaftConfig.NO_LIMIT);
            log.print(describe.entries(entries));
        } catch (Storage.CompactedException | Storage.UnavailableException e) {
            throw new CommandException(String.valueOf(e.getMessage()));
        }
    }

    /** Prints the state of all nodes. */
    void printStates() {
        for (ScriptNode node : nodes) {
            Status status = node.raft.status();
            ConfState members = status.configuration();
            boolean voter = members.voters().contains(node.id)
                    || members.votersOutgoing().contains(node.id);
            log.printLine(node.id + ": " + status.softState().role().etcdName() + (voter ? " (Voter)" : " (Non-Voter)")
                    + " Term:" + status.hardState().term()
                    + " Lead:" + Long.toUnsignedString(status.softState().leader()));
        }
    }

    /** Prints what a leader knows of each member. */
    void printProgress(ScriptNode node) {
        for (Status.PeerProgress progress : node.raft.status().progress()) {
            log.printLine(Long.toUnsignedString(progress.id()) + ": " + progress.text());
        }
    }

    /** Sends the newest snapshot of a node, whether the receiver needs it or not. */
    void sendSnapshot(ScriptNode from, ScriptNode to) {
        long term = from.raft.status().hardState().term();
        Message message = new Message.InstallSnapshot(from.id, to.id, term, from.newestSnapshot());
        send(message);
        log.print(describe.message(message));
    }
}
