package dev.coracle.raft;

import dev.coracle.raft.SmallWorldServer.Broken;
import dev.coracle.raft.SmallWorldServer.Commit;
import dev.coracle.raft.SmallWorldServer.Election;
import dev.coracle.raft.quorum.IdSet;
import dev.coracle.raft.tracker.Configuration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;

/**
 * What the whole world remembers, and the properties of Figure 3 against it: the entries that a leader ever committed, by
 * index, each with the lowest term in which one did.
 */
record SmallWorldHistory(List<Entry> committed, List<Long> terms) {
    /** What is committed when a world begins: as far as any disk says. */
    static SmallWorldHistory of(List<SmallWorldDisk> disks) {
        SmallWorldDisk best = disks.get(0);
        for (SmallWorldDisk disk : disks) {
            if (committed(disk) > committed(best)) {
                best = disk;
            }
        }
        List<Entry> entries = new ArrayList<>();
        for (SmallWorldDisk disk : disks) {
            for (Entry entry : disk.entries()) {
                if (entry.index() == entries.size() + 1 && entry.index() <= committed(best)) {
                    entries.add(entry);
                }
            }
        }
        if (entries.size() != committed(best)) {
            throw new IllegalArgumentException("some disk must still have each entry that is committed");
        }
        return new SmallWorldHistory(
                List.copyOf(entries), entries.stream().map(Entry::term).toList());
    }

    private static long committed(SmallWorldDisk disk) {
        return Math.max(disk.hardState().commit(), disk.snapshot().index());
    }

    int size() {
        return committed.size();
    }

    /**
     * What is remembered after server {@code acting} of {@code cores} did what {@code outcome} says.
     *
     * @throws Broken if a property does not hold
     */
    SmallWorldHistory after(SmallWorldCore[] cores, int acting, List<Commit> commits, List<Entry> applied) {
        SmallWorldHistory next = this;
        for (Commit commit : commits) {
            next = next.committing(cores, acting, commit);
        }
        SmallWorldCore core = cores[acting];
        check(
                core.state().commit() <= next.size(),
                "committed by no leader: server %d commits %d, leaders %d",
                core.id(),
                core.state().commit(),
                next.size());
        for (long i = 1; i <= core.state().commit(); i++) {
            if (!core.log().has(next.at(i))) {
                throw new Broken("state machine safety: server " + core.id() + " has " + core.log() + ", and "
                        + next.at(i) + " is committed");
            }
        }
        for (Entry entry : applied) {
            check(
                    entry.index() <= next.size() && next.at(entry.index()).equals(entry),
                    "state machine safety: server %d applies %s, and committed is %s",
                    core.id(),
                    entry,
                    next.committed);
        }
        return next;
    }

    private SmallWorldHistory committing(SmallWorldCore[] cores, int acting, Commit commit) {
        if (commit.index() <= size()) {
            return this;
        }
        List<Entry> entries = new ArrayList<>(committed);
        List<Long> knownIn = new ArrayList<>(terms);
        for (long i = size() + 1; i <= commit.index(); i++) {
            Entry entry = commit.log().at(i);
            check(
                    isDurable(cores, commit.configuration(), entry),
                    "committed means durable on a quorum: server %d commits %s, which too few disks of %s have",
                    cores[acting].id(),
                    entry,
                    commit.configuration());
            entries.add(entry);
            knownIn.add(commit.term());
        }
        SmallWorldHistory next = new SmallWorldHistory(List.copyOf(entries), List.copyOf(knownIn));
        for (SmallWorldCore core : cores) {
            next.checkLeader(core);
        }
        return next;
    }

    private static boolean isDurable(SmallWorldCore[] cores, Configuration configuration, Entry entry) {
        return isQuorum(
                configuration, voter -> cores[(int) voter - 1].durable().log().has(entry));
    }

    /** Whether a candidate was elected by votes that their givers cannot forget. */
    static void checkElection(SmallWorldCore[] cores, int acting, Election election) {
        long candidate = cores[acting].id();
        boolean elected = isQuorum(election.configuration(), voter -> {
            HardState state = cores[(int) voter - 1].durable().hardState();
            return state.term() > election.term() || (state.term() == election.term() && state.vote() == candidate);
        });
        check(
                elected,
                "elected means voted for durably by a quorum: server %d leads term %d with too few votes of %s",
                candidate,
                election.term(),
                election.configuration());
    }

    /** Counts by itself: the core's own counting may be what is wrong. */
    private static boolean isQuorum(Configuration configuration, LongPredicate counts) {
        return isMajority(configuration.voters(), counts) && isMajority(configuration.outgoing(), counts);
    }

    private static boolean isMajority(IdSet voters, LongPredicate counts) {
        int counted = 0;
        for (int i = 0; i < voters.size(); i++) {
            counted += counts.test(voters.at(i)) ? 1 : 0;
        }
        return voters.isEmpty() || counted > voters.size() / 2;
    }

    /** Leader completeness: what is committed in a term, the leaders of later terms have (§5.4.3). */
    void checkLeader(SmallWorldCore core) {
        if (!core.leads()) {
            return;
        }
        for (int i = 0; i < size(); i++) {
            if (terms.get(i) < core.state().term() && !core.log().has(committed.get(i))) {
                throw new Broken("leader completeness: server " + core.id() + " leads term "
                        + core.state().term() + " with " + core.log() + ", and " + committed.get(i)
                        + " was committed in term " + terms.get(i));
            }
        }
    }

    /** What is committed and on a disk stays there, so that the quorum that has it does. */
    void checkDisk(SmallWorldCore before, SmallWorldCore after) {
        for (Entry entry : committed) {
            if (before.durable().log().has(entry) && !after.durable().log().has(entry)) {
                throw new Broken(
                        "durability: server " + after.id() + " loses " + entry + ", which is committed, from its disk");
            }
        }
    }

    /** One leader a term (§5.2). */
    static void checkLeaders(SmallWorldCore one, SmallWorldCore other) {
        long both = one.ledTerms() & other.ledTerms();
        if (both != 0) {
            throw new Broken("election safety: servers " + one.id() + " and " + other.id() + " both led term "
                    + Long.numberOfTrailingZeros(both));
        }
    }

    /** Log Matching (§5.3). */
    static void checkLogs(SmallWorldLog one, SmallWorldLog other) {
        long index = SmallWorldLog.contradiction(one, other);
        check(index == 0, "log matching: of two servers' logs %s and %s, which differ at %d", one, other, index);
    }

    private Entry at(long index) {
        return committed.get((int) index - 1);
    }

    private static void check(boolean holds, String format, Object... args) {
        SmallWorldServer.check(holds, format, args);
    }
}
