package dev.coracle.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.contracts.LogModel;
import dev.coracle.contracts.Recovered;
import dev.coracle.node.Agent;
import dev.coracle.node.LogStore;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Entry;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import dev.coracle.sim.SimDisk;
import dev.coracle.sim.SimStorage;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** A real log and real snapshots on a simulated disk, and a model of what the log must remember. */
final class SimDiskStorage implements SimStorage {
    private final SimDisk disk = new SimDisk();
    private final WalOptions options;
    private final LogModel model = new LogModel();
    private @Nullable FileSnapshotStore snapshots;
    private boolean lostPower;
    private int tornTails;

    SimDiskStorage(WalOptions options) {
        this.options = options;
    }

    @Override
    public LogStore openLog() throws StorageException {
        LogFixture files = new LogFixture(disk.process(), Path.of("/data"), options);
        FileSnapshotStore beside = files.snapshots();
        WalLogStore log = WalLogStore.open(files.disk, files.wal, beside, options);
        tornTails += log.tornTail().isPresent() ? 1 : 0;
        snapshots = beside;
        return new Remembering(log);
    }

    @Override
    public SnapshotStore snapshots() {
        return Objects.requireNonNull(snapshots);
    }

    @Override
    public void crashAfter(int operations) {
        if (operations == NEVER) {
            disk.clearFault();
            return;
        }
        SimDisk.Fault dying = SimDisk.dyingAt(operations + 1);
        disk.setFault((operation, path) -> {
            try {
                dying.before(operation, path);
            } catch (SimDisk.PowerOffException e) {
                lostPower = true;
                throw e;
            }
        });
    }

    @Override
    public boolean hasLostPower() {
        return lostPower;
    }

    /** {@inheritDoc} Or the process alone dies, and the system keeps what it was given. */
    @Override
    public void crash(Random random) {
        if (!lostPower && random.nextInt(4) == 0) {
            disk.kill();
        } else {
            disk.crash(random::nextInt);
        }
        disk.clearFault();
        lostPower = false;
    }

    /** Limits the bytes of all files together. */
    void setCapacity(long bytes) {
        disk.setCapacity(bytes);
    }

    /** Leaves nothing free. */
    void fill() {
        disk.setCapacity(disk.usedBytes());
    }

    /** How often opening cut something off. */
    int tornTails() {
        return tornTails;
    }

    private void check(WalLogStore log, long group, LogStore.Recovered found) {
        try {
            model.recover(Recovered.read(log, group, found));
        } catch (StorageException unreadable) {
            // The power may fail here, too; the node will notice at its next write.
            assertThat(hasLostPower()).as(unreadable.getMessage()).isTrue();
        }
    }

    /** The log, which tells the model what it is given, and asks it about what is found. */
    private final class Remembering implements LogStore {
        private final WalLogStore log;

        Remembering(WalLogStore log) {
            this.log = log;
        }

        @Override
        public LogStore.Recovered recover(long group) {
            LogStore.Recovered found = log.recover(group);
            check(log, group, found);
            return found;
        }

        @Override
        public List<Entry> read(long group, long low, long high, long maxSize) throws StorageException {
            return log.read(group, low, high, maxSize);
        }

        @Override
        public long lowestWithin(long group, long low, long high, long bytes) {
            return log.lowestWithin(group, low, high, bytes);
        }

        @Override
        public boolean makeRoom(long group, long bytes) throws StorageException {
            return log.makeRoom(group, bytes);
        }

        @Override
        public void append(long group, HardState hardState, List<Entry> entries) throws StorageException {
            model.append(hardState, entries);
            log.append(group, hardState, entries);
        }

        @Override
        public void appendSnapshot(long group, SnapshotMetadata snapshot) throws StorageException {
            model.appendSnapshot(snapshot);
            log.appendSnapshot(group, snapshot);
        }

        @Override
        public void sync() throws StorageException {
            log.sync();
            model.sync();
        }

        @Override
        public int maxEntryBytes() {
            return log.maxEntryBytes();
        }

        @Override
        public void release(long group, long index) throws StorageException {
            log.release(group, index);
        }

        @Override
        public boolean hasSpace() {
            return log.hasSpace();
        }

        @Override
        public long syncs() {
            return log.syncs();
        }

        @Override
        public Agent housekeeping() {
            return log.housekeeping();
        }

        @Override
        public void close() throws StorageException {
            log.close();
        }
    }
}
