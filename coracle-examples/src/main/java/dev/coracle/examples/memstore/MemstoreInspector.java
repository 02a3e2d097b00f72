package dev.coracle.examples.memstore;

import dev.coracle.Inspector;

/** Looks into the directories of memstore: the framework's tool with this application's codec, as any other would do it. */
public final class MemstoreInspector {
    private MemstoreInspector() {}

    /** An inspector that knows memstore's commands. */
    public static Inspector<?> create() {
        return new Inspector<>(Insert.CODEC, Insert::toString);
    }
}
