package dev.coracle.testkit.mutants;

import dev.coracle.contracts.mutants.Mutant;
import dev.coracle.contracts.mutants.ProjectCopy;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Runs seeds over a copy of the project with a bug in it, in their order, until one shows it. */
final class HarnessHunt {
    private static final List<Path> FOLDERS = Stream.concat(
                    ProjectCopy.mainClasses(
                            "core", "codec", "node", "wal", "transport-grpc", "framework", "sim", "testkit")
                            .stream(),
                    Stream.of(ProjectCopy.testClasses("testkit")))
            .toList();

    private HarnessHunt() {}

    /**
     * What shows a bug.
     *
     * @param invariant the invariant that was broken
     * @param seed in the world of which seed, from 1 on
     */
    record Found(String invariant, long seed) {}

    /** The first seed that shows a bug; empty if none of so many does. */
    static Optional<Found> after(Mutant mutant, int seeds) throws Exception {
        return search(Map.of(mutant.file(), mutant.plantIn(ProjectCopy.source(mutant.file()))), seeds);
    }

    /** The same without a bug, with these files compiled anew. */
    static Optional<Found> withoutABug(Set<String> files, int seeds) throws Exception {
        Map<String, String> sources = new TreeMap<>();
        for (String file : files) {
            sources.put(file, ProjectCopy.source(file));
        }
        return search(sources, seeds);
    }

    private static Optional<Found> search(Map<String, String> sources, int seeds) throws Exception {
        Map<String, byte[]> changed = ProjectCopy.compile(FOLDERS, sources);
        try (ProjectCopy copy = new ProjectCopy(FOLDERS, changed)) {
            for (long seed = 1; seed <= seeds; seed++) {
                String invariant = String.valueOf(copy.call("testkit.mutants.SeedWorld", "run", seed));
                requireLoaded(copy, sources.keySet());
                if (!invariant.isEmpty()) {
                    return Optional.of(new Found(invariant, seed));
                }
            }
            return Optional.empty();
        }
    }

    /** What was seen without the changed classes, was seen of others. */
    private static void requireLoaded(ProjectCopy copy, Set<String> files) {
        for (String file : files) {
            if (!copy.hasLoadedChanged(ProjectCopy.className(file))) {
                throw new AssertionError("the first seed never loaded " + file);
            }
        }
    }
}
