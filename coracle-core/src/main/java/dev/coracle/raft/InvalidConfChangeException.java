package dev.coracle.raft;

/** A configuration change does not fit the configuration; nothing was changed. The text says why, in etcd's words. */
public final class InvalidConfChangeException extends Exception {
    private static final long serialVersionUID = 1L;

    /** With the reason. */
    public InvalidConfChangeException(String message) {
        super(message);
    }
}
