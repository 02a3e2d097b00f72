package dev.coracle.sim;

import dev.coracle.codec.EtcdConfChangeCodec;
import dev.coracle.node.Agent;
import dev.coracle.node.LogStore;
import dev.coracle.node.NodeConfig;
import dev.coracle.node.NodeView;
import dev.coracle.node.RaftNode;
import dev.coracle.node.StateMachine;
import dev.coracle.node.StorageException;
import dev.coracle.node.Transport;
import dev.coracle.raft.Bootstrap;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.Check;
import dev.coracle.raft.RaftLogger;
import dev.coracle.raft.RoleName;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.LongFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Nodes in a simulated world. One thread gives all their agents their turns, in an order that the seed decides; a disk is
 * slow when its writer misses turns. The same seed, and the same calls, give the same run.
 */
public final class SimCluster {
    /** The length of a tick; an election timeout is ten. */
    public static final long TICK_NANOS = 10_000_000;

    private static final long GROUP = 0;

    /** What outlives a crash, and the running node if there is one. */
    private static final class Member {
        private final long id;
        private final SimStorage storage;
        private final List<Long> firstMembers;
        private @Nullable RaftNode node;
        private @Nullable StateMachine stateMachine;
        private @Nullable NodeView before;
        private List<Agent> agents = List.of();
        private long pausedUntil;
        private long diskStallsUntil;
        private long applierStallsUntil;
        private int runs;

        private Member(long id, SimStorage storage, List<Long> firstMembers) {
            this.id = id;
            this.storage = storage;
            this.firstMembers = firstMembers;
        }
    }

    private final long seed;
    private final Random random;
    private final SimClock clock = new SimClock();
    private final SimNetwork network;
    private final LongFunction<? extends SimStorage> storages;
    private final LongFunction<? extends StateMachine> stateMachines;
    private final UnaryOperator<NodeConfig.Builder> settings;
    private final TreeMap<Long, Member> members = new TreeMap<>();
    private final TreeMap<Long, Reign> reigns = new TreeMap<>();
    private final List<Turn> turns = new ArrayList<>();
    private int stallsPerMille;

    private record Turn(Member member, Agent agent) {}

    /** Who leads in a term, and since which of its starts. */
    private record Reign(long leader, int run) {}

    /**
     * A world without nodes, whose disks are {@link SimLogStore}s.
     *
     * @param stateMachines makes the state machine of a node that starts, empty
     * @param settings changes the nodes' configuration
     */
    public SimCluster(
            long seed, LongFunction<? extends StateMachine> stateMachines, UnaryOperator<NodeConfig.Builder> settings) {
        this(seed, id -> new SimLogStore(new SimSnapshotStore()), stateMachines, settings);
    }

    /**
     * A world without nodes.
     *
     * @param storages makes the disk of a node that is added, empty
     * @param stateMachines makes the state machine of a node that starts, empty
     * @param settings changes the nodes' configuration
     */
    public SimCluster(
            long seed,
            LongFunction<? extends SimStorage> storages,
            LongFunction<? extends StateMachine> stateMachines,
            UnaryOperator<NodeConfig.Builder> settings) {
        this.seed = seed;
        this.random = new Random(seed);
        this.network = new SimNetwork(clock, random);
        this.storages = storages;
        this.stateMachines = stateMachines;
        this.settings = settings;
    }

    /** Adds and starts the first members of a cluster. */
    public void startFirst(Long... ids) {
        for (long id : ids) {
            members.put(id, new Member(id, storages.apply(id), List.of(ids)));
            restart(id);
        }
    }

    /** Adds and starts a node with an empty log that waits to be made a member. */
    public void startJoiner(long id) {
        members.put(id, new Member(id, storages.apply(id), List.of()));
        restart(id);
    }

    /** Starts a node again from what its disk holds. It does not run then if its power went meanwhile. */
    public void restart(long id) {
        Member member = member(id);
        Check.that(member.node == null, "node %d runs", id);
        try {
            start(member, member.storage.openLog());
        } catch (StorageException e) {
            if (!member.storage.hasLostPower()) {
                throw new IllegalStateException("node " + id + " cannot start again", e);
            }
            crash(id);
        }
    }

    private void start(Member member, LogStore log) {
        long id = member.id;
        member.runs++;
        List<Bootstrap.Peer> bootstrap = member.firstMembers.stream()
                .map(first -> new Bootstrap.Peer(first, Bytes.EMPTY))
                .toList();
        NodeConfig config = settings.apply(NodeConfig.builder()
                        .id(id)
                        .group(GROUP)
                        .tickNanos(TICK_NANOS)
                        .clock(clock)
                        .logger(RaftLogger.NONE)
                        .bootstrap(bootstrap))
                .build();
        StateMachine stateMachine = stateMachines.apply(id);
        Random chance = new Random(seed * 31 + id * 1_000_003 + member.runs);
        Transport transport = network.connect(id, member.storage.snapshots());
        RaftNode node = new RaftNode(
                config,
                log,
                member.storage.snapshots(),
                transport,
                stateMachine,
                chance::nextInt,
                EtcdConfChangeCodec.INSTANCE);
        network.promises().onStart(id, node.view().term());
        transport.start(node.inbound());
        member.node = node;
        member.stateMachine = stateMachine;
        member.before = null;
        member.agents = node.agents();
        member.pausedUntil = clock.nanoTime();
        member.diskStallsUntil = clock.nanoTime();
        member.applierStallsUntil = clock.nanoTime();
    }

    /** Takes a node's power at once: memory is lost, and the disk keeps what it must and what chance will have. */
    public void crash(long id) {
        Member member = member(id);
        member.node = null;
        member.stateMachine = null;
        member.agents = List.of();
        member.storage.crash(random);
        network.disconnect(id);
    }

    /** Takes a node's power at one of its next operations on the disk. */
    public void crashInWrite(long id) {
        member(id).storage.crashAfter(random.nextInt(20));
    }

    /**
     * Sets how often, in a thousand steps, a disk stands still for up to half an election timeout, and a state machine for
     * up to three.
     */
    public void setStalls(int perMille) {
        stallsPerMille = perMille;
    }

    /** Lets a node's disk stand still: what is written meanwhile is not durable. */
    public void stallDisk(long id, long nanos) {
        member(id).diskStallsUntil = clock.nanoTime() + nanos;
    }

    /** Lets a node's process stand still: messages arrive and wait. */
    public void pause(long id, long nanos) {
        member(id).pausedUntil = clock.nanoTime() + nanos;
    }

    /** Until when a node's process stands still, or stood. */
    public long pausedUntil(long id) {
        return member(id).pausedUntil;
    }

    /** Lets a moment pass: messages arrive, and most agents have a turn. */
    public void step() {
        clock.advance(50_000 + random.nextInt(1_500_000));
        network.deliverDue();
        turns.clear();
        for (Member member : members.values()) {
            // A snapshot may have come in.
            crashIfPowerWent(member);
            if (random.nextInt(1000) < stallsPerMille) {
                member.diskStallsUntil = clock.nanoTime() + random.nextInt((int) (5 * TICK_NANOS));
            }
            if (random.nextInt(1000) < stallsPerMille) {
                member.applierStallsUntil = clock.nanoTime() + random.nextInt((int) (30 * TICK_NANOS));
            }
            for (Agent agent : member.agents) {
                turns.add(new Turn(member, agent));
            }
        }
        Collections.shuffle(turns, random);
        for (Turn turn : turns) {
            if (!stalls(turn) && random.nextInt(8) != 0 && turn.member.node != null) {
                turn.agent.doWork(clock.nanoTime());
                crashIfPowerWent(turn.member);
            }
        }
        for (Member member : members.values()) {
            check(member);
        }
    }

    private boolean stalls(Turn turn) {
        if (turn.member.pausedUntil - clock.nanoTime() > 0) {
            return true;
        }
        return switch (turn.agent.name()) {
            case "storage" -> turn.member.diskStallsUntil - clock.nanoTime() > 0;
            case "apply" -> turn.member.applierStallsUntil - clock.nanoTime() > 0;
            default -> false;
        };
    }

    private void crashIfPowerWent(Member member) {
        if (member.node != null && member.storage.hasLostPower()) {
            crash(member.id);
        }
    }

    /**
     * A term has one leader, which does not lead in it again after a crash that took what it said as leader; and neither
     * term nor commit nor applied index of a running node ever falls.
     */
    private void check(Member member) {
        if (member.node == null) {
            return;
        }
        NodeView view = member.node.view();
        if (view.role() == RoleName.LEADER) {
            Reign reign = new Reign(member.id, member.runs);
            Reign first = reigns.putIfAbsent(view.term(), reign);
            if (first != null && !first.equals(reign)) {
                throw Check.fail("term %d has two leaders: %s and %s", view.term(), first, reign);
            }
        }
        NodeView before = member.before;
        if (before != null) {
            Check.that(view.term() >= before.term(), "term fell from %d to %d", before.term(), view.term());
            Check.that(view.commit() >= before.commit(), "commit fell from %d to %d", before.commit(), view.commit());
            Check.that(
                    view.applied() >= before.applied(), "applied fell from %d to %d", before.applied(), view.applied());
        }
        member.before = view;
    }

    /** Lets time pass. */
    public void run(long nanos) {
        runUntil(() -> false, nanos);
    }

    /** Lets time pass until something holds, but not more than {@code nanos}; tells whether it holds. */
    public boolean runUntil(BooleanSupplier condition, long nanos) {
        long end = clock.nanoTime() + nanos;
        while (clock.nanoTime() - end < 0) {
            if (condition.getAsBoolean()) {
                return true;
            }
            step();
        }
        return condition.getAsBoolean();
    }

    /** The ids of all nodes, running or not, ascending. */
    public List<Long> ids() {
        return List.copyOf(members.keySet());
    }

    /** Tells whether a node runs. */
    public boolean isRunning(long id) {
        return member(id).node != null;
    }

    /** A running node. */
    public RaftNode node(long id) {
        RaftNode node = member(id).node;
        if (node == null) {
            throw new IllegalStateException("node " + id + " does not run");
        }
        return node;
    }

    /** The state machine of a running node. */
    public StateMachine stateMachine(long id) {
        StateMachine stateMachine = member(id).stateMachine;
        if (stateMachine == null) {
            throw new IllegalStateException("node " + id + " does not run");
        }
        return stateMachine;
    }

    /** A running node that leads, in the highest term if there are several that think so; 0 if there is none. */
    public long leader() {
        long leader = 0;
        long term = -1;
        for (Member member : members.values()) {
            if (member.node != null && !member.node.hasStopped()) {
                NodeView view = member.node.view();
                if (view.role() == RoleName.LEADER && view.term() > term) {
                    leader = member.id;
                    term = view.term();
                }
            }
        }
        return leader;
    }

    /** A node's disk. */
    public SimStorage storage(long id) {
        return member(id).storage;
    }

    /** A node's log in a world of {@link SimLogStore}s. */
    public SimLogStore log(long id) {
        return (SimLogStore) storage(id);
    }

    /** A node's snapshots in a world of {@link SimLogStore}s. */
    public SimSnapshotStore snapshots(long id) {
        return log(id).snapshots();
    }

    /** The network between the nodes. */
    public SimNetwork network() {
        return network;
    }

    /** The time of the world. */
    public SimClock clock() {
        return clock;
    }

    /** The chance of the world, for whoever acts in it. */
    public Random random() {
        return random;
    }

    private Member member(long id) {
        Member member = members.get(id);
        if (member == null) {
            throw new IllegalArgumentException("there is no node " + id);
        }
        return member;
    }
}
