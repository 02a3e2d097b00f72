package dev.coracle.sim.mutants;

import java.util.List;
import java.util.Optional;

/**
 * Searches small worlds, breadth first, all of them up to one number of states and then up to the next.
 *
 * @param limits how many states of each world, ascending
 */
record SmallWorlds(List<Long> limits) implements Finder {
    /** So long that the states come first, or the result would depend on the machine. */
    private static final long MAX_MILLIS = 120_000;

    @Override
    public String name() {
        return "small worlds";
    }

    @Override
    public Optional<String> search(CoreCopy core) throws Exception {
        for (Long limit : limits) {
            for (Object world : (List<?>) core.call("raft.SmallWorlds", "names")) {
                try {
                    core.call("raft.SmallWorlds", "search", world, limit, MAX_MILLIS);
                } catch (AssertionError | RuntimeException broken) {
                    Hunt.requireOfTheCore(broken);
                    return Optional.of("`" + world + "`, " + limit + " states");
                }
            }
        }
        return Optional.empty();
    }
}
