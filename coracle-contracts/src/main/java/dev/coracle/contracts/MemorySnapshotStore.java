package dev.coracle.contracts;

import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.SnapshotMetadata;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Snapshots in memory. What is not committed is not there. */
public class MemorySnapshotStore implements SnapshotStore {
    private record Stored(SnapshotMetadata metadata, Bytes data) {}

    private final Map<EntryId, Stored> stored = new ConcurrentHashMap<>();

    /** Stores one. */
    public void put(SnapshotMetadata metadata, byte[] data) {
        stored.put(metadata.id(), new Stored(metadata, Bytes.of(data)));
    }

    /** The data of a committed snapshot, or null. */
    public byte @Nullable [] data(EntryId id) {
        Stored found = stored.get(id);
        return found == null ? null : found.data.array();
    }

    @Override
    public Sink create(long group, SnapshotMetadata metadata) throws StorageException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        return new Sink() {
            @Override
            public OutputStream data() {
                return bytes;
            }

            @Override
            public void commit() {
                put(metadata, bytes.toByteArray());
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public Source open(long group, EntryId id) throws StorageException {
        Stored found = stored.get(id);
        if (found == null) {
            throw new StorageException("there is no snapshot " + id);
        }
        return new Source() {
            @Override
            public SnapshotMetadata metadata() {
                return found.metadata;
            }

            @Override
            public long size() {
                return found.data.length();
            }

            @Override
            public InputStream data() {
                // As a file does: from the beginning each time.
                return read(found.data.array());
            }

            @Override
            public void close() {}
        };
    }

    /** How the data is read; a place for disturbances. */
    protected InputStream read(byte[] data) {
        return new ByteArrayInputStream(data);
    }

    @Override
    public List<EntryId> list(long group) {
        return stored.keySet().stream()
                .sorted(Comparator.comparingLong(EntryId::index).reversed())
                .toList();
    }

    @Override
    public void purge(long group, EntryId newest, int keep) {
        list(group).stream()
                .filter(id -> id.index() <= newest.index())
                .skip(keep)
                .forEach(stored::remove);
    }
}
