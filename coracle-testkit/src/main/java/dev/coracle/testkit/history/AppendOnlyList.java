package dev.coracle.testkit.history;

import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A list that only grows, empty at first. An append has no output (null), a read's is the whole list. It shows more than
 * a register does, since no value is ever overwritten: a lost or doubled append stays visible for ever.
 *
 * @param <V> the elements
 */
@SuppressWarnings("NullAway") // it does not follow null through type arguments
public final class AppendOnlyList<V> implements Model<List<V>, AppendOnlyList.Input<V>, @Nullable List<V>> {
    /** An operation on a list. */
    public sealed interface Input<V> {}

    private record Append<V>(V element) implements Input<V> {
        @Override
        public String toString() {
            return "append " + element;
        }
    }

    private record Read<V>() implements Input<V> {
        @Override
        public String toString() {
            return "read";
        }
    }

    /** Appends an element. */
    public static <V> Input<V> append(V element) {
        return new Append<>(element);
    }

    /** Reads the whole list. */
    public static <V> Input<V> read() {
        return new Read<>();
    }

    @Override
    public List<V> initial() {
        return Chain.empty();
    }

    @Override
    public Next<List<V>, @Nullable List<V>> next(List<V> state, Input<V> input) {
        if (input instanceof Append<V> append) {
            return new Next<>(((Chain<V>) state).with(append.element), null);
        }
        return new Next<>(state, state);
    }

    @Override
    public boolean isRead(Input<V> input, @Nullable List<V> output) {
        return input instanceof Read;
    }

    /** All lists that are ever read begin alike, so the longest says in which order appends happened. */
    @Override
    public Predicate<List<V>> viable(List<@Nullable List<V>> outputs) {
        List<V> longest = List.of();
        for (List<V> output : outputs) {
            if (output != null && output.size() > longest.size()) {
                longest = output;
            }
        }
        Chain.Prefix<V> order = new Chain.Prefix<>(longest);
        return state -> order.fits((Chain<V>) state);
    }

    @Override
    public String describe(Input<V> input, @Nullable List<V> output) {
        return input + " -> " + (input instanceof Append ? "ok" : output);
    }
}
