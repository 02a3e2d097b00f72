package dev.coracle.raft;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A storage that answers as another one does, for tests to change one answer. */
class ForwardingStorage implements Storage {
    private final Storage storage;

    ForwardingStorage(Storage storage) {
        this.storage = storage;
    }

    @Override
    public InitialState initialState() {
        return storage.initialState();
    }

    @Override
    public List<Entry> entries(long low, long high, long maxSize) throws CompactedException, UnavailableException {
        return storage.entries(low, high, maxSize);
    }

    @Override
    public long term(long index) {
        return storage.term(index);
    }

    @Override
    public long lastIndex() {
        return storage.lastIndex();
    }

    @Override
    public long firstIndex() {
        return storage.firstIndex();
    }

    @Override
    public @Nullable Snapshot snapshot() {
        return storage.snapshot();
    }
}
