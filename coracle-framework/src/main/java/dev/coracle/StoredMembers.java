package dev.coracle;

import dev.coracle.node.StorageException;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeCodec;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.InvalidConfChangeException;
import dev.coracle.raft.MemoryStorage;
import dev.coracle.raft.RaftConfig;
import dev.coracle.raft.RawNode;
import dev.coracle.raft.Snapshot;
import dev.coracle.raft.SnapshotMetadata;
import dev.coracle.wal.WalContents;
import java.io.IOException;
import java.util.function.Consumer;

/** The members of a cluster as a log on disk knows them: those of the snapshot, and all committed changes since. */
final class StoredMembers {
    private final RawNode rules;
    private final Consumer<String> notes;
    private final ConfChangeCodec codec;
    private ConfState state;

    private StoredMembers(WalContents contents, ConfState initial, ConfChangeCodec codec, Consumer<String> notes) {
        this.notes = notes;
        this.codec = codec;
        boolean hasSnapshot = contents.snapshot().index() > 0;
        this.state = hasSnapshot ? contents.snapshot().confState() : initial;
        MemoryStorage storage = new MemoryStorage();
        if (hasSnapshot) {
            storage.applySnapshot(new Snapshot(contents.snapshot(), Bytes.EMPTY));
        } else if (!initial.equals(ConfState.EMPTY)) {
            storage.applySnapshot(new Snapshot(new SnapshotMetadata(0, 0, initial), Bytes.EMPTY));
        }
        // A node that is never run: it knows what a change does to a configuration.
        this.rules = new RawNode(RaftConfig.builder()
                .id(1)
                .storage(storage)
                .codec(codec)
                .random(bound -> 0)
                .build());
    }

    /**
     * The members at the end of what is committed.
     *
     * @param initial the configuration before the first entry, which no entry says
     * @param codec how changes are written
     */
    static ConfState at(WalContents contents, ConfState initial, ConfChangeCodec codec, Consumer<String> notes)
            throws StorageException, IOException {
        StoredMembers members = new StoredMembers(contents, initial, codec, notes);
        contents.entries(contents.snapshot().index() + 1, contents.hardState().commit(), members::onCommitted);
        return members.state;
    }

    private void onCommitted(Entry entry) {
        if (entry.type() == EntryType.NORMAL) {
            return;
        }
        try {
            state = rules.applyConfChange(codec.decode(entry));
        } catch (ConfChangeCodec.MalformedException | InvalidConfChangeException e) {
            notes.accept("the configuration change at index " + entry.index() + " changes nothing: " + e.getMessage());
        }
    }
}
