package dev.coracle.sim.mutants;

import dev.coracle.contracts.mutants.Mutant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Sends finders after a bug, each over a copy of the core of its own. */
final class Hunt {
    private Hunt() {}

    /** What each finder noticed of a bug, by its name; finders that noticed nothing are not among them. */
    static Map<String, String> after(Mutant mutant, List<Finder> finders) throws Exception {
        return after(mutant, finders, finders.size());
    }

    /** The same, but ends when so many finders have noticed it. */
    static Map<String, String> after(Mutant mutant, List<Finder> finders, int enough) throws Exception {
        String planted = mutant.plantIn(CoreCopy.source(mutant.file()));
        return search(Map.of(mutant.file(), planted), finders, false, enough);
    }

    /** What each finder notices of the core without a bug, with these files compiled anew: it ought to be nothing. */
    static Map<String, String> withoutABug(Set<String> files, List<Finder> finders) throws Exception {
        Map<String, String> sources = new TreeMap<>();
        for (String file : files) {
            sources.put(file, CoreCopy.source(file));
        }
        return search(sources, finders, true, finders.size());
    }

    private static Map<String, String> search(
            Map<String, String> sources, List<Finder> finders, boolean allMustLoad, int enough) throws Exception {
        Map<String, byte[]> changed = CoreCopy.compile(sources);
        Map<String, String> found = new LinkedHashMap<>();
        for (Finder finder : finders) {
            try (CoreCopy core = new CoreCopy(changed)) {
                Optional<String> evidence = searchOver(core, finder);
                if (evidence.isPresent()) {
                    found.put(finder.name(), evidence.get());
                }
                if (evidence.isPresent() || allMustLoad) {
                    requireLoaded(core, sources.keySet(), finder);
                }
            }
            if (found.size() >= enough) {
                break;
            }
        }
        return found;
    }

    private static Optional<String> searchOver(CoreCopy core, Finder finder) throws Exception {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(core);
        try {
            return finder.search(core);
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    /** What a finder says without the changed classes, it says of others. */
    private static void requireLoaded(CoreCopy core, Set<String> files, Finder finder) {
        Set<String> missing = new TreeSet<>();
        for (String file : files) {
            if (!core.hasLoadedChanged(CoreCopy.className(file))) {
                missing.add(file);
            }
        }
        if (!missing.isEmpty()) {
            throw new AssertionError(finder.name() + " never loaded " + missing);
        }
    }

    /** Throws on what shows no bug of the core but one of this machinery. */
    static void requireOfTheCore(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof LinkageError || cause instanceof ReflectiveOperationException) {
                throw new IllegalStateException("not the core broke", thrown);
            }
        }
    }
}
