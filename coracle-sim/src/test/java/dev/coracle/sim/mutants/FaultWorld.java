package dev.coracle.sim.mutants;

import dev.coracle.sim.FaultRun;
import dev.coracle.sim.SimLogStore;
import dev.coracle.sim.SimSnapshotStore;

/** Called within a copy of the core: what {@link Seeds#faultyNodes} cannot say with types of the JDK alone. */
public final class FaultWorld {
    private FaultWorld() {}

    /** Runs the world of a seed. */
    public static void run(long seed) {
        FaultRun.of(seed, id -> new SimLogStore(new SimSnapshotStore()));
    }
}
