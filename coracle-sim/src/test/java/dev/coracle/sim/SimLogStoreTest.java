package dev.coracle.sim;

import dev.coracle.contracts.LogStoreContract;
import dev.coracle.node.LogStore;
import dev.coracle.node.SnapshotStore;
import java.util.Random;

class SimLogStoreTest extends LogStoreContract {
    private static final long SEED = 20261129;

    private final SimSnapshotStore snapshots = new SimSnapshotStore();
    private final SimLogStore store = new SimLogStore(snapshots);
    private final Random random = new Random(SEED);

    /** {@inheritDoc} Here the power goes before each opening. */
    @Override
    protected LogStore open() {
        store.crash(random);
        store.setMaxEntryBytes(1 << 20);
        return store.openLog();
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
