package dev.coracle.testkit;

import dev.coracle.Raft;
import dev.coracle.node.RaftNode;
import dev.coracle.sim.SimDisk;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Does to a cluster what a seed decides, and mends it again. It stops short of what no cluster survives, as its {@link
 * Operator} knows: of those that vote, only one at a time may lose what it has stored.
 */
final class Nemesis {
    /** A follower's patience. */
    static final long TIMEOUT_NANOS = 10 * SimulatedCluster.TICK.toNanos();

    private static final int MOST_OVERLOADS = 3;
    private static final int MOST_CHALLENGES = 12;

    private final SimulatedCluster<?, ?> cluster;
    private final SplittableRandom random;
    private final SplittableRandom healing;
    private final Plan plan;
    private final Crowd crowd;
    private final Operator operator;
    private final NetworkFaults network;
    private final DiskFaults disks;
    private final MemberFaults members;

    /** Whether clocks may do more than what leases allow. */
    private final boolean clocksJump;

    private final List<Fault> faults;
    private final long meanPauseNanos;
    private final Map<Fault, Integer> done = new EnumMap<>(Fault.class);

    /** The numbers of those that were done. */
    private final BitSet struck = new BitSet();

    private int disturbances;
    private int challenges;

    /** Chance of the fault at hand, so that no other one depends on it. */
    private SplittableRandom chance = new SplittableRandom(0);

    private boolean calm;

    /** Clients who come when the nemesis wants them, each for one thing. */
    interface Crowd {
        /** So many ask a member for this and that, at once. */
        void ask(int host, int times, SplittableRandom random);

        /** Everything that there is to be read is read from a member. */
        void readAll(int host);
    }

    Nemesis(
            SimulatedCluster<?, ?> cluster,
            SplittableRandom random,
            Operator operator,
            Set<Fault> allowed,
            Plan plan,
            Crowd crowd,
            boolean clocksJump) {
        this.clocksJump = clocksJump;
        this.cluster = cluster;
        this.random = random;
        this.healing = random.split();
        this.plan = plan;
        this.crowd = crowd;
        this.operator = operator;
        this.network = new NetworkFaults(cluster, () -> calm);
        this.disks = new DiskFaults(cluster, operator);
        this.members = new MemberFaults(cluster, operator);
        List<Fault> chosen = new ArrayList<>();
        for (Fault fault : allowed) {
            // Each seed has its own mixture, so that also few faults meet each other often.
            if (random.nextInt(3) > 0) {
                chosen.add(fault);
            }
        }
        faults = chosen;
        meanPauseNanos = TIMEOUT_NANOS / 2 + random.nextLong(3 * TIMEOUT_NANOS);
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

    private int anyHost() {
        return chance.nextInt(cluster.hosts());
    }

    /** The leader, if there is one, as often as any of all. */
    private int victim() {
        int leader = cluster.leader();
        return leader >= 0 && chance.nextBoolean() ? leader : anyHost();
    }

    private void disturb() {
        if (calm) {
            return;
        }
        int number = disturbances++;
        chance = random.split();
        Fault fault = faults.get(chance.nextInt(faults.size()));
        int host = victim();
        if (plan.hasFault(number) && strike(fault, host)) {
            struck.set(number);
            cluster.note("fault " + number + ": " + fault + ", host " + host);
            done.merge(fault, 1, Integer::sum);
        }
        cluster.after(pause(random), this::disturb);
    }

    private void bringBack() {
        if (!calm) {
            operator.bringBack(healing);
            cluster.after(pause(healing), this::bringBack);
        }
    }

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
            case CRASH_LOOP -> ifUp(host, () -> crashLoop(host, 1 + chance.nextInt(5), chance));
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
            case PAUSE ->
                ifUp(host, () -> {
                    cluster.pause(host, Duration.ofNanos(chance.nextLong(5 * TIMEOUT_NANOS)));
                    challengeRarely(host, chance);
                });
            case ISOLATE -> {
                cluster.isolate(host);
                challengeRarely(host, chance);
                mendLater(cluster::mend);
                yield true;
            }
            case DEAF -> {
                network.deafen(host);
                challengeRarely(host, chance);
                mendLater(cluster::mend);
                yield true;
            }
            case LEAVE_BEHIND -> {
                int leader = cluster.leader();
                boolean begins = leader >= 0 && done.getOrDefault(fault, 0) < MOST_OVERLOADS;
                if (begins) {
                    leaveBehind(leader, chance);
                }
                yield begins;
            }
            case PARTITION -> {
                network.partition(chance);
                challengeRarely(host, chance);
                mendLater(cluster::mend);
                yield true;
            }
            case BRIDGE -> {
                network.bridge(host, chance);
                mendLater(cluster::mend);
                yield true;
            }
            case ONE_WAY -> {
                int other = anyHost();
                cluster.cut(host, other);
                mendLater(() -> network.mend(host, other));
                yield host != other;
            }
            case FLAP -> {
                network.flap(host, anyHost(), 1 + chance.nextInt(8), chance);
                yield true;
            }
            case RESET -> {
                int other = anyHost();
                network.reset(host, other);
                yield host != other;
            }
            case RESETS -> {
                resets(host, 5 + chance.nextInt(20), chance);
                yield true;
            }
            case SLOW_LINK -> {
                int other = anyHost();
                network.slowDown(host, other, chance.nextLong(2 * TIMEOUT_NANOS));
                mendLater(() -> network.slowDown(host, other, 0));
                yield host != other;
            }
            case SLOW_NETWORK -> {
                network.slowDownAll(chance);
                mendLater(cluster.network()::recover);
                yield true;
            }
            case BAD_NETWORK -> {
                network.worsen(chance);
                mendLater(cluster.network()::recover);
                yield true;
            }
            case REPLAY -> {
                cluster.network().replay(cluster.address(host), TIMEOUT_NANOS);
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
            case WRITE_ERROR -> ifUp(host, () -> disks.failWrite(host, chance));
            case ROTTEN_LOG -> disks.rotLog(host, chance);
            case ROTTEN_TAIL -> ifUp(host, () -> disks.rotTail(host, chance));
            case ROTTEN_SNAPSHOT -> disks.rotSnapshot(host, chance);
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
                done.getOrDefault(fault, 0) < MOST_OVERLOADS
                        && ifUp(host, () -> crowd.ask(host, 10 + chance.nextInt(20), chance));
            case EMPTY_DISK -> disks.lose(host);
            case JOIN -> members.join(1 + chance.nextInt(2));
            case LEAVE -> members.leave(host);
            case REMOVE -> members.remove(host, chance);
            case REMOVE_LEADER -> {
                int leader = cluster.leader();
                yield leader >= 0 && members.remove(leader, chance);
            }
            case DEMOTE -> members.demote(List.of(host));
            case PROMOTE -> members.promote();
            case JOINT -> {
                boolean begun = members.demote(List.of(host, anyHost()));
                if (begun) {
                    mendLater(operator::leaveJoint);
                }
                yield begun;
            }
            case TRANSFER -> members.transfer(host, chance);
            case TRANSFER_UNHEARD -> {
                int leader = cluster.leader();
                boolean begins = leader >= 0 && done.getOrDefault(fault, 0) < MOST_CHALLENGES;
                yield begins && ifUp(leader, () -> transferUnheard(leader, chance));
            }
            case STEP_DOWN -> {
                RaftNode node = cluster.node(host);
                yield node != null
                        && cluster.onMember(
                                host, raft -> raft.stepDown(node.view().term()));
            }
            case FORGET_LEADER -> members.forgetLeader(host);
            case SNAPSHOT -> cluster.onMember(host, Raft::snapshot);
        };
    }

    private boolean ifUp(int host, Runnable action) {
        if (!cluster.isUp(host)) {
            return false;
        }
        action.run();
        return true;
    }

    /** Some time within so long something is asked of the leader, and soon after of one that may not lead any more. */
    private void challenge(int old, long nanos, SplittableRandom chance) {
        SplittableRandom mine = chance.split();
        cluster.after(Duration.ofNanos(mine.nextLong(nanos)), () -> {
            askLeader(1 + mine.nextInt(3), mine);
            cluster.after(Duration.ofNanos(mine.nextLong(TIMEOUT_NANOS / 5)), () -> {
                if (!calm) {
                    crowd.ask(old, 1, mine);
                    crowd.readAll(old);
                }
            });
        });
    }

    /** The same, now and then, so that clients have time for other things. */
    private void challengeRarely(int old, SplittableRandom chance) {
        if (challenges < MOST_CHALLENGES && chance.nextInt(3) > 0) {
            challenges++;
            challenge(old, 4 * TIMEOUT_NANOS, chance);
        }
    }

    private void askLeader(int times, SplittableRandom random) {
        int leader = cluster.leader();
        if (!calm && leader >= 0) {
            crowd.ask(leader, times, random);
        }
    }

    /**
     * Ends a process soon after it serves, so many times. After the last time it is cut off, and hears nothing but what it
     * was sent before, while the others go on and it is asked.
     */
    private void crashLoop(int host, int times, SplittableRandom chance) {
        cluster.kill(host);
        operator.start(host);
        cluster.after(Duration.ofNanos(chance.nextLong(TIMEOUT_NANOS)), () -> {
            if (calm || cluster.member(host) == null) {
                return;
            }
            if (times > 1) {
                crowd.readAll(host);
                cluster.after(
                        Duration.ofNanos(chance.nextLong(TIMEOUT_NANOS / 5)),
                        () -> ifUp(host, () -> crashLoop(host, times - 1, chance)));
                return;
            }
            cluster.isolate(host);
            cluster.after(Duration.ofNanos(chance.nextLong(2 * TIMEOUT_NANOS)), cluster::mend);
            askLeader(3, chance);
            cluster.after(Duration.ofNanos(TIMEOUT_NANOS / 20), () -> {
                if (!calm) {
                    cluster.network().replay(cluster.address(host), TIMEOUT_NANOS / 4);
                    crowd.readAll(host);
                }
            });
        });
    }

    /**
     * Lets a leader hear nothing while it is asked for something, which the others may commit, until these have gone on so
     * far that it needs a snapshot.
     */
    private void leaveBehind(int leader, SplittableRandom chance) {
        network.deafen(leader);
        crowd.ask(leader, 5, chance);
        Duration third = Duration.ofNanos(TIMEOUT_NANOS + chance.nextLong(TIMEOUT_NANOS));
        cluster.after(third.multipliedBy(2), () -> askLeader(30, chance));
        cluster.after(third.multipliedBy(3), () -> {
            int other = cluster.leader();
            if (!calm && other >= 0) {
                cluster.onMember(other, Raft::snapshot);
            }
            cluster.after(third.dividedBy(10), cluster::mend);
        });
    }

    /** Lets a leader that has just been read from, and may have a lease, hand leadership over and hear nothing of it. */
    private void transferUnheard(int leader, SplittableRandom chance) {
        crowd.readAll(leader);
        cluster.after(Duration.ofNanos(chance.nextLong(TIMEOUT_NANOS / 10)), () -> {
            if (!calm && members.transfer(leader, chance)) {
                cluster.setAtHandover(() -> {
                    if (calm) {
                        return;
                    }
                    network.deafen(leader);
                    cluster.after(Duration.ofNanos(chance.nextLong(2 * TIMEOUT_NANOS)), cluster::mend);
                    challenge(leader, TIMEOUT_NANOS / 5, chance);
                });
            }
        });
    }

    /** Resets a host's connections so many times, a few milliseconds apart. */
    private void resets(int host, int times, SplittableRandom chance) {
        if (calm || times == 0) {
            return;
        }
        for (int other = 0; other < cluster.hosts(); other++) {
            network.reset(host, other);
        }
        cluster.after(Duration.ofNanos(chance.nextLong(TIMEOUT_NANOS / 10)), () -> resets(host, times - 1, chance));
    }
}
