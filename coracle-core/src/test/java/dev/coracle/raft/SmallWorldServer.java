package dev.coracle.raft;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.coracle.raft.Message.StorageAppend;
import dev.coracle.raft.Message.StorageApply;
import dev.coracle.raft.tracker.Configuration;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A server at work: a core, its disk, and the driver between them. It takes one input at a time and says what came of it;
 * what one server alone can do wrong is checked here.
 */
final class SmallWorldServer {
    /** A property of one server did not hold. */
    static final class Broken extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Broken(String text) {
            super(text);
        }
    }

    /** The crash that an input was to end in. */
    private static final class Crashed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Crashed() {
            super(null, null, false, false);
        }
    }

    /** What a server begins with: its disk, and what it did before that it must not contradict. */
    record Start(SmallWorldDisk disk, long ledTerms, long promisedTerm, long promisedTo) {}

    /** A leader moved the commit index of its log, counting by its configuration. */
    record Commit(long index, long term, SmallWorldLog log, Configuration configuration) {}

    /** A candidate won an election by its configuration. */
    record Election(long term, Configuration configuration) {}

    private final SmallWorld world;
    private final long id;
    private final Start start;
    private final MemoryStorage storage;
    private final ArrayDeque<StorageAppend> writing = new ArrayDeque<>();
    private final ArrayDeque<StorageApply> applying = new ArrayDeque<>();
    private final RawNode raw;

    /** What a loss of power leaves. */
    private SmallWorldDisk durable;

    private long applied;

    /** The terms that it led since it started, a bit each. */
    private long ledTerms;

    private long promisedTerm;
    private long promisedTo;
    private int inputsTaken;

    /** When the input under way is to end in a crash, and how many Readys were stored in it. */
    private int crash = SmallWorldInput.NO_CRASH;

    private int stores;

    private final List<Message> sent = new ArrayList<>();
    private final List<Commit> commits = new ArrayList<>();
    private final List<Election> elections = new ArrayList<>();
    private final List<Entry> appliedNow = new ArrayList<>();

    SmallWorldServer(SmallWorld world, long id, Start start) {
        this.world = world;
        this.id = id;
        this.start = start;
        storage = start.disk.open();
        durable = start.disk;
        applied = start.disk.snapshot().index();
        promisedTerm = start.promisedTerm;
        promisedTo = start.promisedTo;
        RaftObserver observer = new RaftObserver() {
            @Override
            public void onCommit(long index) {
                Server server = raw.server;
                if (server.leading() != null) {
                    commits.add(
                            new Commit(index, server.term(), SmallWorldLog.of(server.raftLog), server.configuration()));
                }
            }

            @Override
            public void onRole(RoleName role, long term) {
                if (role == RoleName.LEADER) {
                    check(
                            (start.ledTerms & bit(term)) == 0,
                            "election safety: leads term %d, which it led before it restarted",
                            term);
                    ledTerms |= bit(term);
                    elections.add(new Election(term, raw.server.configuration()));
                }
            }
        };
        raw = new RawNode(world.config(id, storage).observer(observer).build());
        HardState loaded = raw.server.hardState();
        HardState stored = start.disk.hardState();
        check(loaded.term() == stored.term(), "durability: restarts in term %d, not %d", loaded.term(), stored.term());
        check(
                loaded.vote() == stored.vote(),
                "durability: restarts with vote %d, not %d",
                loaded.vote(),
                stored.vote());
        check(
                loaded.commit() >= stored.commit(),
                "durability: restarts with commit %d, not %d",
                loaded.commit(),
                stored.commit());
    }

    private static long bit(long term) {
        return 1L << term;
    }

    static void check(boolean holds, String format, Object... args) {
        if (!holds) {
            throw new Broken(String.format(format, args));
        }
    }

    // ---- inputs

    /**
     * Takes an input.
     *
     * @return how the server begins again if the input ended in a crash, or null
     * @throws Broken if a property did not hold
     */
    @Nullable
    Start take(SmallWorldInput input) {
        sent.clear();
        commits.clear();
        elections.clear();
        appliedNow.clear();
        crash = input.crash();
        stores = 0;
        HardState before = raw.server.hardState();
        try {
            switch (input.kind()) {
                case CRASH, POWER_LOSS -> {
                    return restart(input.number(), input.kind() == SmallWorldInput.Kind.POWER_LOSS);
                }
                case WRITE -> finish(writing.remove());
                case APPLY -> apply(applying.remove());
                case READY -> inputsTaken = 0;
                default -> {
                    inputsTaken++;
                    step(input);
                }
            }
            if (world.inputsAReady == 1 || input.kind() == SmallWorldInput.Kind.READY) {
                drain();
            }
        } catch (Crashed crashed) {
            return start(SmallWorldDisk.read(storage));
        }
        raw.checkInvariants();
        checkProgress(before, raw.server.hardState(), "memory");
        return null;
    }

    private void step(SmallWorldInput input) {
        long number = input.number();
        switch (input.kind()) {
            case DELIVER -> raw.step(input.received());
            case CAMPAIGN -> raw.campaign();
            case PROPOSE -> raw.propose(("p" + number).getBytes(UTF_8));
            case BEAT -> raw.server.step(new Message.Beat());
            case TICK -> raw.tick();
            case READ ->
                raw.readIndex(
                        Bytes.of(ByteBuffer.allocate(Long.BYTES).putLong(number).array()));
            case TRANSFER -> raw.transferLeader(number);
            case CHANGE -> raw.proposeConfChange(world.changes.get((int) number));
            default -> throw new IllegalArgumentException(input.toString());
        }
    }

    private Start restart(long writesDone, boolean powerLoss) {
        for (long i = 0; i < writesDone; i++) {
            store(writing.remove());
        }
        return start(powerLoss ? durable : SmallWorldDisk.read(storage));
    }

    private Start start(SmallWorldDisk disk) {
        HardState left = disk.hardState();
        SmallWorldDisk found = world.driver == SmallWorld.Driver.FORGETS_VOTES
                ? disk.state(left.term(), RawNode.NONE, left.commit())
                : disk;
        return new Start(found, start.ledTerms | ledTerms, promisedTerm, promisedTo);
    }

    // ---- the driver

    private void drain() {
        inputsTaken = 0;
        while (raw.hasReady()) {
            Ready ready = raw.ready();
            ready.readStates().forEach(SmallWorldServer::checkRead);
            if (world.async) {
                handOut(ready);
            } else {
                carryOut(ready);
            }
            while (!world.appliesLater && !applying.isEmpty()) {
                apply(applying.remove());
            }
        }
    }

    private static void checkRead(ReadState read) {
        long committed = ByteBuffer.wrap(read.context().array()).getLong();
        check(
                read.index() >= committed,
                "linearizable reads: answered with index %d, when %d was committed before it was asked",
                read.index(),
                committed);
    }

    private void carryOut(Ready ready) {
        if (crash == SmallWorldInput.AFTER_EARLY_APPENDS) {
            ready.messages().stream().filter(Message.Append.class::isInstance).forEach(this::send);
            throw new Crashed();
        }
        store(ready.hardState(), ready.snapshot(), ready.entries());
        if (ready.mustSync() || !ready.snapshot().isEmpty()) {
            durable = SmallWorldDisk.read(storage);
        }
        if (crash == ++stores) {
            throw new Crashed();
        }
        ready.messages().forEach(this::send);
        apply(ready.committedEntries());
        raw.advance();
    }

    private void handOut(Ready ready) {
        for (Message message : ready.messages()) {
            if (message instanceof StorageAppend append) {
                write(append);
            } else if (message instanceof StorageApply apply) {
                applying.add(apply);
            } else {
                send(message);
            }
        }
    }

    private void write(StorageAppend append) {
        List<Message> responses = append.responses();
        if (world.driver == SmallWorld.Driver.PROMISES_EARLY) {
            responses.stream().filter(message -> !isOwn(message)).forEach(this::send);
        }
        if (world.driver == SmallWorld.Driver.COUNTS_OWN_VOTE_EARLY) {
            responses.stream().filter(this::isOwnVote).forEach(raw.server::step);
        }
        boolean storesNothing = append.hardState().isEmpty()
                && append.entries().isEmpty()
                && append.snapshot().isEmpty();
        if (storesNothing && writing.isEmpty() && responses.stream().noneMatch(this::isOwn)) {
            responses.forEach(this::release);
        } else if (storesNothing && !writing.isEmpty() && confirmsNothingNew(responses)) {
            // Its promises hold as soon as those of the write before it.
            StorageAppend last = writing.removeLast();
            List<Message> all = new ArrayList<>(last.responses());
            responses.stream().filter(message -> !all.contains(message)).forEach(all::add);
            writing.add(new StorageAppend(
                    last.from(), last.hardState(), last.entries(), last.snapshot(), List.copyOf(all)));
        } else {
            writing.add(append);
        }
    }

    private boolean isOwnVote(Message message) {
        return message instanceof Message.VoteReply && isOwn(message);
    }

    private boolean isOwn(Message message) {
        return message.to() == id;
    }

    private boolean confirmsNothingNew(List<Message> responses) {
        List<Message> before = writing.getLast().responses();
        return responses.stream().allMatch(message -> !isOwn(message) || before.contains(message));
    }

    private void finish(StorageAppend append) {
        store(append);
        append.responses().forEach(this::release);
    }

    private void store(StorageAppend append) {
        store(append.hardState(), append.snapshot(), append.entries());
        if (!append.responses().isEmpty()) {
            durable = SmallWorldDisk.read(storage);
        }
    }

    private void release(Message message) {
        if (!isOwn(message)) {
            send(message);
        } else if (world.driver != SmallWorld.Driver.COUNTS_OWN_VOTE_EARLY || !isOwnVote(message)) {
            if (message instanceof Message.VoteReply reply && !reply.reject()) {
                promise(reply.term(), id);
            }
            raw.server.step(message);
        }
    }

    private void store(HardState hardState, Snapshot snapshot, List<Entry> entries) {
        if (!hardState.isEmpty()) {
            checkProgress(storage.hardState(), hardState, "disk");
            storage.setHardState(hardState);
        }
        if (!snapshot.isEmpty() && storage.applySnapshot(snapshot)) {
            applied = Math.max(applied, snapshot.index());
        }
        storage.append(entries);
    }

    private void send(Message message) {
        if (message instanceof Message.VoteReply reply && !reply.reject()) {
            promise(reply.term(), reply.to());
        }
        if (message instanceof Message.AppendReply reply && !reply.reject()) {
            check(
                    durable.lastIndex() >= reply.index(),
                    "durability: acknowledges index %d with %d on the disk",
                    reply.index(),
                    durable.lastIndex());
        }
        sent.add(message);
    }

    /** Notes a vote that others may count from now on. It survives crashes, and so must the server's memory of it. */
    private void promise(long term, long candidate) {
        check(
                term > promisedTerm || (term == promisedTerm && candidate == promisedTo),
                "one vote a term: votes for %d in term %d after voting for %d in term %d",
                candidate,
                term,
                promisedTo,
                promisedTerm);
        promisedTerm = term;
        promisedTo = candidate;
    }

    private void apply(StorageApply apply) {
        apply(apply.entries());
        apply.responses().forEach(raw.server::step);
    }

    private void apply(List<Entry> entries) {
        for (Entry entry : entries) {
            if (entry.index() <= applied) {
                // Handed out before a snapshot that is installed by now.
                check(world.appliesLater, "state machine safety: applies %d again after %d", entry.index(), applied);
                continue;
            }
            check(entry.index() == applied + 1, "state machine safety: applies %d after %d", entry.index(), applied);
            check(
                    entry.index() <= raw.server.raftLog.committed(),
                    "nothing applied beyond commit: applies %d, committed %d",
                    entry.index(),
                    raw.server.raftLog.committed());
            check(
                    SmallWorldDisk.read(storage).log().has(entry),
                    "nothing applied beyond the disk: applies %s, which is not written",
                    entry);
            applied = entry.index();
            appliedNow.add(entry);
            if (entry.type() != EntryType.NORMAL) {
                change(entry);
            }
        }
    }

    private void change(Entry entry) {
        try {
            raw.applyConfChange(new TextCodec().decode(entry));
        } catch (InvalidConfChangeException refused) {
            // By all servers alike, for they have the same configuration at this index.
        } catch (ConfChangeCodec.MalformedException malformed) {
            throw new IllegalStateException(malformed);
        }
    }

    private static void checkProgress(HardState before, HardState after, String where) {
        check(after.term() >= before.term(), "%s: term falls from %d to %d", where, before.term(), after.term());
        check(
                after.commit() >= before.commit(),
                "%s: commit falls from %d to %d",
                where,
                before.commit(),
                after.commit());
        check(
                after.term() != before.term() || before.vote() == RawNode.NONE || after.vote() == before.vote(),
                "%s: one vote a term: changes from %d to %d in term %d",
                where,
                before.vote(),
                after.vote(),
                after.term());
    }

    // ---- what is seen of it

    /** Everything that decides its future, and what is remembered of its past. */
    SmallWorldDigest.Value digest(SmallWorldDigest digest) {
        return digest.of(
                raw,
                SmallWorldDisk.read(storage),
                durable,
                new ArrayList<>(writing),
                new ArrayList<>(applying),
                applied,
                start.ledTerms,
                ledTerms,
                promisedTerm,
                promisedTo,
                inputsTaken);
    }

    List<Message> sent() {
        return List.copyOf(sent);
    }

    List<Commit> commits() {
        return List.copyOf(commits);
    }

    List<Election> elections() {
        return List.copyOf(elections);
    }

    List<Entry> appliedNow() {
        return List.copyOf(appliedNow);
    }

    Server server() {
        return raw.server;
    }

    int inputsTaken() {
        return inputsTaken;
    }

    SmallWorldDisk disk() {
        return SmallWorldDisk.read(storage);
    }

    SmallWorldDisk durable() {
        return durable;
    }

    long allLedTerms() {
        return start.ledTerms | ledTerms;
    }

    int writesUnderWay() {
        return writing.size();
    }

    int applicationsUnderWay() {
        return applying.size();
    }
}
