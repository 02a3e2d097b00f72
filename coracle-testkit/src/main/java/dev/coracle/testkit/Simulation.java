package dev.coracle.testkit;

import dev.coracle.Codec;
import dev.coracle.testkit.history.LinearizabilityChecker;
import dev.coracle.testkit.history.Operation;
import dev.coracle.testkit.history.Outcome;
import dev.coracle.testkit.history.Verdict;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * A cluster of a store under every fault, from one number: its size and settings, what its clients ask, what is done to
 * it, and when. After about five hundred operations all faults end, and within {@link #CALM} the cluster must be whole
 * again: with a leader, every member running and caught up, every key readable on every member, all states alike, and
 * a history of its clients that is linearizable.
 */
public final class Simulation {
    /** How long a cluster has to recover when all faults have ended. */
    public static final Duration CALM = Duration.ofSeconds(60);

    private static final Duration LONGEST = Duration.ofMinutes(10);
    private static final Duration STEP = Duration.ofMillis(200);
    private static final int OPERATIONS = 500;

    private final Set<Fault> faults;
    private final int hosts;
    private final Consumer<String> diary;

    private Simulation(Set<Fault> faults, int hosts, Consumer<String> diary) {
        this.faults = faults;
        this.hosts = hosts;
        this.diary = diary;
    }

    /** With all faults, and as many hosts at first as the seed wants. */
    public static Simulation ofAll() {
        return new Simulation(EnumSet.allOf(Fault.class), 0, line -> {});
    }

    /** The same with these faults alone, of which each seed has some. */
    public Simulation faults(Set<Fault> chosen) {
        return new Simulation(Set.copyOf(chosen), hosts, diary);
    }

    /** The same with so many hosts at first: 1 to 9, or 0 for as many as the seed wants. */
    public Simulation hosts(int count) {
        if (count < 0 || count > 9) {
            throw new IllegalArgumentException("hosts: " + count + " must be from 0 to 9");
        }
        return new Simulation(faults, count, diary);
    }

    /** The same, and somebody hears, a line each, of what happens. */
    public Simulation diary(Consumer<String> lines) {
        return new Simulation(faults, hosts, lines);
    }

    /**
     * Runs the world of a seed.
     *
     * @throws AssertionError that names the seed and what was wrong
     */
    public SeedReport run(long seed) {
        try {
            return new World(seed).run();
        } catch (Throwable broken) {
            throw new AssertionError("seed " + seed + ": " + broken.getMessage(), broken);
        }
    }

    private final class World {
        private final long seed;
        private final SimulatedCluster<String, String> cluster;
        private final Nemesis nemesis;
        private final Clients clients;

        World(long seed) {
            this.seed = seed;
            SplittableRandom random = new SplittableRandom(seed);
            int count = hosts > 0 ? hosts : 3 + 2 * random.nextInt(2);
            int snapshotEntries = 10 + random.nextInt(100);
            int catchUpEntries = random.nextInt(50);
            int segmentBytes = 8_192 << random.nextInt(4);
            cluster = new SimulatedCluster<>(
                    random.nextLong(),
                    StoreMachine::new,
                    Codec.utf8(),
                    Codec.utf8(),
                    builder -> builder.snapshotEntries(snapshotEntries)
                            .catchUpEntries(catchUpEntries)
                            .segmentBytes(segmentBytes));
            cluster.setDiary(diary);
            for (int i = 0; i < count; i++) {
                cluster.addHost();
            }
            for (int i = 0; i < count; i++) {
                cluster.startFirst(i, count);
            }
            // In the order of their declaration, whatever set they came in.
            Set<Fault> ordered = EnumSet.noneOf(Fault.class);
            ordered.addAll(faults);
            nemesis = new Nemesis(cluster, random.split(), count, ordered);
            clients = new Clients(cluster, random.split(), OPERATIONS);
        }

        SeedReport run() {
            require(cluster.runUntil(() -> cluster.leader() >= 0, CALM), "no first leader");
            clients.begin();
            nemesis.begin();
            require(cluster.runUntil(clients::areDone, LONGEST), "the clients are not done");
            nemesis.calm();
            long untilNanos = cluster.time().plus(CALM).toNanos();
            do {
                recover(untilNanos);
            } while (!canBeReadEverywhere());
            compareStates();
            var result = LinearizabilityChecker.check(new StoreModel(), clients.history());
            require(result.verdict() == Verdict.LINEARIZABLE, String.valueOf(result));
            return report();
        }

        /** Until all is well, with an operator who starts what is down. */
        private void recover(long untilNanos) {
            do {
                if (cluster.time().toNanos() >= untilNanos) {
                    throw new AssertionError(
                            "the cluster does not recover: " + cluster + "\n" + cluster.leaderStatus());
                }
                nemesis.repair();
            } while (!cluster.runUntil(nemesis::isWhole, STEP));
        }

        private boolean canBeReadEverywhere() {
            for (int host = 0; host < cluster.hosts(); host++) {
                if (cluster.member(host) != null && !clients.readAll(host)) {
                    return false;
                }
            }
            return true;
        }

        private void compareStates() {
            for (int host = 0; host < cluster.hosts(); host++) {
                Agreement<String, String>.Watched machine = cluster.machine(host);
                if (cluster.member(host) != null && machine != null) {
                    machine.compareState();
                }
            }
            require(cluster.agreement().violation() == null, String.valueOf(cluster.agreement().violation()));
        }

        private SeedReport report() {
            int done = 0;
            for (Operation<String, String> operation : clients.history().operations()) {
                done += operation.outcome() == Outcome.OK ? 1 : 0;
            }
            return new SeedReport(
                    seed,
                    cluster.trace(),
                    cluster.time(),
                    cluster.happened(),
                    cluster.elections(),
                    nemesis.done(),
                    clients.history().operations().size(),
                    done,
                    cluster.agreement().applied(),
                    cluster.agreement().restored(),
                    cluster.network().lost());
        }

        private static void require(boolean holds, String otherwise) {
            if (!holds) {
                throw new AssertionError(otherwise);
            }
        }
    }
}
