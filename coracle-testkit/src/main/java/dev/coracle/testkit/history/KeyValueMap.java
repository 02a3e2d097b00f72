package dev.coracle.testkit.history;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A map from keys to values, checked key by key: every key is a {@link Register} whose value is null while the map does
 * not have it. Outputs are the register's: the value for get, null for put and delete, a boolean for compare-and-set.
 *
 * @param <K> the keys, with {@code equals} and {@code hashCode} by value
 * @param <V> the values
 */
@SuppressWarnings("NullAway") // it does not follow null through type arguments
public final class KeyValueMap<K, V> implements Model<@Nullable V, KeyValueMap.Input<K, V>, @Nullable Object> {
    private final Register<V> register = new Register<>();

    /** An operation on one key. */
    public record Input<K, V>(K key, Register.Input<V> operation) {
        @Override
        public String toString() {
            return key + ": " + operation;
        }
    }

    /** Reads what a key has; null if the map does not have it. */
    public static <K, V> Input<K, V> get(K key) {
        return new Input<>(key, Register.read());
    }

    /** Gives a key a value. */
    public static <K, V> Input<K, V> put(K key, V value) {
        return new Input<>(key, Register.write(value));
    }

    /** Takes a key out, if it is there. */
    public static <K, V> Input<K, V> delete(K key) {
        return new Input<>(key, Register.write(null));
    }

    /** Replaces what a key has if it is the expected value; null stands for a key that the map does not have. */
    public static <K, V> Input<K, V> compareAndSet(K key, @Nullable V expected, @Nullable V value) {
        return new Input<>(key, Register.compareAndSet(expected, value));
    }

    @Override
    public @Nullable V initial() {
        return register.initial();
    }

    @Override
    public Next<@Nullable V, @Nullable Object> next(@Nullable V state, Input<K, V> input) {
        return register.next(state, input.operation);
    }

    @Override
    public Object partition(Input<K, V> input) {
        return input.key;
    }

    @Override
    public boolean isRead(Input<K, V> input, @Nullable Object output) {
        return register.isRead(input.operation, output);
    }

    @Override
    public Set<@Nullable V> onlyIn(Input<K, V> input, @Nullable Object output) {
        return register.onlyIn(input.operation, output);
    }

    @Override
    public boolean mayMake(Input<K, V> input, @Nullable V state) {
        return register.mayMake(input.operation, state);
    }

    @Override
    public String describe(Input<K, V> input, @Nullable Object output) {
        return input.key + ": " + register.describe(input.operation, output);
    }
}
