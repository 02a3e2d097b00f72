package dev.coracle.cli.torture;

import dev.coracle.examples.demo.Web.Answer;
import dev.coracle.testkit.history.History;
import dev.coracle.testkit.history.KeyValueMap;
import dev.coracle.testkit.history.Outcome;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What clients asked and were answered, as a history; and the keys that are written once only, on which a lost write shows
 * by itself. For all threads.
 */
final class Recorder {
    private static final Pattern NUMBERS = Pattern.compile("[0-9]+([.:][0-9]+)*");

    private final LongSupplier nanoClock;
    private final History<KeyValueMap.Input<Long, String>, @Nullable Object> history = new History<>();
    private final List<OnceWrite> onceWrites = Collections.synchronizedList(new ArrayList<>());
    private final Map<String, Integer> reasons = new TreeMap<>();
    private final int[] outcomes = new int[Outcome.values().length];
    private int acknowledged;
    private long lastAcknowledgedNanos;
    private long longestGapNanos;

    /** The only write of a key, and what its client knows of it. */
    record OnceWrite(long key, String value, Outcome outcome) {}

    /**
     * An empty history.
     *
     * @param nanoClock the clock of all clients
     */
    Recorder(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        this.lastAcknowledgedNanos = nanoClock.getAsLong();
    }

    /** What a client may conclude from an answer. In doubt, nothing. */
    static Outcome outcome(Answer answer) {
        if (answer.isOk() || answer.status() == 404) {
            return Outcome.OK;
        }
        if (answer.status() == Answer.NOT_SENT) {
            return Outcome.FAILED;
        }
        boolean isRefused = switch (answer.status()) {
            case 400, 409, 413 -> !answer.text().contains("not known whether");
            // Certainly not done, or not even handed on.
            case 503 ->
                answer.text().contains("certainly not done") || answer.text().contains("ask again in a moment");
            default -> false;
        };
        return isRefused ? Outcome.FAILED : Outcome.UNKNOWN;
    }

    /** A client writes; returns the operation. */
    synchronized int write(String client, long key, String value) {
        return history.invoke(client, KeyValueMap.put(key, value), nanoClock.getAsLong());
    }

    /** A client reads, linearizably; returns the operation. */
    synchronized int read(String client, long key) {
        return history.invoke(client, KeyValueMap.get(key), nanoClock.getAsLong());
    }

    /** A client reads what a life of a member has; returns the operation. */
    synchronized int readStale(String client, String replica, long key) {
        return history.invokeStale(client, replica, KeyValueMap.get(key), nanoClock.getAsLong());
    }

    /** A write was answered, or not; returns what that means. */
    synchronized Outcome written(int operation, Answer answer) {
        Outcome outcome = outcome(answer);
        end(operation, outcome, null);
        count(outcome, answer);
        if (outcome == Outcome.OK) {
            acknowledged++;
            long now = nanoClock.getAsLong();
            longestGapNanos = Math.max(longestGapNanos, now - lastAcknowledgedNanos);
            lastAcknowledgedNanos = now;
        }
        return outcome;
    }

    /** A read was answered, or not; returns what that means. */
    synchronized Outcome wasRead(int operation, Answer answer) {
        Outcome outcome = outcome(answer);
        end(operation, outcome, answer.isOk() ? answer.text() : null);
        count(outcome, answer);
        return outcome;
    }

    /** A client can conclude nothing. */
    synchronized void unknown(int operation) {
        end(operation, Outcome.UNKNOWN, null);
    }

    @SuppressWarnings("NullAway") // It does not follow null through type arguments.
    private void end(int operation, Outcome outcome, @Nullable Object output) {
        long now = nanoClock.getAsLong();
        outcomes[outcome.ordinal()]++;
        switch (outcome) {
            case OK -> history.ok(operation, output, now);
            case FAILED -> history.failed(operation, now);
            case UNKNOWN -> history.unknown(operation, now);
        }
    }

    private void count(Outcome outcome, Answer answer) {
        if (outcome != Outcome.OK) {
            // Who leads, and addresses, make no other reason.
            String text = NUMBERS.matcher(answer.text().lines().findFirst().orElse(""))
                    .replaceAll("#");
            String reason = answer.status() > 0 ? answer.status() + " " + text : text;
            reasons.merge(outcome == Outcome.FAILED ? "not: " + reason : "unknown: " + reason, 1, Integer::sum);
        }
    }

    /** Why operations were not done, or nothing is known of them, with numbers left out; and how often. */
    synchronized Map<String, Integer> reasons() {
        return new TreeMap<>(reasons);
    }

    /** Remembers the only write that a key ever gets. */
    void addOnceWrite(OnceWrite write) {
        onceWrites.add(write);
    }

    /** All writes of keys that are written once. */
    List<OnceWrite> onceWrites() {
        synchronized (onceWrites) {
            return List.copyOf(onceWrites);
        }
    }

    /** A recent write to a key that is written once; null if there is none yet. */
    @Nullable
    OnceWrite onceWrite(int fromTheEnd) {
        synchronized (onceWrites) {
            int size = onceWrites.size();
            return size == 0 ? null : onceWrites.get(Math.max(0, size - 1 - fromTheEnd));
        }
    }

    /** How many operations ended so. */
    synchronized int count(Outcome outcome) {
        return outcomes[outcome.ordinal()];
    }

    /** How many writes were acknowledged. */
    synchronized int acknowledged() {
        return acknowledged;
    }

    /** The longest time in which no write was acknowledged, in nanoseconds. */
    synchronized long longestGapNanos() {
        return longestGapNanos;
    }

    /** All keys that were asked for, ascending. */
    synchronized SortedSet<Long> keys() {
        SortedSet<Long> keys = new TreeSet<>();
        history.operations().forEach(operation -> keys.add(operation.input().key()));
        return keys;
    }

    /** What there is to be judged, once nobody records any more. */
    synchronized History<KeyValueMap.Input<Long, String>, @Nullable Object> history() {
        return history;
    }
}
