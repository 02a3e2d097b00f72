package dev.coracle.node;

import dev.coracle.raft.Message;
import dev.coracle.raft.SnapshotMetadata;

/** What the loop asks of the storage writer, and gets back when it is durable. */
sealed interface WriteWork {
    /** The core's write; durable before its responses leave. */
    record Append(Message.StorageAppend message) implements WriteWork {}

    /** The record of a snapshot that this node took, and whose file is durable. */
    record Record(SnapshotMetadata snapshot) implements WriteWork {}
}
