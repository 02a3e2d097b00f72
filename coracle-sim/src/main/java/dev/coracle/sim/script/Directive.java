package dev.coracle.sim.script;

import java.util.List;

/**
 * A command of a script with what it is given and what it shall answer.
 *
 * @param text the command's line as it is written, without white space at either end
 * @param command the first word
 * @param arguments the other words of its line
 * @param input the lines below, up to the separator, without white space at either end
 * @param expected the answer, each line ending in a line feed; empty if none is expected
 * @param line the number of the command's line in the file, from 1
 * @param expectedLine the number of the first line of {@code expected}
 */
record Directive(
        String text,
        String command,
        List<Argument> arguments,
        String input,
        String expected,
        int line,
        int expectedLine) {
    Directive {
        arguments = List.copyOf(arguments);
    }

    /** The argument at {@code position}, from 0. */
    Argument argument(int position) {
        if (position >= arguments.size()) {
            throw new MisuseException(
                    "%s needs at least %d arguments, has %d", command, position + 1, arguments.size());
        }
        return arguments.get(position);
    }

    /** The one value of the argument {@code key}. */
    String value(String key) {
        for (Argument argument : arguments) {
            if (argument.key().equals(key) && argument.values().size() == 1) {
                return argument.values().get(0);
            }
        }
        throw new MisuseException("%s needs %s=VALUE", command, key);
    }
}
