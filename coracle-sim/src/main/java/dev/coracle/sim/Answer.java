package dev.coracle.sim;

import dev.coracle.node.Failure;
import dev.coracle.node.Reply;
import org.jspecify.annotations.Nullable;

/** Remembers how a request ended, and insists that it ends once. */
class Answer<T extends @Nullable Object> implements Reply<T> {
    private int ends;
    private @Nullable T result;
    private @Nullable Failure failure;

    @Override
    public void done(T value) {
        end();
        result = value;
    }

    @Override
    public void failed(Failure value) {
        end();
        failure = value;
    }

    private void end() {
        ends++;
        if (ends > 1) {
            throw new AssertionError("a request ended twice");
        }
    }

    boolean hasEnded() {
        return ends > 0;
    }

    boolean isDone() {
        return ends > 0 && failure == null;
    }

    @Nullable
    T result() {
        return result;
    }

    @Nullable
    Failure failure() {
        return failure;
    }

    Failure.@Nullable Kind kind() {
        return failure == null ? null : failure.kind();
    }
}
