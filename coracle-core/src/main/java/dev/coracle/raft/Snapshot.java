package dev.coracle.raft;

/**
 * A snapshot as the core sees it (§7). The data may be empty: the node of this project streams it beside the core and
 * finds it by the metadata.
 */
public record Snapshot(SnapshotMetadata metadata, Bytes data) {
    /** No snapshot. */
    public static final Snapshot EMPTY = new Snapshot(SnapshotMetadata.EMPTY, Bytes.EMPTY);

    /** A snapshot whose data is kept elsewhere. */
    public static Snapshot of(SnapshotMetadata metadata) {
        return new Snapshot(metadata, Bytes.EMPTY);
    }

    /** Tells whether this is no snapshot. */
    public boolean isEmpty() {
        return metadata.index() == 0;
    }

    /** The last index it covers. */
    public long index() {
        return metadata.index();
    }

    /** The term of the entry at that index. */
    public long term() {
        return metadata.term();
    }
}
