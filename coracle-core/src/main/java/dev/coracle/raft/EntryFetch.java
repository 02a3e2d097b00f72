package dev.coracle.raft;

/**
 * What entries of the log are read for: to be sent to a member, or to be applied. Storage that has to fetch them first
 * answers later by handing this back to {@link RawNode#entriesFetched}.
 *
 * @param to the member, or {@link RawNode#APPLY_THREAD}
 * @param term the term of the leader that asked, in any other the answer comes too late; 0 for entries to be applied
 * @param all whether everything that the member lacks is to be sent, else one append
 */
public record EntryFetch(long to, long term, boolean all) {
    /** Committed entries that are to be applied. */
    public static final EntryFetch TO_APPLY = new EntryFetch(RawNode.APPLY_THREAD, 0, true);
}
