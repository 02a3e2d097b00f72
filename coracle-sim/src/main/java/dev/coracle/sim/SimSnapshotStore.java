package dev.coracle.sim;

import dev.coracle.node.MemorySnapshotStore;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;

/** Snapshots on a simulated disk: durable when committed, gone before. */
public final class SimSnapshotStore implements SnapshotStore {
    private final MemorySnapshotStore durable = new MemorySnapshotStore();

    private volatile boolean full;

    /** A store without snapshots. */
    public SimSnapshotStore() {}

    /** Sets whether there is no room for another snapshot. */
    public void setFull(boolean value) {
        full = value;
    }

    MemorySnapshotStore durable() {
        return durable;
    }

    @Override
    public Sink create(long group, SnapshotMetadata metadata) {
        Sink sink = durable.create(group, metadata);
        return new Sink() {
            @Override
            public OutputStream data() {
                return sink.data();
            }

            @Override
            public void commit() throws StorageException, IOException {
                if (full) {
                    throw new IOException("simulated: no space left on device");
                }
                sink.commit();
            }

            @Override
            public void close() {
                sink.close();
            }
        };
    }

    @Override
    public Source open(long group, EntryId id) throws StorageException {
        return durable.open(group, id);
    }

    @Override
    public List<EntryId> list(long group) {
        return durable.list(group);
    }

    @Override
    public void purge(long group, EntryId newest, int keep) {
        durable.purge(group, newest, keep);
    }
}
