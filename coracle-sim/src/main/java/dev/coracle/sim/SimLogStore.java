package dev.coracle.sim;

import dev.coracle.node.Agent;
import dev.coracle.node.LogStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryId;
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

    /**
     * What is durable of a group.
     *
     * <p>A snapshot record that does not continue the log is a leader's, which replaces it: what lies behind its index
     * belongs to another history. But it does so only once it counts, that is when its index is known as committed; until
     * then a crash may bring the log before it back.
     */
    private static final class Image {
        private final TreeMap<Long, Entry> entries = new TreeMap<>();
        private final TreeMap<Long, SnapshotMetadata> snapshots = new TreeMap<>();
        private HardState hardState = HardState.EMPTY;

        /** The snapshot record that replaced the log, if nothing was written behind it yet; else 0. */
        private long replacedAt;

        private void take(Record record) {
            if (record.entry != null) {
                entries.tailMap(record.entry.index(), true).clear();
                entries.put(record.entry.index(), record.entry);
                replacedAt = 0;
            } else if (record.hardState != null) {
                hardState = record.hardState;
            } else if (record.snapshot != null) {
                Entry last = entries.get(record.snapshot.index());
                if (last == null || last.term() != record.snapshot.term()) {
                    replacedAt = record.snapshot.index();
                }
                snapshots.put(record.snapshot.index(), record.snapshot);
            }
        }

        private List<Entry> entriesBehind(SnapshotMetadata snapshot) {
            return snapshot.index() != 0 && snapshot.index() == replacedAt
                    ? List.of()
                    : List.copyOf(entries.tailMap(snapshot.index(), false).values());
        }
    }

    private final SimSnapshotStore snapshotStore;
    private final TreeMap<Long, Image> durable = new TreeMap<>();
    private final List<Record> unsynced = new ArrayList<>();
    private volatile boolean space = true;
    private int maxEntryBytes = Integer.MAX_VALUE;
    private volatile boolean broken;
    private int operationsToCrash = NEVER;
    private boolean lostPower;
    private final AtomicLong syncs = new AtomicLong();

    /** An empty log beside a snapshot store. */
    public SimLogStore(SimSnapshotStore snapshotStore) {
        this.snapshotStore = snapshotStore;
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
            image(record.group).take(record);
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
    public synchronized Recovered recover(long group) {
        Image image = image(group);
        SnapshotMetadata newest = SnapshotMetadata.EMPTY;
        for (SnapshotMetadata snapshot : image.snapshots.values()) {
            if (snapshot.index() <= image.hardState.commit() && snapshotStore.has(group, snapshot.id())) {
                newest = snapshot;
            }
        }
        List<EntryId> terms = new ArrayList<>(List.of(newest.id()));
        long lastIndex = newest.index();
        for (Entry entry : image.entriesBehind(newest)) {
            lastIndex = entry.index();
            if (entry.term() != terms.get(terms.size() - 1).term()) {
                terms.add(entry.id());
            }
        }
        // What is not behind the snapshot would come to light again when it is read.
        image.entries.tailMap(lastIndex, false).clear();
        return new Recovered(image.hardState, newest, terms, lastIndex);
    }

    @Override
    public synchronized List<Entry> read(long group, long low, long high, long maxSize) throws StorageException {
        if (broken) {
            throw new StorageException("simulated: the disk fails; replace it");
        }
        List<Entry> read = new ArrayList<>();
        long size = 0;
        for (Entry entry : image(group).entries.subMap(low, high).values()) {
            size += entry.encodedSize();
            if (!read.isEmpty() && size > maxSize) {
                break;
            }
            read.add(entry);
        }
        return read;
    }

    @Override
    public synchronized long lowestWithin(long group, long low, long high, long bytes) {
        long lowest = high;
        long size = 0;
        for (Entry entry : image(group)
                .entries
                .subMap(low, true, high, false)
                .descendingMap()
                .values()) {
            size += entry.encodedSize();
            if (size > bytes) {
                break;
            }
            lowest = entry.index();
        }
        return lowest;
    }

    @Override
    public synchronized void append(long group, HardState hardState, List<Entry> entries) throws StorageException {
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
            image(record.group).take(record);
        }
        unsynced.clear();
        syncs.incrementAndGet();
    }

    /** Tells whether only a commit is new in it, and commits no snapshot. */
    private boolean mayWait(Record record) {
        HardState next = record.hardState;
        HardState last = image(record.group).hardState;
        return next != null
                && next.term() == last.term()
                && next.vote() == last.vote()
                && image(record.group)
                        .snapshots
                        .subMap(last.commit(), false, next.commit(), true)
                        .isEmpty();
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
    public synchronized void release(long group, long index) {
        image(group).entries.headMap(index, false).clear();
        image(group).snapshots.headMap(index, false).clear();
    }

    /** The id of the last durable entry, or 0/0. */
    public synchronized EntryId lastDurable(long group) {
        var last = image(group).entries.lastEntry();
        return last == null ? new EntryId(0, 0) : last.getValue().id();
    }

    private Image image(long group) {
        return durable.computeIfAbsent(group, absent -> new Image());
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
        return new Agent() {
            @Override
            public int doWork(long nowNanos) {
                return 0;
            }

            @Override
            public String name() {
                return "housekeeping";
            }

            @Override
            public void onWork(Runnable wakeUp) {}
        };
    }

    @Override
    public void close() {}
}
