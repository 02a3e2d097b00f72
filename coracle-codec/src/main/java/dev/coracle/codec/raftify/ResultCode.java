package dev.coracle.codec.raftify;

/** How a request for an id ended. Ordinals are the numbers on the wire. */
public enum ResultCode {
    /** There is an id. */
    OK,
    /** There is none; the text tells why. */
    ERROR,
    /** The node asked does not lead. raftify never sends it. */
    WRONG_LEADER
}
