package dev.coracle.raft;

/** A map from pairs of numbers to numbers, none of them negative. */
final class SmallWorldNumbers {
    static final int NONE = -1;

    private long[] keys = new long[1 << 12];
    private int[] values = new int[1 << 12];
    private int size;

    int get(int first, int second) {
        long key = key(first, second);
        for (int slot = slot(keys, key); keys[slot] != 0; slot = slot + 1 & keys.length - 1) {
            if (keys[slot] == key) {
                return values[slot];
            }
        }
        return NONE;
    }

    /** Adds a pair that is not there. */
    void put(int first, int second, int value) {
        if (2 * size >= keys.length) {
            grow();
        }
        put(keys, values, key(first, second), value);
        size++;
    }

    /** Never 0, which marks an empty slot. */
    private static long key(int first, int second) {
        return (long) first << 32 | second + 1;
    }

    private static int slot(long[] keys, long key) {
        return (int) SmallWorldDigest.mix(key) & keys.length - 1;
    }

    private static void put(long[] keys, int[] values, long key, int value) {
        int slot = slot(keys, key);
        while (keys[slot] != 0) {
            slot = slot + 1 & keys.length - 1;
        }
        keys[slot] = key;
        values[slot] = value;
    }

    private void grow() {
        long[] moreKeys = new long[2 * keys.length];
        int[] moreValues = new int[2 * keys.length];
        for (int i = 0; i < keys.length; i++) {
            if (keys[i] != 0) {
                put(moreKeys, moreValues, keys[i], values[i]);
            }
        }
        keys = moreKeys;
        values = moreValues;
    }
}
