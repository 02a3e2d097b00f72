package dev.coracle.sim;

import dev.coracle.contracts.SnapshotStoreContract;
import dev.coracle.node.SnapshotStore;

class SimSnapshotStoreTest extends SnapshotStoreContract {
    @Override
    protected SnapshotStore open() {
        return new SimSnapshotStore();
    }
}
