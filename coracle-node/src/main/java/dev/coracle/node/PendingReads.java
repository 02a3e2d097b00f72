package dev.coracle.node;

import dev.coracle.raft.Bytes;
import dev.coracle.raft.Message;
import dev.coracle.raft.RandomSource;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Linearizable reads whose index is asked for (thesis §6.4). All reads of a turn share one question. Question and answer
 * may get lost on the way to and from the leader, so unanswered questions are asked again, together and under a new
 * name.
 */
final class PendingReads {
    /** The length of a question's name. */
    private static final int NAME_BYTES = 2 * Long.BYTES;

    /**
     * Reads that share a question.
     *
     * @param askedNanos a moment before it was asked
     * @param leaderTerm the term in which this node asked itself as the leader, or 0
     */
    record Batch(Bytes context, long askedTick, long askedNanos, long leaderTerm, List<Request.Read> reads) {}

    /** Tells this run's questions from those of earlier runs of the same node, whose answers would be too old. */
    private final long run;

    private final ArrayDeque<Batch> asked = new ArrayDeque<>();
    private long lastQuestion;

    PendingReads(RandomSource random) {
        run = ((long) random.next(1 << 30) << 32) ^ random.next(1 << 30);
    }

    /**
     * Names a question, to be asked now.
     *
     * @param leased whether the leader may answer from its lease
     */
    Bytes ask(List<Request.Read> reads, long tick, long nowNanos, long leaderTerm, boolean leased) {
        lastQuestion++;
        ByteBuffer name = ByteBuffer.allocate(leased ? NAME_BYTES + 1 : NAME_BYTES);
        Bytes context = Bytes.of(name.putLong(run).putLong(lastQuestion).array());
        asked.addLast(new Batch(context, tick, nowNanos, leaderTerm, reads));
        return context;
    }

    /** Tells of a question that came from another node whether it may be answered from the lease. */
    static boolean isLeased(Message.ReadIndex question) {
        return question.entries().size() == 1 && question.entries().get(0).payloadSize() == NAME_BYTES + 1;
    }

    /** Removes and returns an answered question; null if the answer is late. */
    @Nullable
    Batch answered(Bytes context) {
        // Answers come in the order of the questions, so the first one looked at is nearly always the right one.
        for (Iterator<Batch> i = asked.iterator(); i.hasNext(); ) {
            Batch batch = i.next();
            if (batch.context().equals(context)) {
                i.remove();
                return batch;
            }
        }
        return null;
    }

    /** Tells whether a question has been open since {@code tick} or longer. */
    boolean hasOpenSince(long tick) {
        Batch first = asked.peekFirst();
        return first != null && first.askedTick() <= tick;
    }

    /** Tells whether this node asks itself as the leader of a term in a question that is not older than {@code nanos}. */
    boolean hasLeaderSince(long leaderTerm, long nanos) {
        Batch last = asked.peekLast();
        return last != null && last.leaderTerm() == leaderTerm && last.askedNanos() - nanos >= 0;
    }

    /** Removes and returns all open reads, to be asked again. */
    List<Request.Read> takeAll() {
        List<Request.Read> open = new ArrayList<>();
        for (Batch batch : asked) {
            for (Request.Read read : batch.reads()) {
                if (read.isOpen()) {
                    open.add(read);
                }
            }
        }
        asked.clear();
        return open;
    }
}
