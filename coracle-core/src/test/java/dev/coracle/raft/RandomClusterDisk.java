package dev.coracle.raft;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A server's disk. The running server reads what it has written; a crash leaves what was synced, and of the rest any
 * prefix, the last write of which may be torn. Writes complete in their order.
 */
final class RandomClusterDisk implements Storage {
    /** What one Ready asked to be stored. */
    record Write(HardState hardState, Snapshot snapshot, List<Entry> entries) {}

    private final long id;
    private final Random random;
    private final RandomClusterInvariants invariants;
    private final MemoryStorage durable = new MemoryStorage();
    private final Deque<Write> unsynced = new ArrayDeque<>();
    private MemoryStorage written = new MemoryStorage();

    /** The configuration that a state machine which survives crashes has reached; null for the last snapshot's. */
    private @Nullable ConfState machineMembers;

    /** Takes what is asked for and comes later. */
    private final Consumer<EntryFetch> fetches;

    RandomClusterDisk(long id, Random random, RandomClusterInvariants invariants, Consumer<EntryFetch> fetches) {
        this.id = id;
        this.random = random;
        this.invariants = invariants;
        this.fetches = fetches;
    }

    /** What a crash cannot take away. */
    MemoryStorage durable() {
        return durable;
    }

    HardState hardState() {
        return written.hardState();
    }

    /** Puts a first state on an empty disk. */
    void format(Snapshot snapshot, HardState hardState) {
        write(new Write(hardState, snapshot, List.of()));
        sync();
    }

    void write(Write write) {
        put(write, written);
        unsynced.add(write);
    }

    void sync() {
        while (!unsynced.isEmpty()) {
            putDurably(unsynced.remove());
        }
    }

    /** What {@link #written} has becomes durable, and a snapshot of it as well. */
    void createSnapshot(long index, ConfState members, Bytes data, long compactTo) {
        sync();
        for (MemoryStorage storage : List.of(written, durable)) {
            storage.createSnapshot(index, members, data);
            storage.compact(compactTo);
        }
    }

    /** Loses a part of what was not synced, and of the writes that are under way behind it. */
    void crash(Iterable<Write> underWay) {
        underWay.forEach(unsynced::add);
        int kept = random.nextInt(unsynced.size() + 1);
        for (int i = 0; i < kept; i++) {
            putDurably(unsynced.remove());
        }
        if (!unsynced.isEmpty() && random.nextBoolean()) {
            tear(unsynced.remove());
        }
        unsynced.clear();
        written = copyOf(durable);
    }

    /**
     * The term and the vote are written, and perhaps some of the entries. Not the commit index: of entries that are
     * missing it would say that they are committed.
     */
    private void tear(Write write) {
        HardState old = durable.hardState();
        HardState state = write.hardState();
        HardState torn = state.isEmpty() ? state : new HardState(state.term(), state.vote(), old.commit());
        boolean all = write.snapshot().isEmpty();
        List<Entry> entries =
                all ? write.entries().subList(0, random.nextInt(write.entries().size() + 1)) : List.of();
        putDurably(new Write(torn, Snapshot.EMPTY, entries));
    }

    private void putDurably(Write write) {
        invariants.beforeWrite(id, durable, write);
        put(write, durable);
    }

    private static void put(Write write, MemoryStorage storage) {
        if (!write.hardState().isEmpty()) {
            storage.setHardState(write.hardState());
        }
        if (!write.snapshot().isEmpty()) {
            storage.applySnapshot(write.snapshot());
        }
        storage.append(write.entries());
    }

    private static MemoryStorage copyOf(MemoryStorage original) {
        MemoryStorage copy = new MemoryStorage();
        copy.setHardState(original.hardState());
        long before = original.firstIndex() - 1;
        Snapshot snapshot = original.snapshot();
        if (snapshot != null) {
            ConfState members = snapshot.metadata().confState();
            copy.applySnapshot(
                    snapshot.index() == before
                            ? snapshot
                            : Snapshot.of(new SnapshotMetadata(before, original.term(before), members)));
        }
        if (original.lastIndex() > before) {
            try {
                copy.append(original.entries(before + 1, original.lastIndex() + 1, RaftConfig.NO_LIMIT));
            } catch (CompactedException | UnavailableException missing) {
                throw new IllegalStateException(missing);
            }
        }
        if (snapshot != null && snapshot.index() > before) {
            copy.createSnapshot(snapshot.index(), snapshot.metadata().confState(), snapshot.data());
        }
        return copy;
    }

    /** The newest snapshot. */
    Snapshot newestSnapshot() {
        Snapshot newest = written.snapshot();
        return newest == null ? Snapshot.EMPTY : newest;
    }

    void setMachineMembers(@Nullable ConfState members) {
        machineMembers = members;
    }

    // ---- what the core reads

    @Override
    public InitialState initialState() {
        InitialState state = written.initialState();
        return machineMembers == null ? state : new InitialState(state.hardState(), machineMembers);
    }

    @Override
    public List<Entry> entries(long low, long high, long maxSize) throws CompactedException, UnavailableException {
        return written.entries(low, high, maxSize);
    }

    /** Now and then they have to be fetched. */
    @Override
    public @Nullable List<Entry> entries(long low, long high, long maxSize, EntryFetch fetch)
            throws CompactedException, UnavailableException {
        if (random.nextInt(8) == 0) {
            fetches.accept(fetch);
            return null;
        }
        return entries(low, high, maxSize);
    }

    @Override
    public long term(long index) {
        return written.term(index);
    }

    @Override
    public long lastIndex() {
        return written.lastIndex();
    }

    @Override
    public long firstIndex() {
        return written.firstIndex();
    }

    /** Now and then there is none to be had right now. */
    @Override
    public @Nullable Snapshot snapshot() {
        return random.nextInt(8) == 0 ? null : written.snapshot();
    }
}
