package dev.coracle.sim.script;

import dev.coracle.codec.EtcdConfChangeCodec;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeCodec;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryFetch;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.raft.InvalidConfChangeException;
import dev.coracle.raft.MemoryStorage;
import dev.coracle.raft.Message;
import dev.coracle.raft.RaftConfig;
import dev.coracle.raft.RawNode;
import dev.coracle.raft.RequestOutcome;
import dev.coracle.raft.Snapshot;
import dev.coracle.raft.SnapshotMetadata;
import dev.coracle.raft.Storage;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * One member of a script's cluster: the core over a log in memory, with a state machine that appends what it is told.
 * In asynchronous mode its storage and apply threads do their work when the script says so.
 *
 * <p>The log and the state machine outlive a restart; all else is lost.
 */
final class ScriptNode {
    static final int ELECTION_TICKS = 3;
    static final int HEARTBEAT_TICKS = 1;

    private static final ConfChangeCodec CODEC = EtcdConfChangeCodec.INSTANCE;

    /** What the storage thread has to do. The environment limits what is under way. */
    final Queue<Message.StorageAppend> appendWork = new ArrayDeque<>();

    /** What the apply thread has to do. */
    final Queue<Message.StorageApply> applyWork = new ArrayDeque<>();

    final long id;
    final MemoryStorage storage;
    final RawNode raft;

    private final RaftConfig.Builder config;
    private final Setup setup;
    private final ScriptLog log;

    /** What storage was asked to fetch and has not answered. */
    private List<EntryFetch> fetches = new ArrayList<>();

    /** While its answers are given: the entries are there. */
    private boolean answersFetches;

    /** The same for the entries to be applied, which are read with the next Ready. */
    private boolean hasFetchedToApply;

    /** The state after the entry that was applied last. */
    private Snapshot newest;

    /**
     * How the node drives its core.
     *
     * @param async whether storage and application work by messages
     * @param fetchesEntries whether storage lets a leader wait for the entries that it wants to send
     */
    record Setup(boolean async, boolean fetchesEntries) {}

    /**
     * Starts a node whose log begins behind {@code start}.
     *
     * @param config what the core is configured with, but for id, storage, codec, random source and mode
     * @param start where it begins, empty for a node that knows nothing
     */
    ScriptNode(long id, RaftConfig.Builder config, Setup setup, Snapshot start, ScriptLog log) {
        this(id, config, setup, start, log, storageFrom(start));
    }

    private ScriptNode(
            long id, RaftConfig.Builder config, Setup setup, Snapshot newest, ScriptLog log, MemoryStorage storage) {
        this.id = id;
        this.config = config;
        this.setup = setup;
        this.newest = newest;
        this.log = log;
        this.storage = storage;
        raft = new RawNode(config.id(id)
                .storage(new NewestSnapshotStorage())
                .codec(CODEC)
                .random(new Random(1)::nextInt)
                .asyncStorageWrites(setup.async())
                .build());
    }

    private static MemoryStorage storageFrom(Snapshot start) {
        MemoryStorage storage = new MemoryStorage();
        if (!start.isEmpty()) {
            storage.applySnapshot(start);
        }
        return storage;
    }

    /** The node that starts from what this one leaves behind when it crashes. */
    ScriptNode restarted() {
        return new ScriptNode(id, config.applied(newest.index()), setup, newest, log, storage);
    }

    boolean isAsync() {
        return setup.async();
    }

    /** Answers what storage was asked to fetch: the entries are there now. */
    List<RequestOutcome> answerFetches() {
        List<EntryFetch> answered = fetches;
        fetches = new ArrayList<>();
        answersFetches = true;
        try {
            hasFetchedToApply |= answered.contains(EntryFetch.TO_APPLY);
            return answered.stream().map(raft::entriesFetched).toList();
        } finally {
            answersFetches = false;
        }
    }

    /** The state after the entry that was applied last. */
    Snapshot newestSnapshot() {
        return newest;
    }

    /** Writes to the log what is not empty. */
    void store(HardState hardState, List<Entry> entries, Snapshot snapshot) throws CommandException {
        if (!hardState.isEmpty()) {
            storage.setHardState(hardState);
        }
        if (snapshot.isEmpty()) {
            storage.append(entries);
            return;
        }
        if (!entries.isEmpty()) {
            throw new CommandException("can't apply snapshot and entries at the same time");
        }
        if (!storage.applySnapshot(snapshot)) {
            throw new CommandException("requested index is older than the existing snapshot");
        }
        newest = snapshot;
    }

    /** Applies committed entries to the configuration and to the state machine. */
    void apply(List<Entry> entries) throws CommandException {
        for (Entry entry : entries) {
            if (entry.type() == EntryType.NORMAL) {
                record(entry, newest.metadata().confState(), entry.data());
            } else {
                ConfChangeV2 change = decode(entry);
                record(entry, applyConfChange(entry, change), change.context().array());
            }
        }
    }

    private static ConfChangeV2 decode(Entry entry) throws CommandException {
        try {
            return CODEC.decode(entry);
        } catch (ConfChangeCodec.MalformedException e) {
            throw new CommandException(String.valueOf(e.getMessage()));
        }
    }

    /** What does not fit changes nothing, on this node as on every other. */
    private ConfState applyConfChange(Entry entry, ConfChangeV2 change) {
        try {
            return raft.applyConfChange(change);
        } catch (InvalidConfChangeException e) {
            log.printLine("cannot apply the change at index " + entry.index() + ": " + e.getMessage());
            return newest.metadata().confState();
        }
    }

    private void record(Entry entry, ConfState confState, byte @Nullable [] update) {
        byte[] before = newest.data().array();
        byte[] after = before;
        if (update != null && update.length > 0) {
            after = new byte[before.length + update.length];
            System.arraycopy(before, 0, after, 0, before.length);
            System.arraycopy(update, 0, after, before.length, update.length);
        }
        newest = new Snapshot(new SnapshotMetadata(entry.index(), entry.term(), confState), Bytes.of(after));
    }

    /** The log in memory, but with the state machine's newest state for a snapshot, whatever has been compacted. */
    private final class NewestSnapshotStorage implements Storage {
        @Override
        public InitialState initialState() {
            return new InitialState(storage.hardState(), newest.metadata().confState());
        }

        @Override
        public List<Entry> entries(long low, long high, long maxSize) throws CompactedException, UnavailableException {
            return storage.entries(low, high, maxSize);
        }

        @Override
        public @Nullable List<Entry> entries(long low, long high, long maxSize, EntryFetch fetch)
                throws CompactedException, UnavailableException {
            boolean toApply = fetch.equals(EntryFetch.TO_APPLY);
            if (!setup.fetchesEntries() || (toApply ? hasFetchedToApply : answersFetches)) {
                hasFetchedToApply &= !toApply;
                return entries(low, high, maxSize);
            }
            String purpose = toApply ? "to apply them" : "for " + Long.toUnsignedString(fetch.to());
            log.printLine(id + " fetches entries [" + low + "," + high + ") " + purpose);
            fetches.add(fetch);
            return null;
        }

        @Override
        public long term(long index) {
            return storage.term(index);
        }

        @Override
        public long lastIndex() {
            return storage.lastIndex();
        }

        @Override
        public long firstIndex() {
            return storage.firstIndex();
        }

        @Override
        public Snapshot snapshot() {
            return newest;
        }
    }
}
