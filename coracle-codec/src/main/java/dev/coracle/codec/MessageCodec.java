package dev.coracle.codec;

import dev.coracle.raft.ConfChangeCodec;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.HardState;
import dev.coracle.raft.Message;
import dev.coracle.raft.Snapshot;
import dev.coracle.raft.SnapshotMetadata;

/**
 * One dialect's bytes for everything that the core sends or stores.
 *
 * <p>Terms and indexes of 2^63 and more are refused; ids may be any 64-bit number. Fields that a type of message does
 * not carry are ignored.
 */
public interface MessageCodec {
    /**
     * Messages between nodes. Those to and from the own storage and apply threads have no bytes and are refused with an
     * {@link IllegalArgumentException}, as are types that the dialect does not know.
     */
    Codec<Message> messages();

    /** Entries of the log. */
    Codec<Entry> entries();

    /** What a server must not forget. */
    Codec<HardState> hardStates();

    /** Configurations. */
    Codec<ConfState> confStates();

    /** What snapshots cover. */
    Codec<SnapshotMetadata> snapshotMetadata();

    /** Snapshots with their data. */
    Codec<Snapshot> snapshots();

    /** Configuration changes, the data of their entries. */
    ConfChangeCodec confChanges();
}
