package dev.coracle.raft;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the core reads of the log that is already stored. Called only on the thread that drives the core. Anything thrown
 * but the two exceptions of {@link #entries} ends the server.
 */
public interface Storage {
    /** Returned by {@link #term} for an index before {@code firstIndex() - 1}. */
    long COMPACTED = -1;
    /** Returned by {@link #term} for an index after {@code lastIndex()}. */
    long UNAVAILABLE = -2;

    /** What was stored when the server starts. */
    record InitialState(HardState hardState, ConfState confState) {}

    /** The entries begin before {@link #firstIndex}: only a snapshot has them. */
    final class CompactedException extends Exception {
        private static final long serialVersionUID = 1L;
        /** The one instance; it has no stack trace. */
        @SuppressWarnings("StaticAssignmentOfThrowable")
        public static final CompactedException INSTANCE = new CompactedException();

        private CompactedException() {
            super("requested index is unavailable due to compaction", null, false, false);
        }
    }

    /** An entry is not there. */
    final class UnavailableException extends Exception {
        private static final long serialVersionUID = 1L;
        /** The one instance; it has no stack trace. */
        @SuppressWarnings("StaticAssignmentOfThrowable")
        public static final UnavailableException INSTANCE = new UnavailableException();

        private UnavailableException() {
            super("requested entry at index is unavailable", null, false, false);
        }
    }

    /** The hard state and the configuration of the newest snapshot. */
    InitialState initialState();

    /**
     * The entries in [low, high), as many as fit into {@code maxSize} bytes by {@link Entry#encodedSize}, but at least
     * one. The list is never changed afterwards.
     */
    List<Entry> entries(long low, long high, long maxSize) throws CompactedException, UnavailableException;

    /**
     * The same entries, to be sent to a member or to be applied. Storage that does not have them at hand may return {@code null},
     * fetch them meanwhile, and have its driver call {@link RawNode#entriesFetched} with {@code fetch}, whereupon it is
     * asked again; until then it may be asked for the same entries several times.
     */
    default @Nullable List<Entry> entries(long low, long high, long maxSize, EntryFetch fetch)
            throws CompactedException, UnavailableException {
        return entries(low, high, maxSize);
    }

    /** The term of the entry at {@code index}, known from {@code firstIndex() - 1} on; or one of the constants here. */
    long term(long index);

    /** The index of the last entry. */
    long lastIndex();

    /** The index of the first entry that has not been compacted into a snapshot; of an empty log, the next one. */
    long firstIndex();

    /** The newest snapshot, or {@code null} while there is none to be had right now. */
    @Nullable
    Snapshot snapshot();

    /**
     * A snapshot for a member, or {@code null} while there is none to be had right now; then it is asked for again at
     * each of the member's answers.
     *
     * @param atLeast the least index that it must have reached: 0, or more where the member has asked for a snapshot
     * @param to the member
     */
    default @Nullable Snapshot snapshot(long atLeast, long to) {
        Snapshot newest = snapshot();
        return newest != null && newest.index() >= atLeast ? newest : null;
    }
}
