package dev.coracle.node;

import dev.coracle.raft.EntryId;
import dev.coracle.raft.SnapshotMetadata;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * Snapshots in memory, of any number of groups: gone with the object. It holds each committed snapshot once, until it is
 * purged and nobody reads it any more; a state machine that fits into memory has snapshots that do, several times.
 */
public final class MemorySnapshotStore implements SnapshotStore {
    private static final int CHUNK_BYTES = 64 << 10;

    private record Key(long group, EntryId id) {}

    private record Stored(SnapshotMetadata metadata, List<byte[]> chunks, long size) {}

    private final ConcurrentSkipListMap<Key, Stored> stored =
            new ConcurrentSkipListMap<>(Comparator.comparingLong(Key::group)
                    .thenComparingLong((Key key) -> key.id().term())
                    .thenComparingLong(key -> key.id().index()));

    /** A store without snapshots. */
    public MemorySnapshotStore() {}

    /** Tells whether a snapshot is there. */
    public boolean has(long group, EntryId id) {
        return stored.containsKey(new Key(group, id));
    }

    @Override
    public Sink create(long group, SnapshotMetadata metadata) {
        Chunks data = new Chunks();
        return new Sink() {
            @Override
            public OutputStream data() {
                return data;
            }

            @Override
            public void commit() {
                stored.put(new Key(group, metadata.id()), data.store(metadata));
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public Source open(long group, EntryId id) throws StorageException {
        Stored found = stored.get(new Key(group, id));
        if (found == null) {
            throw new StorageException("there is no snapshot " + id + " of group " + group
                    + " in memory; let this node join again with an empty log");
        }
        return new Source() {
            @Override
            public SnapshotMetadata metadata() {
                return found.metadata;
            }

            @Override
            public long size() {
                return found.size;
            }

            @Override
            public InputStream data() {
                return new SequenceInputStream(Collections.enumeration(
                        found.chunks.stream().map(ByteArrayInputStream::new).toList()));
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

    /** What is written, in pieces that are never copied. */
    private static final class Chunks extends OutputStream {
        private final List<byte[]> full = new ArrayList<>();
        private byte[] last = new byte[CHUNK_BYTES];
        private int used;

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            for (int done = 0; done < length; ) {
                if (used == CHUNK_BYTES) {
                    full.add(last);
                    last = new byte[CHUNK_BYTES];
                    used = 0;
                }
                int part = Math.min(length - done, CHUNK_BYTES - used);
                System.arraycopy(bytes, offset + done, last, used, part);
                used += part;
                done += part;
            }
        }

        Stored store(SnapshotMetadata metadata) {
            List<byte[]> chunks = new ArrayList<>(full);
            chunks.add(Arrays.copyOf(last, used));
            return new Stored(metadata, chunks, (long) full.size() * CHUNK_BYTES + used);
        }
    }
}
