package dev.coracle.wal;

import dev.coracle.contracts.LogStoreContract;
import dev.coracle.node.FileDisk;
import dev.coracle.node.LogStore;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

class WalContractTest extends LogStoreContract {
    @TempDir
    private Path root;

    private LogFixture log;

    @BeforeEach
    void useRealDisk() {
        log = new LogFixture(new FileDisk(), root, LogFixture.SMALL);
    }

    @Override
    protected LogStore open() throws StorageException {
        return log.open();
    }

    @Override
    protected SnapshotStore snapshots() throws StorageException {
        return log.snapshots();
    }

    @Override
    protected boolean holdsSeveralGroups() {
        return false;
    }
}
