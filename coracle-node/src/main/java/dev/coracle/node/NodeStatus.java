package dev.coracle.node;

import dev.coracle.raft.SnapshotMetadata;
import dev.coracle.raft.Status;

/**
 * What a node knows about itself, at one moment.
 *
 * @param raft what the core says
 * @param firstIndex the first entry that can still be sent to others without a snapshot
 * @param lastIndex the last entry that is durable here
 * @param snapshot the newest snapshot, or {@link SnapshotMetadata#EMPTY}
 * @param snapshotting whether a snapshot is under way
 * @param openRequestBytes what the requests under way count against {@link NodeConfig.Builder#maxPendingBytes}
 * @param outstandingWrites the writes handed to the storage thread and not yet back
 * @param syncs the number of syncs of the log since it was opened
 */
public record NodeStatus(
        Status raft,
        long firstIndex,
        long lastIndex,
        SnapshotMetadata snapshot,
        boolean snapshotting,
        long openRequestBytes,
        int outstandingWrites,
        long syncs) {}
