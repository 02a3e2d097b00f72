package dev.coracle.sim.mutants;

import java.util.Optional;

/**
 * Runs clusters of cores under random trouble, from seed 1 on.
 *
 * @param seeds how many, if none fails
 */
record RandomClusters(int seeds) implements Finder {
    @Override
    public String name() {
        return "random clusters";
    }

    @Override
    public Optional<String> search(CoreCopy core) throws Throwable {
        for (long seed = 1; seed <= seeds; seed++) {
            try {
                core.call("raft.RandomCluster", "run", seed);
            } catch (AssertionError | RuntimeException broken) {
                Hunt.requireOfTheCore(broken);
                return Optional.of("seed " + seed);
            }
        }
        return Optional.empty();
    }
}
