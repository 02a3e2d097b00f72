package dev.coracle.node;

/**
 * The environment failed: a disk error, a damaged file, a directory in use. The text says what happened and what to do
 * next. After it the store must not be used any more, and the node stops: nothing is retried on the file.
 */
public class StorageException extends Exception {
    private static final long serialVersionUID = 1L;

    /** With what happened, and what to do. */
    public StorageException(String message) {
        super(message);
    }

    /** With what happened, what to do, and what the system said. */
    public StorageException(String message, Throwable cause) {
        super(message, cause);
    }
}
