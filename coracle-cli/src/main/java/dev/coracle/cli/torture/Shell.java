package dev.coracle.cli.torture;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs the system's programs. */
final class Shell {
    private static final int SECONDS = 30;

    private Shell() {}

    /** A program failed, or is not there; the text says which and how. */
    static final class ShellException extends Exception {
        private static final long serialVersionUID = 1L;

        ShellException(String message) {
            super(message);
        }
    }

    /**
     * Runs a program to its end, for half a minute at most, and returns what it printed.
     *
     * @throws ShellException if it cannot be started, takes too long, or ends with another status than 0
     */
    static String run(String... command) throws ShellException, InterruptedException {
        return run(List.of(command));
    }

    /**
     * Runs a program to its end, for half a minute at most, and returns what it printed.
     *
     * @throws ShellException if it cannot be started, takes too long, or ends with another status than 0
     */
    static String run(List<String> command) throws ShellException, InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
        } catch (IOException e) {
            throw new ShellException(e.getMessage() == null ? e.toString() : e.getMessage());
        }
        try {
            String output = new String(process.getInputStream().readAllBytes(), Charset.defaultCharset()).strip();
            if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                throw new ShellException(String.join(" ", command) + ": not done after " + SECONDS + " s");
            }
            if (process.exitValue() != 0) {
                throw new ShellException(String.join(" ", command) + ": "
                        + (output.isEmpty() ? "" : output.replace('\n', ' ') + ", ") + "status " + process.exitValue());
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            process.destroyForcibly();
        }
    }
}
