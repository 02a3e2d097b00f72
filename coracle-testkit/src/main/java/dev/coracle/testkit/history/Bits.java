package dev.coracle.testkit.history;

import java.util.Arrays;

/** Sets of small numbers as words of bits; a number behind the last word is not in the set. */
final class Bits {
    private Bits() {}

    static boolean get(long[] words, int bit) {
        return bit >> 6 < words.length && (words[bit >> 6] & 1L << bit) != 0;
    }

    /** Adds to {@code words}, or to a longer copy. */
    static long[] set(long[] words, int bit) {
        long[] room = bit >> 6 < words.length ? words : Arrays.copyOf(words, (bit >> 6) + 1);
        room[bit >> 6] |= 1L << bit;
        return room;
    }

    /** A copy from the word {@code from} on, without zeros at the end. */
    static long[] trimmed(long[] words, int from) {
        int end = words.length;
        while (end > from && words[end - 1] == 0) {
            end--;
        }
        return Arrays.copyOfRange(words, from, Math.max(from, end));
    }

    /** Whether all of {@code part} is in {@code whole}. */
    static boolean contains(long[] whole, long[] part) {
        for (int word = 0; word < part.length; word++) {
            if ((part[word] & ~(word < whole.length ? whole[word] : 0)) != 0) {
                return false;
            }
        }
        return true;
    }
}
