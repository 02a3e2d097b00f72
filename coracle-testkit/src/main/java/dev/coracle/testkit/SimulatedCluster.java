package dev.coracle.testkit;

import dev.coracle.Codec;
import dev.coracle.Member;
import dev.coracle.Raft;
import dev.coracle.RaftBuilder;
import dev.coracle.StartException;
import dev.coracle.StateMachine;
import dev.coracle.StopReason;
import dev.coracle.node.Failure;
import dev.coracle.node.NodeStatus;
import dev.coracle.node.NodeView;
import dev.coracle.node.RaftNode;
import dev.coracle.node.Reply;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Message;
import dev.coracle.raft.RoleName;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Members of a cluster in a simulated world, each on a host of its own, numbered from 0. Time passes only in {@link #run}
 * and its like, and everything that happens meanwhile, faults included, follows from the seed and the calls of this class.
 *
 * <p>After each step some things are checked: a term has one leader, what a member has promised it remembers, terms,
 * commit and applied indexes never fall, and all members apply the same. {@link #run} throws an {@link AssertionError}
 * when one of them does not hold.
 *
 * <p>Used by one thread.
 *
 * @param <C> the commands
 * @param <R> the results
 */
public final class SimulatedCluster<C, R extends @Nullable Object> implements AutoCloseable {
    /** The length of a tick, unless the settings say otherwise. An election timeout is ten. */
    public static final Duration TICK = Duration.ofMillis(10);

    static final Path DIRECTORY = Path.of("/data");
    static final Path LOG = DIRECTORY.resolve("wal");
    static final Path SNAPSHOTS = DIRECTORY.resolve("snap");

    private static final long WATCH_NANOS = 700_000_000;
    private static final long MOST_PENDING_BYTES = 64 << 20;
    private static final int MOST_OUTSTANDING_WRITES = 4_096;

    /** A member's place: its host, and what is known of the run at hand. */
    private final class Seat {
        private final Host host;
        private Agreement<C, R>.@Nullable Watched machine;
        private @Nullable Raft<C, R, Agreement<C, R>.Watched> raft;
        private @Nullable Throwable startFailure;
        private @Nullable StopReason stopReason;
        private @Nullable NodeView before;
        private @Nullable RaftNode seen;
        private final Set<String> snapshots = new HashSet<>();
        private boolean starting;
        private boolean damaged;
        private long run;

        Seat(Host host) {
            this.host = host;
        }
    }

    private final SplittableRandom random;
    private final Events events = new Events();
    private final SimulatedNetwork network;
    private final Agreement<C, R> agreement;
    private final Codec<C> commands;
    private final Codec<R> results;
    private final UnaryOperator<RaftBuilder<C, R, Agreement<C, R>.Watched>> settings;
    private final List<Seat> seats = new ArrayList<>();
    private final Map<SimProcess, Seat> byProcess = new HashMap<>();
    private final Invariants invariants = new Invariants(this::fail);
    private @Nullable Violation violation;
    private int elections;
    private Consumer<String> diary = line -> {};
    private Runnable atHandover = () -> {};

    /**
     * A world without hosts.
     *
     * @param machines makes a member's state machine, empty, at each of its starts
     * @param settings changes how members run; time in them is simulated time
     */
    public SimulatedCluster(
            long seed,
            Supplier<? extends StateMachine<C, R>> machines,
            Codec<C> commands,
            Codec<R> results,
            UnaryOperator<RaftBuilder<C, R, ? extends StateMachine<C, R>>> settings) {
        this.random = new SplittableRandom(seed);
        this.network = new SimulatedNetwork(events, random.split(), new SimulatedNetwork.Observer() {
            @Override
            public void onSend(SimProcess sender, Message message) {
                invariants.onSend(message);
                if (message instanceof Message.TimeoutNow) {
                    events.after(0, atHandover);
                    atHandover = () -> {};
                }
            }

            @Override
            public void onSnapshot(Message.InstallSnapshot message, boolean failed) {
                note("the snapshot at " + message.snapshot().index() + " from node " + message.from() + " to node "
                        + message.to() + (failed ? " did not arrive" : " arrived"));
            }
        });
        this.agreement = new Agreement<>(machines, commands, results);
        this.commands = commands;
        this.results = results;
        this.settings = builder -> {
            var unused = settings.apply(builder);
            return builder;
        };
    }

    private void fail(Invariant invariant, String text) {
        if (violation == null) {
            violation = new Violation(invariant, "at " + time() + ": " + text, null);
        }
    }

    /** Sets who hears, a line each, of what happens to hosts and members. */
    public void setDiary(Consumer<String> newDiary) {
        diary = newDiary;
    }

    /** Tells something to whoever keeps a diary. */
    void note(String text) {
        diary.accept(String.format("%12.6f  %s", events.nowNanos() / 1e9, text));
    }

    /** Sets what happens the next time that a leader sends another one to take over, before that hears of it. */
    void setAtHandover(Runnable action) {
        atHandover = action;
    }

    // ---- hosts and members

    /** Adds a host whose disk is empty and returns its number. */
    public int addHost() {
        int number = seats.size();
        seats.add(new Seat(new Host("10.0.0." + (number + 1) + ":7000", events, random.split())));
        return number;
    }

    /** The number of hosts. */
    public int hosts() {
        return seats.size();
    }

    /** Where the member on a host is found by the others. */
    public String address(int host) {
        return seats.get(host).host.address();
    }

    /** Starts a member as one of those that begin a cluster together: the hosts 0 to {@code count} - 1. */
    public void startFirst(int host, int count) {
        List<Member> members = new ArrayList<>();
        Set<Long> voters = new TreeSet<>();
        for (int i = 0; i < count; i++) {
            members.add(Member.voter(i + 1, address(i)));
            voters.add(i + 1L);
        }
        invariants.onFirstVoters(voters);
        start(host, builder -> builder.members(members));
    }

    /** Starts a member that joins the cluster of others, or goes on with what its disk holds. */
    public void startJoining(int host, List<Integer> others) {
        String[] addresses = others.stream().map(this::address).toArray(String[]::new);
        start(host, builder -> builder.join(addresses));
    }

    private void start(int number, UnaryOperator<RaftBuilder<C, R, Agreement<C, R>.Watched>> mode) {
        Seat seat = seats.get(number);
        SimProcess process = seat.host.boot(network, turned -> afterTurn(number, seat, turned));
        Agreement<C, R>.Watched machine = agreement.watch("member " + number);
        seat.machine = machine;
        seat.raft = null;
        seat.startFailure = null;
        seat.stopReason = null;
        seat.before = null;
        seat.seen = null;
        seat.starting = true;
        seat.run++;
        byProcess.put(process, seat);
        RaftBuilder<C, R, Agreement<C, R>.Watched> builder = settings.apply(Raft.builder(machine, commands, results)
                .raftAddress(seat.host.address())
                .dataDirectory(DIRECTORY)
                .tickInterval(TICK)
                .requestTimeout(Duration.ofSeconds(1)));
        note("host " + number + ": a member starts, run " + seat.run);
        process.start(() -> {
            try {
                Raft<C, R, Agreement<C, R>.Watched> started =
                        mode.apply(builder).start(process.world());
                seat.raft = started;
                note("host " + number + ": node " + started.id() + " has started");
                var unused = started.stopped().thenAccept(reason -> stopped(seat, process, reason));
            } catch (StartException | StorageException e) {
                seat.startFailure = e;
                if (!seat.damaged && saysDamaged(e)) {
                    fail(Invariant.SOUND_DISK_ACCEPTED, "host " + number + " refuses its disk: " + e.getMessage());
                }
                note("host " + number + ": does not start: " + e.getMessage());
                process.after(0, () -> leave(seat, process));
            }
            seat.starting = false;
        });
    }

    private void stopped(Seat seat, SimProcess process, StopReason reason) {
        seat.stopReason = reason;
        Throwable cause = reason.cause();
        boolean environment = cause instanceof StorageException || cause instanceof StartException;
        if (reason.kind() == StopReason.Kind.FAILED && !environment) {
            fail(Invariant.OWN_INVARIANTS, seat.host.address() + " stops: " + cause);
        }
        note(seat.host.address() + ": stops: " + reason.kind() + ", " + reason.text());
        // A node that has stopped is dead, and its process ends.
        process.after(0, () -> leave(seat, process));
    }

    private void leave(Seat seat, SimProcess process) {
        if (seat.host.process() == process) {
            seat.host.kill();
            network.ended(seat.host.address());
            forget(seat, process);
        }
    }

    private void forget(Seat seat, @Nullable SimProcess process) {
        seat.raft = null;
        seat.starting = false;
        seat.before = null;
        if (process != null) {
            byProcess.remove(process);
        }
    }

    /** Cuts a host's power: of what its disk was not told to keep, chance takes what it wants. */
    public void crash(int host) {
        Seat seat = seats.get(host);
        SimProcess process = seat.host.process();
        seat.host.crash();
        forget(seat, process);
    }

    /** Ends a member's process at once; the machine below it goes on. */
    public void kill(int host) {
        Seat seat = seats.get(host);
        SimProcess process = seat.host.process();
        seat.host.kill();
        network.ended(seat.host.address());
        forget(seat, process);
    }

    /** Closes a member in an orderly way, as its application would. */
    public void close(int host) {
        Seat seat = seats.get(host);
        Raft<C, R, Agreement<C, R>.Watched> raft = seat.raft;
        SimProcess process = seat.host.process();
        if (raft != null && process != null) {
            process.start(raft::close);
        }
    }

    /** Stops all threads of a member for a while, as a debugger or a garbage collection does. */
    public void pause(int host, Duration time) {
        SimProcess process = seats.get(host).host.process();
        if (process != null) {
            process.pause(time.toNanos());
        }
    }

    /** Ends every member where it is, with whatever waits in it. Nothing happens in this world any more. */
    @Override
    public void close() {
        for (int host = 0; host < seats.size(); host++) {
            kill(host);
        }
    }

    /** Tells whether a process runs on a host, started or not. */
    public boolean isUp(int host) {
        SimProcess process = seats.get(host).host.process();
        return process != null && !process.hasEnded();
    }

    /** Tells whether a member is being started. */
    public boolean isStarting(int host) {
        return seats.get(host).starting && isUp(host);
    }

    /** The running member on a host; null if there is none that has finished its start. */
    public @Nullable Raft<C, R, ? extends StateMachine<C, R>> member(int host) {
        Seat seat = seats.get(host);
        return isUp(host) ? seat.raft : null;
    }

    @Nullable
    Raft<C, R, Agreement<C, R>.Watched> raft(int host) {
        return isUp(host) ? seats.get(host).raft : null;
    }

    /** Names the run of the member on a host. */
    String life(int host) {
        return host + " in its run " + seats.get(host).run;
    }

    /** Why the last start on a host failed; null if it did not. */
    public @Nullable Throwable startFailure(int host) {
        return seats.get(host).startFailure;
    }

    /** Why the last member on a host stopped; null if it did not stop by itself. */
    public @Nullable StopReason stopReason(int host) {
        return seats.get(host).stopReason;
    }

    /** The node of a running member, for its view of itself; null if there is none. */
    @Nullable
    RaftNode node(int host) {
        SimProcess process = seats.get(host).host.process();
        return process == null ? null : process.node();
    }

    /** The state machine of a running member. */
    Agreement<C, R>.@Nullable Watched machine(int host) {
        return isUp(host) ? seats.get(host).machine : null;
    }

    Host host(int number) {
        return seats.get(number).host;
    }

    Agreement<C, R> agreement() {
        return agreement;
    }

    /** The host of a member that leads, in the highest term if several think so; -1 if there is none. */
    public int leader() {
        int leader = -1;
        long term = -1;
        for (int i = 0; i < seats.size(); i++) {
            RaftNode node = node(i);
            if (node != null && !node.hasStopped()) {
                NodeView view = node.view();
                if (view.role() == RoleName.LEADER && view.term() > term) {
                    leader = i;
                    term = view.term();
                }
            }
        }
        return leader;
    }

    /** How many leaders there were. */
    public int elections() {
        return elections;
    }

    // ---- the network

    /** Cuts the way from one host to another; the way back stays as it is. */
    public void cut(int from, int to) {
        network.cut(address(from), address(to));
    }

    /** Cuts a host off from all others, both ways. */
    public void isolate(int host) {
        for (int other = 0; other < seats.size(); other++) {
            if (other != host) {
                cut(host, other);
                cut(other, host);
            }
        }
    }

    /** Mends every way that was cut. */
    public void mend() {
        network.mend();
    }

    SimulatedNetwork network() {
        return network;
    }

    // ---- time

    /** Lets time pass. */
    public void run(Duration time) {
        runUntil(() -> false, time);
    }

    /** Lets time pass until something holds, but not more than so much; tells whether it holds. */
    public boolean runUntil(BooleanSupplier condition, Duration atMost) {
        long untilNanos = events.nowNanos() + atMost.toNanos();
        while (!condition.getAsBoolean()) {
            boolean more = events.next(untilNanos);
            check();
            if (!more) {
                return condition.getAsBoolean();
            }
        }
        return true;
    }

    /** Lets time pass until a future is done, but not more than so much; tells whether it is. */
    public boolean runUntilDone(CompletableFuture<?> future, Duration atMost) {
        return runUntil(future::isDone, atMost);
    }

    /** The simulated time since the beginning. */
    public Duration time() {
        return Duration.ofNanos(events.nowNanos());
    }

    /** Plans something outside of all members: what clients do, or a fault. */
    public void after(Duration delay, Runnable action) {
        events.after(delay.toNanos(), action);
    }

    /** Plans something that happens within a member's process, and waits while that is paused; nothing if it is down. */
    public void within(int host, Runnable action) {
        SimProcess process = seats.get(host).host.process();
        if (process != null) {
            process.after(0, action);
        }
    }

    /** Plans something for later that happens within a member's process, if that still runs then. */
    void within(int host, Duration delay, Runnable action) {
        SimProcess process = seats.get(host).host.process();
        if (process != null) {
            process.after(delay.toNanos(), action);
        }
    }

    /** Plans something for when a member's process has gone on for so long without a pause, if it still runs then. */
    void withinUnpaused(int host, Duration delay, Runnable action) {
        SimProcess process = seats.get(host).host.process();
        if (process != null) {
            process.afterUnpaused(delay.toNanos(), action);
        }
    }

    /** Asks the member on a host for something, and does not wait for it; false if there is no member to ask. */
    boolean onMember(int host, Function<Raft<?, ?, ?>, CompletableFuture<?>> request) {
        Raft<?, ?, ?> raft = raft(host);
        if (raft == null || raft.members().isEmpty()) {
            return false;
        }
        within(host, () -> {
            var unused = request.apply(raft).exceptionally(failure -> null);
        });
        return true;
    }

    /** How much has happened so far. */
    public long happened() {
        return events.happened();
    }

    /** A number that depends on all messages that arrived, in their order, and when. */
    public long trace() {
        return network.trace();
    }

    /** What the leader's node knows about itself and the others; empty if nobody answers. */
    String leaderStatus() {
        int leader = leader();
        RaftNode node = leader < 0 ? null : node(leader);
        if (node == null) {
            return "";
        }
        StringBuilder text = new StringBuilder();
        long deadlineNanos = host(leader).clock().nanoTime() + TICK.toNanos() * 100;
        within(
                leader,
                () -> node.status(deadlineNanos, new Reply<>() {
                    @Override
                    public void done(NodeStatus status) {
                        text.append(status);
                    }

                    @Override
                    public void failed(Failure failure) {
                        text.append(failure.text());
                    }
                }));
        runUntil(() -> text.length() > 0, TICK.multipliedBy(200));
        return text.toString();
    }

    /** What each host does, a line each. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < seats.size(); i++) {
            Seat seat = seats.get(i);
            RaftNode node = node(i);
            text.append("\n  ").append(i).append(": ");
            if (node != null) {
                text.append("node ").append(node.id()).append(' ').append(node.view());
            } else if (isUp(i)) {
                text.append("starting");
            } else {
                text.append("down; ").append(seat.stopReason).append("; ").append(seat.startFailure);
            }
        }
        return text.toString();
    }

    // ---- checks

    /** What a member says that finds its disk otherwise than it must have left it, and not just that a call failed. */
    private static boolean saysDamaged(Throwable failure) {
        String text = String.valueOf(failure.getMessage());
        return Stream.of("is corrupt", "cannot be used", "is damaged", "is missing", "holds no log")
                .anyMatch(text::contains);
    }

    private void check() {
        if (violation == null) {
            violation = agreement.violation();
        }
        if (violation != null) {
            throw violation;
        }
    }

    /** Looks at a member that has done something. */
    private void afterTurn(int host, Seat seat, SimProcess process) {
        RaftNode node = process.node();
        if (node == null) {
            return;
        }
        NodeView view = node.view();
        NodeView before = seat.before;
        if (view.equals(before)) {
            return;
        }
        seat.before = view;
        if (seat.seen != node) {
            seat.seen = node;
            invariants.onRun(node.id(), network.incarnation(seat.host.address()), seat.host.disk(), LOG, view);
            watch(host, seat, process, node);
        }
        if (view.role() == RoleName.LEADER && invariants.onLeader(node.id(), view.term())) {
            elections++;
            note("host " + host + ": leads in term " + view.term());
        }
        if (before != null
                && (view.term() < before.term()
                        || view.commit() < before.commit()
                        || view.applied() < before.applied())) {
            fail(Invariant.NEVER_BACK, "member " + host + " went back from " + before + " to " + view);
        }
        if (view.role() == RoleName.LEADER && (before == null || view.commit() > before.commit())) {
            invariants.onCommit(node.id(), view.term(), view.commit(), view.configuration());
        }
    }

    /** Asks a member again and again how much it has under way. */
    private void watch(int host, Seat seat, SimProcess process, RaftNode node) {
        process.after(WATCH_NANOS, () -> {
            if (node.hasStopped() || seat.seen != node) {
                return;
            }
            if (!seat.damaged) {
                invariants.onSnapshots(node.id(), seat.host.disk(), SNAPSHOTS, seat.snapshots);
            }
            boolean[] answered = {false};
            node.status(seat.host.clock().nanoTime() + WATCH_NANOS, new Reply<>() {
                @Override
                public void done(NodeStatus status) {
                    answered[0] = true;
                    if (status.openRequestBytes() > MOST_PENDING_BYTES
                            || status.outstandingWrites() > MOST_OUTSTANDING_WRITES) {
                        fail(Invariant.BOUNDED, "member " + host + " has too much under way: " + status);
                    }
                }

                @Override
                public void failed(Failure failure) {
                    answered[0] = true;
                }
            });
            process.after(2 * WATCH_NANOS, () -> {
                if (!answered[0] && !node.hasStopped()) {
                    fail(Invariant.EVERY_REQUEST_ENDS, "member " + host + " does not answer what its status is");
                }
            });
            watch(host, seat, process, node);
        });
    }

    /** Says that a host's disk was damaged, or that it is sound again. */
    void setDamaged(int host, boolean damaged) {
        seats.get(host).damaged = damaged;
        seats.get(host).snapshots.clear();
    }

    Invariants invariants() {
        return invariants;
    }

    /** Notes that something does not hold which is found by others. */
    void violated(Invariant invariant, String text) {
        fail(invariant, text);
    }
}
