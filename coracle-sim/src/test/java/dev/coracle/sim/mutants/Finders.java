package dev.coracle.sim.mutants;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Who is sent after which bugs, and how far. */
final class Finders {
    /**
     * A finder as the document shows it.
     *
     * @param ofTheCore whether it is sent after bugs of the core, else after those of the node around it
     */
    record Kind(Finder finder, String description, boolean ofTheCore) {}

    private static final int SEEDS = 300;
    private static final int NODE_SEEDS = 150;
    private static final List<Long> STATES = List.of(1_000L, 10_000L);

    static final List<Kind> KINDS = kinds();

    private Finders() {}

    private static List<Kind> kinds() {
        List<Kind> kinds = new ArrayList<>();
        kinds.add(new Kind(
                Scripts.own(), "`coracle-sim/src/test/resources/scripts`, in the order of their names", true));
        kinds.add(new Kind(
                Seeds.randomClusters(SEEDS),
                "`RandomCluster`: cores under random trouble, seeds 1 to " + SEEDS,
                true));
        kinds.add(new Kind(
                new SmallWorlds(STATES),
                "`SmallWorlds`: every interleaving in each world, up to 1000 states, then up to 10000",
                true));
        kinds.add(new Kind(Behaviours.all(), "the core's other tests, in the order of their names", true));
        kinds.add(new Kind(
                Seeds.faultyNodes(NODE_SEEDS),
                "`FaultRun`: whole nodes under every fault of the simulated world, seeds 1 to " + NODE_SEEDS,
                false));
        Path shared = Path.of(System.getProperty("coracle.shared", "")).resolve("conformance");
        if (Files.isDirectory(shared)) {
            kinds.add(new Kind(
                    new Scripts(Document.ETCD_SCRIPTS, shared),
                    "`../shared/conformance`, for comparison: what only they find counts as not found",
                    true));
        }
        return kinds;
    }

    static List<Finder> of(Mutants.Group group) {
        return KINDS.stream()
                .filter(kind -> kind.ofTheCore() == group.ofTheCore())
                .map(Kind::finder)
                .toList();
    }
}
