package dev.coracle.testkit;

import dev.coracle.node.NodeView;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Message;
import dev.coracle.sim.Promises;
import dev.coracle.sim.SimDisk;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What holds between the members of a cluster, looked at from outside: by what they say, by what they show of themselves,
 * and by what their disks would show after a power cut. Members are known here by their ids.
 */
final class Invariants {
    /** Hears of the first thing that does not hold, and of more. */
    interface Failures {
        void fail(Invariant invariant, String text);
    }

    /**
     * How many configurations are remembered. Who takes an entry for committed may go by the one before the last that is
     * known here, or by the next.
     */
    private static final int CONFIGURATIONS = 3;

    private final Failures failures;
    private final Promises promises = new Promises();
    private final Map<Long, DurableLog> disks = new TreeMap<>();
    private final Map<Long, Long> entries = new HashMap<>();
    private final Map<Long, Long> leaders = new HashMap<>();
    private final Map<Long, Long> incarnations = new HashMap<>();
    private final Map<String, Long> snapshots = new HashMap<>();
    private final ArrayDeque<Set<Long>> configurations = new ArrayDeque<>();
    private long committedUpTo;

    /** By index; 0 where it is not known. */
    private long[] committedTerms = new long[256];

    Invariants(Failures failures) {
        this.failures = failures;
    }

    /** The log of a member as it would be found after a power cut; null if it has none yet. */
    @Nullable
    DurableLog disk(long id) {
        return disks.get(id);
    }

    /** The members that begin, each of which takes the entries that say so for committed before anybody has them. */
    void onFirstVoters(Set<Long> voters) {
        if (configurations.isEmpty()) {
            onVoters(voters);
            committedUpTo = voters.size();
            Arrays.fill(committedTerms, 1, voters.size() + 1, 1);
        }
    }

    /** Hears of the members of a configuration. */
    void onVoters(Set<Long> voters) {
        if (!voters.isEmpty() && !voters.equals(configurations.peekLast())) {
            configurations.addLast(voters);
            if (configurations.size() > CONFIGURATIONS) {
                configurations.removeFirst();
            }
        }
    }

    /**
     * A member runs, for the first time or again, and shows what it has recovered.
     *
     * @param incarnation the identity of its data directory
     */
    void onRun(long id, long incarnation, SimDisk disk, Path directory, NodeView view) {
        Long known = incarnations.putIfAbsent(id, incarnation);
        if (known != null && known != incarnation) {
            failures.fail(
                    Invariant.ONE_DIRECTORY_AN_ID,
                    "node " + id + " runs on another data directory than before: " + Long.toHexString(incarnation)
                            + " after " + Long.toHexString(known));
        }
        DurableLog before = disks.get(id);
        DurableLog now = new DurableLog(disk, directory, new DurableLog.Listener() {
            @Override
            public void onEntry(long index, long term, long previousTerm, long hash) {
                checkEntry(id, index, term, hash);
            }

            @Override
            public void onSegmentWithoutState(String segment) {
                failures.fail(
                        Invariant.NOTHING_FORGOTTEN,
                        "node " + id + " begins segment " + segment + " without its state");
            }
        });
        now.refresh();
        disks.put(id, now);
        try {
            promises.onStart(id, view.term());
        } catch (RuntimeException broken) {
            failures.fail(Invariant.ONE_VOTE_A_TERM, String.valueOf(broken.getMessage()));
        }
        if (before != null) {
            compare(id, before, now);
            if (view.term() < before.currentTerm() || view.commit() < before.commit()) {
                failures.fail(
                        Invariant.NEVER_BACK,
                        "node " + id + " starts with " + view + ", and its disk held term " + before.currentTerm()
                                + " and commit " + before.commit());
            }
        }
    }

    private void compare(long id, DurableLog before, DurableLog now) {
        boolean sameVote =
                now.currentTerm() != before.currentTerm() || before.vote() == 0 || now.vote() == before.vote();
        if (now.currentTerm() < before.currentTerm() || !sameVote) {
            failures.fail(
                    Invariant.NOTHING_FORGOTTEN,
                    "node " + id + " starts with term " + now.currentTerm() + " and vote " + now.vote()
                            + ", and its disk held " + before.currentTerm() + " and " + before.vote());
        }
        for (long index = Math.max(before.baseIndex(), now.baseIndex()) + 1; index <= before.lastIndex(); index++) {
            if (before.term(index) == now.term(index)) {
                continue;
            }
            boolean committed = index <= committedUpTo && committedTerms[(int) index] == before.term(index);
            if (!committed && now.term(index) > before.term(index)) {
                // A later leader's entries replaced it and what followed; that write was not synced, and is there.
                return;
            }
            failures.fail(
                    Invariant.NOTHING_FORGOTTEN,
                    "node " + id + " starts with a log up to " + now.lastIndex() + ", and entry " + index + " of term "
                            + before.term(index) + " was durable");
            return;
        }
        if (now.lastIndex() < before.lastIndex()
                || now.snapshotIndex() < Math.min(before.snapshotIndex(), now.baseIndex())) {
            failures.fail(
                    Invariant.NOTHING_FORGOTTEN,
                    "node " + id + " starts with a log up to " + now.lastIndex() + ", and it was durable up to "
                            + before.lastIndex());
        }
    }

    private void checkEntry(long id, long index, long term, long hash) {
        Long before = entries.putIfAbsent(term << 32 | index, hash);
        if (before != null && before != hash) {
            failures.fail(
                    Invariant.LOG_MATCHING,
                    "entry " + index + " of term " + term + " is another one on node " + id + " than elsewhere");
        }
    }

    /** Compares the snapshots on a member's disk with those of the same entry elsewhere, each once. */
    void onSnapshots(long id, SimDisk disk, Path directory, Set<String> seen) {
        for (String name : disk.durableNames(directory)) {
            byte[] bytes = name.endsWith(".snap") && seen.add(name)
                    ? disk.durableBytes(directory.resolve(name), 0, Integer.MAX_VALUE)
                    : null;
            if (bytes == null) {
                continue;
            }
            CRC32C checksum = new CRC32C();
            checksum.update(bytes);
            Long before = snapshots.putIfAbsent(name, checksum.getValue());
            if (before != null && before != checksum.getValue()) {
                failures.fail(
                        Invariant.SNAPSHOTS_ALIKE,
                        "the file " + name + " is another one on node " + id + " than elsewhere");
            }
        }
    }

    /** A message leaves a member. */
    void onSend(Message message) {
        try {
            promises.onSend(message);
        } catch (RuntimeException broken) {
            failures.fail(Invariant.ONE_VOTE_A_TERM, String.valueOf(broken.getMessage()));
        }
        if (message instanceof Message.AppendReply reply && !reply.reject()) {
            DurableLog disk = refreshed(message.from());
            if (disk != null
                    && Math.max(disk.lastIndex(), disk.snapshotIndex()) < reply.index()
                    && !isReplaced(disk, reply.term())) {
                failures.fail(
                        Invariant.DURABLE_BEFORE_SAID,
                        "node " + reply.from() + " acknowledges entries up to " + reply.index() + " to node "
                                + reply.to() + ", and after a power cut its disk would end at " + disk.lastIndex());
            }
        } else if (message instanceof Message.VoteReply reply && !reply.reject()) {
            requireVote(reply.from(), reply.term(), reply.to());
        } else if (message instanceof Message.Vote vote) {
            requireVote(vote.from(), vote.term(), vote.from());
        }
    }

    /**
     * Tells whether the leader of a later term has replaced the end of a log. What was durable before, or together with
     * that, may still be acknowledged to the leader of {@code term}: this member did not vote for the later one, whose log
     * lacks it, so those who did are too many for the earlier one to commit anything by this.
     */
    private static boolean isReplaced(DurableLog disk, long term) {
        return disk.term(disk.lastIndex()) > term;
    }

    private void requireVote(long voter, long term, long candidate) {
        DurableLog disk = refreshed(voter);
        if (disk != null && (disk.currentTerm() < term || (disk.currentTerm() == term && disk.vote() != candidate))) {
            failures.fail(
                    Invariant.DURABLE_BEFORE_SAID,
                    "node " + voter + " votes for node " + candidate + " in term " + term
                            + ", and after a power cut its disk would say term " + disk.currentTerm() + ", vote "
                            + disk.vote());
        }
    }

    private @Nullable DurableLog refreshed(long id) {
        DurableLog disk = disks.get(id);
        if (disk != null) {
            disk.refresh();
        }
        return disk;
    }

    /** A member leads; returns whether nobody was known to lead in that term. */
    boolean onLeader(long id, long term) {
        Long first = leaders.putIfAbsent(term, id);
        if (first != null) {
            if (first != id) {
                failures.fail(
                        Invariant.ELECTION_SAFETY,
                        "term " + term + " has two leaders: node " + first + " and node " + id);
            }
            return false;
        }
        DurableLog disk = refreshed(id);
        if (disk == null) {
            return true;
        }
        for (long index = disk.baseIndex() + 1; index <= committedUpTo; index++) {
            long committed = committedTerms[(int) index];
            if (committed != 0 && committed < term && !disk.holds(index, committed)) {
                failures.fail(
                        Invariant.LEADER_COMPLETENESS,
                        "node " + id + " leads in term " + term + " without the committed entry " + index + " of term "
                                + committed + "; it has one of term " + disk.term(index) + " and a log up to "
                                + disk.lastIndex());
                break;
            }
        }
        return true;
    }

    /**
     * A leader takes entries for committed, the last of which is of its own term (§5.4.2).
     *
     * @param configuration the one by which it goes now; it may have gone by the one before when it decided
     */
    void onCommit(long id, long term, long index, ConfState configuration) {
        // Of a joint one each half counts; the smaller one is what all that is committed must reach.
        onVoters(new TreeSet<>(configuration.votersOutgoing()));
        onVoters(new TreeSet<>(configuration.voters()));
        if (index <= committedUpTo || configurations.isEmpty()) {
            return;
        }
        int needed = Integer.MAX_VALUE;
        Set<Long> voters = new TreeSet<>();
        for (Set<Long> each : configurations) {
            needed = Math.min(needed, (each.size() - 1) / 2 + 1);
            voters.addAll(each);
        }
        int count = 0;
        @Nullable DurableLog holder = null;
        for (long voter : voters) {
            DurableLog disk = refreshed(voter);
            if (disk != null && disk.term(index) == term) {
                count++;
                holder = disk;
            }
        }
        if (holder == null || count < needed) {
            failures.fail(
                    Invariant.DURABLE_BEFORE_COMMITTED,
                    "node " + id + " takes entries up to " + index + " of term " + term
                            + " for committed, and after a power cut " + count
                            + " disks would hold the last of them, of the " + needed + " needed of nodes " + voters);
            return;
        }
        if (index >= committedTerms.length) {
            committedTerms = Arrays.copyOf(committedTerms, (int) Math.max(index + 1, committedTerms.length * 2L));
        }
        for (long each = committedUpTo + 1; each <= index; each++) {
            committedTerms[(int) each] = holder.term(each);
        }
        committedUpTo = index;
    }
}
