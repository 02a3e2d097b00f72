package dev.coracle.raft.quorum;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An immutable set of node ids, ascending as unsigned numbers. Whoever walks it by position meets the same order on
 * every run, which is what makes the core's output reproducible.
 */
public final class IdSet {
    /** No ids. */
    public static final IdSet EMPTY = new IdSet(new long[0]);

    /** Strictly ascending by {@link Long#compareUnsigned}; never changed. */
    private final long[] ids;

    private IdSet(long[] ids) {
        this.ids = ids;
    }

    /** The set of {@code ids}, in whatever order and however often each is given. */
    public static IdSet of(long... ids) {
        if (ids.length == 0) {
            return EMPTY;
        }
        // Flipping the top bit turns the unsigned order into the signed one.
        long[] sorted = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            sorted[i] = ids[i] ^ Long.MIN_VALUE;
        }
        Arrays.sort(sorted);
        int size = 0;
        for (long flipped : sorted) {
            long id = flipped ^ Long.MIN_VALUE;
            if (size == 0 || sorted[size - 1] != id) {
                sorted[size++] = id;
            }
        }
        return new IdSet(Arrays.copyOf(sorted, size));
    }

    /** The set of {@code ids}. */
    public static IdSet of(Collection<Long> ids) {
        long[] each = new long[ids.size()];
        int count = 0;
        for (long id : ids) {
            each[count++] = id;
        }
        return of(each);
    }

    /** The number of ids. */
    public int size() {
        return ids.length;
    }

    /** Tells whether there are none. */
    public boolean isEmpty() {
        return ids.length == 0;
    }

    /** The id at {@code position}, counted from 0 in ascending order. */
    public long at(int position) {
        return ids[position];
    }

    /** Tells whether {@code id} is in the set. */
    public boolean contains(long id) {
        return positionOf(id) >= 0;
    }

    /** The position of {@code id}, or {@code -(insertion position) - 1} if it is not in the set. */
    public int positionOf(long id) {
        int low = 0;
        int high = ids.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int order = Long.compareUnsigned(ids[middle], id);
            if (order == 0) {
                return middle;
            }
            if (order < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -(low + 1);
    }

    /** This set and {@code id}. */
    public IdSet with(long id) {
        int position = positionOf(id);
        if (position >= 0) {
            return this;
        }
        int insertAt = -(position + 1);
        long[] longer = new long[ids.length + 1];
        System.arraycopy(ids, 0, longer, 0, insertAt);
        longer[insertAt] = id;
        System.arraycopy(ids, insertAt, longer, insertAt + 1, ids.length - insertAt);
        return new IdSet(longer);
    }

    /** This set but for {@code id}. */
    public IdSet without(long id) {
        int position = positionOf(id);
        if (position < 0) {
            return this;
        }
        long[] shorter = new long[ids.length - 1];
        System.arraycopy(ids, 0, shorter, 0, position);
        System.arraycopy(ids, position + 1, shorter, position, shorter.length - position);
        return new IdSet(shorter);
    }

    /** The ids that are in this set or in {@code other}. */
    public IdSet union(IdSet other) {
        if (other.isEmpty() || equals(other)) {
            return this;
        }
        if (isEmpty()) {
            return other;
        }
        long[] both = Arrays.copyOf(ids, ids.length + other.ids.length);
        System.arraycopy(other.ids, 0, both, ids.length, other.ids.length);
        return of(both);
    }

    /** The ids in ascending order, as an unmodifiable list. */
    public List<Long> toList() {
        List<Long> list = new ArrayList<>(ids.length);
        for (long id : ids) {
            list.add(id);
        }
        return List.copyOf(list);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof IdSet that && Arrays.equals(ids, that.ids);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(ids);
    }

    /** The ids in lower-case hexadecimal, separated by blanks. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (long id : ids) {
            text.append(text.isEmpty() ? "" : " ").append(Long.toHexString(id));
        }
        return text.toString();
    }
}
