package dev.coracle.raft;

/**
 * What became of a proposal.
 *
 * @param outcome what happened to it
 * @param term the term in which it was appended, else 0
 * @param firstIndex the index of its first entry if it was appended, else 0
 */
public record Proposal(ProposalOutcome outcome, long term, long firstIndex) {
    /** A proposal that was not appended here. */
    public static Proposal of(ProposalOutcome outcome) {
        return new Proposal(outcome, 0, 0);
    }
}
