package dev.coracle.testkit.history;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A point that a {@link Search} came to: which effects have been placed, and the state behind them. Two that agree in the
 * required effects and the state differ only in the optional ones; see {@link #leavesAsMuchAs}.
 */
final class Configuration<S extends @Nullable Object> {
    /** The first required effect, in order of their ends, that is not placed. */
    final int rank;
    /** Which of the others are placed: bit i of word w is for number {@code (rank / 64 + w) * 64 + i}. No zero at the end. */
    final long[] placed;
    /** Which optional effects are placed. No zero at the end. */
    final long[] used;
    /** For each replica the first of its reads that is not placed. */
    final int[] heads;

    final S state;
    final @Nullable Configuration<S> parent;
    /** What was placed since {@link #parent}, in this order: the number of a required effect, or the complement of an optional one's. */
    final int[] steps;

    private final int hash;

    /** The lowest rank of all configurations that a step leads from to here; -1 at the start. */
    int fromRank;
    /** How much of its successors has been looked at. */
    int stage;
    /** Another one that is equal, found earlier. */
    @Nullable
    Configuration<S> alike;

    Configuration(
            int rank,
            long[] placed,
            long[] used,
            int[] heads,
            S state,
            @Nullable Configuration<S> parent,
            int[] steps) {
        this.rank = rank;
        this.placed = placed;
        this.used = used;
        this.heads = heads;
        this.state = state;
        this.parent = parent;
        this.steps = steps;
        this.fromRank = parent == null ? -1 : parent.rank;
        this.hash = (31 * rank + Arrays.hashCode(placed)) * 31 + Objects.hashCode(state);
    }

    boolean isPlaced(int effect) {
        return Bits.get(placed, effect - (rank & -Long.SIZE));
    }

    boolean isUsed(int option) {
        return Bits.get(used, option);
    }

    /** Whether whatever can follow {@code other}, which is equal, can follow this one: optional effects need not be placed. */
    boolean leavesAsMuchAs(Configuration<S> other) {
        return Bits.contains(other.used, used);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Configuration<?> that
                && hash == that.hash
                && rank == that.rank
                && Arrays.equals(placed, that.placed)
                && Objects.equals(state, that.state);
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
