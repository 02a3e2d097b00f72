package dev.coracle.codec.raftify;

/** How a change of members ended. Ordinals are the numbers on the wire. */
public enum ChangeConfigResultType {
    /** The leader's loop has answered: done, unless there is an error text. */
    SUCCESS,
    /** The node asked does not lead. raftify never sends it. */
    WRONG_LEADER,
    /** No answer in time: unknown whether it was done. */
    TIMEOUT_ERROR,
    /** The request was dropped: unknown whether it was done. */
    UNKNOWN_ERROR,
    /** Refused. raftify never sends it. */
    REJECTED
}
