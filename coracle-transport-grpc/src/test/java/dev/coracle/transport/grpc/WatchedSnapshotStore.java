package dev.coracle.transport.grpc;

import dev.coracle.contracts.MemorySnapshotStore;
import dev.coracle.contracts.RecordingInbound;
import dev.coracle.node.StorageException;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.SnapshotMetadata;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** Tells what is done with a store of snapshots. */
final class WatchedSnapshotStore extends MemorySnapshotStore {
    final AtomicInteger created = new AtomicInteger();
    final AtomicInteger opened = new AtomicInteger();

    /** How many bytes each write brought. */
    final BlockingQueue<Integer> writes = new LinkedBlockingQueue<>();

    /** What was dropped before it was committed. */
    final BlockingQueue<EntryId> dropped = new LinkedBlockingQueue<>();

    @Override
    public Source open(long group, EntryId id) throws StorageException {
        opened.incrementAndGet();
        return super.open(group, id);
    }

    @Override
    public Sink create(long group, SnapshotMetadata metadata) throws StorageException {
        created.incrementAndGet();
        Sink sink = super.create(group, metadata);
        OutputStream data = new FilterOutputStream(sink.data()) {
            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                out.write(bytes, offset, length);
                writes.add(length);
            }
        };
        return new Sink() {
            private boolean committed;

            @Override
            public OutputStream data() {
                return data;
            }

            @Override
            public void commit() throws StorageException, IOException {
                sink.commit();
                committed = true;
            }

            @Override
            public void close() {
                sink.close();
                if (!committed) {
                    dropped.add(metadata.id());
                }
            }
        };
    }

    /** Waits until so many bytes were written. */
    void awaitWritten(long bytes) throws InterruptedException {
        long written = 0;
        while (written < bytes) {
            written += RecordingInbound.next(writes);
        }
    }
}
