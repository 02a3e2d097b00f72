package dev.coracle.rocksdb;

import static dev.coracle.contracts.Samples.entry;
import static dev.coracle.contracts.Samples.snapshot;
import static dev.coracle.contracts.Samples.state;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.coracle.contracts.Recovered;
import dev.coracle.contracts.Samples;
import dev.coracle.node.FileDisk;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Entry;
import dev.coracle.wal.FileSnapshotStore;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that appends, replaces and releases is killed at any moment: what it was told is there. */
class KilledTest {
    private static final long GROUP = 0;
    private static final long SEED = 20261130;
    private static final int KILLS = 4;
    private static final String ACKNOWLEDGED = "acknowledged ";

    @TempDir
    private Path root;

    @Test
    void whatWasAcknowledgedIsThereWheneverTheProcessIsKilled()
            throws IOException, InterruptedException, StorageException {
        System.out.println("KilledTest: seed " + SEED);
        Random random = new Random(SEED);
        long acknowledged = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            long lines = 20 + random.nextInt(150);
            long before = acknowledged;
            acknowledged = killAfter(lines, acknowledged);
            assertThat(acknowledged).as("the work of process %d", kill).isGreaterThan(before);
            try (RocksDbLogStore store = Victim.open(root)) {
                Recovered found = Recovered.of(store, GROUP);
                List<Entry> entries = found.entries();
                long first = found.snapshot().index() + 1;
                long last = found.snapshot().index() + entries.size();
                assertThat(last).isGreaterThanOrEqualTo(acknowledged);
                assertThat(found.hardState().term()).isGreaterThanOrEqualTo(Victim.termAt(acknowledged));
                for (Entry each : entries) {
                    // What was on its way may be one of the entries that were to be replaced.
                    assertThat(each.index()).isEqualTo(first++);
                    if (each.index() <= acknowledged) {
                        assertThat(each).isEqualTo(Victim.entryAt(each.index()));
                    }
                }
            }
        }
    }

    /** Returns the index that the process acknowledged last. */
    private long killAfter(long lines, long acknowledged) throws IOException, InterruptedException {
        Process process = start(List.of(), Long.MAX_VALUE);
        long last = acknowledged;
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            long left = lines;
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                if (line.startsWith(ACKNOWLEDGED)) {
                    last = Long.parseLong(line.substring(ACKNOWLEDGED.length()));
                    if (--left == 0) {
                        // Not by way of the process, which would close the stream: what it says to its end is read.
                        process.toHandle().destroyForcibly();
                    }
                }
            }
        }
        process.waitFor();
        return last;
    }

    /** Starts a victim, by way of another command if there is one, that ends by itself at an index. */
    private Process start(List<String> by, long end) throws IOException {
        List<String> command = new ArrayList<>(by);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        if (Runtime.version().feature() >= 24) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(List.of(
                "-Xshare:auto",
                "-cp",
                System.getProperty("java.class.path"),
                Victim.class.getName(),
                root.toString(),
                String.valueOf(end)));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** What a test that kills a process alone cannot see. */
    @Test
    @Tag("long")
    void eachAcknowledgementWaitsForTheDisk() throws Exception {
        Path trace = root.resolve("trace");
        Process process;
        try {
            process = start(List.of("strace", "-f", "-qq", "-e", "trace=fdatasync", "-o", trace.toString()), 40);
        } catch (IOException e) {
            abort("SKIPPED, NOBODY LOOKS WHETHER ROCKSDB SYNCS: there is no strace here: " + e.getMessage());
            return;
        }
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        assertThat(said.lines().filter(line -> line.startsWith(ACKNOWLEDGED))).hasSize(40);
        try (Stream<String> calls = Files.lines(trace)) {
            assertThat(calls.filter(line -> line.contains("fdatasync(")).count())
                    .isGreaterThanOrEqualTo(40);
        }
    }

    /** What is killed. */
    static final class Victim {
        private static final int RELEASED_EVERY = 50;

        private Victim() {}

        static RocksDbLogStore open(Path root) throws StorageException {
            return RocksDbLogStore.open(root.resolve("log"), snapshots(root), RocksDbLogStoreTest.SMALL);
        }

        private static SnapshotStore snapshots(Path root) throws StorageException {
            return FileSnapshotStore.open(new FileDisk(), root.resolve("snap"), GROUP);
        }

        static long termAt(long index) {
            return 1 + index / 10;
        }

        static Entry entryAt(long index) {
            return entry(termAt(index), index, 500 + (int) (index % 7) * 300);
        }

        public static void main(String[] arguments) throws StorageException, IOException {
            Path root = Path.of(arguments[0]);
            RocksDbLogStore store = open(root);
            Recovered found = Recovered.of(store, GROUP);
            long index = found.snapshot().index();
            for (Entry each : found.entries()) {
                // From the first on that was to be replaced, all is written anew.
                if (!each.equals(entryAt(index + 1))) {
                    break;
                }
                index++;
            }
            long end = Long.parseLong(arguments[1]);
            while (index < end) {
                index++;
                if (index % 10 == 0) {
                    // They belong to the term before, and are replaced by the one that is acknowledged.
                    store.append(
                            GROUP,
                            state(termAt(index - 1), 1, Math.max(0, index - 2)),
                            Samples.entries(termAt(index - 1), index, index + 3, 700));
                    store.sync();
                }
                store.append(GROUP, state(termAt(index), 1, index - 1), List.of(entryAt(index)));
                store.sync();
                System.out.println(ACKNOWLEDGED + index);
                System.out.flush();
                if (index % RELEASED_EVERY == 0) {
                    long covered = index - 5;
                    Samples.save(snapshots(root), GROUP, snapshot(covered, termAt(covered)), new byte[2_000]);
                    store.appendSnapshot(GROUP, snapshot(covered, termAt(covered)));
                    store.sync();
                    store.release(GROUP, covered - 10);
                }
            }
            store.close();
        }
    }
}
