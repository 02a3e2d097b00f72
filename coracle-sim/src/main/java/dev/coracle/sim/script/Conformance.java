package dev.coracle.sim.script;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Runs files and folders of scripts and reports to a terminal: a line for each file, the first difference of each that
 * failed, and the number of both.
 */
public final class Conformance {
    /** The exit status if every script passed. */
    public static final int ALL_PASSED = 0;
    /** The exit status if a script failed. */
    public static final int SOME_FAILED = 1;
    /** The exit status if a path could not be read, or no script was found. */
    public static final int NOTHING_TO_RUN = 2;

    private final PrintStream out;
    private int passed;
    private int failed;
    private boolean unreadable;

    private Conformance(PrintStream out) {
        this.out = out;
    }

    /**
     * Runs scripts one after the other; a failed one does not keep the others from running.
     *
     * @param paths files, and folders of which every file {@code *.txt} is run, those of sub-folders included, sorted
     *     by name
     * @param out gets the report as UTF-8, whatever its own charset is
     * @return the exit status of a command that does this: one of the constants here, the greatest that applies
     */
    public static int run(List<Path> paths, PrintStream out) {
        PrintStream utf8 = new PrintStream(out, false, UTF_8);
        Conformance conformance = new Conformance(utf8);
        int status = conformance.run(paths);
        utf8.flush();
        return status;
    }

    private int run(List<Path> paths) {
        for (Path path : paths) {
            runPath(path);
        }
        if (passed + failed == 0 && !unreadable) {
            print("no script to run: " + (paths.isEmpty() ? "no path was given" : "no *.txt below " + text(paths)));
            unreadable = true;
        }
        print(passed + " passed, " + failed + " failed");
        if (unreadable) {
            return NOTHING_TO_RUN;
        }
        return failed > 0 ? SOME_FAILED : ALL_PASSED;
    }

    private static String text(List<Path> paths) {
        return String.join(", ", paths.stream().map(Path::toString).toList());
    }

    private void runPath(Path path) {
        if (!Files.isDirectory(path)) {
            runFile(path);
            return;
        }
        List<Path> files;
        try (Stream<Path> walk = Files.walk(path)) {
            files = walk.filter(Conformance::isScript).sorted().toList();
        } catch (IOException | UncheckedIOException e) {
            printUnreadable(path, e);
            return;
        }
        files.forEach(this::runFile);
    }

    /** Hidden files are none, as the traces of editors are. */
    private static boolean isScript(Path path) {
        String name = String.valueOf(path.getFileName());
        return name.endsWith(".txt") && !name.startsWith(".") && Files.isRegularFile(path);
    }

    private void runFile(Path file) {
        try {
            report(ScriptRunner.run(file));
        } catch (IOException e) {
            printUnreadable(file, e);
        }
    }

    /** The exception's own text is often just the path; its class says what happened. */
    private void printUnreadable(Path path, Exception e) {
        unreadable = true;
        print("cannot read " + path + ": " + e);
    }

    private void report(ScriptResult result) {
        if (result instanceof ScriptResult.Passed) {
            passed++;
            print("PASS " + result.file());
            return;
        }
        failed++;
        if (result instanceof ScriptResult.Broken broken) {
            print("FAIL " + broken.file() + ":" + broken.line());
            print("  " + broken.reason());
        } else if (result instanceof ScriptResult.Differs differs) {
            reportDifference(differs);
        }
    }

    private void reportDifference(ScriptResult.Differs differs) {
        boolean bars = differs.isTrailingSpaceOnly();
        String expected = differs.expectedEnds() ? "(nothing more)" : bar(differs.expected(), bars);
        String actual = differs.actualEnds() ? "(nothing more)" : bar(differs.actual(), bars);
        print("FAIL " + differs.file() + ":" + differs.line());
        print("  " + differs.command() + "   (line " + differs.commandLine() + ")");
        if (bars) {
            print("  only the white space at the end of line " + differs.line() + " differs; a bar marks the end");
        }
        String label = "  " + differs.line() + " ";
        print(label + "expected: " + expected);
        print(label + "actual:   " + actual);
        if (!differs.expectedEnds() && !differs.actualEnds()) {
            // Under the first character that differs. Tabs stay, so that they are as wide as in the lines above.
            String same = expected.substring(0, commonPrefix(expected, actual)).replaceAll("[^\t]", " ");
            print(" ".repeat((label + "expected: ").length()) + same + "^");
        }
    }

    private static String bar(String line, boolean wanted) {
        return wanted ? line + "|" : line;
    }

    private static int commonPrefix(String one, String other) {
        int length = Math.min(one.length(), other.length());
        int at = 0;
        while (at < length && one.charAt(at) == other.charAt(at)) {
            at++;
        }
        return at;
    }

    private void print(String line) {
        out.print(line + "\n");
    }
}
