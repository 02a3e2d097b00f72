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
    private List<Message> immediate = new ArrayList<>(USUAL);
    private List<Message> afterAppend = new ArrayList<>(USUAL);

    Outbox(long self) {
        this.self = self;
    }

    void send(Message message) {
        switch (message.type()) {
            case APPEND_REPLY, VOTE_REPLY, PRE_VOTE_REPLY -> afterAppend.add(message);
            default -> {
                if (message.to() == self) {
                    throw Check.fail("%s to self, which waits for nothing", message.type());
                }
                immediate.add(message);
            }
        }
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
