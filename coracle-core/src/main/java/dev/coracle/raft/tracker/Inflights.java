package dev.coracle.raft.tracker;

import dev.coracle.raft.Check;
import java.util.Arrays;

/**
 * The appends to one member that have been sent and not been answered, oldest first: a window of limited count and
 * bytes.
 *
 * <p>The limit in bytes is soft: an append is let in while the window is below it, and may take it beyond.
 */
public final class Inflights {
    private static final int INITIAL_CAPACITY = 4;

    /** At least 0. May be lowered below {@link #count}: the window is full then until enough is answered. */
    private int maxMessages;

    private final long maxBytes;

    /** A ring: slot {@code (start + i) % indexes.length} has the last index of the i-th append. Doubled when needed. */
    private long[] indexes = {};

    /** The payload bytes of the append in the same slot. */
    private long[] sizes = {};

    private int start;
    private int count;
    private long bytes;

    /**
     * An empty window.
     *
     * @param maxMessages the most appends in it, at least 1
     * @param maxBytes the payload bytes from which on it is full; 0 for no such limit
     */
    public Inflights(int maxMessages, long maxBytes) {
        Check.that(maxMessages > 0, "in-flight window: maxMessages %d must be positive", maxMessages);
        Check.that(maxBytes >= 0, "in-flight window: maxBytes %d must not be negative", maxBytes);
        this.maxMessages = maxMessages;
        this.maxBytes = maxBytes;
    }

    /** Notes an append whose last entry is at {@code index}. The window must not be full; indexes ascend. */
    public void add(long index, long payloadBytes) {
        Check.that(!isFull(), "append %d does not fit: %d in flight, %d bytes", index, count, bytes);
        if (count == indexes.length) {
            grow();
        }
        Check.that(count == 0 || index > indexes[slot(count - 1)], "append %d is not behind those in flight", index);
        indexes[slot(count)] = index;
        sizes[slot(count)] = payloadBytes;
        count++;
        bytes += payloadBytes;
    }

    private void grow() {
        int capacity = (int) Math.min(Math.max(INITIAL_CAPACITY, 2L * indexes.length), maxMessages);
        indexes = unrolled(indexes, capacity);
        sizes = unrolled(sizes, capacity);
        start = 0;
    }

    /** A longer copy of a full ring, beginning at slot 0. */
    private long[] unrolled(long[] ring, int capacity) {
        long[] longer = Arrays.copyOfRange(ring, start, start + capacity);
        System.arraycopy(ring, 0, longer, ring.length - start, start);
        return longer;
    }

    private int slot(int position) {
        int slot = start + position;
        return slot >= indexes.length ? slot - indexes.length : slot;
    }

    /** Forgets all appends whose last entry is at or before {@code index}. */
    public void freeUpTo(long index) {
        while (count > 0 && indexes[start] <= index) {
            bytes -= sizes[start];
            count--;
            start = slot(1);
        }
    }

    /** Changes the limit of appends; 0 lets none in any more. */
    public void setMaxMessages(int maxMessages) {
        Check.that(maxMessages >= 0, "in-flight window: maxMessages %d must not be negative", maxMessages);
        this.maxMessages = maxMessages;
    }

    /** Tells whether the window lets no append in, however few are under way. */
    public boolean isClosed() {
        return maxMessages == 0;
    }

    /** The memory that the window holds, in bytes. */
    public long bufferBytes() {
        return 2L * Long.BYTES * indexes.length;
    }

    /** Gives back the memory of an empty window. */
    public void freeBuffer() {
        if (count == 0) {
            indexes = new long[0];
            sizes = new long[0];
            start = 0;
        }
    }

    /** Tells whether nothing more may be sent until something is answered. */
    public boolean isFull() {
        return count >= maxMessages || (maxBytes != 0 && bytes >= maxBytes);
    }

    /** The number of appends in flight. */
    public int count() {
        return count;
    }

    /** Their payload bytes. */
    public long bytes() {
        return bytes;
    }

    /** Forgets all. */
    public void reset() {
        start = 0;
        count = 0;
        bytes = 0;
    }

    /** The last index of the append at {@code position}, the oldest being 0. */
    long indexAt(int position) {
        return indexes[slot(position)];
    }

    /** The number of slots that memory is held for. */
    int capacity() {
        return indexes.length;
    }
}
