package dev.coracle.sim;

import dev.coracle.node.Agent;
import dev.coracle.node.LogStore;
import dev.coracle.node.MemoryLogStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Entry;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A log on a simulated disk. A crash keeps what was synced, and of the records since then as many as chance will have,
 * from the first one on. It may come in the middle of a write.
 */
public final class SimLogStore implements LogStore, SimStorage {
    /** One record of the log; exactly one of the three is there. */
    private record Record(
            long group,
            @Nullable Entry entry,
            @Nullable HardState hardState,
            @Nullable SnapshotMetadata snapshot) {}

    /** What of a group's durable records decides whether a hard state may wait. */
    private static final class Durable {
        private HardState hardState = HardState.EMPTY;
        private long newestSnapshot;
    }

    private final SimSnapshotStore snapshotStore;
    private final MemoryLogStore durable;
    private final TreeMap<Long, Durable> groups = new TreeMap<>();
    private final List<Record> unsynced = new ArrayList<>();
    private volatile boolean space = true;
    private int maxEntryBytes;
    private volatile boolean broken;
    private int operationsToCrash = NEVER;
    private boolean lostPower;
    private final AtomicLong syncs = new AtomicLong();

    /** An empty log beside a snapshot store. */
    public SimLogStore(SimSnapshotStore snapshotStore) {
        this.snapshotStore = snapshotStore;
        this.durable = new MemoryLogStore(snapshotStore.durable(), Long.MAX_VALUE);
        this.maxEntryBytes = durable.maxEntryBytes();
    }

    @Override
    public LogStore openLog() {
        return this;
    }

    @Override
    public SimSnapshotStore snapshots() {
        return snapshotStore;
    }

    /** {@inheritDoc} An operation is the append of a record, or a sync. */
    @Override
    public void crashAfter(int operations) {
        operationsToCrash = operations;
    }

    @Override
    public boolean hasLostPower() {
        return lostPower;
    }

    @Override
    public synchronized void crash(Random random) {
        int kept = random.nextInt(unsynced.size() + 1);
        for (Record record : unsynced.subList(0, kept)) {
            makeDurable(record);
        }
        unsynced.clear();
        operationsToCrash = NEVER;
        lostPower = false;
    }

    /** Makes every write and sync fail from now on. */
    public void breakDown() {
        broken = true;
    }

    /** Sets how long an entry may be. */
    public void setMaxEntryBytes(int value) {
        maxEntryBytes = value;
    }

    /** Sets whether there is room for more proposals. */
    public void setSpace(boolean value) {
        space = value;
    }

    @Override
    public Recovered recover(long group) {
        return durable.recover(group);
    }

    @Override
    public List<Entry> read(long group, long low, long high, long maxSize) throws StorageException {
        if (broken) {
            throw new StorageException("simulated: the disk fails; replace it");
        }
        return durable.read(group, low, high, maxSize);
    }

    @Override
    public long lowestWithin(long group, long low, long high, long bytes) {
        return durable.lowestWithin(group, low, high, bytes);
    }

    @Override
    public synchronized void append(long group, HardState hardState, List<Entry> entries) throws StorageException {
        for (Entry entry : entries) {
            LogStore.requireLength(entry, maxEntryBytes);
        }
        for (Entry entry : entries) {
            operate();
            unsynced.add(new Record(group, entry, null, null));
        }
        if (!hardState.isEmpty()) {
            operate();
            unsynced.add(new Record(group, null, hardState, null));
        }
    }

    @Override
    public synchronized void appendSnapshot(long group, SnapshotMetadata snapshot) throws StorageException {
        operate();
        unsynced.add(new Record(group, null, null, snapshot));
    }

    @Override
    public synchronized void sync() throws StorageException {
        operate();
        if (unsynced.stream().allMatch(this::mayWait)) {
            return;
        }
        for (Record record : unsynced) {
            makeDurable(record);
        }
        unsynced.clear();
        syncs.incrementAndGet();
    }

    /** Tells whether only a commit is new in it, and no snapshot waits to be committed. */
    private boolean mayWait(Record record) {
        HardState next = record.hardState;
        Durable last = group(record.group);
        return next != null
                && next.term() == last.hardState.term()
                && next.vote() == last.hardState.vote()
                && last.newestSnapshot <= last.hardState.commit();
    }

    private void makeDurable(Record record) {
        Durable group = group(record.group);
        if (record.entry != null) {
            durable.append(record.group, HardState.EMPTY, List.of(record.entry));
        } else if (record.hardState != null) {
            durable.append(record.group, record.hardState, List.of());
            group.hardState = record.hardState;
        } else if (record.snapshot != null) {
            durable.appendSnapshot(record.group, record.snapshot);
            group.newestSnapshot = Math.max(group.newestSnapshot, record.snapshot.index());
        }
    }

    private Durable group(long group) {
        return groups.computeIfAbsent(group, absent -> new Durable());
    }

    private void operate() throws StorageException {
        if (broken) {
            throw new StorageException("simulated: the disk fails; replace it");
        }
        if (operationsToCrash >= 0 && operationsToCrash-- == 0) {
            lostPower = true;
        }
        if (lostPower) {
            throw new StorageException("simulated: the power is off");
        }
    }

    @Override
    public int maxEntryBytes() {
        return maxEntryBytes;
    }

    @Override
    public void release(long group, long index) {
        durable.release(group, index);
    }

    @Override
    public boolean hasSpace() {
        return space;
    }

    @Override
    public long syncs() {
        return syncs.get();
    }

    @Override
    public Agent housekeeping() {
        return durable.housekeeping();
    }

    @Override
    public void close() {}
}
