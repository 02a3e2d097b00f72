package dev.coracle.contracts;

import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Short words for what tests put into a log. */
public final class Samples {
    /** The configuration of every {@link #snapshot}. */
    public static final ConfState VOTERS = ConfState.ofVoters(1L, 2L, 3L);

    private Samples() {}

    /** An entry with a text. */
    public static Entry entry(long term, long index, String data) {
        return new Entry(term, index, EntryType.NORMAL, data.getBytes(StandardCharsets.UTF_8));
    }

    /** An entry with so many bytes, which depend on its index. */
    public static Entry entry(long term, long index, int size) {
        byte[] data = new byte[size];
        for (int i = 0; i < size; i++) {
            data[i] = (byte) (index * 31 + i);
        }
        return new Entry(term, index, EntryType.NORMAL, data);
    }

    /** Entries of one term, from the first index to the last, both included. */
    public static List<Entry> entries(long term, long first, long last, int size) {
        List<Entry> entries = new ArrayList<>();
        for (long index = first; index <= last; index++) {
            entries.add(entry(term, index, size));
        }
        return entries;
    }

    /** A hard state. */
    public static HardState state(long term, long vote, long commit) {
        return new HardState(term, vote, commit);
    }

    /** What a snapshot covers. */
    public static SnapshotMetadata snapshot(long index, long term) {
        return new SnapshotMetadata(index, term, VOTERS);
    }

    /** Writes a snapshot. */
    public static void save(SnapshotStore store, long group, SnapshotMetadata metadata, byte[] data)
            throws StorageException, IOException {
        try (SnapshotStore.Sink sink = store.create(group, metadata)) {
            sink.data().write(data);
            sink.commit();
        }
    }
}
