package dev.coracle.raft;

import java.util.List;

/** What a disk holds, as a value: the log behind a snapshot, and the hard state. */
record SmallWorldDisk(HardState hardState, Snapshot snapshot, List<Entry> entries) {
    /** The disk of a first member: nothing but the members. */
    static SmallWorldDisk of(ConfState members) {
        return new SmallWorldDisk(HardState.EMPTY, snapshot(0, 0, members), List.of());
    }

    /** A log whose entries have these terms; with the same term and index they are the same. */
    SmallWorldDisk log(long... terms) {
        return new SmallWorldDisk(hardState, snapshot, TestServer.entries(snapshot.index() + 1, terms));
    }

    SmallWorldDisk state(long term, long vote, long commit) {
        return new SmallWorldDisk(new HardState(term, vote, commit), snapshot, entries);
    }

    /** The same content, with everything up to {@code index} compacted into a snapshot. */
    SmallWorldDisk compacted(int index) {
        Entry last = entries.get(index - 1);
        ConfState members = snapshot.metadata().confState();
        return new SmallWorldDisk(
                hardState, snapshot(index, last.term(), members), List.copyOf(entries.subList(index, entries.size())));
    }

    private static Snapshot snapshot(long index, long term, ConfState members) {
        return Snapshot.of(new SnapshotMetadata(index, term, members));
    }

    static SmallWorldDisk read(MemoryStorage storage) {
        Snapshot snapshot = new Snapshot(
                new SnapshotMetadata(
                        storage.firstIndex() - 1,
                        storage.term(storage.firstIndex() - 1),
                        storage.initialState().confState()),
                Bytes.EMPTY);
        try {
            List<Entry> entries = storage.lastIndex() < storage.firstIndex()
                    ? List.of()
                    : storage.entries(storage.firstIndex(), storage.lastIndex() + 1, RaftConfig.NO_LIMIT);
            return new SmallWorldDisk(storage.hardState(), snapshot, entries);
        } catch (Storage.CompactedException | Storage.UnavailableException missing) {
            throw new IllegalStateException(missing);
        }
    }

    MemoryStorage open() {
        MemoryStorage storage = new MemoryStorage();
        storage.applySnapshot(snapshot);
        storage.append(entries);
        storage.setHardState(hardState);
        return storage;
    }

    long lastIndex() {
        return snapshot.index() + entries.size();
    }

    SmallWorldLog log() {
        return new SmallWorldLog(snapshot.metadata().id(), entries);
    }
}
