package dev.coracle.raft;

/**
 * What a leader reads entries of its log for: to send them to a member. Storage that has to fetch them first answers
 * later by handing this back to {@link RawNode#entriesFetched}.
 *
 * @param to the member
 * @param term the term of the leader that asked; in any other the answer comes too late
 * @param all whether everything that the member lacks is to be sent, else one append
 */
public record EntryFetch(long to, long term, boolean all) {}
