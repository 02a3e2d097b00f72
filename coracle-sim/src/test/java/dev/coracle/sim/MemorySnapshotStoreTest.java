package dev.coracle.sim;

import dev.coracle.contracts.SnapshotStoreContract;
import dev.coracle.node.MemorySnapshotStore;
import dev.coracle.node.SnapshotStore;

class MemorySnapshotStoreTest extends SnapshotStoreContract {
    @Override
    protected SnapshotStore open() {
        return new MemorySnapshotStore();
    }
}
