package dev.coracle;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A request was not seen to be done. {@link #certainty} says what may be concluded: that decides whether trying again is
 * safe. Futures complete exceptionally with it, within their deadline.
 */
public final class RaftException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What a caller may conclude. */
    public enum Certainty {
        /** It is not done, and trying the same again makes no sense. */
        NOT_DONE,
        /** It is certainly not done, and may be tried again. */
        RETRY,
        /** It may be done already, may still be done, or may never be. */
        UNKNOWN
    }

    /** What happened. */
    public enum Kind {
        /** No leader was known, or none could be reached, until the deadline. */
        NO_LEADER,
        /** Too many requests, or too many bytes of them, are waiting already. */
        OVERLOADED,
        /** The leader's disk has no room for more. */
        NO_SPACE,
        /** The command is larger than {@link RaftBuilder#maxEntryBytes}. */
        TOO_LARGE,
        /** The request does not fit: the text says why. */
        REFUSED,
        /** The leader was handing leadership over until the deadline. */
        TRANSFERRING,
        /** Another leader's entry took the place in the log. */
        LOST,
        /** Leadership or the connection to the leader was lost before the fate of the request was known. */
        UNKNOWN,
        /** The deadline passed while the request was on its way. */
        TIMED_OUT,
        /** The node has stopped. */
        STOPPED,
        /**
         * The {@link ClientSession} is not known any more, or no longer this command's number. The command is not applied
         * by this request; the certainty says whether an earlier one can have done it.
         */
        SESSION_EXPIRED,
        /** The command was applied, exactly once, by an earlier request of its {@link ClientSession}; its result is lost. */
        RESULT_GONE,
        /** A query of the application threw; what it threw is the cause. */
        APPLICATION
    }

    private final Kind kind;
    private final Certainty certainty;
    private final transient @Nullable Member leader;

    RaftException(Kind kind, Certainty certainty, @Nullable Member leader, String text, @Nullable Throwable cause) {
        super(text, cause);
        this.kind = kind;
        this.certainty = certainty;
        this.leader = leader;
    }

    /** What happened. */
    public Kind kind() {
        return kind;
    }

    /** What may be concluded. */
    public Certainty certainty() {
        return certainty;
    }

    /** Who led when it failed, where that is known. */
    public Optional<Member> leader() {
        return Optional.ofNullable(leader);
    }
}
