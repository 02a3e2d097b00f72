package dev.coracle.testkit.mutants;

import dev.coracle.testkit.Invariant;
import dev.coracle.testkit.Simulation;
import dev.coracle.testkit.Violation;

/** Called within a copy of the project: what its caller cannot say with types of the JDK alone. */
public final class SeedWorld {
    private SeedWorld() {}

    /** Runs the world of a seed; the invariant that does not hold, or an empty text. */
    public static String run(long seed) {
        try {
            Simulation.ofStore().run(seed);
            return "";
        } catch (Violation found) {
            if (found.invariant() == Invariant.SIMULATION) {
                throw new IllegalStateException(found);
            }
            return found.invariant().name();
        }
    }
}
