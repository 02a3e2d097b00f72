package dev.coracle.sim.mutants;

import dev.coracle.contracts.mutants.Mutant;
import java.nio.file.Path;
import java.util.Map;

/** docs/internals/planted-bugs.md. */
final class Document {
    static final Path FILE = CoreCopy.root().resolve("docs/internals/planted-bugs.md");

    private static final String HEAD = """
            # Planted bugs

            What tests are worth is shown by the bugs that they find. Here are %d bugs, each a change of one place in the
            sources that somebody could make, or has made in another core. `PlantedBugsTest` plants one after the other: it
            changes the source, compiles it with the JDK's compiler, loads the result and the classes around it in a class
            loader of its own, and sends the finders after it, one after the other, until one has it. It fails if the place is
            not there exactly once, if the result does not compile, if nobody finds the bug, if a finder has not loaded the
            changed class, and if anybody finds anything in the sources as they are. It wrote this page, which says who is
            the first to find what, and after how much:

            ```
            mvn -Plong -pl coracle-sim -am verify -Dtest=PlantedBugsTest -Dsurefire.failIfNoSpecifiedTests=false \\
                -Dcoracle.write.docs=true
            ```

            The rules are those of the Raft paper (§), of the thesis, and of `../shared/spec/core.md`: a trap is a number
            of its section 7, and "unproven" is what the end of its section 8 says that etcd's scripts do not prove.

            """;

    private Document() {}

    static String of(Map<Mutant, Map<String, String>> found) {
        StringBuilder text = new StringBuilder(HEAD.formatted(found.size()));
        summary(text, found);
        for (Mutants.Group group : Mutants.GROUPS) {
            text.append("\n## ").append(group.title()).append("\n\n");
            table(text, group, found);
        }
        if (!Mutants.SURVIVORS.isEmpty()) {
            survivors(text);
        }
        return text.toString();
    }

    private static void summary(StringBuilder text, Map<Mutant, Map<String, String>> found) {
        text.append(
                "| finder, in the order in which they are sent | what it is | finds first |\n| --- | --- | --- |\n");
        for (Finders.Kind kind : Finders.KINDS) {
            String name = kind.finder().name();
            long first =
                    found.values().stream().filter(by -> by.containsKey(name)).count();
            text.append("| ").append(name).append(" | ").append(kind.description());
            text.append(" | ").append(first).append(" |\n");
        }
    }

    private static void table(StringBuilder text, Mutants.Group group, Map<Mutant, Map<String, String>> found) {
        text.append("| bug | rule | found by | after |\n| --- | --- | --- | --- |\n");
        for (Mutant mutant : group.mutants()) {
            Map.Entry<String, String> by =
                    found.get(mutant).entrySet().iterator().next();
            text.append("| ").append(mutant.name()).append(" | ").append(mutant.rule());
            text.append(" | ")
                    .append(by.getKey())
                    .append(" | ")
                    .append(by.getValue())
                    .append(" |\n");
        }
    }

    private static void survivors(StringBuilder text) {
        text.append("\n## Bugs that are not planted\n\nNobody finds them, for a reason:\n\n| bug | rule | reason |\n");
        text.append("| --- | --- | --- |\n");
        for (Mutants.Survivor survivor : Mutants.SURVIVORS) {
            Mutant mutant = survivor.mutant();
            text.append("| ").append(mutant.name()).append(" | ").append(mutant.rule());
            text.append(" | ").append(survivor.reason()).append(" |\n");
        }
    }
}
