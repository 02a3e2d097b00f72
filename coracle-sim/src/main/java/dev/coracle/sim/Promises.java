package dev.coracle.sim;

import dev.coracle.raft.Check;
import dev.coracle.raft.Message;
import java.util.TreeMap;

/**
 * What nodes have promised by sending messages, and must remember through every crash: a term that was seen is not
 * left, and a vote is given once in it (Figure 2, "persistent state"). Who asks for votes has voted for itself. Every method
 * throws if a promise is broken.
 */
public final class Promises {
    /** Of one node. */
    private static final class Given {
        private long term;
        private final TreeMap<Long, Long> votes = new TreeMap<>();
    }

    private final TreeMap<Long, Given> given = new TreeMap<>();

    /** Of nodes that have said nothing yet. */
    public Promises() {}

    /** Hears of every message that leaves a node. */
    public void onSend(Message message) {
        long voter = message.from();
        if (message instanceof Message.Vote) {
            vote(voter, message.term(), voter);
        } else if (message instanceof Message.VoteReply && !message.reject()) {
            vote(voter, message.term(), message.to());
        }
        if (message instanceof Message.Vote
                || message instanceof Message.VoteReply
                || message instanceof Message.AppendReply) {
            Given mine = of(voter);
            mine.term = Math.max(mine.term, message.term());
        }
    }

    /** A node starts again with a term. */
    public void onStart(long id, long term) {
        Check.that(term >= of(id).term, "node %d starts in term %d, and was in %d", id, term, of(id).term);
    }

    private void vote(long voter, long term, long candidate) {
        Long before = of(voter).votes.putIfAbsent(term, candidate);
        Check.that(
                before == null || before == candidate,
                "node %d votes for %d in term %d, in which it voted for %d",
                voter,
                candidate,
                term,
                before == null ? 0 : before);
    }

    private Given of(long id) {
        return given.computeIfAbsent(id, absent -> new Given());
    }
}
