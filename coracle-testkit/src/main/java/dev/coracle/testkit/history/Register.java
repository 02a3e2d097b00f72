package dev.coracle.testkit.history;

import java.util.Collections;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One value, null at first. A read's output is the value; a write has none (null); a compare-and-set's is whether the
 * value was the expected one, and was replaced.
 *
 * @param <V> the values
 */
@SuppressWarnings("NullAway") // it does not follow null through type arguments
public final class Register<V> implements Model<@Nullable V, Register.Input<V>, @Nullable Object> {
    /** An operation on a register. */
    public sealed interface Input<V> {}

    private record Read<V>() implements Input<V> {
        @Override
        public String toString() {
            return "read";
        }
    }

    private record Write<V>(@Nullable V value) implements Input<V> {
        @Override
        public String toString() {
            return "write " + value;
        }
    }

    private record CompareAndSet<V>(
            @Nullable V expected, @Nullable V value) implements Input<V> {
        @Override
        public String toString() {
            return "cas " + expected + " to " + value;
        }
    }

    /** Reads the value. */
    public static <V> Input<V> read() {
        return new Read<>();
    }

    /** Replaces the value. */
    public static <V> Input<V> write(@Nullable V value) {
        return new Write<>(value);
    }

    /** Replaces the value if it is the expected one. */
    public static <V> Input<V> compareAndSet(@Nullable V expected, @Nullable V value) {
        return new CompareAndSet<>(expected, value);
    }

    @Override
    public @Nullable V initial() {
        return null;
    }

    @Override
    public Next<@Nullable V, @Nullable Object> next(@Nullable V state, Input<V> input) {
        if (input instanceof Write<V> write) {
            return new Next<>(write.value, null);
        }
        if (input instanceof CompareAndSet<V> cas) {
            boolean matches = Objects.equals(state, cas.expected);
            return new Next<>(matches ? cas.value : state, matches);
        }
        return new Next<>(state, state);
    }

    @Override
    public boolean isRead(Input<V> input, @Nullable Object output) {
        return input instanceof Read || (input instanceof CompareAndSet && Boolean.FALSE.equals(output));
    }

    @Override
    @SuppressWarnings({"unchecked", "NullAway"}) // a read's output is a value
    public Set<@Nullable V> onlyIn(Input<V> input, @Nullable Object output) {
        if (input instanceof CompareAndSet<V> cas) {
            return Boolean.TRUE.equals(output) ? Collections.singleton(cas.expected) : Set.of();
        }
        return input instanceof Read ? Collections.singleton((V) output) : Set.of();
    }

    @Override
    public boolean mayMake(Input<V> input, @Nullable V state) {
        if (input instanceof CompareAndSet<V> cas) {
            return Objects.equals(state, cas.value);
        }
        return input instanceof Write<V> write && Objects.equals(state, write.value);
    }

    @Override
    public String describe(Input<V> input, @Nullable Object output) {
        return input + " -> " + (input instanceof Write ? "ok" : output);
    }
}
