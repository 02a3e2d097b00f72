package dev.coracle.testkit.history;

/**
 * A number, 0 at first. The output of either operation is the number behind it, so that an addition that was applied
 * twice shows. Attempts of one addition, under one session and sequence number, are recorded by {@link History#retry}:
 * they must be applied exactly once if one of them is answered, and at most once otherwise.
 */
public final class Counter implements Model<Long, Counter.Input, Long> {
    /** An operation on a counter. */
    public sealed interface Input {}

    private record Add(long delta) implements Input {
        @Override
        public String toString() {
            return "add " + delta;
        }
    }

    private record Read() implements Input {
        @Override
        public String toString() {
            return "read";
        }
    }

    /** Adds to the number. */
    public static Input add(long delta) {
        return new Add(delta);
    }

    /** Reads the number. */
    public static Input read() {
        return new Read();
    }

    @Override
    public Long initial() {
        return 0L;
    }

    @Override
    public Next<Long, Long> next(Long state, Input input) {
        Long sum = input instanceof Add add ? (Long) (state + add.delta) : state;
        return new Next<>(sum, sum);
    }

    @Override
    public boolean isRead(Input input, Long output) {
        return input instanceof Read;
    }
}
