package dev.coracle.sim.mutants;

import java.util.List;
import java.util.Optional;

/**
 * Searches small worlds exhaustively, or up to a number of states.
 *
 * @param maxStates in each world
 * @param maxMillis in each world; so long that the states come first, or the result would depend on the machine
 */
record SmallWorlds(long maxStates, long maxMillis) implements Finder {
    @Override
    public String name() {
        return "small worlds";
    }

    @Override
    public Optional<String> search(CoreCopy core) throws Throwable {
        for (Object world : (List<?>) core.call("raft.SmallWorlds", "names")) {
            try {
                core.call("raft.SmallWorlds", "search", world, maxStates, maxMillis);
            } catch (AssertionError | RuntimeException broken) {
                Hunt.requireOfTheCore(broken);
                return Optional.of("`" + world + "`");
            }
        }
        return Optional.empty();
    }
}
