package dev.coracle.rocksdb;

import dev.coracle.contracts.LogStoreContract;
import dev.coracle.node.LogStore;
import dev.coracle.node.MemorySnapshotStore;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class RocksDbContractTest extends LogStoreContract {
    @TempDir
    private Path root;

    private final MemorySnapshotStore snapshots = new MemorySnapshotStore();

    @Override
    protected LogStore open() throws StorageException {
        return RocksDbLogStore.open(root.resolve("log"), snapshots, RocksDbLogStoreTest.SMALL);
    }

    @Override
    protected SnapshotStore snapshots() {
        return snapshots;
    }

    @Override
    protected boolean holdsSeveralGroups() {
        return true;
    }
}
