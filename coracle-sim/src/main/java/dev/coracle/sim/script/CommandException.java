package dev.coracle.sim.script;

/** A command failed, and its text is part of the command's answer. The script goes on. */
final class CommandException extends Exception {
    private static final long serialVersionUID = 1L;

    CommandException(String message) {
        super(message);
    }
}
