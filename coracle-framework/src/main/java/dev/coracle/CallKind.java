package dev.coracle;

/** The kinds of requests between members. The numbers are those on the wire. */
final class CallKind {
    /** Who listens there? Answered with cluster, id and incarnation. */
    static final int IDENTIFY = 1;

    /** May this id be used with this incarnation? Answered with nothing, once that is on disk. */
    static final int CONFIRM_IDENTITY = 2;

    /** An id, and what else a node needs to join. */
    static final int JOIN_TICKET = 3;

    /** Take a node in that has a ticket. */
    static final int JOIN = 4;

    /** Replicate a command. */
    static final int PROPOSE = 5;

    /** Note a member's address and incarnation. */
    static final int ANNOUNCE = 6;

    /** Remove a member. */
    static final int REMOVE = 7;

    /** End a joint configuration. */
    static final int LEAVE_JOINT = 8;

    /** Hand leadership over. */
    static final int TRANSFER = 9;

    /** Change the members as raftify does. */
    static final int CHANGE_MEMBERS = 10;

    /** Open a client's session. Answered with its id. */
    static final int OPEN_SESSION = 11;

    /** Replicate a command of a client's session. */
    static final int PROPOSE_IN_SESSION = 12;

    /** Close a client's session. */
    static final int CLOSE_SESSION = 13;

    /** Which dialect is spoken there? Answered with its name. */
    static final int DIALECT = 14;

    private CallKind() {}
}
