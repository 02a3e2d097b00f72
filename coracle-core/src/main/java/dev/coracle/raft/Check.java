package dev.coracle.raft;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The always-on checks of invariants. A failed one is a bug or a damaged log, and the node must stop. */
public final class Check {
    private Check() {}

    /** An invariant did not hold; the message has the numbers. The node that throws it must not be used again. */
    public static final class BrokenInvariantException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        BrokenInvariantException(String message) {
            super(message);
        }
    }

    /** Throws {@link BrokenInvariantException} unless {@code condition} holds. */
    public static void that(boolean condition, String text) {
        if (!condition) {
            throw new BrokenInvariantException(text);
        }
    }

    /** Throws unless {@code condition} holds; {@code format} has one {@code %d}. */
    public static void that(boolean condition, String format, long a) {
        if (!condition) {
            throw fail(format, a);
        }
    }

    /** Throws unless {@code condition} holds; {@code format} has two {@code %d}. */
    public static void that(boolean condition, String format, long a, long b) {
        if (!condition) {
            throw fail(format, a, b);
        }
    }

    /** Throws unless {@code condition} holds; {@code format} has three {@code %d}. */
    public static void that(boolean condition, String format, long a, long b, long c) {
        if (!condition) {
            throw fail(format, a, b, c);
        }
    }

    /** Throws unless {@code condition} holds; {@code format} has four {@code %d}. */
    public static void that(boolean condition, String format, long a, long b, long c, long d) {
        if (!condition) {
            throw fail(format, a, b, c, d);
        }
    }

    /** The exception for a place that must not be reached, to be thrown by the caller. */
    public static BrokenInvariantException unreachable(String text) {
        return new BrokenInvariantException(text);
    }

    /** The exception for a broken invariant, to be thrown by the caller. */
    public static BrokenInvariantException fail(String format, @Nullable Object... args) {
        return new BrokenInvariantException(String.format(Locale.ROOT, format, args));
    }
}
