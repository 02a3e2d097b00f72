package dev.coracle.sim.script;

import dev.coracle.raft.RaftLogger;
import java.util.List;
import java.util.Locale;

/**
 * Collects a command's answer: what the command itself prints and, between that, the log lines of the nodes. The level
 * says which log lines are wanted; at {@code NONE} nothing is, not even what commands print.
 */
final class ScriptLog implements RaftLogger {
    /** In the order of {@link RaftLogger.Level}, with one more. */
    private static final List<String> LEVELS = List.of("DEBUG", "INFO", "WARN", "ERROR", "FATAL", "NONE");

    private static final int NONE = LEVELS.size() - 1;

    private StringBuilder text = new StringBuilder();
    private int level;

    /** A part of a command. */
    @FunctionalInterface
    interface Part {
        void run() throws CommandException;
    }

    @Override
    public boolean enabled(Level lineLevel) {
        return lineLevel.ordinal() >= level;
    }

    @Override
    public void log(Level lineLevel, String line) {
        if (enabled(lineLevel)) {
            text.append(LEVELS.get(lineLevel.ordinal()))
                    .append(' ')
                    .append(line)
                    .append('\n');
        }
    }

    /** Adds to the answer. */
    void print(String part) {
        if (!isQuiet()) {
            text.append(part);
        }
    }

    /** Adds a line to the answer. */
    void printLine(String line) {
        print(line + "\n");
    }

    /** Indents each line that {@code part} prints by two spaces, also if it fails. */
    void indented(Part part) throws CommandException {
        StringBuilder outer = text;
        text = new StringBuilder();
        try {
            part.run();
        } finally {
            String inner = text.toString();
            text = outer;
            inner.lines().forEach(line -> text.append("  ").append(line).append('\n'));
        }
    }

    /** Tells whether everything but errors is dropped. */
    boolean isQuiet() {
        return level == NONE;
    }

    /** The level, for {@link #setLevel(int)}. */
    int level() {
        return level;
    }

    /** Restores a level. */
    void setLevel(int level) {
        this.level = level;
    }

    /** Sets the level by its name, in whatever case. */
    void setLevel(String name) throws CommandException {
        int position = LEVELS.indexOf(name.toUpperCase(Locale.ROOT));
        if (position < 0) {
            throw new CommandException("log levels must be either of [" + String.join(" ", LEVELS) + "]");
        }
        level = position;
    }

    /** Hands out what was collected and begins anew. */
    String take() {
        String taken = text.toString();
        text = new StringBuilder();
        return taken;
    }
}
