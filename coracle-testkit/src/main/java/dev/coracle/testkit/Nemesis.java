package dev.coracle.testkit;

import dev.coracle.Member;
import dev.coracle.Raft;
import dev.coracle.StartException;
import dev.coracle.sim.SimDisk;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
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

    private final SimulatedCluster<?, ?> cluster;
    private final SplittableRandom random;
    private final int firstHosts;
    private final List<Fault> faults;
    private final long meanPauseNanos;
    private final Map<Fault, Integer> done = new EnumMap<>(Fault.class);

    /** Hosts that are to join again, since they left or lost what they had. */
    private final List<Boolean> joins = new ArrayList<>();

    /** The id under which the member on a host is known that lost its disk, until it is removed; 0 for none. */
    private final List<Long> lostIds = new ArrayList<>();

    private boolean calm;

    Nemesis(SimulatedCluster<?, ?> cluster, SplittableRandom random, int firstHosts, Set<Fault> allowed) {
        this.cluster = cluster;
        this.random = random;
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

    void begin() {
        if (!faults.isEmpty()) {
            cluster.after(pause(), this::disturb);
        }
        cluster.after(pause(), this::bringBack);
    }

    private Duration pause() {
        return Duration.ofNanos(1 + random.nextLong(2 * meanPauseNanos));
    }

    private void addHost() {
        joins.add(false);
        lostIds.add(0L);
    }

    private int anyHost() {
        return random.nextInt(cluster.hosts());
    }

    private void disturb() {
        if (calm) {
            return;
        }
        Fault fault = faults.get(random.nextInt(faults.size()));
        int host = anyHost();
        if (strike(fault, host)) {
            cluster.note(fault + ", host " + host);
            done.merge(fault, 1, Integer::sum);
        }
        cluster.after(pause(), this::disturb);
    }

    /** Undoes something after a while. */
    private void mendLater(Runnable mending) {
        cluster.after(Duration.ofNanos(random.nextLong(6 * TIMEOUT_NANOS)), mending);
    }

    private boolean strike(Fault fault, int host) {
        Host machine = cluster.host(host);
        return switch (fault) {
            case POWER -> ifUp(host, () -> cluster.crash(host));
            case POWER_IN_WRITE -> ifUp(host, () -> machine.losePowerAt(random.nextInt(30)));
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
            case PAUSE -> ifUp(host, () -> cluster.pause(host, Duration.ofNanos(random.nextLong(5 * TIMEOUT_NANOS))));
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
            case ONE_WAY -> {
                int other = anyHost();
                cluster.cut(host, other);
                mendLater(() -> cluster.network().mend(cluster.address(host), cluster.address(other)));
                yield host != other;
            }
            case FLAP -> {
                flap(host, anyHost(), 1 + random.nextInt(8));
                yield true;
            }
            case SLOW_NETWORK -> {
                SimulatedNetwork.Conditions conditions = cluster.network().conditions();
                conditions.maxDelayNanos = 500_000 + random.nextLong(TIMEOUT_NANOS / 2);
                conditions.slow = random.nextInt(100);
                mendLater(cluster.network()::recover);
                yield true;
            }
            case BAD_NETWORK -> {
                SimulatedNetwork.Conditions conditions = cluster.network().conditions();
                conditions.lost = random.nextInt(200);
                conditions.doubled = random.nextInt(100);
                conditions.replayed = random.nextInt(100);
                conditions.damaged = random.nextInt(50);
                mendLater(cluster.network()::recover);
                yield true;
            }
            case CLOCK -> {
                if (random.nextBoolean()) {
                    machine.jumpClock(random.nextLong(3 * TIMEOUT_NANOS));
                } else {
                    machine.setDrift(random.nextInt(-100_000, 100_000));
                }
                yield true;
            }
            case SLOW_DISK -> {
                machine.setSlowDisk(random.nextLong(TIMEOUT_NANOS));
                mendLater(() -> machine.setSlowDisk(0));
                yield true;
            }
            case HANGING_DISK -> {
                machine.hangDisk(random.nextLong(6 * TIMEOUT_NANOS));
                yield true;
            }
            case FULL_DISK -> {
                SimDisk disk = machine.disk();
                disk.setCapacity(disk.usedBytes() + random.nextLong(100_000));
                mendLater(() -> disk.setCapacity(Long.MAX_VALUE));
                yield true;
            }
            case SYNC_ERROR ->
                ifUp(
                        host,
                        () -> machine.disk().setFault(SimDisk.failing(SimDisk.Operation.SYNC, 1 + random.nextInt(10))));
            case WRITE_ERROR -> ifUp(host, () -> failWrite(machine));
            case EMPTY_DISK -> losesDisk(host);
            case JOIN -> join();
            case LEAVE -> mayGo() && onMember(host, raft -> ignore(raft.leave()));
            case REMOVE -> mayGo() && remove(host);
            case TRANSFER ->
                onMember(host, raft -> {
                    List<Member> members = raft.members();
                    ignore(raft.transferLeadership(
                            members.get(random.nextInt(members.size())).id()));
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
            left[i] = random.nextBoolean();
        }
        for (int from = 0; from < left.length; from++) {
            for (int to = 0; to < left.length; to++) {
                if (left[from] != left[to]) {
                    cluster.cut(from, to);
                }
            }
        }
    }

    private void flap(int from, int to, int times) {
        if (calm || times == 0) {
            return;
        }
        cluster.cut(from, to);
        cluster.cut(to, from);
        cluster.after(Duration.ofNanos(random.nextLong(TIMEOUT_NANOS)), () -> {
            cluster.network().mend(cluster.address(from), cluster.address(to));
            cluster.network().mend(cluster.address(to), cluster.address(from));
            cluster.after(Duration.ofNanos(random.nextLong(TIMEOUT_NANOS)), () -> flap(from, to, times - 1));
        });
    }

    private void failWrite(Host machine) {
        int[] left = {random.nextInt(10)};
        boolean partly = random.nextBoolean();
        int bytes = random.nextInt(600);
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
        List<Member> members = members();
        return members != null && members.size() > LEAST_MEMBERS;
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
        boolean allSound = lostIds.stream().allMatch(id -> id == 0);
        if (raft == null || !allSound || !allMembersUp()) {
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
        if (members == null || members.size() < LEAST_MEMBERS) {
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
            if (!cluster.isUp(host) && random.nextBoolean()) {
                start(host);
            }
        }
        removeLost();
        cluster.after(pause(), this::bringBack);
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
