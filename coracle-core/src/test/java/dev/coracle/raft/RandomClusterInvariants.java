package dev.coracle.raft;

import dev.coracle.raft.Message.AppendReply;
import dev.coracle.raft.Message.Heartbeat;
import dev.coracle.raft.Message.VoteResponse;
import dev.coracle.raft.tracker.Progress;
import dev.coracle.raft.tracker.ProgressTracker;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * What must be true of a {@link RandomCluster} after every call into any of its cores, told by a bystander who sees all
 * servers and all disks at once and forgets nothing. Each check looks only at what changed since the last one.
 */
final class RandomClusterInvariants {
    /** An entry that some log has or had, and the term of the entry before it there. */
    private record Known(Entry entry, long previousTerm) {}

    /** What was committed at an index, in which term a leader counted it, and the state that applying it leads to. */
    private record Committed(Entry entry, long inTerm, long stateHash) {}

    /** A server that won a term, and what its log was like then. */
    private static final class Elected {
        final long id;

        /** Which of its lives it was: after a restart it must not win the same term again. */
        final int incarnation;

        /** The terms of the entries by index. */
        final long[] logTerms;

        Elected(long id, int incarnation, long[] logTerms) {
            this.id = id;
            this.incarnation = incarnation;
            this.logTerms = logTerms;
        }

        long lastIndex() {
            return logTerms.length - 1;
        }
    }

    /** What was last seen of a server since it started. */
    private static final class Seen {
        int incarnation;
        long term;
        long vote;
        long leader;
        long commit;
        RoleName role = RoleName.FOLLOWER;
        long lastIndex;

        /** The terms of the log's entries by index, as long as {@link #lastIndex} says. */
        long[] logTerms = new long[64];
    }

    private final Seen[] seen = new Seen[RandomCluster.MOST_IDS + 1];
    private final List<List<Known>> known = new ArrayList<>();

    /** By index, from 1. */
    private final List<Committed> committed = new ArrayList<>();

    /** The configuration in force from an index on. */
    private final TreeMap<Long, ConfState> members = new TreeMap<>();

    private final TreeMap<Long, Elected> elected = new TreeMap<>();

    /** For each server whom it voted for in a term, once that cannot be forgotten any more. */
    private final List<Map<Long, Long>> votes = new ArrayList<>();

    /** For each server the highest index that it acknowledged to the leader of a term. */
    private final List<Map<Long, Long>> acknowledged = new ArrayList<>();

    private final boolean votesWait;
    private long conflicts;

    RandomClusterInvariants(boolean votesWait) {
        this.votesWait = votesWait;
        for (int id = 0; id <= RandomCluster.MOST_IDS; id++) {
            votes.add(new HashMap<>());
            acknowledged.add(new HashMap<>());
        }
    }

    private static void check(boolean holds, String format, @Nullable Object... args) {
        if (!holds) {
            throw violation(format, args);
        }
    }

    static AssertionError violation(String format, @Nullable Object... args) {
        return new AssertionError(String.format(Locale.ROOT, format, args));
    }

    // ---- the beginning

    /** The entries that the first members have by decree, and the configuration behind them. */
    void begin(List<Entry> entries, ConfState firstMembers) {
        for (Entry entry : entries) {
            committed.add(new Committed(entry, 0, stateHash(stateHashAt(committed.size()), entry)));
        }
        members.put((long) entries.size(), firstMembers);
    }

    /** A server has started: it has what its disk has, and knows nothing else. */
    void started(RandomClusterServer server) {
        RaftLog log = server.core().raftLog;
        HardState state = server.core().hardState();
        HardState stored = server.disk.hardState();
        check(state.equals(stored), "restart: %d starts with %s, its disk has %s", server.id, state, stored);
        check(
                log.lastIndex() == server.disk.lastIndex() && log.firstIndex() == server.disk.firstIndex(),
                "restart: the log of %d is [%d, %d], on its disk [%d, %d]",
                server.id,
                log.firstIndex(),
                log.lastIndex(),
                server.disk.firstIndex(),
                server.disk.lastIndex());
        Seen fresh = new Seen();
        fresh.incarnation = server.incarnation();
        fresh.term = state.term();
        fresh.vote = state.vote();
        fresh.commit = log.firstIndex() - 1;
        seen[(int) server.id] = fresh;
        observe(server);
    }

    // ---- after every call into a core

    void observe(RandomClusterServer server) {
        server.raw().checkInvariants();
        Server core = server.core();
        Seen was = seen[(int) server.id];
        HardState now = core.hardState();
        RoleName role = core.role().name();
        check(now.term() >= was.term, "term: %d goes back from %d to %d", server.id, was.term, now.term());
        check(now.commit() >= was.commit, "commit: %d goes back from %d to %d", server.id, was.commit, now.commit());
        if (now.term() == was.term && now.vote() != was.vote) {
            check(
                    was.vote == RawNode.NONE,
                    "one vote: %d votes in term %d for %d and for %d",
                    server.id,
                    was.term,
                    was.vote,
                    now.vote());
            check(
                    was.leader == RawNode.NONE,
                    "vote: %d votes for %d in term %d, which %d has won",
                    server.id,
                    now.vote(),
                    was.term,
                    was.leader);
        }
        logChanged(server, was);
        storedIsOnDisk(server, was);
        if (now.commit() > was.commit) {
            commitMoved(server, was.commit, now.commit());
        }
        if (role != was.role || now.term() != was.term) {
            roleChanged(server, role, now.term());
        }
        Leader leading = core.leading();
        if (leading != null) {
            matchIsAcknowledged(server, leading);
        }
        was.term = now.term();
        was.vote = now.vote();
        was.leader = core.leader();
        was.commit = now.commit();
        was.role = role;
    }

    // ---- logs

    private void logChanged(RandomClusterServer server, Seen was) {
        RaftLog log = server.core().raftLog;
        long last = log.lastIndex();
        if (last == was.lastIndex && log.term(last) == was.logTerms[(int) last]) {
            return;
        }
        long first = log.firstIndex();
        long same = last;
        while (same >= first && !(same <= was.lastIndex && log.term(same) == was.logTerms[(int) same])) {
            same--;
        }
        boolean leads = server.core().leading() != null && was.role == RoleName.LEADER;
        check(
                !(leads && was.term == server.core().term() && same < was.lastIndex),
                "leader append-only: %d rewrites its log behind %d, which ended at %d",
                server.id,
                same,
                was.lastIndex);
        if (last >= was.logTerms.length) {
            was.logTerms = Arrays.copyOf(was.logTerms, (int) (2 * last));
        }
        if (same < first) {
            beginsBehindCommitted(server, was, first - 1);
        } else {
            check(
                    same >= Math.min(was.commit, was.lastIndex),
                    "%d replaces committed entries behind %d: commit %d",
                    server.id,
                    same,
                    was.commit);
        }
        conflicts += same < was.lastIndex && same >= first ? 1 : 0;
        List<Entry> entries = slice(log, same + 1, last);
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            check(entry.index() == same + 1 + i, "%d has %s at index %d", server.id, entry, same + 1 + i);
            logMatching(server.id, entry, was.logTerms[(int) entry.index() - 1]);
            was.logTerms[(int) entry.index()] = entry.term();
        }
        was.lastIndex = last;
        if (leads) {
            oneChangeAtATime(server, log, entries);
        }
    }

    /** What a core takes for stored, it reads from there and tells others that it has it. */
    private static void storedIsOnDisk(RandomClusterServer server, Seen now) {
        RaftLog log = server.core().raftLog;
        long stored = log.unstable().offset() - 1;
        MemoryStorage disk = server.disk.durable();
        check(
                log.hasPendingSnapshot()
                        || stored < disk.firstIndex()
                        || disk.term(stored) == now.logTerms[(int) stored],
                "stored: %d takes %d/%d for stored, on its disk is one of term %d",
                server.id,
                now.logTerms[(int) stored],
                stored,
                disk.term(stored));
    }

    /** A log that begins with a snapshot: what was before is committed. */
    private void beginsBehindCommitted(RandomClusterServer server, Seen was, long before) {
        check(
                before <= committed.size(),
                "%d has a snapshot of %d, committed are %d",
                server.id,
                before,
                committed.size());
        for (long i = 1; i <= before; i++) {
            was.logTerms[(int) i] = committed(i).entry().term();
        }
        long term = server.core().raftLog.term(before);
        check(
                term == was.logTerms[(int) before],
                "the snapshot of %d is of %d/%d, committed is %s",
                server.id,
                term,
                before,
                before == 0 ? "nothing" : committed(before).entry());
    }

    private static List<Entry> slice(RaftLog log, long from, long to) {
        if (from > to) {
            return List.of();
        }
        try {
            return log.slice(from, to + 1, RaftConfig.NO_LIMIT);
        } catch (Storage.CompactedException compacted) {
            throw new IllegalStateException(compacted);
        }
    }

    /** Entries of the same index and term are equal, and so are those before them (§5.3), in all logs that ever were. */
    private void logMatching(long id, Entry entry, long previousTerm) {
        while (known.size() <= entry.index()) {
            known.add(new ArrayList<>(2));
        }
        List<Known> ofIndex = known.get((int) entry.index());
        for (int i = 0; i < ofIndex.size(); i++) {
            Known other = ofIndex.get(i);
            if (other.entry().term() == entry.term()) {
                check(
                        other.entry() == entry || other.entry().equals(entry),
                        "log matching: %d has another entry at %d/%d than others have",
                        id,
                        entry.term(),
                        entry.index());
                check(
                        other.previousTerm() == previousTerm,
                        "log matching: %d has %d/%d behind an entry of term %d, others have it behind one of term %d",
                        id,
                        entry.term(),
                        entry.index(),
                        previousTerm,
                        other.previousTerm());
                return;
            }
        }
        ofIndex.add(new Known(entry, previousTerm));
    }

    /** A leader appends a configuration change only when all that are before it are applied (thesis §4.1). */
    private void oneChangeAtATime(RandomClusterServer server, RaftLog log, List<Entry> appended) {
        for (Entry entry : appended) {
            if (entry.type() == EntryType.NORMAL) {
                continue;
            }
            for (Entry before : slice(log, Math.max(log.applied() + 1, log.firstIndex()), entry.index() - 1)) {
                check(
                        before.type() == EntryType.NORMAL,
                        "one change at a time: %d appends one at %d, and the one at %d is not applied",
                        server.id,
                        entry.index(),
                        before.index());
            }
        }
    }

    // ---- elections

    private void roleChanged(RandomClusterServer server, RoleName role, long term) {
        if (role == RoleName.LEADER) {
            won(server, term);
        } else if (role != RoleName.FOLLOWER) {
            RaftLog log = server.core().raftLog;
            noChangeWaits(server, log);
        }
    }

    /** Who stands for election counts votes by the newest configuration that it knows to be committed. */
    private static void noChangeWaits(RandomClusterServer server, RaftLog log) {
        for (Entry entry : slice(log, log.applied() + 1, log.committed())) {
            check(
                    entry.type() == EntryType.NORMAL,
                    "%d stands for election in term %d, and has not applied the change at %d",
                    server.id,
                    server.core().term(),
                    entry.index());
        }
    }

    private void won(RandomClusterServer server, long term) {
        Seen now = seen[(int) server.id];
        Elected before = elected.get(term);
        if (before != null && before.id == server.id && before.incarnation == now.incarnation) {
            return;
        }
        check(
                before == null,
                "election safety: term %d is won by %d after it was won by %s",
                term,
                server.id,
                before == null ? "nobody" : before.id);
        ConfState voters = server.core().configuration().toConfState();
        check(
                isQuorum(voters, voter -> votes.get((int) voter).getOrDefault(term, RawNode.NONE) == server.id),
                "votes: %d wins term %d of %s without their votes on disk",
                server.id,
                term,
                voters);
        // Its own first entry may be there already.
        long last = now.lastIndex;
        while (last > 0 && now.logTerms[(int) last] == term) {
            last--;
        }
        Elected winner = new Elected(server.id, now.incarnation, Arrays.copyOf(now.logTerms, (int) last + 1));
        elected.put(term, winner);
        for (long i = 1; i <= committed.size(); i++) {
            leaderCompleteness(term, winner, i);
        }
    }

    /** What was committed in an earlier term is in the log of each later leader (§5.4). */
    private void leaderCompleteness(long term, Elected leader, long index) {
        Committed entry = committed(index);
        if (entry.inTerm() < term) {
            check(
                    index <= leader.lastIndex()
                            && leader.logTerms[(int) index] == entry.entry().term(),
                    "leader completeness: %s, committed in term %d, is not in the log of %d, which won term %d",
                    entry.entry(),
                    entry.inTerm(),
                    leader.id,
                    term);
        }
    }

    /** Whether a quorum, as the server counts it, has no longer or newer log than it has. */
    boolean couldWin(RandomClusterServer server) {
        EntryId last = server.core().raftLog.lastId();
        return isQuorum(server.core().configuration().toConfState(), voter -> {
            RandomClusterServer other = server.peer(voter);
            return other != null && last.isAtLeast(other.core().raftLog.lastId());
        });
    }

    private static boolean isQuorum(ConfState members, LongPredicate agrees) {
        return isMajority(members.voters(), agrees)
                && (members.votersOutgoing().isEmpty() || isMajority(members.votersOutgoing(), agrees));
    }

    private static boolean isMajority(List<Long> voters, LongPredicate agrees) {
        int count = 0;
        for (long voter : voters) {
            if (agrees.test(voter)) {
                count++;
            }
        }
        return 2 * count > voters.size();
    }

    /** How often a log lost entries to those of a newer leader. */
    long conflicts() {
        return conflicts;
    }

    /** How many elections were won. */
    long elections() {
        return elected.size();
    }

    // ---- commits

    long committed() {
        return committed.size();
    }

    private Committed committed(long index) {
        return committed.get((int) index - 1);
    }

    private void commitMoved(RandomClusterServer server, long from, long to) {
        Seen was = seen[(int) server.id];
        for (long i = from + 1; i <= Math.min(to, committed.size()); i++) {
            check(
                    was.logTerms[(int) i] == committed(i).entry().term(),
                    "state machine safety: %d commits an entry of term %d at %d, committed is %s",
                    server.id,
                    was.logTerms[(int) i],
                    i,
                    committed(i).entry());
        }
        if (to > committed.size()) {
            commitIsNew(server, to);
        }
    }

    private void commitIsNew(RandomClusterServer server, long index) {
        Server core = server.core();
        RaftLog log = core.raftLog;
        long term = core.term();
        check(core.leading() != null, "commit: %d commits %d, which no leader has", server.id, index);
        check(
                log.term(index) == term,
                "commit: %d, leader of term %d, commits %d of term %d by counting",
                server.id,
                term,
                index,
                log.term(index));
        ConfState voters = core.configuration().toConfState();
        check(
                isQuorum(voters, voter -> hasDurably(server.peer(voter), term, index)),
                "durable: %d commits %d/%d, which is not on the disks of a quorum of %s",
                server.id,
                term,
                index,
                voters);
        long first = committed.size() + 1;
        for (Entry entry : slice(log, first, index)) {
            committed.add(new Committed(entry, term, stateHash(stateHashAt(committed.size()), entry)));
        }
        for (Map.Entry<Long, Elected> later : elected.tailMap(term, false).entrySet()) {
            for (long i = first; i <= index; i++) {
                leaderCompleteness(later.getKey(), later.getValue(), i);
            }
        }
    }

    private static boolean hasDurably(@Nullable RandomClusterServer server, long term, long index) {
        if (server == null) {
            return false;
        }
        MemoryStorage disk = server.disk.durable();
        return index < disk.firstIndex() || disk.term(index) == term;
    }

    // ---- disks

    /** A write becomes durable. What was promised stays, and so does what is committed. */
    void beforeWrite(long id, MemoryStorage disk, RandomClusterDisk.Write write) {
        HardState old = disk.hardState();
        HardState state = write.hardState();
        if (!state.isEmpty()) {
            check(state.term() >= old.term(), "disk: the term of %d goes back from %s to %s", id, old, state);
            check(state.commit() >= old.commit(), "disk: the commit of %d goes back from %s to %s", id, old, state);
            if (state.vote() != RawNode.NONE) {
                Long other = votes.get((int) id).putIfAbsent(state.term(), state.vote());
                check(
                        other == null || other == state.vote(),
                        "one vote: %d votes in term %d for %s and for %d",
                        id,
                        state.term(),
                        other,
                        state.vote());
            }
            check(
                    state.term() > old.term() || state.vote() == old.vote() || old.vote() == RawNode.NONE,
                    "one vote: %d forgets its vote: %s, then %s",
                    id,
                    old,
                    state);
        }
        long first = write.snapshot().isEmpty()
                ? write.entries().isEmpty()
                        ? Long.MAX_VALUE
                        : write.entries().get(0).index()
                : write.snapshot().index() + 1;
        for (long i = Math.max(first, disk.firstIndex()); i <= Math.min(disk.lastIndex(), committed.size()); i++) {
            long term = committed(i).entry().term();
            check(
                    disk.term(i) != term || termIn(write.entries(), i) == term,
                    "durable: %d has %d/%d, which is committed, and overwrites it",
                    id,
                    term,
                    i);
        }
    }

    private static long termIn(List<Entry> entries, long index) {
        int position = entries.isEmpty() ? -1 : (int) (index - entries.get(0).index());
        return position >= 0 && position < entries.size()
                ? entries.get(position).term()
                : 0;
    }

    // ---- messages

    /** A message leaves a server, or is counted by the server itself: what it promises must be durable (thesis §3.8). */
    void promised(RandomClusterServer server, Message message) {
        if (message instanceof AppendReply reply) {
            termIsDurable(server, message);
            if (reply.requestSnapshot() > 0) {
                // What it has counts although it asks for a snapshot of it.
                acknowledges(server, reply, reply.rejectHint());
            } else if (!reply.reject() && reply.index() > 0) {
                acknowledges(server, reply, reply.index());
            }
        } else if (message instanceof VoteResponse && !message.reject()) {
            if (message.type() == MessageType.VOTE_REPLY) {
                termIsDurable(server, message);
                voteIsDurable(server, message.term(), message.to());
            }
        } else if (message.type() == MessageType.VOTE && votesWait) {
            voteIsDurable(server, message.term(), server.id);
        }
    }

    private static void termIsDurable(RandomClusterServer server, Message message) {
        HardState stored = server.disk.durable().hardState();
        check(
                stored.term() >= message.term(),
                "promise: %d sends %s in term %d, its disk has %s",
                server.id,
                message.type(),
                message.term(),
                stored);
    }

    /** The vote is on disk, or a later term is, in which this one can never be voted in again. */
    private void voteIsDurable(RandomClusterServer server, long term, long candidate) {
        HardState stored = server.disk.durable().hardState();
        Long other = votes.get((int) server.id).putIfAbsent(term, candidate);
        check(
                (other == null ? stored.term() > term : other == candidate),
                "promise: %d votes for %d in term %d, has voted for %s, its disk has %s",
                server.id,
                candidate,
                term,
                other,
                stored);
    }

    /**
     * Everything up to the acknowledged index is on disk, and is what the leader of that term has. Unless a later leader
     * has replaced it before it was written: whoever elected that one has kept the earlier leader from a quorum.
     */
    private void acknowledges(RandomClusterServer server, AppendReply reply, long index) {
        Elected leader = elected.get(reply.term());
        check(
                leader != null && leader.id == reply.to(),
                "%d acknowledges to %d, which did not win term %d",
                server.id,
                reply.to(),
                reply.term());
        long term = index > leader.lastIndex() ? reply.term() : leader.logTerms[(int) index];
        check(
                hasDurably(server, term, index)
                        || server.disk.durable().hardState().term() > reply.term(),
                "promise: %d acknowledges %d/%d, which is not on its disk",
                server.id,
                term,
                index);
        acknowledged.get((int) server.id).merge(reply.term(), index, Math::max);
    }

    /** What a leader counts for a member, the member has acknowledged to it; for itself, what is on its own disk. */
    private void matchIsAcknowledged(RandomClusterServer server, Leader leading) {
        ProgressTracker tracker = leading.tracker();
        for (int i = 0; i < tracker.size(); i++) {
            long peer = tracker.idAt(i);
            Progress progress = tracker.at(i);
            long limit = peer == server.id
                    ? server.disk.durable().lastIndex()
                    : acknowledgedTo(server.core().term(), peer);
            check(
                    progress.match() <= limit,
                    "match: %d counts %d for %d, which has acknowledged %d",
                    server.id,
                    progress.match(),
                    peer,
                    limit);
        }
    }

    private long acknowledgedTo(long term, long peer) {
        return acknowledged.get((int) peer).getOrDefault(term, 0L);
    }

    /** A follower commits what a heartbeat says without comparing logs. */
    void heartbeatIsAcknowledged(Heartbeat message) {
        long limit = acknowledgedTo(message.term(), message.to());
        check(
                message.commit() <= limit,
                "heartbeat: %d tells %d of commit %d, acknowledged is %d",
                message.from(),
                message.to(),
                message.commit(),
                limit);
    }

    // ---- state machines

    /**
     * An entry is handed out to be applied: it is committed, and, where the driver need not store it first, stored but for
     * as many entries as were allowed.
     */
    void handedOut(RandomClusterServer server, Entry last, long unpersisted) {
        check(
                last.index() <= server.core().raftLog.committed(),
                "apply: %d hands out %d, committed is %d",
                server.id,
                last.index(),
                server.core().raftLog.committed());
        check(
                !server.isAsync() || last.index() <= server.disk.lastIndex() + unpersisted,
                "apply: %d hands out %d, stored are %d",
                server.id,
                last.index(),
                server.disk.lastIndex());
    }

    /** The entry of an index is the same on all servers, and so is the state behind it (§5.4.3). */
    void applied(RandomClusterServer server, Entry entry, long stateHash) {
        check(
                entry.index() <= committed.size(),
                "apply: %d applies %s, committed are %d",
                server.id,
                entry,
                committed.size());
        Committed expected = committed(entry.index());
        check(
                expected.entry() == entry || expected.entry().equals(entry),
                "state machine safety: %d applies %s, committed is %s",
                server.id,
                entry,
                expected.entry());
        check(
                expected.stateHash() == stateHash,
                "state machine safety: %d has another state at %d",
                server.id,
                entry.index());
    }

    static long stateHash(long before, Entry entry) {
        return 31 * before + entry.hashCode();
    }

    long stateHashAt(long index) {
        return index == 0 ? 0 : committed(index).stateHash();
    }

    /** A configuration comes into force: the same one everywhere, and one step from the one before (thesis §4.3). */
    void configured(RandomClusterServer server, long index, ConfState state) {
        if (index <= members.firstKey()) {
            // The first members' own entries, each of which was in force before it was applied.
            return;
        }
        ConfState other = members.get(index);
        if (other == null) {
            ConfState before = members.lowerEntry(index).getValue();
            check(isOneStep(before, state), "configuration: at %d from %s to %s", index, before, state);
            members.put(index, state);
        } else {
            check(
                    other.isEquivalentTo(state),
                    "configuration: %d has %s at %d, others have %s",
                    server.id,
                    state,
                    index,
                    other);
        }
    }

    private static boolean isOneStep(ConfState before, ConfState after) {
        List<Long> voters = sorted(before.voters());
        List<Long> newVoters = sorted(after.voters());
        if (before.isJoint()) {
            return before.isEquivalentTo(after) || (!after.isJoint() && voters.equals(newVoters));
        }
        if (after.isJoint()) {
            return sorted(after.votersOutgoing()).equals(voters);
        }
        List<Long> gone = new ArrayList<>(voters);
        gone.removeAll(newVoters);
        List<Long> come = new ArrayList<>(newVoters);
        come.removeAll(voters);
        return gone.size() + come.size() <= 1;
    }

    private static List<Long> sorted(List<Long> ids) {
        List<Long> copy = new ArrayList<>(ids);
        copy.sort(null);
        return copy;
    }

    /** The index from which on the configuration is known. */
    long firstMembers() {
        return members.firstKey();
    }

    ConfState newestMembers() {
        return members.lastEntry().getValue();
    }

    long newestChange() {
        return members.lastKey();
    }

    /** A snapshot holds the state and the configuration of its index. */
    void snapshot(RandomClusterServer server, Snapshot snapshot, long stateHash) {
        long index = snapshot.index();
        check(index <= committed.size(), "snapshot: %d has one of %d, committed are %d", server.id, index, committed());
        check(
                snapshot.term() == committed(index).entry().term() && stateHash == stateHashAt(index),
                "snapshot: %d has another state at %d/%d",
                server.id,
                snapshot.term(),
                index);
        Map.Entry<Long, ConfState> inForce = members.floorEntry(index);
        check(
                inForce != null
                        && inForce.getValue().isEquivalentTo(snapshot.metadata().confState()),
                "snapshot: %d has %s at %d, others have %s",
                server.id,
                snapshot.metadata().confState(),
                index,
                inForce);
    }

    // ---- the end

    /** All of a log again, for what a look at its end could not see. */
    void wholeLog(RandomClusterServer server) {
        RaftLog log = server.core().raftLog;
        Seen was = seen[(int) server.id];
        long previousTerm = log.term(log.firstIndex() - 1);
        for (Entry entry : slice(log, log.firstIndex(), log.lastIndex())) {
            check(
                    entry.term() == was.logTerms[(int) entry.index()],
                    "%d has changed %s below the end of its log",
                    server.id,
                    entry);
            logMatching(server.id, entry, previousTerm);
            previousTerm = entry.term();
        }
    }
}
