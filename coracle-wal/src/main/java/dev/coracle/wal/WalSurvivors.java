package dev.coracle.wal;

import java.util.Arrays;

/**
 * Tells which entry records of a log still count, where later ones replace all from their index on. It remembers the
 * places where that happened and not the entries, so that a second pass can show the log without holding it:
 *
 * <pre>
 *   record   1  2  3  4  5  6
 *   index    5  6  7  6  7  8      4 cuts at index 6: of those before, 5 survives
 * </pre>
 */
final class WalSurvivors {
    /** The records that cut, and the indexes from which on they do. Both ascend: a deeper cut covers those before it. */
    private long[] records = new long[16];

    private long[] indexes = new long[16];
    private int size;
    private int passed;

    private long beginning;
    private long end = Long.MAX_VALUE;

    /** Notes that what stands before a record does not count from an index on. Records must come in order. */
    void cut(long record, long index) {
        while (size > 0 && Long.compareUnsigned(indexes[size - 1], index) >= 0) {
            size--;
        }
        if (size == records.length) {
            records = Arrays.copyOf(records, 2 * size);
            indexes = Arrays.copyOf(indexes, 2 * size);
        }
        records[size] = record;
        indexes[size] = index;
        size++;
    }

    /** Notes that what stands before a record, or in it, does not count: the log begins anew behind it. */
    void beginAt(long record) {
        beginning = record;
    }

    /** Notes that nothing counts from a record on. */
    void endBefore(long record) {
        end = record;
    }

    /** Begins a pass in which {@link #contains} is asked. */
    void rewind() {
        passed = 0;
    }

    /** Tells whether the entry in a record counts. Records must come in order, and no cut after the first question. */
    boolean contains(long record, long index) {
        while (passed < size && records[passed] <= record) {
            passed++;
        }
        if (record <= beginning || record >= end) {
            return false;
        }
        return passed == size || Long.compareUnsigned(index, indexes[passed]) < 0;
    }
}
