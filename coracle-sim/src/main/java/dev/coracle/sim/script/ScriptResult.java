package dev.coracle.sim.script;

import java.nio.file.Path;

/** How a script ended. Only {@link Passed} is success. */
public sealed interface ScriptResult {
    /** The file. */
    Path file();

    /** Every answer was the expected one, to the byte. */
    record Passed(Path file) implements ScriptResult {}

    /**
     * An answer differs; the commands after it were not run.
     *
     * @param line the line of the file, from 1, where the expected answer differs first from the actual one; where one
     *     of the two ends early, the line behind its end
     * @param command the command, as its line reads
     * @param commandLine the line of the command
     * @param expected the expected line, or empty if the answer should have ended
     * @param actual the actual line, or empty if the answer ended
     * @param expectedEnds whether the expected answer ends before this line
     * @param actualEnds whether the actual answer ends before this line
     */
    record Differs(
            Path file,
            int line,
            String command,
            int commandLine,
            String expected,
            String actual,
            boolean expectedEnds,
            boolean actualEnds)
            implements ScriptResult {
        /** Tells whether both lines are there and differ in nothing but the white space at their ends. */
        public boolean isTrailingSpaceOnly() {
            return !expectedEnds && !actualEnds && expected.stripTrailing().equals(actual.stripTrailing());
        }
    }

    /**
     * The script did not get as far as an answer: it is malformed, a command makes no sense, or the code under test
     * threw.
     *
     * @param line the line of the file, from 1
     * @param reason what happened
     */
    record Broken(Path file, int line, String reason) implements ScriptResult {}
}
