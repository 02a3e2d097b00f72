package dev.coracle.wal;

import org.jspecify.annotations.Nullable;

/** What a record of the log holds. The numbers on disk are the ordinals plus one. */
public enum RecordType {
    /** Bytes given when the log was created, repeated at the head of each segment. */
    METADATA,
    /** An entry of the Raft log. */
    ENTRY,
    /** A hard state. */
    STATE,
    /** The head of a segment: the checksum of all data in the segments before. */
    CHECKSUM,
    /** What a durable snapshot covers. */
    SNAPSHOT;

    private static final RecordType[] VALUES = values();

    /** The number on disk. */
    int number() {
        return ordinal() + 1;
    }

    /** The type with that number on disk, or null. */
    static @Nullable RecordType of(long number) {
        return number < 1 || number > VALUES.length ? null : VALUES[(int) number - 1];
    }
}
