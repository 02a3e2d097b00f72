package dev.coracle.cli.torture;

import dev.coracle.cli.torture.Shell.ShellException;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** strace on a process that runs: what becomes of its syncs. */
final class Strace {
    private static final int ATTACH_SECONDS = 10;
    private static final int PAUSE_MILLIS = 10;
    private static final String SYNCS = "fdatasync,fsync,sync_file_range,syncfs";

    private final Process process;
    private final Path trace;

    private Strace(Process process, Path trace) {
        this.process = process;
        this.trace = trace;
    }

    /**
     * Attaches to all threads of a process, those to come included, and returns when it has.
     *
     * @param injection what its syncs do instead, in strace's words
     * @param trace where the calls are written down
     */
    static Strace attach(long pid, String injection, Path trace)
            throws IOException, ShellException, InterruptedException {
        Path messages = trace.resolveSibling(trace.getFileName() + ".log");
        Process process = new ProcessBuilder(
                        "strace",
                        "-f",
                        "-p",
                        String.valueOf(pid),
                        "-o",
                        trace.toString(),
                        "-e",
                        "trace=" + SYNCS,
                        "-e",
                        "inject=" + SYNCS + ":" + injection)
                .redirectErrorStream(true)
                .redirectOutput(messages.toFile())
                .start();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(ATTACH_SECONDS);
        // It says so once it has all of them: "Process 7 attached with 20 threads".
        while (!text(messages).contains("attached")) {
            if (!process.isAlive() || System.nanoTime() - deadline > 0) {
                process.destroyForcibly();
                throw new ShellException(
                        "strace did not attach: " + text(messages).strip());
            }
            Thread.sleep(PAUSE_MILLIS);
        }
        return new Strace(process, trace);
    }

    private static String text(Path file) throws IOException {
        return Files.exists(file) ? new String(Files.readAllBytes(file), Charset.defaultCharset()) : "";
    }

    /** How many calls were answered by it instead of by the system. */
    long injected() throws IOException {
        return text(trace).lines().filter(line -> line.contains("(INJECTED)")).count();
    }

    /** Lets the process go, as it is. */
    void detach() {
        process.destroy();
        try {
            if (!process.waitFor(ATTACH_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
