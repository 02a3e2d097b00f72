package dev.coracle.sim;

import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.SnapshotMetadata;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;

/** Snapshots on a simulated disk: durable when committed, gone before. */
public final class SimSnapshotStore implements SnapshotStore {
    private record Key(long group, EntryId id) {}

    private record Stored(SnapshotMetadata metadata, byte[] data) {}

    private final ConcurrentSkipListMap<Key, Stored> stored =
            new ConcurrentSkipListMap<>(Comparator.comparingLong(Key::group)
                    .thenComparingLong((Key key) -> key.id().term())
                    .thenComparingLong(key -> key.id().index()));

    private volatile boolean full;

    /** A store without snapshots. */
    public SimSnapshotStore() {}

    /** Sets whether there is no room for another snapshot. */
    public void setFull(boolean value) {
        full = value;
    }

    /** Tells whether a snapshot is there. */
    public boolean has(long group, EntryId id) {
        return stored.containsKey(new Key(group, id));
    }

    @Override
    public Sink create(long group, SnapshotMetadata metadata) {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        return new Sink() {
            @Override
            public OutputStream data() {
                return data;
            }

            @Override
            public void commit() throws IOException {
                if (full) {
                    throw new IOException("simulated: no space left on device");
                }
                stored.put(new Key(group, metadata.id()), new Stored(metadata, data.toByteArray()));
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public Source open(long group, EntryId id) throws StorageException {
        Stored found = stored.get(new Key(group, id));
        if (found == null) {
            throw new StorageException("there is no snapshot " + id + " of group " + group);
        }
        return new Source() {
            @Override
            public SnapshotMetadata metadata() {
                return found.metadata;
            }

            @Override
            public long size() {
                return found.data.length;
            }

            @Override
            public InputStream data() {
                return new ByteArrayInputStream(found.data);
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public List<EntryId> list(long group) {
        List<EntryId> ids = new ArrayList<>();
        for (Key key : stored.descendingKeySet()) {
            if (key.group == group) {
                ids.add(key.id);
            }
        }
        return ids;
    }

    @Override
    public void purge(long group, EntryId newest, int keep) {
        int kept = 0;
        for (EntryId id : list(group)) {
            if (newest.isAtLeast(id) && ++kept > keep) {
                stored.remove(new Key(group, id));
            }
        }
    }
}
