package dev.coracle.sim.mutants;

import java.util.Optional;

/**
 * Runs worlds that are made from a seed, from seed 1 on.
 *
 * @param className what has the method {@code run(long seed)}
 * @param seeds how many, if none fails
 */
record Seeds(String name, String className, int seeds) implements Finder {
    /** Clusters of cores under random trouble, with the invariants of the paper checked after each step. */
    static Seeds randomClusters(int seeds) {
        return new Seeds("random clusters", "raft.RandomCluster", seeds);
    }

    /** Clusters of whole nodes under every fault of the simulated world, which are asked what they answered. */
    static Seeds faultyNodes(int seeds) {
        return new Seeds("simulated nodes", "sim.mutants.FaultWorld", seeds);
    }

    @Override
    public Optional<String> search(CoreCopy core) throws Exception {
        for (long seed = 1; seed <= seeds; seed++) {
            try {
                core.call(className, "run", seed);
            } catch (AssertionError | RuntimeException broken) {
                Hunt.requireOfTheCore(broken);
                return Optional.of("seed " + seed);
            }
        }
        return Optional.empty();
    }
}
