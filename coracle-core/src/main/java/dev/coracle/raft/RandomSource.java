package dev.coracle.raft;

/** Where election timeouts come from. Handed in, so that the same inputs give the same outputs. */
@FunctionalInterface
public interface RandomSource {
    /** A number in [0, bound). */
    int next(int bound);
}
