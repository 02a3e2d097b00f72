package dev.coracle.testkit.mutants;

import dev.coracle.contracts.mutants.Mutant;
import dev.coracle.contracts.mutants.ProjectCopy;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** docs/internals/harness-bugs.md. */
final class HarnessDocument {
    static final Path FILE = ProjectCopy.root().resolve("docs/internals/harness-bugs.md");

    private static final String HEAD = """
            # Bugs that the simulation finds

            A simulation that never fails shows nothing unless it can fail. Here are %d bugs that it finds, each a change of one
            place in the sources, from the vote to the last rename of a snapshot. `HarnessBugsTest` plants one after the other,
            in a copy of the project's classes, and runs the worlds of the seeds 1, 2, 3 and so on as `./coracle simulate` does,
            until one of them shows it. It fails if a bug survives, if its place is not there exactly once, if the changed class
            was not loaded, and if anything is found in the sources as they are. It wrote this page:

            ```
            mvn -Plong -pl coracle-testkit -am verify -Dtest=HarnessBugsTest -Dsurefire.failIfNoSpecifiedTests=false \\
                -Dcoracle.write.docs=true
            ```

            The checks are those of `Invariant`; [simulation.md](simulation.md) says what each of them compares.

            """;

    private static final String GAPS = """

            ## Not found

            No world of the first two hundred seeds shows these, so the simulation cannot be trusted to. `-Dcoracle.harness.elusive=true`
            hunts them with 2,000 seeds each.

            | bug | about |
            | --- | --- |
            """;

    private HarnessDocument() {}

    static String of(Map<Mutant, HarnessHunt.Found> found) {
        StringBuilder text = new StringBuilder(HEAD.formatted(found.size()));
        Map<String, Integer> finders = new TreeMap<>();
        found.values().forEach(by -> finders.merge(by.invariant(), 1, Integer::sum));
        text.append("| check | finds first |\n| --- | --- |\n");
        finders.forEach((name, count) ->
                text.append("| ").append(name).append(" | ").append(count).append(" |\n"));
        text.append("\n| bug | about | found by | in the world of seed |\n| --- | --- | --- | --- |\n");
        for (Mutant mutant : HarnessBugs.ALL) {
            HarnessHunt.Found by = found.get(mutant);
            text.append("| ").append(mutant.name()).append(" | ").append(mutant.rule());
            text.append(" | ")
                    .append(by.invariant())
                    .append(" | ")
                    .append(by.seed())
                    .append(" |\n");
        }
        text.append(GAPS);
        for (Mutant mutant : HarnessBugs.ELUSIVE) {
            text.append("| ")
                    .append(mutant.name())
                    .append(" | ")
                    .append(mutant.rule())
                    .append(" |\n");
        }
        return text.toString();
    }
}
