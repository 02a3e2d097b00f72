package dev.coracle;

import dev.coracle.codec.EtcdConfChangeCodec;
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
import dev.coracle.wal.WalContents;
import java.io.IOException;
import java.util.function.Consumer;

/** The members of a cluster as a log on disk knows them: those of the snapshot, and all committed changes since. */
final class StoredMembers {
    private final RawNode rules;
    private final Consumer<String> notes;
    private ConfState state;

    private StoredMembers(WalContents contents, Consumer<String> notes) {
        this.notes = notes;
        this.state = contents.snapshot().confState();
        MemoryStorage storage = new MemoryStorage();
        if (contents.snapshot().index() > 0) {
            storage.applySnapshot(new Snapshot(contents.snapshot(), Bytes.EMPTY));
        }
        // A node that is never run: it knows what a change does to a configuration.
        this.rules = new RawNode(RaftConfig.builder()
                .id(1)
                .storage(storage)
                .codec(EtcdConfChangeCodec.INSTANCE)
                .random(bound -> 0)
                .build());
    }

    static ConfState at(WalContents contents, Consumer<String> notes) throws StorageException, IOException {
        StoredMembers members = new StoredMembers(contents, notes);
        contents.entries(contents.snapshot().index() + 1, contents.hardState().commit(), members::onCommitted);
        return members.state;
    }

    private void onCommitted(Entry entry) {
        if (entry.type() == EntryType.NORMAL) {
            return;
        }
        try {
            state = rules.applyConfChange(EtcdConfChangeCodec.INSTANCE.decode(entry));
        } catch (ConfChangeCodec.MalformedException | InvalidConfChangeException e) {
            notes.accept("the configuration change at index " + entry.index() + " changes nothing: " + e.getMessage());
        }
    }
}
