package dev.coracle.testkit.history;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A part of a history that is wrong by itself. What is guaranteed: take any state that the history can have had before the
 * part (the text says which, or how many there are), and let every operation that is not in the part and had not ended
 * before it take effect at any time after its call, or never. The operations of the part still have no order. So a write
 * is left out only if nothing that it may have done would help. Of an operation that was tried again the part has all
 * attempts.
 *
 * <p>The part is small: if it is found within a bounded number of steps, as it nearly always is, none of its operations
 * can be left out. It is not always the smallest of all there are.
 *
 * @param <I> the inputs
 * @param <O> the outputs
 */
public final class WrongPart<I, O extends @Nullable Object> {
    private final Object partition;
    private final List<Operation<I, O>> operations;
    private final List<Operation<I, O>> all;
    private final long since;
    private final List<String> explanation;
    private final Function<Operation<I, O>, String> labels;

    WrongPart(
            Object partition,
            List<Operation<I, O>> operations,
            List<Operation<I, O>> all,
            long since,
            List<String> explanation,
            Function<Operation<I, O>, String> labels) {
        this.partition = partition;
        this.operations = operations;
        this.all = all;
        this.since = since;
        this.explanation = explanation;
        this.labels = labels;
    }

    /** The partition that it is of, as {@link Model#partition} names it. */
    public Object partition() {
        return partition;
    }

    /** The operations that have no order, by their calls. */
    public List<Operation<I, O>> operations() {
        return operations;
    }

    /** All operations of the partition. */
    List<Operation<I, O>> all() {
        return all;
    }

    /** What had ended by this time is in the states that were before the part. */
    long since() {
        return since;
    }

    String headline() {
        String what = operations.size() + " of " + all.size() + " operations"
                + (partition.equals("") ? "" : " on " + partition) + (operations.size() == 1 ? " is" : " are");
        return "not linearizable: " + what + " enough";
    }

    /** What was before, how far an order gets, and what would explain the rest. */
    List<String> explanation() {
        return explanation;
    }

    String label(Operation<I, O> operation) {
        return labels.apply(operation);
    }

    /** A text with a line for each operation: who, when, drawn beside the others, and what. */
    @Override
    public String toString() {
        TreeSet<Long> times = new TreeSet<>();
        int clientWidth = 0;
        int timesWidth = 0;
        for (Operation<I, O> operation : operations) {
            times.add(operation.call());
            times.add(operation.end());
            clientWidth = Math.max(clientWidth, client(operation).length());
            timesWidth = Math.max(timesWidth, times(operation).length());
        }
        List<Long> columns = new ArrayList<>(times);
        int spacing = columns.size() > 40 ? 1 : 3;
        StringBuilder text = new StringBuilder(headline());
        for (Operation<I, O> operation : operations) {
            StringBuilder bar = new StringBuilder();
            int from = columns.indexOf(operation.call()) * spacing;
            int to = columns.indexOf(operation.end()) * spacing;
            for (int column = 0; column <= (columns.size() - 1) * spacing; column++) {
                boolean isInside = column > from && column < to;
                bar.append(column == from || column == to ? '|' : isInside ? '-' : ' ');
            }
            if (operation.outcome() != Outcome.OK) {
                bar.setCharAt(to, operation.outcome() == Outcome.FAILED ? 'x' : '?');
            }
            text.append("\n  ").append(padded(client(operation), clientWidth));
            text.append("  ").append(padded(times(operation), timesWidth));
            text.append("  ").append(bar).append("  ").append(label(operation));
        }
        explanation.forEach(line -> text.append('\n').append(line));
        return text.toString();
    }

    private static String client(Operation<?, ?> operation) {
        return operation.isStale() ? operation.client() + " @ " + operation.replica() : operation.client();
    }

    private static String times(Operation<?, ?> operation) {
        return operation.call() + ".." + (operation.end() == Long.MAX_VALUE ? "" : operation.end());
    }

    private static String padded(String text, int width) {
        return text + " ".repeat(width - text.length());
    }
}
