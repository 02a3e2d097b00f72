package dev.coracle.raft;

/**
 * What a server does, and knows, only while it has a role (§5.1). Taking a role makes a new object, so that nothing of an
 * earlier one is left.
 */
abstract sealed class Role permits Follower, Candidate, Leader {
    final Server server;

    Role(Server server) {
        this.server = server;
    }

    abstract RoleName name();

    abstract void tick();

    /** Answers a message of the server's own term, or of none. */
    abstract StepOutcome step(Message message);

    abstract Proposal propose(Message.Propose message);

    abstract RequestOutcome transferLeader(Message.TransferLeader message);

    abstract RequestOutcome readIndex(Message.ReadIndex message);

    abstract RequestOutcome forgetLeader();

    abstract RequestOutcome requestSnapshot();

    /** The types that {@link Server#step} deals with itself, the same in each role. */
    static Check.BrokenInvariantException handledByServer(Message message) {
        return Check.unreachable(message.type() + " is the server's");
    }

    /** Turns what became of a proposal into what became of the message. */
    static StepOutcome outcome(Proposal proposal) {
        return proposal.outcome().isAccepted() ? StepOutcome.OK : StepOutcome.PROPOSAL_DROPPED;
    }
}
