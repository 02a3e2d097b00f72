package dev.coracle.testkit;

import java.util.BitSet;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * Which of a seed's faults and operations happen, by their numbers, which count from 0. What does not happen changes
 * nothing about when the others are due. Null stands for all.
 */
record Plan(@Nullable BitSet faults, @Nullable BitSet operations) {
    /** Everything. */
    static final Plan ALL = new Plan(null, null);

    private static final int MOST = 1_000_000;

    boolean hasFault(int number) {
        return faults == null || faults.get(number);
    }

    boolean hasOperation(int number) {
        return operations == null || operations.get(number);
    }

    /**
     * Reads numbers like {@code 3,7-9}; an empty text has none, and {@code all} stands for all.
     *
     * @throws IllegalArgumentException that names the field if it is something else
     */
    static @Nullable BitSet parse(String field, String text) {
        if (text.equals("all")) {
            return null;
        }
        BitSet numbers = new BitSet();
        for (String part : text.isEmpty() ? new String[0] : text.split(",", -1)) {
            int dash = part.indexOf('-');
            try {
                int from = Integer.parseInt(dash < 0 ? part : part.substring(0, dash));
                int to = dash < 0 ? from : Integer.parseInt(part.substring(dash + 1));
                if (from < 0 || to < from || to > MOST) {
                    throw new NumberFormatException();
                }
                numbers.set(from, to + 1);
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(
                        field + ": \"" + part + "\" must be a number up to " + MOST + ", or two with a dash between");
            }
        }
        return numbers;
    }

    /** Writes numbers as {@link #parse} reads them. */
    static String format(@Nullable BitSet numbers) {
        if (numbers == null) {
            return "all";
        }
        StringJoiner text = new StringJoiner(",");
        for (int from = numbers.nextSetBit(0); from >= 0; ) {
            int end = numbers.nextClearBit(from);
            text.add(end == from + 1 ? String.valueOf(from) : from + "-" + (end - 1));
            from = numbers.nextSetBit(end);
        }
        return text.toString();
    }
}
