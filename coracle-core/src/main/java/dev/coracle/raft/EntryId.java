package dev.coracle.raft;

/** What identifies an entry: two logs with the same id at an index are equal up to it (§5.3, Log Matching). */
public record EntryId(long term, long index) {
    /** No entry. */
    static final EntryId NONE = new EntryId(0, 0);

    /** Tells whether a log ending here is at least as up to date as one ending at {@code other} (§5.4.1). */
    public boolean isAtLeast(EntryId other) {
        return term != other.term ? term > other.term : index >= other.index;
    }
}
