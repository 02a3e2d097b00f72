package dev.coracle.rocksdb;

import java.nio.ByteBuffer;

/**
 * The keys, whose order is that of their bytes: a byte for the kind, then numbers of eight bytes, big-endian.
 *
 * <pre>
 *   0                          the format
 *   1 group                    the hard state
 *   2 group history            what the history begins behind: term and index
 *   3 group index              the metadata of a snapshot
 *   4 group history index      an entry
 * </pre>
 *
 * A group has one history of entries, and a second one while a received snapshot waits to be committed.
 */
final class Keys {
    static final byte[] FORMAT = {0};

    /** Behind any index: those are below 2^63, and the keys are in the order of unsigned numbers. */
    static final long BEHIND_INDEXES = Long.MIN_VALUE;

    private static final byte STATE = 1;
    private static final byte HISTORY = 2;
    private static final byte SNAPSHOT = 3;
    private static final byte ENTRY = 4;

    private Keys() {}

    static byte[] state(long group) {
        return key(STATE, group);
    }

    static byte[] history(long group, long history) {
        return key(HISTORY, group, history);
    }

    static byte[] snapshot(long group, long index) {
        return key(SNAPSHOT, group, index);
    }

    static byte[] entry(long group, long history, long index) {
        return key(ENTRY, group, history, index);
    }

    /** Before the histories of all groups. */
    static byte[] firstHistory() {
        return new byte[] {HISTORY};
    }

    /** Behind the histories of all groups. */
    static byte[] behindHistories() {
        return new byte[] {HISTORY + 1};
    }

    /** The n-th number of a key. */
    static long number(byte[] key, int n) {
        return ByteBuffer.wrap(key).getLong(1 + n * Long.BYTES);
    }

    private static byte[] key(byte kind, long... numbers) {
        ByteBuffer key = ByteBuffer.allocate(1 + numbers.length * Long.BYTES).put(kind);
        for (long number : numbers) {
            key.putLong(number);
        }
        return key.array();
    }
}
