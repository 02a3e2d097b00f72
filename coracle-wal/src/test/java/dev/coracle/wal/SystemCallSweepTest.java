package dev.coracle.wal;

import static dev.coracle.wal.LogFixture.GROUP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.coracle.contracts.Recovered;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Entry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The real file system: a process that is killed, or gets an error, at its n-th write, sync, rename or deletion, for every
 * n. What it said that it had been told must be in its log, and nothing that it never wrote.
 */
@Tag("long")
final class SystemCallSweepTest {
    private static final int KILLED = 128 + 9;

    @TempDir
    private Path root;

    @BeforeEach
    void requireStrace() throws Exception {
        String reason;
        try {
            Process probe = new ProcessBuilder("strace", "-f", "-qq", "-e", "trace=none", "true")
                    .redirectErrorStream(true)
                    .start();
            String output = new String(probe.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (probe.waitFor() == 0) {
                return;
            }
            reason = "strace cannot trace here: " + output;
        } catch (IOException e) {
            reason = "there is no strace here: " + e.getMessage();
        }
        System.out.println("SKIPPED, NO PROCESS IS KILLED AT ITS SYSTEM CALLS: " + reason);
        abort(reason);
    }

    @ParameterizedTest
    @ValueSource(strings = {"pwrite64", "fdatasync", "fsync", "rename", "unlink"})
    void aProcessKilledAtAnyCallLosesNothingThatWasAcknowledged(String call) throws Exception {
        assertThat(sweep(call, "signal=KILL", KILLED)).as("runs that went on").isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"pwrite64", "fdatasync"})
    void aProcessWithAnErrorOfAnyCallLosesNothingThatWasAcknowledged(String call) throws Exception {
        // What prepares segments and writes the mark of the last sync may fail without harm.
        assertThat(sweep(call, "error=EIO", Victim.FAILED))
                .as("runs that went on")
                .isLessThan(20);
    }

    /** Stops the process at each call in turn; an error is not always the end of it. Returns how often it was not. */
    private int sweep(String call, String injection, int status) throws Exception {
        Path whole = Files.createDirectory(root.resolve("whole"));
        Path trace = root.resolve("trace");
        assertThat(run(whole, call, "delay_enter=0:when=1", trace, new ArrayList<>()))
                .isZero();
        long calls;
        try (Stream<String> lines = Files.lines(trace)) {
            calls = lines.filter(line -> line.contains(call + "(")).count();
        }
        int stopped = 0;
        for (long n = 1; n <= calls; n++) {
            Path directory = Files.createDirectory(root.resolve("run" + n));
            List<String> said = new ArrayList<>();
            String where = injection + " at call " + n + " of " + calls + " of " + call;
            int exit = run(directory, call, injection + ":when=" + n, Path.of("/dev/null"), said);
            assertThat(exit).as("%s: %s", where, said).isIn(0, status);
            check(directory, said, where);
            stopped += exit == status ? 1 : 0;
        }
        System.out.println(call + ", " + injection + ": stopped " + stopped + " times at " + calls + " calls");
        assertThat(stopped).isGreaterThan(2);
        return (int) calls - stopped;
    }

    private static int run(Path directory, String call, String injection, Path trace, List<String> said)
            throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process process = new ProcessBuilder(
                        "strace",
                        "-f",
                        "-qq",
                        "-o",
                        trace.toString(),
                        "-e",
                        "trace=" + call,
                        "-e",
                        "inject=" + call + ":" + injection,
                        java,
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:-UsePerfData",
                        "-Xshare:auto",
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Victim.class.getName(),
                        directory.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        said.addAll(output.lines().toList());
        return process.waitFor();
    }

    private static void check(Path directory, List<String> said, String where) throws StorageException {
        long acknowledged = highest(said, Victim.APPENDED);
        long snapshot = highest(said, Victim.SNAPSHOT);
        Recovered found;
        try (WalLogStore store = Victim.log(directory).open()) {
            found = Recovered.of(store, GROUP);
        }
        long first = found.snapshot().index() + 1;
        long last = first - 1 + found.entries().size();
        assertThat(last).as(where).isBetween(acknowledged, acknowledged + 1);
        assertThat(found.snapshot().index()).as(where).isIn(snapshot, (long) Victim.SNAPSHOT_INDEX);
        List<Entry> expected = new ArrayList<>();
        for (long index = first; index <= last; index++) {
            expected.add(Victim.entryAt(index));
        }
        assertThat(found.entries()).as(where).isEqualTo(expected);
        if (acknowledged > 0) {
            assertThat(found.hardState())
                    .as(where)
                    .isIn(Victim.stateAt(acknowledged), Victim.stateAt(Math.max(acknowledged, last)));
        }
    }

    private static long highest(List<String> said, String word) {
        return said.stream()
                .filter(line -> line.startsWith(word))
                .mapToLong(line -> Long.parseLong(line.substring(word.length())))
                .max()
                .orElse(0);
    }
}
