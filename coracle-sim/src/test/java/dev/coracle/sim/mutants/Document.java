package dev.coracle.sim.mutants;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** docs/internals/planted-bugs.md. */
final class Document {
    static final Path FILE = CoreCopy.root().resolve("docs/internals/planted-bugs.md");

    /** The column of the scripts that are not the project's own. What they find does not count. */
    static final String ETCD_SCRIPTS = "etcd's scripts";

    private Document() {}

    /** What was found by what the project has itself. */
    static Map<String, String> counting(Map<String, String> found) {
        Map<String, String> own = new TreeMap<>(found);
        own.remove(ETCD_SCRIPTS);
        return own;
    }

    static String of(List<Finder> finders, Map<Mutant, Map<String, String>> found) {
        return "";
    }
}
