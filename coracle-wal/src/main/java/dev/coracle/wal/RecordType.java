package dev.coracle.wal;

import org.jspecify.annotations.Nullable;

/** What a record of the log holds. */
public enum RecordType {
    /** Bytes given when the log was created, repeated at the head of each segment. */
    METADATA(1),
    /** An entry of the Raft log. */
    ENTRY(2),
    /** A hard state. */
    STATE(3),
    /** The head of a segment: the checksum of all data in the segments before. */
    CHECKSUM(4),
    /** What a durable snapshot covers. */
    SNAPSHOT(5);

    private static final RecordType[] VALUES = values();

    private final int number;

    RecordType(int number) {
        this.number = number;
    }

    /** The number on disk. */
    int number() {
        return number;
    }

    /** The type with that number on disk, or null. */
    static @Nullable RecordType of(long number) {
        return number < 1 || number > VALUES.length ? null : VALUES[(int) number - 1];
    }
}
