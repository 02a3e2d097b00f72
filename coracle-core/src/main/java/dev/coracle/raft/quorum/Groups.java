package dev.coracle.raft.quorum;

/** Which group, a data centre perhaps, each voter belongs to. */
@FunctionalInterface
public interface Groups {
    /** The group of {@code id}, or 0 if it has none. */
    long group(long id);
}
