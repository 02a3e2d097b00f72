package dev.coracle.raft;

/** What a snapshot covers: everything up to {@code index}, whose entry had {@code term}, under {@code confState}. */
public record SnapshotMetadata(long index, long term, ConfState confState) {
    /** No snapshot. */
    public static final SnapshotMetadata EMPTY = new SnapshotMetadata(0, 0, ConfState.EMPTY);

    /** The last entry that the snapshot covers. */
    public EntryId id() {
        return new EntryId(term, index);
    }
}
