package dev.coracle.sim.script;

/** A file is no script. The message begins with file and line. */
final class GrammarException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int line;
    private final String reason;

    GrammarException(String file, int line, String reason) {
        super(file + ":" + line + ": " + reason);
        this.line = line;
        this.reason = reason;
    }

    /** The line where it was noticed, from 1. */
    int line() {
        return line;
    }

    /** What is wrong, without file and line. */
    String reason() {
        return reason;
    }
}
