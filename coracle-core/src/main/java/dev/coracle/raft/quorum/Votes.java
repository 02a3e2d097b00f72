package dev.coracle.raft.quorum;

/** What each voter has said. */
@FunctionalInterface
public interface Votes {
    /** 1 if {@code id} said yes, -1 if it said no, 0 if it has not answered. */
    int vote(long id);
}
