package dev.coracle.sim.script;

/** A command failed, and its text is part of the command's answer. The script goes on. */
final class CommandException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String text;

    CommandException(String text) {
        super(text);
        this.text = text;
    }

    /** What the command answers. */
    String text() {
        return text;
    }
}
