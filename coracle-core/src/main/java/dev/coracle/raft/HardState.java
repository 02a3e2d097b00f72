package dev.coracle.raft;

/**
 * What a server must not forget (Figure 2, persistent state), with the commit index as a head start for restarts.
 *
 * @param term the latest term the server has seen
 * @param vote the candidate that got its vote in that term, or {@link RawNode#NONE}
 * @param commit the highest index known to be committed
 */
public record HardState(long term, long vote, long commit) {
    /** The state of a server that has never run. */
    public static final HardState EMPTY = new HardState(0, 0, 0);

    /** Tells whether there is nothing to store. */
    public boolean isEmpty() {
        return term == 0 && vote == 0 && commit == 0;
    }
}
