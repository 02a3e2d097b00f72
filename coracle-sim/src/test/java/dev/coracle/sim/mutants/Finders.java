package dev.coracle.sim.mutants;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Who is sent after which bugs, and how far. */
final class Finders {
    /**
     * A finder as the document shows it.
     *
     * @param scopes the kinds of bugs that it is sent after
     */
    record Kind(Finder finder, String description, Set<Mutants.Scope> scopes) {}

    private static final Set<Mutants.Scope> CORE = EnumSet.of(Mutants.Scope.SAFETY, Mutants.Scope.PROGRESS);
    private static final int SEEDS = 100;
    private static final int NODE_SEEDS = 80;

    static final List<Kind> KINDS = kinds();

    private Finders() {}

    private static List<Kind> kinds() {
        List<Kind> kinds = new ArrayList<>();
        kinds.add(
                new Kind(Scripts.own(), "`coracle-sim/src/test/resources/scripts`, in the order of their names", CORE));
        kinds.add(new Kind(
                Seeds.randomClusters(SEEDS), "`RandomCluster`: cores under random trouble, seeds 1 to " + SEEDS, CORE));
        kinds.add(new Kind(
                new SmallWorlds(List.of(1_000L, 10_000L)),
                "`SmallWorlds`: every interleaving in each world, up to 1000 states, then up to 10000",
                EnumSet.of(Mutants.Scope.SAFETY)));
        kinds.add(new Kind(
                Behaviours.ofTheCore(Pattern.compile(".*")),
                "the core's other tests, in the order of their classes' names",
                CORE));
        kinds.add(new Kind(
                Seeds.faultyNodes(NODE_SEEDS),
                "`FaultRun`: whole nodes under every fault of the simulated world, seeds 1 to " + NODE_SEEDS,
                EnumSet.of(Mutants.Scope.NODE)));
        kinds.add(new Kind(
                Behaviours.ofTheNode(),
                "the tests of the node's parts, then `HangingDiskTest` and `NodeTest`: whole nodes, each trouble by itself",
                EnumSet.of(Mutants.Scope.NODE)));
        return kinds;
    }

    static List<Finder> of(Mutants.Scope scope) {
        return KINDS.stream()
                .filter(kind -> kind.scopes().contains(scope))
                .map(Kind::finder)
                .toList();
    }
}
