package dev.coracle.sim.script;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.coracle.raft.Bootstrap;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChange;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeTransition;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Describe;
import dev.coracle.raft.MessageType;
import dev.coracle.raft.RaftConfig;
import dev.coracle.raft.RawNode;
import dev.coracle.raft.ReadOnlyOption;
import dev.coracle.raft.RequestOutcome;
import dev.coracle.raft.Snapshot;
import dev.coracle.raft.SnapshotMetadata;
import dev.coracle.raft.UncommittedSizeRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The language that drives a cluster: each command makes nodes tick, propose, process what is ready, or moves messages
 * between them, and answers with everything that was logged and handed out meanwhile. Nodes are named by their ids,
 * which count from 1.
 */
final class InteractionScript implements ScriptLanguage {
    private final ScriptLog log = new ScriptLog();
    private final Environment environment = new Environment(log);

    @Override
    public String run(Directive directive) {
        log.take();
        String error = "";
        try {
            handle(directive);
            environment.checkInvariants();
        } catch (CommandException e) {
            error = e.text();
        }
        // At the level NONE nothing is printed but errors.
        String answer = log.take() + error;
        return answer.isEmpty() ? "ok" : answer;
    }

    private void handle(Directive directive) throws CommandException {
        switch (directive.command()) {
            case "_breakpoint" -> {}
            case "add-nodes" -> addNodes(directive);
            case "adjust-inflight" -> adjustInflight(directive);
            case "assign-commit-groups" -> assignCommitGroups(directive);
            case "bootstrap" -> bootstrap(directive);
            case "campaign" -> firstNode(directive).raft.campaign();
            case "compact" ->
                environment.compact(
                        firstNode(directive), Scan.index(directive.argument(1).key()));
            case "deliver-msgs" -> deliverMessages(directive);
            case "fetched-entries" -> firstNode(directive).answerFetches().forEach(this::printRefusal);
            case "forget-leader" -> firstNode(directive).raft.forgetLeader();
            case "log-level" -> log.setLevel(directive.argument(0).key());
            case "ping" -> printRefusal(firstNode(directive).raft.ping());
            case "process-append-thread" ->
                each(directive, "processing append thread", environment::processAppendThread);
            case "process-apply-thread" -> each(directive, "processing apply thread", environment::processApplyThread);
            case "process-ready" -> each(directive, "handling Ready", environment::processReady);
            case "propose" -> propose(directive);
            case "propose-conf-change" -> proposeConfChange(directive);
            case "raft-log" -> environment.printLog(firstNode(directive));
            case "raft-state" -> environment.printStates();
            case "read-index" -> readIndex(directive);
            case "report-snapshot" -> reportSnapshot(directive);
            case "report-unreachable" -> reportUnreachable(directive);
            case "request-snapshot" -> printRefusal(firstNode(directive).raft.requestSnapshot());
            case "restart" -> each(directive, "restarting", environment::restart);
            case "send-snapshot" -> sendSnapshot(directive);
            case "set-randomized-election-timeout" -> setElectionTimeout(directive);
            case "stabilize" -> stabilize(directive);
            case "status" -> environment.printProgress(firstNode(directive));
            case "tick" -> tick(directive, Scan.integer(directive.argument(1).key()));
            case "tick-election" -> tick(directive, ScriptNode.ELECTION_TICKS);
            case "tick-heartbeat" -> tick(directive, ScriptNode.HEARTBEAT_TICKS);
            case "tune" -> tune(directive);
            case "transfer-leadership" -> transferLeadership(directive);
            default -> throw new CommandException("unknown command");
        }
    }

    private void addNodes(Directive directive) throws CommandException {
        int count = Scan.integer(directive.argument(0).key());
        RaftConfig.Builder config = RaftConfig.builder()
                .electionTicks(ScriptNode.ELECTION_TICKS)
                .heartbeatTicks(ScriptNode.HEARTBEAT_TICKS)
                .maxSizePerMessage(RaftConfig.NO_LIMIT)
                .maxInflightMessages(Integer.MAX_VALUE)
                .logger(log);
        List<Long> voters = new ArrayList<>();
        List<Long> learners = new ArrayList<>();
        long index = 0;
        boolean async = false;
        boolean fetchesEntries = false;
        Bytes content = Bytes.EMPTY;
        for (Argument argument : directive.arguments()) {
            for (String value : argument.values()) {
                switch (argument.key()) {
                    case "voters" -> voters.add(Scan.unsigned(value));
                    case "learners" -> learners.add(Scan.unsigned(value));
                    case "index" -> {
                        index = Scan.index(value);
                        config.applied(index);
                    }
                    case "content" -> content = Bytes.of(value.getBytes(UTF_8));
                    case "async-storage-writes" -> async = Scan.truth(value);
                    case "fetch-entries" -> fetchesEntries = Scan.truth(value);
                    default -> configure(config, argument.key(), value);
                }
            }
        }
        ConfState members = new ConfState(voters, learners, List.of(), List.of(), false);
        Snapshot start = new Snapshot(new SnapshotMetadata(index, 0, members), content);
        environment.addNodes(count, config, new ScriptNode.Setup(async, fetchesEntries), start);
    }

    private static void configure(RaftConfig.Builder config, String key, String value) throws CommandException {
        switch (key) {
            case "batch-append" -> config.batchAppend(Scan.truth(value));
            case "checkquorum" -> config.checkQuorum(Scan.truth(value));
            case "disable-conf-change-validation" -> config.disableConfChangeValidation(Scan.truth(value));
            case "disable-proposal-forwarding" -> config.disableProposalForwarding(Scan.truth(value));
            case "group-commit" -> config.groupCommit(Scan.truth(value));
            case "inflight" -> config.maxInflightMessages(Scan.integer(value));
            case "max-committed-size-per-ready" -> config.maxCommittedSizePerReady(size(value));
            case "max-election-ticks" -> config.maxElectionTicks(Scan.integer(value));
            case "max-inflight-bytes" -> config.maxInflightBytes(size(value));
            case "max-size-per-msg" -> config.maxSizePerMessage(size(value));
            case "max-uncommitted-size" -> config.maxUncommittedSize(size(value));
            case "max-unpersisted-apply" -> config.maxUnpersistedApply(Scan.index(value));
            case "min-election-ticks" -> config.minElectionTicks(Scan.integer(value));
            case "prevote" -> config.preVote(Scan.truth(value));
            case "priority" -> config.priority(Scan.unsigned(value));
            case "read-only" -> config.readOnlyOption(readOnlyOption(value));
            case "share-commit" -> config.shareCommit(Scan.truth(value));
            case "skip-broadcast-commit" -> config.skipBroadcastCommit(Scan.truth(value));
            case "step-down-on-removal" -> config.stepDownOnRemoval(Scan.truth(value));
            case "uncommitted-until" -> config.uncommittedSizeRule(uncommittedSizeRule(value));
            case "votes-wait-for-storage" -> config.votesWaitForStorage(Scan.truth(value));
            default -> {
                // Other keys are ignored, as in etcd.
            }
        }
    }

    /** A size in bytes; what has more than 63 bits is no limit. */
    private static long size(String text) {
        long value = Scan.unsigned(text);
        return value < 0 ? RaftConfig.NO_LIMIT : value;
    }

    private static ReadOnlyOption readOnlyOption(String text) throws CommandException {
        return switch (text) {
            case "safe" -> ReadOnlyOption.SAFE;
            case "lease-based" -> ReadOnlyOption.LEASE_BASED;
            default -> throw new CommandException("invalid read-only option " + Describe.quote(text));
        };
    }

    private static UncommittedSizeRule uncommittedSizeRule(String text) {
        return switch (text) {
            case "applied" -> UncommittedSizeRule.UNTIL_APPLIED;
            case "handed-out" -> UncommittedSizeRule.UNTIL_HANDED_OUT;
            default -> throw new MisuseException("uncommitted-until is applied or handed-out, not %s", text);
        };
    }

    private void deliverMessages(Directive directive) {
        MessageType type = null;
        List<Long> senders = new ArrayList<>();
        boolean duplicate = false;
        List<Environment.Target> targets = new ArrayList<>();
        for (Argument argument : directive.arguments()) {
            if (argument.isWord()) {
                addTarget(targets, argument.key(), false);
            }
            for (String value : argument.values()) {
                switch (argument.key()) {
                    case "drop" -> addTarget(targets, value, true);
                    case "duplicate" -> duplicate = Scan.truth(value);
                    case "from" -> senders.add(Scan.unsigned(value));
                    case "type" -> type = messageType(value);
                    default -> {
                        // Other keys are ignored, as in etcd.
                    }
                }
            }
        }
        if (!environment.deliver(new Environment.Choice(type, senders), targets, duplicate)) {
            log.printLine("no messages");
        }
    }

    private static void addTarget(List<Environment.Target> targets, String text, boolean drop) {
        long id = Scan.unsigned(text);
        if (targets.contains(new Environment.Target(id, !drop))) {
            throw new MisuseException("can't both deliver and drop msgs to %s", text);
        }
        targets.add(new Environment.Target(id, drop));
    }

    private static @Nullable MessageType messageType(String name) {
        for (MessageType type : MessageType.values()) {
            if (type.etcdName().equals(name)) {
                return type;
            }
        }
        throw new MisuseException("unknown message type %s", name);
    }

    private void propose(Directive directive) throws CommandException {
        if (directive.arguments().size() != 2 || !directive.argument(1).isWord()) {
            throw new MisuseException("propose needs a node and one word of data");
        }
        environment.propose(firstNode(directive), directive.argument(1).key().getBytes(UTF_8));
    }

    private void proposeConfChange(Directive directive) throws CommandException {
        ScriptNode node = firstNode(directive);
        boolean v1 = false;
        ConfChangeTransition transition = ConfChangeTransition.AUTO;
        for (Argument argument : directive.arguments()) {
            for (String value : argument.values()) {
                switch (argument.key()) {
                    case "v1" -> v1 = Scan.parseTruth(value);
                    case "transition" -> transition = transition(value);
                    default -> throw new CommandException("unknown command " + argument.key());
                }
            }
        }
        List<ConfChangeSingle> changes = Scan.parseChanges(directive.input());
        if (!v1) {
            ConfChangeV2 change = new ConfChangeV2(transition, changes, Bytes.EMPTY);
            Environment.requireAccepted(node.raft.proposeConfChange(change));
            return;
        }
        if (changes.size() != 1 || transition != ConfChangeTransition.AUTO) {
            throw new CommandException("v1 conf change can only have one operation and no transition");
        }
        ConfChangeSingle only = changes.get(0);
        Environment.requireAccepted(node.raft.proposeConfChange(new ConfChange(only.type(), only.nodeId())));
    }

    private static ConfChangeTransition transition(String text) throws CommandException {
        return switch (text) {
            case "auto" -> ConfChangeTransition.AUTO;
            case "implicit" -> ConfChangeTransition.JOINT_IMPLICIT;
            case "explicit" -> ConfChangeTransition.JOINT_EXPLICIT;
            default -> throw new CommandException("unknown transition " + text);
        };
    }

    private void bootstrap(Directive directive) {
        List<Bootstrap.Peer> peers = new ArrayList<>();
        for (Argument argument : directive.arguments()) {
            for (String value : argument.values()) {
                switch (argument.key()) {
                    case "voters" -> peers.add(new Bootstrap.Peer(Scan.unsigned(value), Bytes.EMPTY));
                    case "learners" -> peers.add(new Bootstrap.Peer(Scan.unsigned(value), Bytes.EMPTY, true));
                    default -> throw new MisuseException("bootstrap takes voters and learners, not %s", argument.key());
                }
            }
        }
        try {
            firstNode(directive).raft.bootstrap(peers);
        } catch (IllegalStateException e) {
            throw new MisuseException("%s", String.valueOf(e.getMessage()));
        }
    }

    /** etcd's requests do not answer; what only we have says why it was refused. */
    private void printRefusal(RequestOutcome outcome) {
        if (!outcome.isAccepted()) {
            log.printLine(outcome.name());
        }
    }

    private void adjustInflight(Directive directive) {
        long member = Scan.unsigned(directive.argument(1).key());
        int maxMessages = Scan.integer(directive.argument(2).key());
        printRefusal(firstNode(directive).raft.adjustMaxInflightMessages(member, maxMessages));
    }

    private void assignCommitGroups(Directive directive) {
        Map<Long, Long> groups = new TreeMap<>();
        for (Argument argument : directive.arguments()) {
            for (String group : argument.values()) {
                groups.put(Scan.unsigned(argument.key()), Scan.unsigned(group));
            }
        }
        firstNode(directive).raft.assignCommitGroups(groups);
    }

    private void tune(Directive directive) {
        RawNode raft = firstNode(directive).raft;
        for (Argument argument : directive.arguments()) {
            for (String value : argument.values()) {
                switch (argument.key()) {
                    case "batch-append" -> raft.setBatchAppend(Scan.truth(value));
                    case "checkquorum" -> raft.setCheckQuorum(Scan.truth(value));
                    case "group-commit" -> raft.setGroupCommit(Scan.truth(value));
                    case "max-committed-size-per-ready" -> raft.setMaxCommittedSizePerReady(size(value));
                    case "max-unpersisted-apply" -> raft.setMaxUnpersistedApply(Scan.index(value));
                    case "priority" -> raft.setPriority(Scan.unsigned(value));
                    case "skip-broadcast-commit" -> raft.setSkipBroadcastCommit(Scan.truth(value));
                    default -> throw new MisuseException("%s cannot be tuned", argument.key());
                }
            }
        }
    }

    private void readIndex(Directive directive) {
        byte[] context = directive.argument(1).key().getBytes(UTF_8);
        firstNode(directive).raft.readIndex(Bytes.of(context));
    }

    private void reportSnapshot(Directive directive) throws CommandException {
        List<ScriptNode> nodes = nodes(directive);
        if (nodes.size() != 2) {
            throw new CommandException(
                    "must specify exactly two node indexes: node on which to report, and receiver of the snapshot");
        }
        boolean failed = Scan.truth(directive.value("failed"));
        nodes.get(0).raft.reportSnapshot(nodes.get(1).id, failed);
    }

    private void reportUnreachable(Directive directive) throws CommandException {
        List<ScriptNode> nodes = nodes(directive);
        if (nodes.size() != 2) {
            throw new CommandException(
                    "must specify exactly two node indexes: node on which to report, and reported node");
        }
        nodes.get(0).raft.reportUnreachable(nodes.get(1).id);
    }

    private void sendSnapshot(Directive directive) throws CommandException {
        List<ScriptNode> nodes = nodes(directive);
        if (nodes.size() != 2) {
            throw new CommandException("must specify exactly two node indexes: sender and receiver");
        }
        environment.sendSnapshot(nodes.get(0), nodes.get(1));
    }

    private void setElectionTimeout(Directive directive) {
        int ticks = Scan.integer(directive.value("timeout"));
        if (ticks == 0) {
            throw new MisuseException("an election timeout has at least one tick");
        }
        firstNode(directive).raft.setElectionTimeout(ticks);
    }

    private void stabilize(Directive directive) throws CommandException {
        List<ScriptNode> chosen = nodes(directive);
        log.keepingLevel(() -> {
            for (Argument argument : directive.arguments()) {
                for (String value : argument.values()) {
                    if (argument.key().equals("log-level")) {
                        log.setLevel(value);
                    }
                }
            }
            environment.stabilize(chosen.isEmpty() ? environment.allNodes() : chosen);
        });
    }

    private void tick(Directive directive, int ticks) {
        ScriptNode node = firstNode(directive);
        for (int i = 0; i < ticks; i++) {
            node.raft.tick();
        }
    }

    private void transferLeadership(Directive directive) {
        ScriptNode from = environment.node(Scan.unsigned(directive.value("from")));
        ScriptNode to = environment.node(Scan.unsigned(directive.value("to")));
        from.raft.transferLeader(to.id);
    }

    @FunctionalInterface
    private interface NodeAction {
        void run(ScriptNode node) throws CommandException;
    }

    /** Does something on each node that is named. For several, each gets a headline and what it prints is indented. */
    private void each(Directive directive, String doing, NodeAction action) throws CommandException {
        List<ScriptNode> nodes = nodes(directive);
        if (nodes.size() == 1) {
            action.run(nodes.get(0));
            return;
        }
        for (ScriptNode node : nodes) {
            environment.printHeader(node, doing);
            log.indented(() -> action.run(node));
        }
    }

    private ScriptNode firstNode(Directive directive) {
        return environment.node(Scan.unsigned(directive.argument(0).key()));
    }

    /** The nodes that a directive names, in its order. */
    private List<ScriptNode> nodes(Directive directive) {
        List<ScriptNode> nodes = new ArrayList<>();
        for (Argument argument : directive.arguments()) {
            if (argument.isWord()) {
                nodes.add(environment.node(Scan.unsigned(argument.key())));
            }
        }
        return nodes;
    }
}
