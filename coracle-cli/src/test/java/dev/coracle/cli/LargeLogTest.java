package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A log of two gigabytes in processes whose heap has 64 MiB: written, opened, served, looked at. */
@Tag("long")
class LargeLogTest {
    private static final long NEEDED_BYTES = 3L << 30;
    private static final int READ_BYTES = 64 << 10;
    private static final int SHOWN_CHARACTERS = 120;

    @TempDir
    private Path root;

    private final List<Process> processes = new ArrayList<>();

    @AfterEach
    void endWhatIsLeft() {
        processes.forEach(Process::destroyForcibly);
    }

    @Test
    void aLogOfTwoGigabytesIsWrittenOpenedServedAndLookedAtInASmallHeap() throws Exception {
        long free = Files.getFileStore(root).getUsableSpace();
        if (free < NEEDED_BYTES) {
            String reason =
                    "it needs " + NEEDED_BYTES + " bytes on the disk of " + root + ", and " + free + " are free";
            System.out.println("SKIPPED, NO LARGE LOG IS OPENED IN A SMALL HEAP: " + reason);
            abort(reason);
        }
        Path data = root.resolve("data");
        Path wal = data.resolve("wal");
        assertThat(run(LargeLog.class, "write", data)).last().asString().startsWith("write: ");
        assertThat(directoryBytes(wal)).isGreaterThan(LargeLog.BYTES);

        assertThat(run(LargeLog.class, "read", data)).anyMatch(line -> line.startsWith("read "));
        assertThat(run(LargeLog.class, "serve", data)).anyMatch(line -> line.startsWith("applied "));
        assertThat(run(Main.class, "wal", "verify", data)).anyMatch(line -> line.startsWith("sound: "));
        assertThat(run(Main.class, "describe", "metadata", data)).anyMatch(line -> line.startsWith("ConfState"));
        // Each entry's index, type, some bytes and term.
        assertThat(run(Main.class, "describe", "logs", data)).hasSizeGreaterThan(60_000);
        run(Main.class, "wal", "dump", wal);
    }

    private static long directoryBytes(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        }
    }

    /** Runs a program and returns what it prints, but of long lines only the beginning. */
    private List<String> run(Class<?> program, Object... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:+ExitOnOutOfMemoryError",
                "-cp",
                System.getProperty("java.class.path"),
                program.getName()));
        Arrays.stream(arguments).map(Object::toString).forEach(command::add);
        long begin = System.nanoTime();
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        processes.add(process);
        List<String> lines = readLines(process.getInputStream());
        int status = process.waitFor();
        System.out.printf("%s: %,d ms%n", command.subList(5, command.size()), (System.nanoTime() - begin) / 1_000_000);
        lines.stream().limit(5).forEach(line -> System.out.println("    " + line));
        assertThat(status).as(() -> String.join("\n", lines)).isZero();
        return lines;
    }

    private static List<String> readLines(InputStream printed) throws IOException {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        byte[] some = new byte[READ_BYTES];
        for (int count = printed.read(some); count >= 0; count = printed.read(some)) {
            for (int i = 0; i < count; i++) {
                if (some[i] == '\n') {
                    lines.add(line.toString());
                    line.setLength(0);
                } else if (line.length() < SHOWN_CHARACTERS) {
                    line.append((char) some[i]);
                }
            }
        }
        return lines;
    }
}
