package dev.coracle.raft;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.coracle.raft.tracker.Progress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;

/**
 * A server and its storage, driven by hand. What a driver would get as one Ready is taken here piece by piece: messages
 * that leave at once, entries and promises when {@link #persist} says that they are durable, committed entries when
 * {@link #apply} does.
 */
final class TestServer {
    static final int ELECTION_TICKS = 10;

    final long id;
    final MemoryStorage storage;
    final Server server;
    final List<String> logged = new ArrayList<>();

    private TestServer(long id, MemoryStorage storage, UnaryOperator<RaftConfig.Builder> options) {
        this.id = id;
        this.storage = storage;
        RaftLogger logger = new RaftLogger() {
            @Override
            public boolean enabled(Level level) {
                return true;
            }

            @Override
            public void log(Level level, String text) {
                logged.add(level + " " + text);
            }
        };
        server = new Server(options.apply(config(id, storage).logger(logger)).build());
    }

    /** What tests start from: 10 ticks and 1, no limits. */
    static RaftConfig.Builder config(long id, Storage storage) {
        Random random = new Random(id);
        return RaftConfig.builder()
                .id(id)
                .electionTicks(ELECTION_TICKS)
                .heartbeatTicks(1)
                .storage(storage)
                .codec(new TextCodec())
                .random(random::nextInt)
                .maxSizePerMessage(RaftConfig.NO_LIMIT);
    }

    static TestServer of(long id, Long... voters) {
        return of(id, options -> options, voters);
    }

    static TestServer of(long id, UnaryOperator<RaftConfig.Builder> options, Long... voters) {
        return of(id, storage(ConfState.ofVoters(voters)), options);
    }

    static TestServer of(long id, MemoryStorage storage, UnaryOperator<RaftConfig.Builder> options) {
        return new TestServer(id, storage, options);
    }

    /** An empty log of a cluster with this configuration. */
    static MemoryStorage storage(ConfState members) {
        MemoryStorage storage = new MemoryStorage();
        storage.applySnapshot(Snapshot.of(new SnapshotMetadata(0, 0, members)));
        return storage;
    }

    /** A stored log whose entries have these terms, of a server in {@code term}. */
    static MemoryStorage storage(ConfState members, long term, long... terms) {
        MemoryStorage storage = storage(members);
        storage.append(entries(1, terms));
        storage.setHardState(new HardState(term, RawNode.NONE, 0));
        return storage;
    }

    static ConfState withLearners(List<Long> voters, List<Long> learners) {
        return new ConfState(voters, learners, List.of(), List.of(), false);
    }

    /** Empty entries from index {@code first} on, with these terms. */
    static List<Entry> entries(long first, long... terms) {
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < terms.length; i++) {
            entries.add(new Entry(terms[i], first + i, EntryType.NORMAL, null));
        }
        return entries;
    }

    static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    static byte[] bytes(int length) {
        return new byte[length];
    }

    // ---- what is done to it

    StepOutcome step(Message message) {
        StepOutcome outcome = server.step(message);
        Invariants.check(server);
        return outcome;
    }

    Proposal propose(String text) {
        return propose(bytes(text));
    }

    Proposal propose(byte[] data) {
        return server.role().propose(new Message.Propose(id, RawNode.NONE, List.of(Entry.normal(data))));
    }

    Proposal propose(ConfChangeV2 change) {
        byte[] data = new TextCodec().encode(change);
        Entry entry = new Entry(0, 0, EntryType.CONF_CHANGE_V2, data);
        return server.role().propose(new Message.Propose(id, RawNode.NONE, List.of(entry)));
    }

    void read(String context) {
        step(new Message.ReadIndex(RawNode.NONE, RawNode.NONE, List.of(Entry.normal(bytes(context)))));
    }

    void tick(int times) {
        for (int i = 0; i < times; i++) {
            server.role().tick();
            Invariants.check(server);
        }
    }

    void campaign() {
        step(new Message.Hup());
    }

    /** Campaigns, and gets every vote. */
    void win() {
        campaign();
        for (Message request : take()) {
            if (request instanceof Message.VoteRequest vote) {
                step(grant(vote));
            }
        }
        persist();
        if (server.role().name() == RoleName.CANDIDATE) {
            win(take());
        }
        Check.that(server.role().name() == RoleName.LEADER, "did not win");
    }

    private void win(List<Message> requests) {
        for (Message request : requests) {
            if (request instanceof Message.Vote vote) {
                step(grant(vote));
            }
        }
    }

    static Message grant(Message.VoteRequest request) {
        return Message.VoteResponse.of(
                request.type() == MessageType.PRE_VOTE, request.to(), request.from(), request.term(), false);
    }

    /** Wins, has its first entry acknowledged by everybody, and applies it. */
    void lead() {
        win();
        take();
        acknowledgeAll();
        apply();
        take();
    }

    /** Every other member accepts all that is in the log. */
    void acknowledgeAll() {
        persist();
        var members = server.configuration().members();
        for (int i = 0; i < members.size(); i++) {
            if (members.at(i) != id) {
                acknowledge(members.at(i), server.raftLog.lastIndex());
            }
        }
    }

    void acknowledge(long from, long index) {
        step(Message.AppendReply.accepted(from, id, server.term(), index));
    }

    void apply(ConfChangeV2 change) {
        try {
            server.apply(change);
        } catch (InvalidConfChangeException invalid) {
            throw new IllegalArgumentException(invalid);
        }
        Invariants.check(server);
    }

    // ---- what comes out of it

    /** Takes what leaves at once, leaving in place what waits for durability. */
    List<Message> sent() {
        return server.outbox().takeImmediate();
    }

    /** Stores everything unstable, counts the server's own promises, and returns those to others. */
    List<Message> persist() {
        List<Message> released = new ArrayList<>();
        while (server.outbox().hasAfterAppend() || hasUnstable()) {
            store();
            for (Message message : server.outbox().takeAfterAppend()) {
                if (message.to() == id) {
                    step(message);
                } else {
                    released.add(message);
                }
            }
        }
        return released;
    }

    private boolean hasUnstable() {
        Unstable unstable = server.raftLog.unstable();
        return unstable.size() > 0 || unstable.snapshot() != null;
    }

    private void store() {
        Unstable unstable = server.raftLog.unstable();
        Snapshot snapshot = unstable.snapshot() == null ? Snapshot.EMPTY : unstable.snapshot();
        if (!snapshot.isEmpty()) {
            storage.applySnapshot(snapshot);
        }
        List<Entry> entries = unstable.slice(unstable.offset(), unstable.offset() + unstable.size());
        storage.append(entries);
        storage.setHardState(server.hardState());
        unstable.acceptInProgress();
        EntryId last = entries.isEmpty() ? new EntryId(0, 0) : server.raftLog.lastId();
        step(new Message.StorageAppendReply(id, server.term(), last.term(), last.index(), snapshot));
    }

    /** Everything it sends, after storing all there is to store. */
    List<Message> take() {
        List<Message> all = new ArrayList<>(sent());
        all.addAll(persist());
        all.addAll(sent());
        return all;
    }

    /** Applies all that is committed, configuration changes too, and returns it. */
    List<Entry> apply() {
        persist();
        List<Entry> all = new ArrayList<>();
        while (server.raftLog.hasNextCommitted(true)) {
            List<Entry> entries = server.raftLog.nextCommitted(true);
            server.raftLog.acceptApplying(entries.get(entries.size() - 1).index(), Entries.encodedSize(entries), true);
            for (Entry entry : entries) {
                if (entry.type() != EntryType.NORMAL) {
                    apply(decode(entry));
                }
            }
            step(new Message.StorageApplyReply(id, entries));
            all.addAll(entries);
            persist();
        }
        return all;
    }

    private static ConfChangeV2 decode(Entry entry) {
        try {
            return new TextCodec().decode(entry);
        } catch (ConfChangeCodec.MalformedException malformed) {
            throw new IllegalArgumentException(malformed);
        }
    }

    /** Lets storage keep only what is behind {@code index}, with a snapshot up to there. */
    void compact(long index) {
        storage.createSnapshot(index, server.configuration().toConfState(), Bytes.EMPTY);
        storage.compact(index);
    }

    // ---- what is seen of it

    RoleName role() {
        return server.role().name();
    }

    long committed() {
        return server.raftLog.committed();
    }

    long lastIndex() {
        return server.raftLog.lastIndex();
    }

    /** The terms of all entries in the log. */
    long[] terms() {
        RaftLog log = server.raftLog;
        long[] terms = new long[(int) (log.lastIndex() - log.firstIndex() + 1)];
        Arrays.setAll(terms, i -> log.term(log.firstIndex() + i));
        return terms;
    }

    Leader leading() {
        Leader leading = server.leading();
        Check.that(leading != null, "does not lead");
        return leading;
    }

    Progress progress(long member) {
        Progress progress = leading().tracker().get(member);
        Check.that(progress != null, "%d is no member", member);
        return progress;
    }

    /** The messages of one type among {@code messages}. */
    static <T extends Message> List<T> only(Class<T> type, List<Message> messages) {
        return messages.stream().filter(type::isInstance).map(type::cast).toList();
    }

    @Override
    public String toString() {
        return "server " + id;
    }
}
