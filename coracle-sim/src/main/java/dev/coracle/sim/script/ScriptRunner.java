package dev.coracle.sim.script;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.coracle.raft.Check;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Runs a script: a text file of commands, each with the answer that it shall have. The language is told by the first
 * command that belongs to one of the two small languages; without such a command it is the one that drives a cluster.
 * No state outlives a run, and the same file has the same result every time.
 */
public final class ScriptRunner {
    private static final long MAX_FILE_SIZE = 16 << 20;

    private ScriptRunner() {}

    /**
     * Runs a file up to the first difference.
     *
     * @throws IOException if it cannot be read
     */
    public static ScriptResult run(Path file) throws IOException {
        if (Files.size(file) > MAX_FILE_SIZE) {
            return new ScriptResult.Broken(file, 1, "the file has more than " + MAX_FILE_SIZE + " bytes");
        }
        try {
            return run(file, Files.readString(file, UTF_8));
        } catch (CharacterCodingException e) {
            return new ScriptResult.Broken(file, 1, "the file is not UTF-8");
        }
    }

    /**
     * Runs a text up to the first difference.
     *
     * @param file names the text in the result
     */
    public static ScriptResult run(Path file, String text) {
        List<Directive> directives;
        try {
            directives = DataDriven.parse(file.toString(), text);
        } catch (GrammarException e) {
            return new ScriptResult.Broken(file, e.line(), e.reason());
        }
        ScriptLanguage language = languageOf(directives);
        for (Directive directive : directives) {
            String actual;
            try {
                actual = language.run(directive);
            } catch (RuntimeException e) {
                return new ScriptResult.Broken(file, directive.line(), directive.text() + ": " + reason(e));
            }
            if (!actual.isEmpty() && !actual.endsWith("\n")) {
                actual += "\n";
            }
            if (!actual.equals(directive.expected())) {
                return difference(file, directive, actual);
            }
        }
        return new ScriptResult.Passed(file);
    }

    private static ScriptLanguage languageOf(List<Directive> directives) {
        for (Directive directive : directives) {
            if (QuorumScript.COMMANDS.contains(directive.command())) {
                return new QuorumScript();
            }
            if (ConfChangeScript.COMMANDS.contains(directive.command())) {
                return new ConfChangeScript();
            }
        }
        return new InteractionScript();
    }

    private static String reason(RuntimeException e) {
        if (e instanceof MisuseException || e instanceof IllegalArgumentException) {
            return String.valueOf(e.getMessage());
        }
        StackTraceElement[] trace = e.getStackTrace();
        String place = trace.length == 0 ? "" : " (thrown at " + trace[0] + ")";
        return e instanceof Check.BrokenInvariantException ? "broken invariant: " + e.getMessage() : e + place;
    }

    private static ScriptResult difference(Path file, Directive directive, String actual) {
        // Both end in a line feed or are empty, so that the last part says nothing and marks the end.
        String[] expectedLines = directive.expected().split("\n", -1);
        String[] actualLines = actual.split("\n", -1);
        int expectedEnd = expectedLines.length - 1;
        int actualEnd = actualLines.length - 1;
        int at = 0;
        while (at < expectedEnd && at < actualEnd && expectedLines[at].equals(actualLines[at])) {
            at++;
        }
        return new ScriptResult.Differs(
                file,
                directive.expectedLine() + at,
                directive.text(),
                directive.line(),
                at < expectedEnd ? expectedLines[at] : "",
                at < actualEnd ? actualLines[at] : "",
                at == expectedEnd,
                at == actualEnd);
    }
}
