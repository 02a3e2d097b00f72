package dev.coracle.contracts;

import static dev.coracle.contracts.Samples.entry;
import static dev.coracle.contracts.Samples.snapshot;
import static java.util.Objects.requireNonNull;

import dev.coracle.node.LogStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Entry;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Random;

/**
 * Random work on a log as a node does it, which a {@link LogModel} keeps track of: entries that follow and that replace
 * others, terms, votes, commits, snapshots of its own and received ones. Survives the store: {@link #recover} asks
 * whether what the next one finds is allowed, and goes on from there.
 */
public final class LogWorkload {
    /** Writes snapshots. */
    @FunctionalInterface
    public interface SnapshotSaver {
        /** Makes a snapshot durable. */
        void save(SnapshotMetadata metadata, byte[] data) throws StorageException, IOException;
    }

    private final Random random;
    private final long group;
    private final SnapshotSaver snapshots;
    private final LogModel model = new LogModel();

    /** A snapshot that the leader sent and that a crash took, which it would send again. */
    private SnapshotMetadata received = SnapshotMetadata.EMPTY;

    private HardState state = HardState.EMPTY;
    private long lastIndex;

    /** Work on an empty log. */
    public LogWorkload(Random random, long group, SnapshotSaver snapshots) {
        this.random = random;
        this.group = group;
        this.snapshots = snapshots;
    }

    /** Recovers a store that was just opened, and fails if it does not hold what it may. */
    public void recover(LogStore store) throws StorageException {
        Recovered found = Recovered.of(store, group);
        model.recover(found);
        state = found.hardState();
        lastIndex = found.snapshot().index() + found.entries().size();
    }

    /** Does something. */
    public void work(LogStore store) throws StorageException, IOException {
        if (received.index() > lastIndex) {
            receiveSnapshot(store);
            return;
        }
        switch (random.nextInt(10)) {
            case 0, 1, 2 -> appendEntries(store, lastIndex + 1);
            case 3 -> {
                changeTerm(store);
                appendEntries(store, state.commit() + 1 + random.nextInt((int) (lastIndex - state.commit()) + 1));
            }
            case 4 ->
                append(
                        store,
                        new HardState(
                                Math.max(state.term(), 1),
                                state.vote(),
                                state.commit() + random.nextInt((int) (lastIndex - state.commit()) + 1)),
                        List.of());
            case 5 -> saveSnapshot(store);
            case 6 -> {
                if (random.nextInt(4) == 0) {
                    received = snapshot(lastIndex + 1 + random.nextInt(20), state.term() + 1);
                    changeTerm(store);
                    receiveSnapshot(store);
                }
            }
            case 7 -> store.housekeeping().doWork(0);
            default -> sync(store);
        }
    }

    private void changeTerm(LogStore store) throws StorageException {
        append(store, new HardState(state.term() + 1, random.nextInt(3), state.commit()), List.of());
    }

    private void appendEntries(LogStore store, long first) throws StorageException {
        if (state.term() == 0) {
            changeTerm(store);
        }
        List<Entry> entries = new ArrayList<>();
        int size = random.nextInt(900);
        for (int i = random.nextInt(5); i >= 0; i--) {
            entries.add(entry(state.term(), first + entries.size(), size));
        }
        append(store, HardState.EMPTY, entries);
    }

    private void append(LogStore store, HardState next, List<Entry> entries) throws StorageException {
        model.append(next, entries);
        if (!entries.isEmpty()) {
            lastIndex = entries.get(entries.size() - 1).index();
        }
        if (!next.isEmpty()) {
            state = next;
        }
        store.append(group, next, entries);
    }

    private void saveSnapshot(LogStore store) throws StorageException, IOException {
        long oldest = model.newestSnapshot();
        if (state.commit() == oldest) {
            return;
        }
        // The term is that of the entry, as a state machine knows it.
        NavigableMap<Long, Entry> entries = model.entries();
        long index = oldest + 1 + random.nextInt((int) (state.commit() - oldest));
        SnapshotMetadata metadata =
                snapshot(index, requireNonNull(entries.get(index)).term());
        snapshots.save(metadata, new byte[random.nextInt(3_000)]);
        appendSnapshot(store, metadata);
        sync(store);
        store.release(group, index);
    }

    private void receiveSnapshot(LogStore store) throws StorageException, IOException {
        snapshots.save(received, new byte[random.nextInt(3_000)]);
        appendSnapshot(store, received);
        lastIndex = received.index();
        long vote = received.term() > state.term() ? 0 : state.vote();
        append(store, new HardState(Math.max(received.term(), state.term()), vote, received.index()), List.of());
        if (random.nextBoolean()) {
            sync(store);
        }
    }

    private void appendSnapshot(LogStore store, SnapshotMetadata metadata) throws StorageException {
        model.appendSnapshot(metadata);
        store.appendSnapshot(group, metadata);
    }

    private void sync(LogStore store) throws StorageException {
        store.sync();
        model.sync();
    }
}
