package dev.coracle.wal;

/** What a tool finds, and what its process ends with. */
public enum WalVerdict {
    /** A log that a node would start with as it is, but for a torn tail. */
    SOUND,
    /** A log that is damaged, or that could not be read, so that nothing says it is sound. */
    DAMAGED,
    /** No log. */
    NO_LOG;

    /** The status of the process. */
    public int exitStatus() {
        return ordinal();
    }
}
