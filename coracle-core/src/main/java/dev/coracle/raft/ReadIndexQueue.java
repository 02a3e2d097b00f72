package dev.coracle.raft;

import dev.coracle.raft.quorum.AckedIndexes;
import dev.coracle.raft.tracker.Configuration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.function.ObjLongConsumer;

/**
 * A leader's reads that wait for a quorum to confirm that it still leads (thesis §6.4). Exists as long as the leadership.
 *
 * <p>Reads are numbered from 1. Each heartbeat carries the number of the newest; a follower that answers it confirms all
 * reads up to there, since its heartbeat left after they had come. Numbers, unlike the requests' own contexts, cannot be
 * confused when a request comes twice.
 */
final class ReadIndexQueue implements AckedIndexes {
    private record Waiting(Message.ReadIndex request, long index) {}

    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();

    /** How many reads are confirmed and gone; read number {@code confirmed + 1} is the first in the queue. */
    private long confirmed;

    /** The members that confirmed something, with the highest number they confirmed, in parallel. */
    private long[] ids = {};

    private long[] positions = {};

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    /** How many reads wait. */
    int size() {
        return waiting.size();
    }

    /** Adds a read that needs the state at {@code index}, the commit index at this moment. */
    void add(Message.ReadIndex request, long index) {
        waiting.add(new Waiting(request, index));
    }

    /** What heartbeats carry: the number of the newest read, or nothing. */
    Bytes context() {
        if (waiting.isEmpty()) {
            return Bytes.EMPTY;
        }
        byte[] bytes = new byte[Long.BYTES];
        long position = newest();
        for (int i = 0; i < Long.BYTES; i++) {
            bytes[i] = (byte) (position >>> (8 * i));
        }
        return Bytes.of(bytes);
    }

    private long newest() {
        return confirmed + waiting.size();
    }

    /** Notes that a member confirmed all reads up to the number in a heartbeat's context. */
    void acknowledge(long id, Bytes context) {
        if (context.length() != Long.BYTES) {
            return;
        }
        long position = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            position |= (context.at(i) & 0xffL) << (8 * i);
        }
        // A number that was never given out confirms nothing.
        if (position < 0 || position > newest()) {
            return;
        }
        acknowledge(id, position);
    }

    /** Notes that the leader itself confirms all reads so far. */
    void acknowledgeAll(long self) {
        acknowledge(self, newest());
    }

    private void acknowledge(long id, long position) {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] == id) {
                positions[i] = Math.max(positions[i], position);
                return;
            }
        }
        ids = Arrays.copyOf(ids, ids.length + 1);
        positions = Arrays.copyOf(positions, ids.length);
        ids[ids.length - 1] = id;
        positions[ids.length - 1] = position;
    }

    @Override
    public long ackedIndex(long id) {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] == id) {
                return positions[i];
            }
        }
        return 0;
    }

    /** Takes out the reads that a quorum has confirmed, in their order. */
    void release(Configuration configuration, ObjLongConsumer<Message.ReadIndex> answer) {
        long position = Math.min(configuration.committedIndex(this), newest());
        while (confirmed < position) {
            Waiting read = waiting.remove();
            confirmed++;
            answer.accept(read.request(), read.index());
        }
    }
}
