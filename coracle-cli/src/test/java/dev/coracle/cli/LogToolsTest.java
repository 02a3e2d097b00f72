package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.codec.MemStoreInsert;
import dev.coracle.node.FileDisk;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.wal.FileSnapshotStore;
import dev.coracle.wal.WalLogStore;
import dev.coracle.wal.WalOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The texts and statuses of {@code wal} and {@code describe}. What they find is tested where it is found. */
class LogToolsTest {
    /** What UTF-8 makes of the letter in the values, byte by byte. */
    private static final String ENCODED_E = "\u00c3\u00a9";

    @TempDir
    private Path root;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final ByteArrayOutputStream dumped = new ByteArrayOutputStream();
    private Path data;
    private Path wal;

    @BeforeEach
    void writeALog() throws StorageException {
        data = root.resolve("data");
        wal = data.resolve("wal");
        FileDisk disk = new FileDisk();
        WalOptions options = WalOptions.DEFAULTS.withSegmentBytes(1024).withLowSpaceBytes(0);
        try (WalLogStore store =
                WalLogStore.open(disk, wal, FileSnapshotStore.open(disk, data.resolve("snap"), 0), options)) {
            for (long index = 1; index <= 40; index++) {
                byte[] insert = new MemStoreInsert(index, "é" + index).encode();
                store.append(0, new HardState(1, 1, index - 1), List.of(new Entry(1, index, EntryType.NORMAL, insert)));
                store.sync();
            }
        }
    }

    @Test
    void dumpPrintsWhatEtcdSees() {
        assertThat(run("wal", "dump", wal.toString(), data.resolve("snap").toString()))
                .isZero();
        assertThat(dumped.toString(StandardCharsets.UTF_8))
                .startsWith("snapshot none: snap: no available snapshot\n"
                        + "metadata \"\"\nhardstate term=1 vote=1 commit=39\nerror <nil>\nentries 40\n"
                        + "1\t1\tEntryNormal\t00000000" + "0100000000000000" + "0300000000000000" + "c3a931\n");
    }

    @Test
    void dumpOfADamagedLogEndsWithStatus1AndOfNoneWith2() throws IOException {
        damage();
        assertThat(run("wal", "dump", wal.toString())).isEqualTo(1);
        assertThat(dumped.toString(StandardCharsets.UTF_8)).contains("\nerror walpb: crc mismatch\nentries 0\n");
        assertThat(run("wal", "dump", root.toString())).isEqualTo(2);
        assertThat(dumped.toString(StandardCharsets.UTF_8)).endsWith("open error: wal: file not found\n");
    }

    @Test
    void verifyTellsByTextAndStatus() throws IOException {
        assertThat(run("wal", "verify", data.toString())).isZero();
        assertThat(out.toString()).contains("sound: ", "last index 40", "committed to 39");
        assertThat(run("wal", "verify", root.toString())).isEqualTo(2);
        assertThat(out.toString()).contains("not a log: ");
        Path segment = damage();
        assertThat(run("wal", "verify", data.toString())).isEqualTo(1);
        assertThat(out.toString()).contains("damaged: " + segment + " is corrupt at offset ", "expected", "found");
    }

    @Test
    void repairOfASoundLogHasNothingToDo() throws IOException {
        assertThat(run("wal", "repair", data.toString())).isZero();
        assertThat(out.toString()).contains("nothing to repair: start the node");
        List<Path> before = files();
        assertThat(run("wal", "repair", "--wipe", "--yes", data.toString())).isEqualTo(1);
        assertThat(err.toString()).startsWith("coracle: nothing was changed: ").contains("--force");
        assertThat(files()).isEqualTo(before);
        assertThat(run("wal", "repair", "--wipe", "--yes", "--force", data.toString()))
                .isZero();
        assertThat(root.resolve("data.wiped-1").resolve("wal")).isDirectory();
        assertThat(wal).doesNotExist();
    }

    @Test
    void repairOfADamagedLogExplainsTheTwoWaysOut() throws IOException {
        damage();
        List<Path> before = files();
        assertThat(run("wal", "repair", data.toString())).isEqualTo(1);
        assertThat(out.toString())
                .contains(
                        "1. Restore the damaged file",
                        "2. Give this node up",
                        "./coracle wal repair --wipe " + data,
                        "do not wipe anything");
        assertThat(files()).isEqualTo(before);
    }

    @Test
    void wipingAsksForTheNameOfTheDirectory() throws IOException {
        damage();
        List<Path> before = files();
        assertThat(repair(null, "--wipe", data.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("nobody answered").contains("--yes");
        assertThat(repair("yes", "--wipe", data.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("\"yes\" is not data");
        assertThat(files()).isEqualTo(before);
        assertThat(repair(" data\n", "--wipe", data.toString())).isZero();
        assertThat(out.toString()).contains("moved everything to " + root.resolve("data.wiped-1"));
        assertThat(data).isEmptyDirectory();
    }

    @Test
    void repairOfNoLogChangesNothing() throws IOException {
        Path other = Files.createDirectory(root.resolve("other"));
        Files.writeString(other.resolve("photo"), "x");
        assertThat(run("wal", "repair", "--wipe", "--yes", "--force", other.toString()))
                .isEqualTo(2);
        assertThat(other.resolve("photo")).exists();
    }

    @Test
    void describeLogsPrintsCommandsOfMemstore() {
        assertThat(run("describe", "logs", "--from", "2", "--to", "3", data.toString()))
                .isZero();
        assertThat(out.toString().lines().toList()).hasSize(3);
        assertThat(out.toString()).contains("| Insert(2, \"é2\") ").contains("| Insert(3, \"é3\") ");
        assertThat(err.toString()).startsWith("coracle: found log " + wal + ", snapshots " + data.resolve("snap"));
        assertThat(run("describe", "logs", "--json", "--raw", "--to", "1", data.toString()))
                .isZero();
        assertThat(out.toString()).endsWith("\"data\":\"0000000001000000000000000300000000000000c3a931\"}\n");
    }

    @Test
    void describeMetadataPrintsStateAndLastIndex() {
        assertThat(run("describe", "metadata", wal.toString())).isZero();
        assertThat(out.toString()).contains("HardState   | term 1, vote 1, commit 39", "Last index  | 40, term 1");
        assertThat(run("describe", "metadata", root.toString())).isEqualTo(2);
        assertThat(err.toString()).contains("not a log: ");
    }

    @Test
    void describeOfADamagedLogEndsWithStatus1() throws IOException {
        damage();
        assertThat(run("describe", "logs", data.toString())).isEqualTo(1);
        assertThat(out.toString()).contains("| Insert(1, \"é1\") ");
        assertThat(err.toString()).contains("damaged, what stands behind is not shown: ");
    }

    @Test
    void withoutACommandOrADirectoryItIsAUsageError() {
        for (List<String> arguments : List.of(
                List.of("wal"),
                List.of("describe"),
                List.of("wal", "dump"),
                List.of("wal", "verify"),
                List.of("describe", "logs"),
                List.of("describe", "logs", "--from", "x", "dir"))) {
            assertThat(run(arguments.toArray(new String[0])))
                    .as("%s", arguments)
                    .isEqualTo(2);
        }
        assertThat(err.toString()).contains("Missing command", "WALDIR", "DIR", "--from");
    }

    /** Flips a bit of the first value in the third segment. */
    private Path damage() throws IOException {
        Path segment;
        try (Stream<Path> segments = Files.list(wal)) {
            segment = segments.sorted().toList().get(2);
        }
        byte[] bytes = Files.readAllBytes(segment);
        bytes[new String(bytes, StandardCharsets.ISO_8859_1).indexOf(ENCODED_E)] ^= 1;
        Files.write(segment, bytes);
        return segment;
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> paths = Files.walk(root)) {
            return new ArrayList<>(paths.sorted().toList());
        }
    }

    private int repair(@Nullable String answer, String... arguments) {
        List<String> all = new ArrayList<>(List.of("repair"));
        all.addAll(List.of(arguments));
        return Main.commandLine(new WalCommand(question -> answer))
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(all.toArray(new String[0]));
    }

    private int run(String... arguments) {
        PrintStream standardOutput = System.out;
        System.setOut(new PrintStream(dumped, true, StandardCharsets.UTF_8));
        try {
            return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
        } finally {
            System.setOut(standardOutput);
        }
    }
}
