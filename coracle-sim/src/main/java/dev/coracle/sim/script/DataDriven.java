package dev.coracle.sim.script;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Reads the grammar that all scripts share, that of Go's datadriven tests:
 *
 * <pre>
 * # A comment. A directive may continue \
 * command word key=value key=(value, (nested, value))
 * lines of input, which may be missing
 * ----
 * the expected answer, up to an empty line or the end
 * </pre>
 *
 * <p>An answer with empty lines stands between two doubled separators. {@code subtest NAME} and {@code subtest end}
 * enclose parts of a script; they may be nested and have no meaning but to be well formed.
 */
final class DataDriven {
    private static final String SEPARATOR = "----";
    private static final int MAX_LINE_LENGTH = 64 << 10;

    private final String file;
    private final String[] lines;
    private final List<Directive> directives = new ArrayList<>();
    private final Deque<String> subtests = new ArrayDeque<>();
    /** The position in {@link #lines} of the next line, and so the number of the line that was read last. */
    private int next;

    private DataDriven(String file, String text) {
        this.file = file;
        lines = text.isEmpty() ? new String[0] : withoutLastLineFeed(text).split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            if (lines[i].endsWith("\r")) {
                lines[i] = lines[i].substring(0, lines[i].length() - 1);
            }
        }
    }

    /**
     * Reads a whole script.
     *
     * @param file names it in errors
     */
    static List<Directive> parse(String file, String text) throws GrammarException {
        return new DataDriven(file, text).parse();
    }

    private static String withoutLastLineFeed(String text) {
        return text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    }

    private List<Directive> parse() throws GrammarException {
        while (hasNext()) {
            String line = nextLine().strip();
            if (line.startsWith("#")) {
                continue;
            }
            int number = next;
            while (line.endsWith("\\")) {
                if (!hasNext()) {
                    throw error("nothing follows the \\ at the end of the line");
                }
                line = line.substring(0, line.length() - 1) + " " + nextLine().strip();
            }
            if (!line.isBlank()) {
                readDirective(line.strip(), number);
            }
        }
        if (!subtests.isEmpty()) {
            throw error("subtest " + subtests.peek() + " has no end");
        }
        return directives;
    }

    private void readDirective(String line, int number) throws GrammarException {
        int space = line.indexOf(' ');
        String command = space < 0 ? line : line.substring(0, space);
        List<Argument> arguments = new Words(line, command.length()).read();
        if (command.equals("subtest")) {
            readSubtest(arguments);
            return;
        }
        boolean separated = false;
        StringBuilder input = new StringBuilder();
        while (!separated && hasNext()) {
            String text = nextLine();
            separated = text.equals(SEPARATOR);
            if (!separated) {
                input.append(text).append('\n');
            }
        }
        boolean verbatim = separated && hasNext() && lines[next].equals(SEPARATOR);
        if (verbatim) {
            next++;
        }
        int expectedLine = next + 1;
        String expected = verbatim ? readVerbatim() : readParagraph();
        directives.add(
                new Directive(line, command, arguments, input.toString().strip(), expected, number, expectedLine));
    }

    private void readSubtest(List<Argument> arguments) throws GrammarException {
        if (arguments.isEmpty() || arguments.size() > 2 || !arguments.stream().allMatch(Argument::isWord)) {
            throw error("not of the form: subtest NAME, or: subtest end [NAME]");
        }
        String name = arguments.get(0).key();
        if (!name.equals("end")) {
            if (arguments.size() > 1) {
                throw error("a subtest has one name, not \"" + name + " "
                        + arguments.get(1).key() + "\"");
            }
            subtests.push(name);
            return;
        }
        if (subtests.isEmpty()) {
            throw error("no subtest has begun");
        }
        String begun = subtests.pop();
        if (arguments.size() == 2 && !arguments.get(1).key().equals(begun)) {
            throw error("subtest " + begun + " is ended as " + arguments.get(1).key());
        }
    }

    private String readParagraph() throws GrammarException {
        StringBuilder expected = new StringBuilder();
        while (hasNext()) {
            String line = nextLine();
            if (line.isBlank()) {
                break;
            }
            expected.append(line).append('\n');
        }
        return expected.toString();
    }

    private String readVerbatim() throws GrammarException {
        StringBuilder expected = new StringBuilder();
        while (hasNext()) {
            String line = nextLine();
            if (line.equals(SEPARATOR) && hasNext() && lines[next].equals(SEPARATOR)) {
                next++;
                if (hasNext() && !nextLine().isEmpty()) {
                    throw error("the line after a doubled separator is not empty");
                }
                return expected.toString();
            }
            expected.append(line).append('\n');
        }
        throw error("no doubled separator ends the answer");
    }

    private boolean hasNext() {
        return next < lines.length;
    }

    private String nextLine() throws GrammarException {
        String line = lines[next++];
        if (line.length() > MAX_LINE_LENGTH) {
            throw error("the line has " + line.length() + " characters, more than " + MAX_LINE_LENGTH);
        }
        return line;
    }

    private GrammarException error(String reason) {
        return new GrammarException(file, next, reason);
    }

    /** Reads the words after the command. */
    private final class Words {
        private final String line;
        private int at;
        private int begin;

        Words(String line, int at) {
            this.line = line;
            this.at = at;
        }

        List<Argument> read() throws GrammarException {
            List<Argument> arguments = new ArrayList<>();
            skipSpaces();
            while (at < line.length()) {
                begin = at;
                String key = upTo(" =");
                if (key.isEmpty()) {
                    throw malformed();
                }
                arguments.add(new Argument(key, at < line.length() && line.charAt(at) == '=' ? values() : List.of()));
                skipSpaces();
            }
            return arguments;
        }

        private List<String> values() throws GrammarException {
            at++;
            if (at == line.length() || line.charAt(at) != '(') {
                return List.of(upTo(" "));
            }
            at++;
            List<String> values = new ArrayList<>();
            int depth = 1;
            int from = at;
            while (depth > 0) {
                if (at == line.length()) {
                    throw malformed();
                }
                char character = line.charAt(at++);
                if (character == '(') {
                    depth++;
                } else if (character == ')') {
                    depth--;
                }
                if (depth == 0 || (depth == 1 && character == ',')) {
                    values.add(line.substring(from, at - 1));
                    if (depth == 1) {
                        skipSpaces();
                    }
                    from = at;
                }
            }
            if (at < line.length() && line.charAt(at) != ' ') {
                throw malformed();
            }
            return values;
        }

        private String upTo(String ends) {
            int from = at;
            while (at < line.length() && ends.indexOf(line.charAt(at)) < 0) {
                at++;
            }
            return line.substring(from, at);
        }

        private void skipSpaces() {
            while (at < line.length() && line.charAt(at) == ' ') {
                at++;
            }
        }

        private GrammarException malformed() {
            return error("cannot parse directive at column " + (begin + 1) + ": " + line);
        }
    }
}
