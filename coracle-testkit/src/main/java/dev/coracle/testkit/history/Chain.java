package dev.coracle.testkit.history;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An immutable list that shares all but its last element with the list it was made from, so that appending costs the
 * same however long it is. Comparing ends where two chains meet, mostly after an element or two.
 */
final class Chain<V> extends AbstractList<V> {
    private final @Nullable Chain<V> front;
    private final @Nullable V last;
    private final int size;
    private final int hash;
    /** The last prefix that this chain was found to fit, so that longer chains need not be compared from the start. */
    private @Nullable Prefix<V> fitted;

    private Chain(@Nullable Chain<V> front, @Nullable V last, int size, int hash) {
        this.front = front;
        this.last = last;
        this.size = size;
        this.hash = hash;
    }

    static <V> Chain<V> empty() {
        return new Chain<>(null, null, 0, 1);
    }

    Chain<V> with(V element) {
        return new Chain<>(this, element, size + 1, 31 * hash + Objects.hashCode(element));
    }

    /** Slow unless {@code index} is near the end; to walk through it all there is the iterator. */
    @Override
    public V get(int index) {
        Objects.checkIndex(index, size);
        Chain<V> chain = this;
        while (chain.size > index + 1) {
            chain = Objects.requireNonNull(chain.front);
        }
        return element(chain);
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public Iterator<V> iterator() {
        @SuppressWarnings("unchecked")
        V[] elements = (V[]) new Object[size];
        for (Chain<V> chain = this; chain.size > 0; chain = Objects.requireNonNull(chain.front)) {
            elements[chain.size - 1] = element(chain);
        }
        return Arrays.asList(elements).iterator();
    }

    @SuppressWarnings("NullAway") // of a chain that is not empty, the element is what the caller appended
    private static <V> V element(Chain<V> chain) {
        return chain.last;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        if (!(other instanceof List<?> list) || list.size() != size) {
            return false;
        }
        if (list instanceof Chain<?> chain) {
            return hash == chain.hash && equalsChain(chain);
        }
        List<?> array = list instanceof java.util.RandomAccess ? list : new ArrayList<>(list);
        for (Chain<V> chain = this; chain.size > 0; chain = Objects.requireNonNull(chain.front)) {
            if (!Objects.equals(chain.last, array.get(chain.size - 1))) {
                return false;
            }
        }
        return true;
    }

    @SuppressWarnings("ReferenceEquality") // what both share need not be compared
    private boolean equalsChain(Chain<?> other) {
        Chain<?> left = this;
        Chain<?> right = other;
        while (left != right && left.size > 0) {
            if (!Objects.equals(left.last, right.last)) {
                return false;
            }
            left = Objects.requireNonNull(left.front);
            right = Objects.requireNonNull(right.front);
        }
        return true;
    }

    @Override
    public int hashCode() {
        return hash;
    }

    /** A list that chains are compared with: they fit if one of the two begins with the other. */
    static final class Prefix<V> {
        private final List<V> elements;

        Prefix(List<V> elements) {
            this.elements = new ArrayList<>(elements);
        }

        boolean fits(Chain<V> chain) {
            for (Chain<V> at = chain; at.size > 0 && at.fitted != this; at = Objects.requireNonNull(at.front)) {
                if (at.size <= elements.size() && !Objects.equals(at.last, elements.get(at.size - 1))) {
                    return false;
                }
            }
            chain.fitted = this;
            return true;
        }
    }
}
