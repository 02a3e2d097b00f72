package dev.coracle.raft;

import java.util.ArrayList;
import java.util.List;

/**
 * What a server wants sent. Messages that promise something about its state (that it voted, that it has entries) wait
 * until that state is durable (thesis §3.8); the others leave at once.
 *
 * <p>A candidate's vote for itself and a leader's acknowledgement to itself are such promises: they are addressed to the
 * server itself and are counted when they come back. Rejections wait as well: it is safe, and the order of a server's
 * answers stays the order of its decisions.
 */
final class Outbox {
    /** What is usual between two Readys: one message a peer, and those to the server's own threads, which join them. */
    private static final int USUAL = 4;

    private final long self;
    private final boolean votesWait;
    private List<Message> immediate = new ArrayList<>(USUAL);
    private List<Message> afterAppend = new ArrayList<>(USUAL);

    /** With {@code votesWait}, a candidate's requests wait like the vote for itself that they imply. */
    Outbox(long self, boolean votesWait) {
        this.self = self;
        this.votesWait = votesWait;
    }

    void send(Message message) {
        switch (message.type()) {
            case APPEND_REPLY, VOTE_REPLY, PRE_VOTE_REPLY -> afterAppend.add(message);
            case VOTE -> (votesWait ? afterAppend : immediate).add(message);
            default -> {
                if (message.to() == self) {
                    throw Check.fail("%s to self, which waits for nothing", message.type());
                }
                immediate.add(message);
            }
        }
    }

    /**
     * Lets an append join the one before it to the same member, if that has not left, and what it carries follows what
     * that carries.
     *
     * @param maxSize the most encoded bytes of entries in one append
     * @return whether it joined; else it is to be sent by itself
     */
    boolean joinAppend(Message.Append next, long maxSize) {
        for (int i = immediate.size() - 1; i >= 0; i--) {
            if (immediate.get(i) instanceof Message.Append queued && queued.to() == next.to()) {
                boolean follows = queued.term() == next.term()
                        && queued.index() + queued.entries().size() == next.index();
                boolean fits = next.entries().isEmpty()
                        || Entries.encodedSize(queued.entries()) + Entries.encodedSize(next.entries()) <= maxSize;
                if (follows && fits) {
                    immediate.set(i, queued.with(Entries.concat(queued.entries(), next.entries()), next.commit()));
                }
                return follows && fits;
            }
        }
        return false;
    }

    boolean isEmpty() {
        return immediate.isEmpty() && afterAppend.isEmpty();
    }

    boolean hasAfterAppend() {
        return !afterAppend.isEmpty();
    }

    /** Takes what may leave at once. */
    List<Message> takeImmediate() {
        List<Message> taken = immediate;
        immediate = new ArrayList<>(USUAL);
        return taken;
    }

    /** Takes what may leave, or be counted, once everything before it is durable. */
    List<Message> takeAfterAppend() {
        List<Message> taken = afterAppend;
        afterAppend = new ArrayList<>(USUAL);
        return taken;
    }
}
