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

    @Override
    public String toString() {
        return switch (values.size()) {
            case 0 -> key;
            case 1 -> key + "=" + values.get(0);
            default -> key + "=(" + String.join(", ", values) + ")";
        };
    }
}
