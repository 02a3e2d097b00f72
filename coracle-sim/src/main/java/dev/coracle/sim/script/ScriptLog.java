package dev.coracle.sim.script;

import dev.coracle.raft.RaftLogger;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Collects a command's answer: what the command itself prints and, between that, the log lines of the nodes. The level
 * says which log lines are wanted; at {@code NONE} nothing is, not even what commands print.
 */
final class ScriptLog implements RaftLogger {
    private StringBuilder text = new StringBuilder();

    /** The lowest level that is wanted, or null for {@code NONE}. */
    private @Nullable Level level = Level.DEBUG;

    /** A part of a command. */
    @FunctionalInterface
    interface Part {
        void run() throws CommandException;
    }

    @Override
    public boolean enabled(Level lineLevel) {
        return level != null && lineLevel.compareTo(level) >= 0;
    }

    @Override
    public void log(Level lineLevel, String line) {
        if (enabled(lineLevel)) {
            text.append(lineLevel + " " + line + "\n");
        }
    }

    /** Adds to the answer. */
    void print(String part) {
        if (level != null) {
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

    /** Sets the level by its name, in whatever case. */
    void setLevel(String name) throws CommandException {
        String upperCase = name.toUpperCase(Locale.ROOT);
        if (upperCase.equals("NONE")) {
            level = null;
            return;
        }
        for (Level candidate : Level.values()) {
            if (upperCase.equals(candidate.name())) {
                level = candidate;
                return;
            }
        }
        throw new CommandException("log levels must be either of [DEBUG INFO WARN ERROR FATAL NONE]");
    }

    /** Restores the level after {@code part}, which may set it. */
    void keepingLevel(Part part) throws CommandException {
        Level before = level;
        try {
            part.run();
        } finally {
            level = before;
        }
    }

    /** Hands out what was collected and begins anew. */
    String take() {
        String taken = text.toString();
        text = new StringBuilder();
        return taken;
    }
}
