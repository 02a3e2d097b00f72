package dev.coracle.sim.script;

import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.Describe;
import java.util.ArrayList;
import java.util.List;

/** Reads the words of scripts as Go does, whose error texts are part of some answers. */
final class Scan {
    private Scan() {}

    /** An id, or another unsigned number of 64 bits. */
    static long unsigned(String text) {
        try {
            return parseUnsigned(text);
        } catch (CommandException e) {
            throw new MisuseException("%s", e.text());
        }
    }

    /** A number of 31 bits. */
    static int integer(String text) {
        long value = unsigned(text);
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw new MisuseException("%s is greater than %d", text, Integer.MAX_VALUE);
        }
        return (int) value;
    }

    /** An index, which has 63 bits. */
    static long index(String text) {
        long value = unsigned(text);
        if (value < 0) {
            throw new MisuseException("index %s is greater than %d", text, Long.MAX_VALUE);
        }
        return value;
    }

    /** A truth value. */
    static boolean truth(String text) {
        try {
            return parseTruth(text);
        } catch (CommandException e) {
            throw new MisuseException("%s", e.text());
        }
    }

    /** An unsigned number of 64 bits. */
    static long parseUnsigned(String text) throws CommandException {
        if (text.isEmpty() || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw new CommandException("strconv.ParseUint: parsing " + Describe.quote(text) + ": invalid syntax");
        }
        try {
            return Long.parseUnsignedLong(text);
        } catch (NumberFormatException e) {
            throw new CommandException("strconv.ParseUint: parsing " + Describe.quote(text) + ": value out of range");
        }
    }

    /** A truth value. */
    static boolean parseTruth(String text) throws CommandException {
        return switch (text) {
            case "1", "t", "T", "true", "TRUE", "True" -> true;
            case "0", "f", "F", "false", "FALSE", "False" -> false;
            default ->
                throw new CommandException("strconv.ParseBool: parsing " + Describe.quote(text) + ": invalid syntax");
        };
    }

    /** Changes of members, a letter and a number each, separated by single spaces: {@code v1 l2 r3 u4}. */
    static List<ConfChangeSingle> parseChanges(String text) throws CommandException {
        List<ConfChangeSingle> changes = new ArrayList<>();
        if (text.isEmpty()) {
            return changes;
        }
        for (String word : text.split(" ", -1)) {
            if (word.length() < 2) {
                throw new CommandException("unknown token " + word);
            }
            ConfChangeType type = changeType(word);
            changes.add(new ConfChangeSingle(type, parseUnsigned(word.substring(1))));
        }
        return changes;
    }

    private static ConfChangeType changeType(String word) throws CommandException {
        for (ConfChangeType type : ConfChangeType.values()) {
            if (type.letter() == word.charAt(0)) {
                return type;
            }
        }
        throw new CommandException("unknown input: " + word);
    }
}
