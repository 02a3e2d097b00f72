package dev.coracle.raft;

import java.util.AbstractList;
import java.util.List;
import java.util.RandomAccess;

/**
 * An immutable view of consecutive entries in an array. The owner of the array may write behind the view, and never
 * inside it.
 */
final class EntrySlice extends AbstractList<Entry> implements RandomAccess {
    private final Entry[] array;
    private final int from;
    private final int size;

    EntrySlice(Entry[] array, int from, int to) {
        this.array = array;
        this.from = from;
        this.size = to - from;
    }

    @Override
    public Entry get(int i) {
        if (i < 0 || i >= size) {
            throw new IndexOutOfBoundsException("entry " + i + " of " + size);
        }
        return array[from + i];
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public List<Entry> subList(int begin, int end) {
        if (begin < 0 || begin > end || end > size) {
            throw new IndexOutOfBoundsException("entries [" + begin + ", " + end + ") of " + size);
        }
        return begin == 0 && end == size ? this : new EntrySlice(array, from + begin, from + end);
    }
}
