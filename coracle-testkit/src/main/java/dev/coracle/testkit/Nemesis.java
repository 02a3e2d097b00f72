package dev.coracle.testkit;

import dev.coracle.Member;
import dev.coracle.Raft;
import dev.coracle.StartException;
import dev.coracle.codec.raftify.ChangeConfigArgs;
import dev.coracle.node.StorageException;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.sim.SimDisk;
import dev.coracle.transport.grpc.RaftServiceHandler;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Does to a cluster what a seed decides, mends it again, and brings members back that are down. It stops short of what
 * no cluster survives: of those that vote, only one at a time may lose what it has stored.
 */
final class Nemesis {
    private static final long TIMEOUT_NANOS = 10 * SimulatedCluster.TICK.toNanos();
    private static final int MOST_HOSTS = 9;
    private static final int LEAST_MEMBERS = 3;
    private static final int MOST_MEMBERS = 7;
    private static final int MOST_OVERLOADS = 3;

    private final SimulatedCluster<?, ?> cluster;
    private final SplittableRandom random;
    private final SplittableRandom healing;
    private final Plan plan;
    private final Overload overload;

    /** Whether clocks may do more than what leases allow. */
    private final boolean clocksJump;

    private final int firstHosts;
    private final List<Fault> faults;
    private final long meanPauseNanos;
    private final Map<Fault, Integer> done = new EnumMap<>(Fault.class);

    /** The numbers of those that were done. */
    private final BitSet struck = new BitSet();

    private int disturbances;

    /** Chance of the fault at hand, so that no other one depends on it. */
    private SplittableRandom chance = new SplittableRandom(0);

    /** Hosts that are to join again, since they left or lost what they had. */
    private final List<Boolean> joins = new ArrayList<>();

    /** The id under which the member on a host is known that lost its disk, until it is removed; 0 for none. */
    private final List<Long> lostIds = new ArrayList<>();

    /** The id of the member on a host whose disk has rotted, until it refuses it; 0 for none. */
    private final List<Long> rottenIds = new ArrayList<>();

    /** When a voter was last asked for to become none. */
    private Duration lastReduction = Duration.ZERO;

    private boolean calm;

    /** Asks a member for much at once. */
    interface Overload {
        void ask(int host, int times, SplittableRandom random);
    }

    Nemesis(
            SimulatedCluster<?, ?> cluster,
            SplittableRandom random,
            int firstHosts,
            Set<Fault> allowed,
            Plan plan,
            Overload overload,
            boolean clocksJump) {
        this.clocksJump = clocksJump;
        this.cluster = cluster;
        this.random = random;
        this.healing = random.split();
        this.plan = plan;
        this.overload = overload;
        this.firstHosts = firstHosts;
        List<Fault> chosen = new ArrayList<>();
        for (Fault fault : allowed) {
            // Each seed has its own mixture, so that also few faults meet each other often.
            if (random.nextInt(3) > 0) {
                chosen.add(fault);
            }
        }
        faults = chosen;
        meanPauseNanos = TIMEOUT_NANOS / 2 + random.nextLong(3 * TIMEOUT_NANOS);
        for (int i = 0; i < cluster.hosts(); i++) {
            addHost();
        }
    }

    /** What was done, and how often. */
    Map<Fault, Integer> done() {
        return done;
    }

    /** Which of the faults that were due were done, by their numbers. */
    BitSet struck() {
        return struck;
    }

    void begin() {
        if (!faults.isEmpty()) {
            cluster.after(pause(random), this::disturb);
        }
        cluster.after(pause(healing), this::bringBack);
    }

    private Duration pause(SplittableRandom random) {
        return Duration.ofNanos(1 + random.nextLong(2 * meanPauseNanos));
    }

    private void addHost() {
        joins.add(false);
        lostIds.add(0L);
        rottenIds.add(0L);
    }

    private int anyHost() {
        return chance.nextInt(cluster.hosts());
    }

    private void disturb() {
        if (calm) {
            return;
        }
        int number = disturbances++;
        chance = random.split();
        Fault fault = faults.get(chance.nextInt(faults.size()));
        int host = anyHost();
        if (plan.hasFault(number) && strike(fault, host)) {
            struck.set(number);
            cluster.note("fault " + number + ": " + fault + ", host " + host);
            done.merge(fault, 1, Integer::sum);
        }
        cluster.after(pause(random), this::disturb);
    }

    /** Undoes something after a while. */
    private void mendLater(Runnable mending) {
        cluster.after(Duration.ofNanos(chance.nextLong(6 * TIMEOUT_NANOS)), mending);
    }

    private boolean strike(Fault fault, int host) {
        Host machine = cluster.host(host);
        return switch (fault) {
            case POWER -> ifUp(host, () -> cluster.crash(host));
            case POWER_IN_WRITE -> ifUp(host, () -> machine.losePowerAt(chance.nextInt(30)));
            case POWER_OF_ALL -> {
                for (int i = 0; i < cluster.hosts(); i++) {
                    int each = i;
                    ifUp(each, () -> cluster.crash(each));
                }
                yield true;
            }
            case KILL -> ifUp(host, () -> cluster.kill(host));
            case CLOSE -> ifUp(host, () -> cluster.close(host));
            case ROLLING_RESTART -> {
                for (int i = 0; i < cluster.hosts(); i++) {
                    int each = i;
                    cluster.after(Duration.ofNanos(5 * TIMEOUT_NANOS * i), () -> {
                        if (!calm && cluster.isUp(each)) {
                            cluster.close(each);
                        }
                    });
                }
                yield true;
            }
            case PAUSE -> ifUp(host, () -> cluster.pause(host, Duration.ofNanos(chance.nextLong(5 * TIMEOUT_NANOS))));
            case ISOLATE -> {
                cluster.isolate(host);
                mendLater(cluster::mend);
                yield true;
            }
            case PARTITION -> {
                partition();
                mendLater(cluster::mend);
                yield true;
            }
            case BRIDGE -> {
                bridge(host);
                mendLater(cluster::mend);
                yield true;
            }
            case ONE_WAY -> {
                int other = anyHost();
                cluster.cut(host, other);
                mendLater(() -> cluster.network().mend(cluster.address(host), cluster.address(other)));
                yield host != other;
            }
            case FLAP -> {
                flap(host, anyHost(), 1 + chance.nextInt(8), chance);
                yield true;
            }
            case RESET -> {
                int other = anyHost();
                cluster.network().reset(cluster.address(host), cluster.address(other));
                cluster.network().reset(cluster.address(other), cluster.address(host));
                yield host != other;
            }
            case SLOW_LINK -> {
                int other = anyHost();
                String from = cluster.address(host);
                String to = cluster.address(other);
                cluster.network().slowDown(from, to, chance.nextLong(2 * TIMEOUT_NANOS));
                mendLater(() -> cluster.network().slowDown(from, to, 0));
                yield host != other;
            }
            case SLOW_NETWORK -> {
                SimulatedNetwork.Conditions conditions = cluster.network().conditions();
                conditions.maxDelayNanos = 500_000 + chance.nextLong(TIMEOUT_NANOS / 2);
                conditions.slow = chance.nextInt(100);
                mendLater(cluster.network()::recover);
                yield true;
            }
            case BAD_NETWORK -> {
                SimulatedNetwork.Conditions conditions = cluster.network().conditions();
                conditions.lost = chance.nextInt(200);
                conditions.doubled = chance.nextInt(100);
                conditions.replayed = chance.nextInt(100);
                conditions.damaged = chance.nextInt(50);
                mendLater(cluster.network()::recover);
                yield true;
            }
            case CLOCK -> {
                if (clocksJump && chance.nextBoolean()) {
                    machine.jumpClock(chance.nextLong(3 * TIMEOUT_NANOS));
                } else {
                    machine.setDrift(chance.nextInt(-100_000, 100_000));
                }
                yield true;
            }
            case SLOW_DISK -> {
                machine.setSlowDisk(chance.nextLong(TIMEOUT_NANOS));
                mendLater(() -> machine.setSlowDisk(0));
                yield true;
            }
            case HANGING_DISK -> {
                machine.hangDisk(chance.nextLong(6 * TIMEOUT_NANOS));
                yield true;
            }
            case FULL_DISK -> {
                SimDisk disk = machine.disk();
                disk.setCapacity(disk.usedBytes() + chance.nextLong(100_000));
                mendLater(() -> disk.setCapacity(Long.MAX_VALUE));
                yield true;
            }
            case SYNC_ERROR ->
                ifUp(
                        host,
                        () -> machine.disk().setFault(SimDisk.failing(SimDisk.Operation.SYNC, 1 + chance.nextInt(10))));
            case WRITE_ERROR -> ifUp(host, () -> failWrite(machine));
            case ROTTEN_LOG -> rots(host, () -> rotLog(host));
            case ROTTEN_TAIL -> ifUp(host, () -> rotTail(host));
            case ROTTEN_SNAPSHOT -> rots(host, () -> rotSnapshot(host));
            case SLOW_MACHINE -> {
                machine.setSlowMachine(chance.nextLong(3 * TIMEOUT_NANOS));
                mendLater(() -> machine.setSlowMachine(0));
                yield true;
            }
            case SLOW_SNAPSHOTS -> {
                machine.setSlowSnapshots(chance.nextLong(10 * TIMEOUT_NANOS));
                mendLater(() -> machine.setSlowSnapshots(0));
                yield true;
            }
            case OVERLOAD ->
                done.getOrDefault(Fault.OVERLOAD, 0) < MOST_OVERLOADS
                        && ifUp(host, () -> overload.ask(host, 10 + chance.nextInt(20), chance));
            case EMPTY_DISK -> losesDisk(host);
            case JOIN -> join();
            case LEAVE -> mayGo() && onMember(host, raft -> ignore(raft.leave()));
            case REMOVE -> mayGo() && remove(host);
            case REMOVE_LEADER -> {
                int leader = cluster.leader();
                yield leader >= 0 && mayGo() && remove(leader);
            }
            case DEMOTE -> mayGo() && change(List.of(host), ConfChangeType.ADD_LEARNER_NODE);
            case PROMOTE -> promote();
            case JOINT -> mayGo(2) && change(List.of(host, anyHost()), ConfChangeType.ADD_LEARNER_NODE);
            case TRANSFER ->
                onMember(host, raft -> {
                    List<Member> members = raft.members();
                    ignore(raft.transferLeadership(
                            members.get(chance.nextInt(members.size())).id()));
                });
            case STEP_DOWN -> {
                int leader = cluster.leader();
                yield leader >= 0 && onMember(leader, raft -> ignore(raft.stepDown(term(leader))));
            }
            case SNAPSHOT -> onMember(host, raft -> ignore(raft.snapshot()));
        };
    }

    private long term(int host) {
        var node = cluster.node(host);
        return node == null ? 0 : node.view().term();
    }

    private boolean ifUp(int host, Runnable action) {
        if (!cluster.isUp(host)) {
            return false;
        }
        action.run();
        return true;
    }

    private interface OnMember {
        void act(Raft<?, ?, ?> raft);
    }

    private boolean onMember(int host, OnMember action) {
        Raft<?, ?, ?> raft = cluster.member(host);
        if (raft == null || raft.members().isEmpty()) {
            return false;
        }
        cluster.within(host, () -> action.act(raft));
        return true;
    }

    private static void ignore(CompletableFuture<?> future) {
        var unused = future.exceptionally(failure -> null);
    }

    private void partition() {
        boolean[] left = new boolean[cluster.hosts()];
        for (int i = 0; i < left.length; i++) {
            left[i] = chance.nextBoolean();
        }
        for (int from = 0; from < left.length; from++) {
            for (int to = 0; to < left.length; to++) {
                if (left[from] != left[to]) {
                    cluster.cut(from, to);
                }
            }
        }
    }

    /** Only {@code middle} reaches everybody. */
    private void bridge(int middle) {
        for (int from = 0; from < cluster.hosts(); from++) {
            boolean left = chance.nextBoolean();
            for (int to = 0; to < from; to++) {
                if (from != middle && to != middle && left) {
                    cluster.cut(from, to);
                    cluster.cut(to, from);
                }
            }
        }
    }

    private void flap(int from, int to, int times, SplittableRandom random) {
        if (calm || times == 0) {
            return;
        }
        cluster.cut(from, to);
        cluster.cut(to, from);
        cluster.after(Duration.ofNanos(random.nextLong(TIMEOUT_NANOS)), () -> {
            cluster.network().mend(cluster.address(from), cluster.address(to));
            cluster.network().mend(cluster.address(to), cluster.address(from));
            cluster.after(Duration.ofNanos(random.nextLong(TIMEOUT_NANOS)), () -> flap(from, to, times - 1, random));
        });
    }

    private void failWrite(Host machine) {
        int[] left = {chance.nextInt(10)};
        boolean partly = chance.nextBoolean();
        int bytes = chance.nextInt(600);
        machine.disk().setFault((operation, path) -> {
            if (operation == SimDisk.Operation.WRITE && left[0]-- == 0) {
                throw partly ? new SimDisk.ShortWriteException(bytes) : new IOException("Input/output error");
            }
        });
    }

    // ---- members

    /** The members as somebody who runs knows them; null if nobody does. */
    private @Nullable List<Member> members() {
        int leader = cluster.leader();
        Raft<?, ?, ?> raft = leader < 0 ? null : cluster.member(leader);
        return raft == null ? null : raft.members();
    }

    private boolean mayGo() {
        return mayGo(1);
    }

    /**
     * Tells whether so many voters may become none. What was asked for before may still be under way, and whoever lost
     * its disk votes no more: one too many would be the end of any cluster.
     */
    private boolean mayGo(int count) {
        List<Member> members = members();
        boolean may = members != null
                && voters(members) >= LEAST_MEMBERS + count
                && allSound()
                && cluster.time().minus(lastReduction).compareTo(Duration.ofSeconds(1)) > 0;
        if (may) {
            lastReduction = cluster.time();
        }
        return may;
    }

    private static long voters(List<Member> members) {
        return members.stream()
                .filter(member -> member.role() != Member.Role.LEARNER)
                .count();
    }

    /** Asks for the same change of members on some hosts: at once, so that two make the configuration joint. */
    private boolean change(List<Integer> hosts, ConfChangeType type) {
        List<String> addresses = new ArrayList<>();
        List<ConfChangeSingle> changes = new ArrayList<>();
        for (int host : hosts) {
            Raft<?, ?, ?> member = cluster.member(host);
            if (member == null) {
                return false;
            }
            addresses.add(cluster.address(host));
            changes.add(new ConfChangeSingle(type, member.id()));
        }
        int asked = cluster.leader();
        if (asked < 0) {
            return false;
        }
        cluster.within(asked, () -> {
            RaftServiceHandler service = cluster.network().service(cluster.address(asked));
            if (service != null) {
                service.changeConfig(new ChangeConfigArgs(addresses, changes), new Unheard<>());
            }
        });
        if (hosts.size() > 1) {
            mendLater(this::leaveJoint);
        }
        return true;
    }

    private boolean promote() {
        List<Member> members = members();
        if (members == null) {
            return false;
        }
        for (Member member : members) {
            int host = hostOf(member.address());
            if (member.role() == Member.Role.LEARNER && host >= 0) {
                return change(List.of(host), ConfChangeType.ADD_NODE);
            }
        }
        return false;
    }

    private void leaveJoint() {
        int leader = cluster.leader();
        if (leader >= 0) {
            onMember(leader, raft -> ignore(raft.leaveJoint()));
        }
    }

    /** Who asks and does not wait for the answer. */
    private static final class Unheard<R> implements RaftServiceHandler.Reply<R> {
        @Override
        public void done(R response) {}

        @Override
        public void failed(String text) {}
    }

    // ---- rot

    /** Lets a disk rot, if nothing else is wrong with any, so that all that is committed is on the others. */
    private boolean rots(int host, Runnable rotting) {
        Raft<?, ?, ?> raft = cluster.member(host);
        if (raft == null || !allSound() || !allMembersUp()) {
            return false;
        }
        rottenIds.set(host, raft.id());
        rotting.run();
        return true;
    }

    private boolean allSound() {
        return lostIds.stream().allMatch(id -> id == 0) && rottenIds.stream().allMatch(id -> id == 0);
    }

    /** Closes a member, after which its whole log is known to be durable, and flips a bit of it. */
    private void rotLog(int host) {
        SplittableRandom mine = chance;
        cluster.close(host);
        whenDown(host, 100, () -> {
            SimDisk disk = cluster.host(host).disk();
            DurableLog log = new DurableLog(disk, SimulatedCluster.LOG, (index, term, previous, hash) -> {});
            log.refresh();
            boolean closed = log.isMarkedAsClosed();
            List<String> segments = new ArrayList<>(disk.durableNames(SimulatedCluster.LOG));
            segments.removeIf(name -> !name.endsWith(".wal") || (!closed && name.equals(log.lastSegment())));
            boolean rotten = false;
            if (!segments.isEmpty()) {
                String name = segments.get(mine.nextInt(segments.size()));
                Path path = SimulatedCluster.LOG.resolve(name);
                byte[] bytes = disk.durableBytes(path, 0, Integer.MAX_VALUE);
                int end = name.equals(log.lastSegment()) ? log.end() : bytes == null ? 0 : bytes.length;
                rotten = end > 0 && disk.rot(path, mine.nextInt(end), mine.nextInt(8));
            }
            rotted(host, rotten);
        });
    }

    private void rotSnapshot(int host) {
        SimDisk disk = cluster.host(host).disk();
        cluster.kill(host);
        List<String> snapshots = new ArrayList<>(disk.durableNames(SimulatedCluster.SNAPSHOTS));
        snapshots.removeIf(name -> !name.endsWith(".snap"));
        boolean rotten = false;
        if (!snapshots.isEmpty()) {
            Path path = SimulatedCluster.SNAPSHOTS.resolve(snapshots.get(snapshots.size() - 1));
            byte[] bytes = disk.durableBytes(path, 0, Integer.MAX_VALUE);
            int size = bytes == null ? 0 : bytes.length;
            rotten = size > 0 && disk.rot(path, chance.nextInt(size), chance.nextInt(8));
        }
        rotted(host, rotten);
    }

    private void rotTail(int host) {
        SimDisk disk = cluster.host(host).disk();
        cluster.crash(host);
        DurableLog log = new DurableLog(disk, SimulatedCluster.LOG, (index, term, previous, hash) -> {});
        log.refresh();
        if (!log.lastSegment().isEmpty()) {
            disk.rot(
                    SimulatedCluster.LOG.resolve(log.lastSegment()),
                    log.end() + chance.nextInt(600),
                    chance.nextInt(8));
        }
    }

    private void rotted(int host, boolean rotten) {
        if (rotten) {
            cluster.note("a bit of the disk of host " + host + " is flipped");
            cluster.setDamaged(host, true);
        } else {
            rottenIds.set(host, 0L);
        }
    }

    private void whenDown(int host, int patience, Runnable action) {
        if (!cluster.isUp(host)) {
            action.run();
        } else if (patience == 0) {
            rottenIds.set(host, 0L);
        } else {
            cluster.after(Duration.ofMillis(1), () -> whenDown(host, patience - 1, action));
        }
    }

    private boolean join() {
        List<Member> members = members();
        if (members == null || members.size() >= MOST_MEMBERS || cluster.hosts() >= MOST_HOSTS) {
            return false;
        }
        int host = cluster.addHost();
        addHost();
        joins.set(host, true);
        startJoining(host);
        return true;
    }

    private boolean remove(int host) {
        Raft<?, ?, ?> target = cluster.member(host);
        long id = target == null ? 0 : target.id();
        return id != 0 && onMember(anyHost(), raft -> ignore(raft.remove(id)));
    }

    private boolean losesDisk(int host) {
        Raft<?, ?, ?> raft = cluster.member(host);
        if (raft == null || !allSound() || !allMembersUp()) {
            return false;
        }
        lostIds.set(host, raft.id());
        cluster.crash(host);
        cluster.host(host).replaceDisk();
        return true;
    }

    /** Then one of them may be lost without a committed entry being lost with it, if the others have caught up. */
    private boolean allMembersUp() {
        List<Member> members = members();
        boolean settled =
                lastReduction.isZero() || cluster.time().minus(lastReduction).compareTo(Duration.ofSeconds(10)) > 0;
        if (members == null || voters(members) < LEAST_MEMBERS || !settled) {
            return false;
        }
        long caughtUp = members.stream()
                .map(member -> hostOf(member.address()))
                .filter(host -> host >= 0 && cluster.member(host) != null)
                .count();
        return caughtUp == members.size();
    }

    private int hostOf(String address) {
        for (int i = 0; i < cluster.hosts(); i++) {
            if (cluster.address(i).equals(address)) {
                return i;
            }
        }
        return -1;
    }

    private void bringBack() {
        if (calm) {
            return;
        }
        for (int host = 0; host < cluster.hosts(); host++) {
            if (!cluster.isUp(host) && healing.nextBoolean()) {
                start(host);
            }
        }
        removeLost();
        cluster.after(pause(healing), this::bringBack);
    }

    /** Starts a member again, as an operator would who reads what it said when it stopped. */
    private void start(int host) {
        if (cluster.startFailure(host) instanceof StartException failure) {
            if (failure.kind() == StartException.Kind.IDENTITY) {
                cluster.host(host).replaceDisk();
            }
            if (failure.kind() == StartException.Kind.IDENTITY || failure.kind() == StartException.Kind.LEFT) {
                joins.set(host, true);
            }
        }
        if (rottenIds.get(host) != 0 && cluster.startFailure(host) instanceof StorageException) {
            // It says what to do: remove it, and let it join again with an empty directory.
            lostIds.set(host, rottenIds.get(host));
            rottenIds.set(host, 0L);
            cluster.host(host).replaceDisk();
            cluster.setDamaged(host, false);
            return;
        }
        cluster.host(host).disk().clearFault();
        if (joins.get(host)) {
            startJoining(host);
        } else {
            cluster.startFirst(host, firstHosts);
        }
    }

    private void startJoining(int host) {
        List<Integer> others = new ArrayList<>();
        for (int i = 0; i < cluster.hosts(); i++) {
            if (i != host) {
                others.add(i);
            }
        }
        cluster.startJoining(host, others);
    }

    /** What lost its disk is a member no more: its id is removed before it comes back as another one. */
    private void removeLost() {
        for (int host = 0; host < lostIds.size(); host++) {
            long id = lostIds.get(host);
            List<Member> members = members();
            if (id == 0 || members == null) {
                continue;
            }
            if (members.stream().noneMatch(member -> member.id() == id)) {
                lostIds.set(host, 0L);
                joins.set(host, true);
            } else {
                int leader = cluster.leader();
                onMember(leader, raft -> ignore(raft.remove(id)));
            }
        }
    }

    // ---- the end

    /** Ends all faults. */
    void calm() {
        calm = true;
        cluster.mend();
        cluster.network().recover();
        for (int i = 0; i < cluster.hosts(); i++) {
            cluster.pause(i, Duration.ZERO);
            cluster.host(i).recover();
        }
    }

    /** Brings back what is down and belongs to the cluster. */
    void repair() {
        removeLost();
        leaveJoint();
        List<Member> members = members();
        for (int host = 0; host < cluster.hosts(); host++) {
            boolean wanted = members == null;
            if (members != null) {
                String address = cluster.address(host);
                wanted = members.stream().anyMatch(member -> member.address().equals(address));
            }
            if (wanted && !cluster.isUp(host)) {
                start(host);
            }
        }
    }

    /** Tells whether a member of the cluster runs on a host. */
    boolean isMember(int host) {
        Raft<?, ?, ?> raft = cluster.member(host);
        List<Member> members = members();
        return raft != null && members != null && members.stream().anyMatch(member -> member.id() == raft.id());
    }

    /** Tells whether every member runs and has applied what the leader has. */
    boolean isWhole() {
        List<Member> members = members();
        int leader = cluster.leader();
        if (members == null || lostIds.stream().anyMatch(id -> id != 0)) {
            return false;
        }
        var leading = cluster.node(leader);
        if (leading == null) {
            return false;
        }
        long commit = leading.view().commit();
        for (Member member : members) {
            int host = hostOf(member.address());
            var node = host < 0 || cluster.member(host) == null ? null : cluster.node(host);
            if (node == null || node.id() != member.id() || node.view().applied() < commit) {
                return false;
            }
        }
        return true;
    }
}
