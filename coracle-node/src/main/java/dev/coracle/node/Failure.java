package dev.coracle.node;

import dev.coracle.raft.RawNode;

/**
 * How a request ended that was not seen to be done.
 *
 * @param kind what happened
 * @param leader who leads, for whoever wants to ask there; {@link RawNode#NONE} if that is not known
 * @param text what happened, for people
 */
public record Failure(Kind kind, long leader, String text) {
    /** What a caller may conclude. */
    public enum Certainty {
        /** It is not done, and trying the same again makes no sense. */
        NOT_DONE,
        /** It is certainly not done, and may be tried again. */
        RETRY,
        /** It may be done already, may still be done, or may never be. */
        UNKNOWN
    }

    /** What happened to a request. */
    public enum Kind {
        /** Another node leads. */
        NOT_LEADER(Certainty.RETRY),
        /** Until the deadline there was no leader to be asked. */
        NO_LEADER(Certainty.RETRY),
        /** Too much is waiting already. */
        OVERLOADED(Certainty.RETRY),
        /** The disk has no room for more proposals. */
        NO_SPACE(Certainty.RETRY),
        /** The data is larger than a proposal may be. */
        TOO_LARGE(Certainty.NOT_DONE),
        /** The leader is handing leadership over. */
        TRANSFERRING(Certainty.RETRY),
        /** Another configuration change must be done first. */
        CHANGE_PENDING(Certainty.RETRY),
        /** The configuration change does not fit the configuration, or is of a form that the transport's peers ignore. */
        REFUSED_CONFIG(Certainty.NOT_DONE),
        /** Leadership was not handed over. */
        REFUSED_TRANSFER(Certainty.RETRY),
        /** The snapshot could not be taken. */
        SNAPSHOT_FAILED(Certainty.RETRY),
        /** Another leader's entry took the place in the log. */
        LOST(Certainty.RETRY),
        /** Leadership was lost, or the node stopped, before the entry's fate was known. */
        UNKNOWN(Certainty.UNKNOWN),
        /** The deadline passed while the entry was on its way. */
        TIMED_OUT(Certainty.UNKNOWN),
        /** The node has stopped, and the request was not proposed before. */
        STOPPED(Certainty.RETRY),
        /** The client's session is not known any more, and this was the first try. */
        SESSION_EXPIRED(Certainty.NOT_DONE),
        /** The client's session, or this number of it, is not known any more; earlier tries may have done it. */
        SESSION_IN_DOUBT(Certainty.UNKNOWN),
        /** It was done, exactly once, by an earlier try, and what came of it is not known any more. */
        RESULT_GONE(Certainty.UNKNOWN);

        private final Certainty certainty;

        Kind(Certainty certainty) {
            this.certainty = certainty;
        }

        /** What a caller may conclude. */
        public Certainty certainty() {
            return certainty;
        }
    }

    /** A failure that says nothing of a leader. */
    static Failure of(Kind kind, String text) {
        return new Failure(kind, RawNode.NONE, text);
    }

    /** What a caller may conclude. */
    public Certainty certainty() {
        return kind.certainty();
    }
}
