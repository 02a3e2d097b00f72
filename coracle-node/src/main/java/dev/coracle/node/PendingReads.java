package dev.coracle.node;

import dev.coracle.raft.Bytes;
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
    /** Reads that share a question. */
    record Batch(Bytes context, long askedTick, List<Request.Read> reads) {}

    /** Tells this run's questions from those of earlier runs of the same node, whose answers would be too old. */
    private final long run;

    private final ArrayDeque<Batch> asked = new ArrayDeque<>();
    private long lastQuestion;

    PendingReads(RandomSource random) {
        run = ((long) random.next(1 << 30) << 32) ^ random.next(1 << 30);
    }

    /** Names a question, to be asked now. */
    Bytes ask(List<Request.Read> reads, long tick) {
        lastQuestion++;
        Bytes context = Bytes.of(
                ByteBuffer.allocate(16).putLong(run).putLong(lastQuestion).array());
        asked.addLast(new Batch(context, tick, reads));
        return context;
    }

    /** Removes and returns the reads of an answered question; null if the answer is late. */
    @Nullable
    List<Request.Read> answered(Bytes context) {
        // Answers come in the order of the questions, so the first one looked at is nearly always the right one.
        for (Iterator<Batch> i = asked.iterator(); i.hasNext(); ) {
            Batch batch = i.next();
            if (batch.context().equals(context)) {
                i.remove();
                return batch.reads();
            }
        }
        return null;
    }

    /** Tells whether a question has been open since {@code tick} or longer. */
    boolean hasOpenSince(long tick) {
        Batch first = asked.peekFirst();
        return first != null && first.askedTick() <= tick;
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
