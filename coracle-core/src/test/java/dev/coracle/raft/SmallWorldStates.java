package dev.coracle.raft;

import java.util.Arrays;

/**
 * The states that were met, by their 128 bits, in a table with open addressing; and how each was met first. They are
 * numbered in the order in which they are added.
 */
final class SmallWorldStates {
    /** Two words a slot; both 0 in an empty one. */
    private long[] table = new long[1 << 14];

    private int[] parents = new int[1 << 12];
    private int[] steps = new int[1 << 12];
    private int size;

    int size() {
        return size;
    }

    /** Adds a state unless it is there, with the number of the state before it and the step between the two. */
    boolean add(long low, long high, int parent, int step) {
        if (size >= table.length / 2 / 3 * 2) {
            grow();
        }
        // All zeros stand for an empty slot.
        long first = low == 0 && high == 0 ? 1 : low;
        if (!put(table, first, high)) {
            return false;
        }
        if (size == parents.length) {
            int longer = size + (size >> 1);
            parents = Arrays.copyOf(parents, longer);
            steps = Arrays.copyOf(steps, longer);
        }
        parents[size] = parent;
        steps[size] = step;
        size++;
        return true;
    }

    int parent(int state) {
        return parents[state];
    }

    int step(int state) {
        return steps[state];
    }

    private static boolean put(long[] table, long low, long high) {
        int mask = table.length / 2 - 1;
        int slot = (int) low & mask;
        while (table[2 * slot] != 0 || table[2 * slot + 1] != 0) {
            if (table[2 * slot] == low && table[2 * slot + 1] == high) {
                return false;
            }
            slot = (slot + 1) & mask;
        }
        table[2 * slot] = low;
        table[2 * slot + 1] = high;
        return true;
    }

    private void grow() {
        long[] larger = new long[2 * table.length];
        for (int i = 0; i < table.length; i += 2) {
            if (table[i] != 0 || table[i + 1] != 0) {
                put(larger, table[i], table[i + 1]);
            }
        }
        table = larger;
    }
}
