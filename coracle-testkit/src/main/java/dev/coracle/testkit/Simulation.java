package dev.coracle.testkit;

import dev.coracle.StateMachine;
import dev.coracle.testkit.history.CheckResult;
import dev.coracle.testkit.history.HistoryPicture;
import dev.coracle.testkit.history.LinearizabilityChecker;
import dev.coracle.testkit.history.Model;
import dev.coracle.testkit.history.Operation;
import dev.coracle.testkit.history.Outcome;
import dev.coracle.testkit.history.Verdict;
import java.time.Duration;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A cluster under every fault, from one number: its size and settings, what its clients ask, what is done to it, and
 * when. After about five hundred actions of its clients all faults end, and within {@link #CALM} the cluster must be
 * whole again: with a leader, every member running and caught up, the last queries answered by every member, all states
 * alike, and a history of its clients that is linearizable.
 *
 * <p>Immutable, and free to be used by several threads at once if its workloads are independent of each other.
 *
 * @param <C> the commands
 * @param <R> the results
 * @param <S> the state machine
 */
public final class Simulation<C, R, S extends StateMachine<C, R>> {
    /** How long a cluster has to recover when all faults have ended. */
    public static final Duration CALM = Duration.ofSeconds(60);

    private static final Duration LONGEST = Duration.ofMinutes(10);
    private static final Duration STEP = Duration.ofMillis(200);
    private static final int ACTIONS = 500;

    /** How long clients let members try: shorter than many faults last, longer than most, longer than all. */
    private static final List<Duration> TIMEOUTS =
            List.of(Duration.ofMillis(300), Duration.ofSeconds(1), Duration.ofSeconds(1), Duration.ofSeconds(4));

    private final Supplier<? extends Workload<C, R, S>> workloads;
    private final Set<Fault> faults;
    private final int hosts;
    private final Plan plan;
    private final Consumer<String> diary;

    private Simulation(
            Supplier<? extends Workload<C, R, S>> workloads,
            Set<Fault> faults,
            int hosts,
            Plan plan,
            Consumer<String> diary) {
        this.plan = plan;
        this.workloads = workloads;
        this.faults = faults;
        this.hosts = hosts;
        this.diary = diary;
    }

    /**
     * With all faults, and as many hosts at first as the seed wants.
     *
     * @param workloads makes the workload of a seed
     */
    public static <C, R, S extends StateMachine<C, R>> Simulation<C, R, S> of(
            Supplier<? extends Workload<C, R, S>> workloads) {
        return new Simulation<>(workloads, EnumSet.allOf(Fault.class), 0, Plan.ALL, line -> {});
    }

    /** The same with a workload of this module: a store of registers and lists. */
    public static Simulation<?, ?, ?> ofStore() {
        return of(StoreWorkload::new);
    }

    /** The same with these faults alone, of which each seed has some. */
    public Simulation<C, R, S> faults(Set<Fault> chosen) {
        return new Simulation<>(workloads, Set.copyOf(chosen), hosts, plan, diary);
    }

    /** The same with so many hosts at first: 1 to 9, or 0 for as many as the seed wants. */
    public Simulation<C, R, S> hosts(int count) {
        if (count < 0 || count > 9) {
            throw new IllegalArgumentException("hosts: " + count + " must be from 0 to 9");
        }
        return new Simulation<>(workloads, faults, count, plan, diary);
    }

    /**
     * The same with some of the faults and operations that a seed has, by the numbers that {@link #diary} and {@link
     * #shrink} tell: texts like {@code 3,7-9}, or {@code all}.
     */
    public Simulation<C, R, S> only(String faultNumbers, String operationNumbers) {
        Plan chosen = new Plan(Plan.parse("faults", faultNumbers), Plan.parse("operations", operationNumbers));
        return new Simulation<>(workloads, faults, hosts, chosen, diary);
    }

    /** The same, and somebody hears, a line each, of what happens. */
    public Simulation<C, R, S> diary(Consumer<String> lines) {
        return new Simulation<>(workloads, faults, hosts, plan, lines);
    }

    /**
     * Runs the world of a seed.
     *
     * @throws Violation that names the seed and what was wrong
     */
    public SeedReport run(long seed) {
        return run(new World(seed, plan, diary));
    }

    /**
     * Looks for as few faults and operations of a failing seed as break the same invariant, one kind after the other.
     *
     * @param runs how often the seed may be run
     * @throws IllegalArgumentException if the seed does not fail
     */
    public Shrunk shrink(long seed, int runs) {
        int[] left = {runs - 1};
        World whole = new World(seed, plan, line -> {});
        Violation[] found = {violationOf(whole)};
        if (found[0] == null) {
            throw new IllegalArgumentException("seed " + seed + " does not fail");
        }
        BitSet operations = plan.operations() == null
                ? new BitSet()
                : (BitSet) plan.operations().clone();
        if (plan.operations() == null) {
            operations.set(0, ACTIONS);
        }
        BitSet[] least = {(BitSet) whole.nemesis.struck().clone(), operations};
        Invariant broken = found[0].invariant();
        for (int kind = 0; kind < least.length; kind++) {
            int reduced = kind;
            least[kind] = DeltaDebugging.minimize(least[kind], subset -> {
                if (left[0]-- <= 0) {
                    return false;
                }
                Plan smaller = reduced == 0 ? new Plan(subset, least[1]) : new Plan(least[0], subset);
                Violation violation = violationOf(new World(seed, smaller, line -> {}));
                if (violation != null && violation.invariant() == broken) {
                    found[0] = violation;
                    return true;
                }
                return false;
            });
        }
        return new Shrunk(
                found[0],
                Plan.format(least[0]),
                least[0].cardinality(),
                Plan.format(least[1]),
                least[1].cardinality(),
                runs - Math.max(0, left[0]));
    }

    private @Nullable Violation violationOf(World world) {
        try {
            run(world);
            return null;
        } catch (Violation violation) {
            return violation;
        }
    }

    private SeedReport run(World world) {
        long seed = world.seed;
        try {
            return world.run();
        } catch (Violation broken) {
            throw new Violation(
                    broken.invariant(),
                    "seed " + seed + ": " + broken.invariant() + ": " + broken.getMessage(),
                    broken,
                    broken.picture().orElse(null));
        } catch (RuntimeException | Error broken) {
            throw new Violation(Invariant.SIMULATION, "seed " + seed + ": " + broken, broken);
        } finally {
            world.cluster.close();
        }
    }

    private final class World {
        private final long seed;
        private final SimulatedCluster<C, R> cluster;
        private final Operator operator;
        private final Nemesis nemesis;
        private final Workload<C, R, S> workload;
        private final Clients<C, R, S> clients;

        World(long seed, Plan plan, Consumer<String> diary) {
            this.seed = seed;
            SplittableRandom random = new SplittableRandom(seed);
            workload = workloads.get();
            int count = hosts > 0 ? hosts : 3 + 2 * random.nextInt(2);
            int snapshotEntries = 10 + random.nextInt(100);
            int catchUpEntries = random.nextInt(50);
            Duration timeout = TIMEOUTS.get(random.nextInt(TIMEOUTS.size()));
            Clients.Manners manners = new Clients.Manners(random.nextBoolean(), random.nextBoolean(), timeout);
            int segmentBytes = 8_192 << random.nextInt(4);
            long pendingBytes = random.nextInt(4) == 0 ? 8_192 << random.nextInt(4) : 64 << 20;
            cluster = new SimulatedCluster<>(
                    random.nextLong(),
                    workload::newMachine,
                    workload.commands(),
                    workload.results(),
                    builder -> builder.snapshotEntries(snapshotEntries)
                            .catchUpEntries(catchUpEntries)
                            .segmentBytes(segmentBytes)
                            .maxEntryBytes(4_096)
                            .maxPendingBytes(pendingBytes));
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
            SplittableRandom troubles = random.split();
            clients = new Clients<>(cluster, workload, random.split(), ACTIONS, plan, manners);
            operator = new Operator(cluster, count);
            nemesis = new Nemesis(cluster, troubles, operator, ordered, plan, clients, !manners.leases());
        }

        SeedReport run() {
            require(Invariant.RECOVERY, cluster.runUntil(() -> cluster.leader() >= 0, CALM), "no first leader");
            clients.begin();
            nemesis.begin();
            require(
                    Invariant.EVERY_REQUEST_ENDS,
                    cluster.runUntil(clients::areDone, LONGEST),
                    "the clients are not done");
            nemesis.calm();
            long untilNanos = cluster.time().plus(CALM).toNanos();
            recover(untilNanos);
            while (!canBeReadEverywhere()) {
                cluster.run(STEP);
                recover(untilNanos);
            }
            compareStates();
            Model<?, Object, R> model = workload.model();
            if (model != null) {
                CheckResult<Object, R> result = LinearizabilityChecker.check(model, clients.history());
                if (result.verdict() != Verdict.LINEARIZABLE) {
                    throw new Violation(
                            Invariant.LINEARIZABILITY,
                            result.toString(),
                            null,
                            result.wrongPart().map(HistoryPicture::html).orElse(null));
                }
            }
            return report();
        }

        /** Until all is well, with an operator who starts what is down. */
        private void recover(long untilNanos) {
            do {
                if (cluster.time().toNanos() >= untilNanos) {
                    throw new Violation(
                            Invariant.RECOVERY,
                            "the cluster does not recover: " + cluster + "\n" + cluster.leaderStatus(),
                            null);
                }
                operator.repair();
            } while (!cluster.runUntil(operator::isWhole, STEP));
        }

        private boolean canBeReadEverywhere() {
            for (int host = 0; host < cluster.hosts(); host++) {
                // Who was removed, and has not heard of it, is no member.
                if (operator.isMember(host) && !clients.askLast(host)) {
                    return false;
                }
            }
            return true;
        }

        private void compareStates() {
            for (int host = 0; host < cluster.hosts(); host++) {
                Agreement<C, R>.Watched machine = cluster.machine(host);
                if (cluster.member(host) != null && machine != null) {
                    machine.compareState();
                }
            }
            Violation differing = cluster.agreement().violation();
            if (differing != null) {
                throw differing;
            }
        }

        private SeedReport report() {
            int done = 0;
            for (Operation<Object, R> operation : clients.history().operations()) {
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

        private static void require(Invariant invariant, boolean holds, String otherwise) {
            if (!holds) {
                throw new Violation(invariant, otherwise, null);
            }
        }
    }
}
