package dev.coracle.sim.script;

import java.util.List;

/** A word of a directive: a key alone, {@code key=value} or {@code key=(value, value)}. */
record Argument(String key, List<String> values) {
    Argument {
        values = List.copyOf(values);
    }

    /** Tells whether it is a key alone, as the ids of nodes are. */
    boolean isWord() {
        return values.isEmpty();
    }
}
