package dev.coracle.testkit;

import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Which of a seed's faults and operations happen, by their numbers, which count from 0. What does not happen changes
 * nothing about when the others are due.
 */
record Plan(@Nullable BitSet faults, @Nullable BitSet operations) {
    /** All of them. */
    static final Plan ALL = new Plan(null, null);

    boolean hasFault(int number) {
        return faults == null || faults.get(number);
    }

    boolean hasOperation(int number) {
        return operations == null || operations.get(number);
    }
}
