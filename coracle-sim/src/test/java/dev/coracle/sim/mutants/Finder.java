package dev.coracle.sim.mutants;

import java.util.Optional;

/** Something that should tell a core with a bug from one without. */
interface Finder {
    /** The head of its column. */
    String name();

    /** What it noticed, and after how much; empty if it went through all that it has, up to its limit. */
    Optional<String> search(CoreCopy core) throws Exception;
}
