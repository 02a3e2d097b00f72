package dev.coracle.node;

import dev.coracle.raft.Message;
import dev.coracle.raft.SnapshotMetadata;
import java.util.List;

/** What the loop asks of the storage writer, and gets back when it is durable. */
sealed interface WriteWork {
    /** The core's write; durable before its responses leave, and the requests for votes that it is the candidate's own. */
    record Append(Message.StorageAppend message, List<Message> ballots) implements WriteWork {}

    /** The record of a snapshot that this node took, and whose file is durable. */
    record Record(SnapshotMetadata snapshot) implements WriteWork {}
}
