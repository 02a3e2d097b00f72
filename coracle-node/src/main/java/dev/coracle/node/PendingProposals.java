package dev.coracle.node;

import dev.coracle.raft.Check;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The requests whose entries are in the log, or were, and are not applied yet. They outlive leadership: only what is
 * applied at its index decides whether an entry is done or lost.
 */
final class PendingProposals {
    /** Ascending by index. */
    private final ArrayDeque<Request.OfLog<?>> current = new ArrayDeque<>();

    /**
     * Requests of an earlier leadership whose places were taken by newer ones in this node's own log. Another node's log
     * may still hold their entries and win, so they are not lost before something is applied there.
     */
    private final List<Request.OfLog<?>> overtaken = new ArrayList<>();

    private final Consumer<Request.OfLog<?>> lost;

    /** @param lost is shown each request in whose place another entry was applied */
    PendingProposals(Consumer<Request.OfLog<?>> lost) {
        this.lost = lost;
    }

    /** Adds a request that has its place. */
    void add(Request.OfLog<?> request) {
        Request.OfLog<?> last = current.peekLast();
        while (last != null && last.index() >= request.index()) {
            overtaken.add(current.removeLast());
            last = current.peekLast();
        }
        current.addLast(request);
    }

    /** Removes and returns the request for the entry that is committed at its place; the others there are lost. */
    Request.@Nullable OfLog<?> take(long term, long index) {
        Request.OfLog<?> found = null;
        Request.OfLog<?> first = current.peekFirst();
        if (first != null && first.index() <= index) {
            Check.that(first.index() == index, "index %d is applied, %d was not", index, first.index());
            current.removeFirst();
            found = matches(first, term) ? first : null;
        }
        if (!overtaken.isEmpty()) {
            for (Iterator<Request.OfLog<?>> i = overtaken.iterator(); i.hasNext(); ) {
                Request.OfLog<?> request = i.next();
                if (request.index() <= index) {
                    i.remove();
                    found = matches(request, term) ? request : found;
                }
            }
        }
        return found;
    }

    /** Removes the requests up to {@code index}, whose entries a snapshot has swallowed. */
    void skipTo(long index, Consumer<Request.OfLog<?>> skipped) {
        Request.OfLog<?> first = current.peekFirst();
        while (first != null && first.index() <= index) {
            skipped.accept(current.removeFirst());
            first = current.peekFirst();
        }
        for (Iterator<Request.OfLog<?>> i = overtaken.iterator(); i.hasNext(); ) {
            Request.OfLog<?> request = i.next();
            if (request.index() <= index) {
                i.remove();
                skipped.accept(request);
            }
        }
    }

    private boolean matches(Request.OfLog<?> request, long term) {
        if (request.term() == term) {
            return true;
        }
        lost.accept(request);
        return false;
    }

    /** The number of requests, those included whose deadline has passed. */
    int size() {
        return current.size() + overtaken.size();
    }
}
