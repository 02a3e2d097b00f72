package dev.coracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A snapshot of a gibibyte, from a member's state to another one's, in two processes with little memory. */
@Tag("long")
class LargeSnapshotLongTest {
    private static final long SNAPSHOT_BYTES = 1L << 30;

    /** Two snapshots, logs, and some room for others. */
    private static final long NEEDED_BYTES = 4 * SNAPSHOT_BYTES;

    @TempDir
    private Path root;

    private final List<Process> started = new ArrayList<>();

    @AfterEach
    void end() {
        started.forEach(Process::destroyForcibly);
    }

    private Process start(String name, String... more) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:MaxDirectMemorySize=32m",
                "-cp",
                System.getProperty("java.class.path"),
                LargeStateMember.class.getName(),
                root.resolve(name).toString(),
                Long.toString(SNAPSHOT_BYTES)));
        command.addAll(List.of(more));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        started.add(process);
        return process;
    }

    /** Passes on what a member says, until a line that contains some words, which is returned. */
    private static String read(BufferedReader out, String words) throws IOException {
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            System.out.println(line);
            if (line.startsWith(LargeStateMember.SAYS) && line.contains(words)) {
                return line;
            }
        }
        throw new AssertionError("it ended without \"" + words + "\"");
    }

    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void aGibibyteMovesWithinA64MebibyteHeap() throws Exception {
        long usable = Files.getFileStore(root).getUsableSpace();
        assumeTrue(usable >= NEEDED_BYTES, () -> root + " has " + usable + " bytes left, this takes " + NEEDED_BYTES);
        Process sender = start("sender");
        try (BufferedReader sent = sender.inputReader(StandardCharsets.UTF_8)) {
            String listens = read(sent, "listens on ");
            String address = listens.substring(listens.lastIndexOf(' ') + 1);
            Process receiver = start("receiver", address);
            try (BufferedReader received = receiver.inputReader(StandardCharsets.UTF_8)) {
                assertThat(read(received, "restored ")).contains("restored " + SNAPSHOT_BYTES + " bytes");
                read(received, "heap ");
            }
            assertThat(receiver.waitFor()).isZero();
            sender.getOutputStream().close();
            read(sent, "heap ");
        }
        assertThat(sender.waitFor()).isZero();
    }
}
