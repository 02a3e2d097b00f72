package dev.coracle.wal;

import dev.coracle.contracts.SnapshotStoreContract;
import dev.coracle.node.FileDisk;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class FileSnapshotContractTest extends SnapshotStoreContract {
    @TempDir
    private Path root;

    @Override
    protected SnapshotStore open() throws StorageException {
        return FileSnapshotStore.open(new FileDisk(), root, GROUP);
    }
}
