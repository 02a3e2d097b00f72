package dev.coracle.cli;

/** A command could not do what was asked; the message is all that the user needs to see. */
final class CommandFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CommandFailedException(String message) {
        super(message);
    }
}
