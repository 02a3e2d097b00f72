package dev.coracle.sim;

import dev.coracle.node.Failure;
import dev.coracle.node.RaftNode;
import dev.coracle.node.Reply;
import dev.coracle.raft.Check;
import dev.coracle.raft.SnapshotMetadata;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Clients that write numbers and read, on any node, and know what may be true afterwards. */
final class Workload {
    private static final long PATIENCE_NANOS = 500_000_000;

    /** A request to a node; a node that crashed takes its requests with it. */
    private record Asked(RaftNode node, Answer<?> answer, long deadlineNanos) {}

    private final SimCluster cluster;
    private final Random random;
    private final List<Asked> asked = new ArrayList<>();
    private final Set<Long> acknowledged = new HashSet<>();
    private final Set<Long> notDone = new HashSet<>();
    private long lastNumber;
    private int readsDone;

    /** The highest index that a finished write or read has shown. */
    private long seenIndex;

    Workload(SimCluster cluster) {
        this.cluster = cluster;
        this.random = cluster.random();
    }

    int acknowledgedCount() {
        return acknowledged.size();
    }

    int readsDone() {
        return readsDone;
    }

    /** Writes and reads on a running node, half the time the leader. */
    void act() {
        List<Long> running = cluster.ids().stream().filter(cluster::isRunning).toList();
        if (running.isEmpty()) {
            return;
        }
        long id = running.get(random.nextInt(running.size()));
        if (random.nextBoolean() && cluster.leader() != 0) {
            id = cluster.leader();
        }
        RaftNode node = cluster.node(id);
        if (random.nextInt(4) == 0) {
            read(id, node);
        } else {
            write(node);
        }
    }

    void write(RaftNode node) {
        long number = ++lastNumber;
        long deadline = cluster.clock().nanoTime() + 10_000_000 + random.nextInt((int) PATIENCE_NANOS);
        Answer<@Nullable Object> answer = new Answer<>() {
            @Override
            @SuppressWarnings("NullAway") // It does not see that the type argument is nullable.
            public void done(@Nullable Object index) {
                super.done(index);
                acknowledged.add(number);
                if (index instanceof Long applied) {
                    seenIndex = Math.max(seenIndex, applied);
                }
            }

            @Override
            public void failed(Failure failure) {
                super.failed(failure);
                if (failure.certainty() != Failure.Certainty.UNKNOWN) {
                    notDone.add(number);
                }
            }
        };
        asked.add(new Asked(node, answer, deadline));
        // Most are small, and some cross the sectors of a disk.
        int size = random.nextInt(random.nextInt(3) == 0 ? FaultRun.MAX_PROPOSAL_BYTES : 100);
        node.propose(Register.command(number, size), deadline, answer);
    }

    private void read(long id, RaftNode node) {
        long seenBefore = seenIndex;
        long deadline = cluster.clock().nanoTime() + 10_000_000 + random.nextInt((int) PATIENCE_NANOS);
        Answer<Long> answer = new Answer<>() {
            @Override
            public void done(Long index) {
                super.done(index);
                Register register = (Register) cluster.stateMachine(id);
                require(index >= seenBefore, "a read at %d is older than %d, seen before it", index, seenBefore);
                require(register.lastIndex() <= index, "a read at %d sees %d", index, register.lastIndex());
                seenIndex = Math.max(seenIndex, index);
                readsDone++;
            }
        };
        asked.add(new Asked(node, answer, deadline));
        if (random.nextBoolean()) {
            node.leaseRead(deadline, answer);
        } else {
            node.read(deadline, answer);
        }
    }

    /** NB: an error, as a node goes on after the exceptions that replies throw. */
    private static void require(boolean holds, String format, long first, long second) {
        if (!holds) {
            throw new AssertionError(String.format(Locale.ROOT, format, first, second));
        }
    }

    /** Has a leader hand leadership to somebody. */
    void transfer() {
        long leader = cluster.leader();
        List<Long> ids = cluster.ids();
        if (leader != 0) {
            long target = ids.get(random.nextInt(ids.size()));
            Reply<Long> ignored = new Answer<>();
            cluster.node(leader).transferLeadership(target, cluster.clock().nanoTime() + PATIENCE_NANOS, ignored);
        }
    }

    /** Asks a running node for a snapshot. */
    void snapshot() {
        List<Long> running = cluster.ids().stream().filter(cluster::isRunning).toList();
        if (!running.isEmpty()) {
            RaftNode node = cluster.node(running.get(random.nextInt(running.size())));
            Reply<SnapshotMetadata> ignored = new Answer<>();
            node.snapshot(cluster.clock().nanoTime() + PATIENCE_NANOS, ignored);
        }
    }

    /** Every request to a node that still runs has ended, once, by its deadline and a little more. */
    void checkEnded() {
        long now = cluster.clock().nanoTime();
        Map<RaftNode, Long> running = new HashMap<>();
        for (long id : cluster.ids()) {
            if (cluster.isRunning(id)) {
                running.put(cluster.node(id), cluster.pausedUntil(id));
            }
        }
        asked.removeIf(one -> {
            Long pausedUntil = running.get(one.node);
            if (pausedUntil != null && now - Math.max(one.deadlineNanos, pausedUntil) > 10 * SimCluster.TICK_NANOS) {
                Check.that(one.answer.hasEnded(), "a request goes on past its deadline, %d", one.deadlineNanos);
            }
            return one.answer.hasEnded() || pausedUntil == null;
        });
    }

    /** All nodes agree, nothing acknowledged is missing, and nothing refused or done twice is there. */
    void checkStates() {
        List<Long> expected = numbers(cluster.ids().get(0));
        for (long id : cluster.ids()) {
            if (!numbers(id).equals(expected)) {
                throw Check.fail("node %d has %s, another one %s", id, numbers(id), expected);
            }
        }
        Set<Long> there = new HashSet<>(expected);
        Check.that(there.size() == expected.size(), "%d of %d numbers are there", there.size(), expected.size());
        for (long number : acknowledged) {
            Check.that(there.contains(number), "%d was acknowledged and is not there", number);
        }
        for (long number : notDone) {
            Check.that(!there.contains(number), "%d was refused and is there", number);
        }
    }

    private List<Long> numbers(long id) {
        return ((Register) cluster.stateMachine(id)).numbers();
    }
}
