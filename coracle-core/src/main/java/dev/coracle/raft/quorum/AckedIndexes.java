package dev.coracle.raft.quorum;

/** Up to which index each voter has acknowledged. */
@FunctionalInterface
public interface AckedIndexes {
    /** The highest index that {@code id} has acknowledged; 0 if none. */
    long ackedIndex(long id);

    /** Tells whether anything has been heard from {@code id}. Matters to descriptions only. */
    default boolean isKnown(long id) {
        return true;
    }
}
