package dev.coracle;

import dev.coracle.node.LogStore;
import dev.coracle.node.MemoryLogStore;
import dev.coracle.node.MemorySnapshotStore;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.wal.FileSnapshotStore;
import dev.coracle.wal.WalLogStore;
import dev.coracle.wal.WalOptions;

/** What a member keeps its snapshots in, and its log, which is opened when it is certain that it may run. */
record Stores(SnapshotStore snapshots, LogOpening log) {
    /** Opens the log. Called once. */
    interface LogOpening {
        LogStore open() throws StorageException;
    }

    private static final long GROUP = 0;

    /** A log in memory holds so many times what a node keeps of it. */
    private static final int MEMORY_PARTS = 4;

    /** What may be under way at once, which comes to what is kept. */
    private static final long UNDER_WAY_BYTES = 64 << 20;

    private static final long MOST_BYTES = 1L << 50;

    static Stores open(Settings<?, ?, ?> settings, World world, DataDirectory directory) throws StorageException {
        if (settings.inMemory) {
            MemorySnapshotStore snapshots = new MemorySnapshotStore();
            long bytes = MEMORY_PARTS * (Math.min(settings.snapshotBytes, MOST_BYTES) + UNDER_WAY_BYTES);
            return new Stores(snapshots, () -> new MemoryLogStore(snapshots, bytes));
        }
        FileSnapshotStore snapshots = FileSnapshotStore.open(world.disk(), directory.snapshots(), GROUP);
        LogStoreFactory factory = settings.logStore;
        if (factory == null) {
            WalOptions options = WalOptions.DEFAULTS
                    .withSegmentBytes(settings.segmentBytes)
                    .withObserver(settings.storageObserver, world.clock());
            return new Stores(snapshots, () -> WalLogStore.open(world.disk(), directory.log(), snapshots, options));
        }
        return new Stores(snapshots, () -> {
            LogStore log = factory.open(directory.log(), snapshots);
            snapshots.deleteTemporaries();
            return log;
        });
    }
}
