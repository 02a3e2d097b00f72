package dev.coracle.raft;

import dev.coracle.raft.Message.InstallSnapshot;
import dev.coracle.raft.Message.Propose;
import dev.coracle.raft.RandomClusterNetwork.Flight;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A whole cluster of cores, in which everything that may happen to servers, disks and the network does, in an order that
 * a seed decides. After every call into a core {@link RandomClusterInvariants} are checked. When the trouble ends, all
 * must agree within {@link #CALM_ROUNDS} rounds.
 */
public final class RandomCluster {
    /** What is counted, so that a schedule in which nothing happens is noticed. */
    enum Happening {
        ELECTED,
        COMMITTED,
        CONFLICT,
        APPLIED,
        CONFIGURED,
        JOINT,
        CHANGE_REFUSED,
        READ,
        CRASH,
        CUT,
        LOST,
        REPLAYED,
        COMPACTED,
        SNAPSHOT_RESTORED,
        REPLACED,
        SNAPSHOT_REQUESTED,
        FETCHED,
        /** Not the core's fault: see {@link #isWedged}. */
        WEDGED
    }

    /** Ids are given out once; this many are enough for the first servers and those that replace others. */
    static final int MOST_IDS = 40;

    /** In a round of the calm every server ticks once, and all messages arrive. */
    static final int CALM_ROUNDS = 400;

    private static final int STEPS = 3000;
    /** How many messages arrive, or pieces of work are done, in a step. */
    private static final int AT_ONCE = 3;

    private static final int MOST_HOPS = 5000;

    final RandomClusterPlan plan;
    final Random random;
    final RandomClusterInvariants invariants;
    final TraceHash hash = new TraceHash();

    /** Whether requests for votes wait until the candidate's own vote is durable, as they must. */
    final boolean votesWait;

    private final long seed;
    private final @Nullable Consumer<String> trace;
    private final RandomClusterNetwork network;

    /** Those that are there, in whatever state, by id. */
    private final Map<Long, RandomClusterServer> servers = new TreeMap<>();

    private final long[] happenings = new long[Happening.values().length];

    /** For each read what was committed when it was asked. */
    private final List<Long> reads = new ArrayList<>();

    private final boolean[] readInCalm = new boolean[MOST_IDS + 1];
    private int nextId = 1;
    private int proposals;
    private int step;
    private boolean calm;

    RandomCluster(long seed, boolean votesWait, @Nullable Consumer<String> trace) {
        this.seed = seed;
        this.votesWait = votesWait;
        this.trace = trace;
        // Neighbouring seeds of this generator begin alike.
        random = new Random(seed * 0x9e3779b97f4a7c15L);
        plan = new RandomClusterPlan(random);
        invariants = new RandomClusterInvariants(votesWait);
        network = new RandomClusterNetwork(random, plan);
    }

    /**
     * Runs the schedule of a seed.
     *
     * @return the hash of all that happened
     * @throws AssertionError if something was violated; the text begins with seed and step
     */
    public static long run(long seed) {
        return new RandomCluster(seed, true, null).run();
    }

    long run() {
        try {
            note("seed %d: %s", seed, plan);
            begin();
            while (step < STEPS) {
                step++;
                act(plan.nextAction(random));
            }
            step++;
            agree();
            happenings[Happening.COMMITTED.ordinal()] = invariants.committed();
            happenings[Happening.CONFLICT.ordinal()] = invariants.conflicts();
            happenings[Happening.ELECTED.ordinal()] = invariants.elections();
            return hash.value();
        } catch (RuntimeException | AssertionError | StackOverflowError broken) {
            String text = broken instanceof AssertionError ? broken.getMessage() : broken.toString();
            throw new AssertionError(
                    "seed " + seed + ", step " + step + ": " + text
                            + "\nmvn -B -ntp -q -pl coracle-core test -Dtest=RandomClusterTest -Dcoracle.trace=true"
                            + " -Dcoracle.seed=" + seed,
                    broken);
        }
    }

    long happenings(Happening what) {
        return happenings[what.ordinal()];
    }

    // ---- what servers need

    void happened(Happening what) {
        happenings[what.ordinal()]++;
    }

    int step() {
        return step;
    }

    /** Whether nothing goes wrong: after the trouble, and before it. */
    boolean isCalm() {
        return calm || step == 0;
    }

    @Nullable
    RandomClusterServer server(long id) {
        return servers.get(id);
    }

    void send(Message message) {
        network.send(message);
    }

    void note(String format, @Nullable Object... args) {
        if (trace != null) {
            trace.accept(step + " " + String.format(Locale.ROOT, format, args));
        }
    }

    RaftLogger logger(long id) {
        Consumer<String> to = trace;
        if (to == null) {
            return RaftLogger.NONE;
        }
        return new RaftLogger() {
            @Override
            public boolean enabled(Level level) {
                return true;
            }

            @Override
            public void log(Level level, String text) {
                to.accept(step + "     " + id + " " + level + " " + text);
            }
        };
    }

    // ---- the beginning

    private void begin() {
        for (int i = 0; i < plan.servers; i++) {
            add();
        }
        List<Entry> first = List.of(new Entry(1, 1, EntryType.NORMAL, null));
        if (plan.bootstrapped) {
            first = new ArrayList<>();
            for (long id : plan.members.voters()) {
                byte[] data = new TextCodec().encode(new ConfChange(ConfChangeType.ADD_NODE, id));
                first.add(new Entry(1, first.size() + 1, EntryType.CONF_CHANGE, data));
            }
        }
        invariants.begin(first, plan.members);
        for (RandomClusterServer server : servers.values()) {
            if (plan.members.contains(server.id) && !plan.bootstrapped) {
                // Behind a snapshot, so that who joins must get the first members by it: they are in no entry.
                Snapshot snapshot = new Snapshot(
                        new SnapshotMetadata(1, 1, plan.members), RandomClusterServer.data(invariants.stateHashAt(1)));
                server.disk.format(snapshot, new HardState(1, RawNode.NONE, 1));
            }
            server.start();
            if (plan.members.contains(server.id) && plan.bootstrapped) {
                List<Bootstrap.Peer> peers = new ArrayList<>();
                plan.members.voters().forEach(id -> peers.add(new Bootstrap.Peer(id, Bytes.EMPTY)));
                server.bootstrap(peers);
                // If it lost that in a crash it would have to do it again, and would be another server.
                server.workThrough();
            }
        }
    }

    private RandomClusterServer add() {
        RandomClusterServer added = new RandomClusterServer(nextId++, this);
        servers.put(added.id, added);
        return added;
    }

    // ---- trouble

    RandomClusterServer any() {
        int position = random.nextInt(servers.size());
        for (RandomClusterServer server : servers.values()) {
            if (position-- == 0) {
                return server;
            }
        }
        throw new IllegalStateException();
    }

    private void act(RandomClusterPlan.Action action) {
        hash.add(action.ordinal());
        switch (action) {
            case DELIVER -> {
                for (int i = 0; i < AT_ONCE; i++) {
                    deliver();
                }
            }
            case TICK -> {
                if (plan.ticksTogether) {
                    servers.values().forEach(this::tick);
                } else {
                    tick(any());
                }
            }
            case CUT -> cut();
            case HEAL -> network.heal();
            case REPLAY -> {
                happened(Happening.REPLAYED);
                network.replay();
            }
            case REPLACE -> replace();
            default -> {
                RandomClusterServer server = any();
                if (!server.isUp()) {
                    if (random.nextInt(5) == 0) {
                        server.start();
                    }
                } else if (!server.isPaused()) {
                    actOn(server, action);
                }
            }
        }
    }

    private void actOn(RandomClusterServer server, RandomClusterPlan.Action action) {
        switch (action) {
            case WORK -> {
                for (int i = 0; i < AT_ONCE && server.isUp(); i++) {
                    server.work();
                }
            }
            case PROPOSE -> anyLeader(server).propose(entries());
            case READ -> read(server);
            case CHANGE_MEMBERS -> server.propose(change());
            case COMPACT -> server.compact();
            case TRANSFER -> server.transferLeader(any().id);
            case CAMPAIGN -> server.campaign();
            case FORGET_LEADER -> server.forgetLeader();
            case CRASH -> likelyLeader(server).crash();
            case PAUSE -> server.pauseUntil(step + random.nextInt(200));
            case SLOW_DISK -> server.slowDiskUntil(step + random.nextInt(400));
            case SWALLOW -> network.takeAllTo(server.id).forEach(flight -> ended(flight, true));
            case REQUEST_SNAPSHOT -> server.requestSnapshot();
            case TUNE -> server.tune();
            case UNREACHABLE -> server.reportUnreachable(any().id);
            default -> throw new IllegalStateException(action.toString());
        }
    }

    /** What goes wrong with a leader matters more. */
    private RandomClusterServer likelyLeader(RandomClusterServer other) {
        RandomClusterServer leader = random.nextBoolean() ? newestLeader() : null;
        return leader == null || leader.isPaused() ? other : leader;
    }

    /** Mostly one of those that think they lead, of whom there may be several: the old ones' entries will be in the way. */
    private RandomClusterServer anyLeader(RandomClusterServer other) {
        RandomClusterServer chosen = other;
        for (int i = 0; i < servers.size() && !chosen.leads(); i++) {
            RandomClusterServer next = any();
            chosen = next.isUp() && !next.isPaused() ? next : chosen;
        }
        return chosen;
    }

    private void tick(RandomClusterServer server) {
        if (server.isUp() && !server.isPaused()) {
            server.tick();
        }
    }

    private List<Entry> entries() {
        List<Entry> entries = new ArrayList<>();
        int count = random.nextInt(8) == 0 ? 2 + random.nextInt(3) : 1;
        for (int i = 0; i < count; i++) {
            byte[] data = new byte[Integer.BYTES + random.nextInt(24)];
            ByteBuffer.wrap(data).putInt(++proposals);
            entries.add(Entry.normal(data));
        }
        return entries;
    }

    private ConfChangeV2 change() {
        List<ConfChangeSingle> singles = new ArrayList<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            ConfChangeType type = switch (random.nextInt(10)) {
                case 0, 1 -> ConfChangeType.REMOVE_NODE;
                case 2, 3 -> ConfChangeType.ADD_LEARNER_NODE;
                case 4 -> ConfChangeType.UPDATE_NODE;
                default -> ConfChangeType.ADD_NODE;
            };
            singles.add(new ConfChangeSingle(type, any().id));
        }
        int kind = random.nextInt(10);
        // Mostly automatic, sometimes joint though it need not be.
        ConfChangeTransition transition = ConfChangeTransition.values()[Math.max(0, kind - 7)];
        return kind == 0 ? ConfChangeV2.LEAVE_JOINT : new ConfChangeV2(transition, singles, Bytes.EMPTY);
    }

    private void read(RandomClusterServer server) {
        byte[] request = ByteBuffer.allocate(2 * Long.BYTES)
                .putLong(reads.size())
                .putLong(server.id)
                .array();
        // A leader with a lease may have been replaced by one that has committed more: see readAnswered.
        reads.add(
                plan.reads == ReadOnlyOption.SAFE
                        ? invariants.committed()
                        : server.core().raftLog.committed());
        server.read(request);
    }

    /**
     * A read sees what was committed, by whomever, when it was asked (§8). One by lease sees only what its server knew to
     * be committed: without clocks that a quorum agrees on, a leader may go on for up to two election timeouts after it
     * last heard from the others, and they wait for one.
     */
    void readAnswered(RandomClusterServer server, ReadState read) {
        ByteBuffer request = ByteBuffer.wrap(read.context().array());
        int number = (int) request.getLong();
        if (request.getLong() != server.id) {
            throw RandomClusterInvariants.violation(
                    "read: %d gets the answer to read %d of another", server.id, number);
        }
        if (read.index() < reads.get(number) || read.index() > invariants.committed()) {
            throw RandomClusterInvariants.violation(
                    "read: %d is answered with %d; when it was asked %d were committed, now %d",
                    number, read.index(), reads.get(number), invariants.committed());
        }
        happened(Happening.READ);
        readInCalm[(int) server.id] = calm;
    }

    private void deliver() {
        Flight flight = network.take();
        if (flight == null) {
            return;
        }
        Message message = flight.message();
        RandomClusterServer receiver = servers.get(message.to());
        if (receiver != null && receiver.isPaused()) {
            network.putBack(flight);
            return;
        }
        boolean lost = receiver == null || addsTheGone(message) || network.loses(message);
        if (!lost) {
            network.arrived(message);
            receiver.receive(message);
        }
        ended(flight, lost);
    }

    /** The sender's transport hears how a message fared: of a snapshot always, of others sometimes. */
    private void ended(Flight flight, boolean lost) {
        Message message = flight.message();
        if (lost) {
            happened(Happening.LOST);
        }
        RandomClusterServer sender = servers.get(message.from());
        if (sender == null || flight.copy()) {
            return;
        }
        if (message instanceof InstallSnapshot) {
            sender.reportSnapshot(message.to(), lost);
        } else if (lost && random.nextInt(4) == 0) {
            sender.reportUnreachable(message.to());
        }
    }

    private void cut() {
        happened(Happening.CUT);
        switch (random.nextInt(3)) {
            case 0 -> network.cutOneWay(any().id, any().id);
            case 1 -> network.partition(1L << likelyLeader(any()).id);
            default -> network.partition(random.nextLong());
        }
    }

    // ---- members that are replaced

    /**
     * Takes a server away that is no member any more, disk and all, and brings a new one with a new id. Never the old
     * id: what it promised is forgotten.
     */
    private void replace() {
        RandomClusterServer server = any();
        if (nextId <= MOST_IDS && !invariants.newestMembers().contains(server.id) && isForgotten(server.id)) {
            happened(Happening.REPLACED);
            servers.remove(server.id);
            RandomClusterServer fresh = add();
            note("%d is taken away, %d comes", server.id, fresh.id);
            fresh.start();
        }
    }

    /**
     * Whether no quorum of any configuration that a server may still fall back to needs this one: all members know for
     * good that it is none of them, and no log has an entry that would bring it back.
     */
    private boolean isForgotten(long id) {
        for (RandomClusterServer server : servers.values()) {
            boolean isMember = invariants.newestMembers().contains(server.id);
            if (isMember && server.disk.durable().hardState().commit() < invariants.newestChange()) {
                return false;
            }
            if (!server.isUp() || addsAny(server.logFrom(invariants.newestChange() + 1), id)) {
                return false;
            }
        }
        return true;
    }

    private boolean addsTheGone(Message message) {
        if (!(message instanceof Propose)) {
            return false;
        }
        for (int id = 1; id < nextId; id++) {
            if (!servers.containsKey((long) id) && addsAny(message.entries(), id)) {
                return true;
            }
        }
        return false;
    }

    private static boolean addsAny(List<Entry> entries, long id) {
        for (Entry entry : entries) {
            if (entry.type() == EntryType.NORMAL) {
                continue;
            }
            try {
                for (ConfChangeSingle single : new TextCodec().decode(entry).changes()) {
                    if (single.nodeId() == id && single.type() != ConfChangeType.REMOVE_NODE) {
                        return true;
                    }
                }
            } catch (ConfChangeCodec.MalformedException malformed) {
                throw new IllegalStateException(malformed);
            }
        }
        return false;
    }

    // ---- the end of the trouble

    /** All servers are up and nothing is lost: proposals must be applied, and reads be answered, by every member. */
    private void agree() {
        note("the trouble ends");
        calm = true;
        network.heal();
        for (RandomClusterServer server : servers.values()) {
            server.pauseUntil(0);
            server.slowDiskUntil(0);
            if (!server.isUp()) {
                server.start();
            } else if (plan.switchesVary) {
                server.restart();
            }
            server.tuneForCalm();
        }
        for (int round = 0; round < CALM_ROUNDS; round++) {
            for (RandomClusterServer server : servers.values()) {
                server.tick();
                server.workThrough();
            }
            exchange();
            RandomClusterServer leader = newestLeader();
            if (leader != null) {
                if (agreed(leader)) {
                    servers.values().forEach(invariants::wholeLog);
                    return;
                }
                if (round % 8 == 0) {
                    operate(leader);
                }
            }
        }
        if (!plan.sharesCommit && isWedged()) {
            happened(Happening.WEDGED);
            return;
        }
        throw RandomClusterInvariants.violation(
                "liveness: no agreement in %d rounds: %s", CALM_ROUNDS, servers.values());
    }

    /**
     * A hole in etcd's way of changing members, where a change counts once it is known to be committed: a leader that
     * takes the vote from itself may be the only one that knows, and end with entries that nobody else has. Then the
     * others still need its vote, it refuses it to logs shorter than its own, and may not stand itself. (Telling the
     * commit index in the rejection closes it, as raft-rs does.)
     */
    private boolean isWedged() {
        boolean anyIsBehind = false;
        for (RandomClusterServer server : servers.values()) {
            Server core = server.core();
            if (core.configuration().isVoter(server.id)) {
                if (invariants.couldWin(server)) {
                    return false;
                }
                anyIsBehind |= core.raftLog.committed() < invariants.newestChange()
                        && core.raftLog.lastIndex() >= invariants.newestChange();
            }
        }
        return anyIsBehind;
    }

    private void exchange() {
        for (int hop = 0; !network.isQuiet(); hop++) {
            if (hop > MOST_HOPS) {
                throw RandomClusterInvariants.violation("liveness: the servers talk and talk: %s", servers.values());
            }
            for (Flight flight : network.takeAll()) {
                Message message = flight.message();
                RandomClusterServer receiver = servers.get(message.to());
                boolean lost = receiver == null || addsTheGone(message);
                if (!lost) {
                    receiver.receive(message);
                }
                ended(flight, lost);
            }
            servers.values().forEach(RandomClusterServer::workThrough);
        }
    }

    /** What an operator does now and then. */
    private void operate(RandomClusterServer leader) {
        ConfState members = leader.core().configuration().toConfState();
        if (members.isJoint() && !members.autoLeave()) {
            leader.leaveJoint();
        }
        if (!members.contains(leader.id)) {
            // It takes no proposals any more, and leads on until others take over.
            leader.transferLeader(members.voters().get(0));
        }
        // A snapshot from before a member was added does not know it, and the member refuses it.
        leader.compact();
        leader.propose(entries());
        for (RandomClusterServer server : servers.values()) {
            if (members.contains(server.id)) {
                read(server);
            }
        }
    }

    private @Nullable RandomClusterServer newestLeader() {
        RandomClusterServer newest = null;
        for (RandomClusterServer server : servers.values()) {
            if (server.leads()
                    && (newest == null || server.core().term() > newest.core().term())) {
                newest = server;
            }
        }
        return newest;
    }

    private boolean agreed(RandomClusterServer leader) {
        ConfState members = leader.core().configuration().toConfState();
        long last = leader.core().raftLog.lastIndex();
        for (RandomClusterServer server : servers.values()) {
            if (members.contains(server.id) && !(server.applied() == last && readInCalm[(int) server.id])) {
                return false;
            }
        }
        return !members.isJoint();
    }
}
