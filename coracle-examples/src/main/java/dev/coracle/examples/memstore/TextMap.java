package dev.coracle.examples.memstore;

import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An immutable map from u64 to text, ascending by key. Putting gives a new map, which shares all but one path with the old
 * one; so whoever holds a map can read it in any thread for as long as it likes, and a snapshot is nothing but a reference.
 *
 * <p>It is an AVL tree. A balanced one, since its keys come from clients: with chosen keys, a tree whose shape depends on
 * luck grows so deep that the recursion ends in a stack overflow, on all members at the same entry.
 */
final class TextMap {
    /** The map without entries. */
    static final TextMap EMPTY = new TextMap(null, 0);

    /** Takes entries, one after the other. */
    @FunctionalInterface
    interface Visitor {
        void visit(long key, String value) throws IOException;
    }

    private record Node(
            long key,
            String value,
            @Nullable Node left,
            @Nullable Node right,
            int height) {
        Node(long key, String value, @Nullable Node left, @Nullable Node right) {
            this(key, value, left, right, 1 + Math.max(heightOf(left), heightOf(right)));
        }

        static int heightOf(@Nullable Node node) {
            return node == null ? 0 : node.height;
        }
    }

    private final @Nullable Node root;
    private final long size;

    private TextMap(@Nullable Node root, long size) {
        this.root = root;
        this.size = size;
    }

    /** How many entries it has. */
    long size() {
        return size;
    }

    /** How many entries lie on the longest path. */
    int height() {
        return Node.heightOf(root);
    }

    /** The value at {@code key}, or null. */
    @Nullable
    String get(long key) {
        Node node = root;
        while (node != null) {
            int order = Long.compareUnsigned(key, node.key);
            if (order == 0) {
                return node.value;
            }
            node = order < 0 ? node.left : node.right;
        }
        return null;
    }

    /** This map with {@code value} at {@code key}. */
    TextMap put(long key, String value) {
        return new TextMap(put(root, key, value), get(key) == null ? size + 1 : size);
    }

    private static Node put(@Nullable Node node, long key, String value) {
        if (node == null) {
            return new Node(key, value, null, null);
        }
        int order = Long.compareUnsigned(key, node.key);
        if (order == 0) {
            return new Node(key, value, node.left, node.right, node.height);
        }
        return order < 0
                ? balanced(node, put(node.left, key, value), node.right)
                : balanced(node, node.left, put(node.right, key, value));
    }

    /** The entry of {@code top} above two trees whose heights differ by at most two. */
    private static Node balanced(Node top, @Nullable Node left, @Nullable Node right) {
        int lean = Node.heightOf(left) - Node.heightOf(right);
        if (lean > 1) {
            Node high = Objects.requireNonNull(left);
            if (Node.heightOf(high.left) >= Node.heightOf(high.right)) {
                return above(high, high.left, above(top, high.right, right));
            }
            Node middle = Objects.requireNonNull(high.right);
            return above(middle, above(high, high.left, middle.left), above(top, middle.right, right));
        }
        if (lean < -1) {
            Node high = Objects.requireNonNull(right);
            if (Node.heightOf(high.right) >= Node.heightOf(high.left)) {
                return above(high, above(top, left, high.left), high.right);
            }
            Node middle = Objects.requireNonNull(high.left);
            return above(middle, above(top, left, middle.left), above(high, middle.right, high.right));
        }
        return above(top, left, right);
    }

    private static Node above(Node entry, @Nullable Node left, @Nullable Node right) {
        return new Node(entry.key, entry.value, left, right);
    }

    /** Shows all entries to {@code visitor}, ascending by key. */
    void forEach(Visitor visitor) throws IOException {
        forEach(root, visitor);
    }

    private static void forEach(@Nullable Node node, Visitor visitor) throws IOException {
        if (node != null) {
            forEach(node.left, visitor);
            visitor.visit(node.key, node.value);
            forEach(node.right, visitor);
        }
    }
}
