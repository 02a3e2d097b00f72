package dev.coracle.testkit.history;

import org.jspecify.annotations.Nullable;

/** How operations and states are shown. */
final class Labels {
    private static final int LONGEST = 60;

    private Labels() {}

    static <S extends @Nullable Object, I, O extends @Nullable Object> String of(
            Model<S, I, O> model, Operation<I, O> operation) {
        String text = switch (operation.outcome()) {
            case OK -> ok(model, operation);
            case FAILED -> operation.input() + " -> failed";
            case UNKNOWN -> operation.input() + " -> unknown";
        };
        return shortened(operation.isStale() ? "stale " + text : text);
    }

    @SuppressWarnings("NullAway") // the output of a completed operation is null only if O allows it
    private static <S extends @Nullable Object, I, O extends @Nullable Object> String ok(
            Model<S, I, O> model, Operation<I, O> operation) {
        return model.describe(operation.input(), operation.output());
    }

    /** The text of a value; the end of a long one matters most, for lists. */
    static String shortened(@Nullable Object value) {
        String text = String.valueOf(value);
        int half = LONGEST / 2;
        return text.length() <= LONGEST
                ? text
                : text.substring(0, half) + " ... " + text.substring(text.length() - half);
    }
}
