package dev.coracle.testkit;

/**
 * A failing seed with as few faults and operations as were found to break the same invariant.
 *
 * @param violation what it breaks
 * @param faults the numbers of the faults that are left, for {@link Simulation#only}
 * @param faultCount how many these are
 * @param operations the numbers of the clients' operations that are left
 * @param operationCount how many these are
 * @param runs how often the seed was run for it
 */
public record Shrunk(
        Violation violation, String faults, int faultCount, String operations, int operationCount, int runs) {}
