package dev.coracle.wal;

import static dev.coracle.wal.LogFixture.GROUP;
import static dev.coracle.wal.LogFixture.SMALL;
import static dev.coracle.wal.LogFixture.entries;
import static dev.coracle.wal.LogFixture.entry;
import static dev.coracle.wal.LogFixture.snapshot;
import static dev.coracle.wal.LogFixture.state;
import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.node.FileDisk;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Entry;
import dev.coracle.raft.SnapshotMetadata;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a dump prints, compared with what etcd 3.4.23's own reader printed of the same directories: random ones, written by
 * etcd, by hand and by this project, and most of them damaged. {@link EtcdFixturesTest} has what its raftexample wrote.
 */
final class WalDumpTest {
    /** One directory, and what etcd's reader says of it with its snapshots and without. */
    private record Reading(String name, List<String> files, String with, String without) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static final int LARGE_CHARACTERS = 2205789;
    private static final String LARGE_SHA_256 = "6137ecf263890645c1ea38a269c85fd5c2cb619b752d484ef35892529f086639";

    @TempDir
    private Path root;

    private final List<String> notes = new ArrayList<>();
    private WalVerdict verdict = WalVerdict.SOUND;

    @ParameterizedTest
    @MethodSource("readings")
    void aDumpIsWhatEtcdsReaderSays(Reading reading) throws IOException {
        for (String file : reading.files) {
            write(file.split(" "));
        }

        assertThat(dump(root.resolve("wal"), root.resolve("snap"))).isEqualTo(reading.with);
        assertThat(dump(root.resolve("wal"), null)).isEqualTo(reading.without);
        assertThat(verdict == WalVerdict.SOUND).isEqualTo(reading.without.contains("\nerror <nil>\n"));
    }

    @Test
    void theReadingsCoverEveryErrorOfEtcds() throws IOException {
        assertThat(String.join("", readings().map(Reading::without).toList()))
                .contains(
                        "error <nil>",
                        "error walpb: crc mismatch",
                        "error wal: crc mismatch",
                        "error wal: slice bounds out of range",
                        "error wal: snapshot not found",
                        "error wal: snapshot mismatch",
                        "error wal: conflicting metadata found",
                        "error wal: max entry size limit exceeded",
                        "error unexpected block type",
                        "error proto: Record: illegal tag",
                        "error proto: wrong wireType",
                        "error proto: illegal wireType",
                        "open error: wal: file not found",
                        "PANIC");
    }

    /** Seeded: etcd's reader has printed a text with this checksum of the same directory. */
    @Test
    void manySegmentsOverwrittenTailsAndEntriesAboveAMegabyteAreReadAsEtcdReadsThem() throws Exception {
        LogFixture log = new LogFixture(new FileDisk(), root, SMALL);
        writeLarge(log, new Random(20_261_127));

        String text = dump(log.wal, log.snap) + dump(log.wal, null);

        assertThat(new FileDisk().list(log.wal)).hasSizeGreaterThan(20);
        assertThat(text).startsWith("snapshot index=").hasSize(LARGE_CHARACTERS);
        assertThat(sha256(text)).isEqualTo(LARGE_SHA_256);
    }

    @Test
    void aTornTailIsNoErrorToEtcd() throws IOException, StorageException {
        LogFixture log = new LogFixture(new FileDisk(), root, SMALL);
        try (WalLogStore store = log.open()) {
            store.append(GROUP, state(1, 1, 1), List.of(entry(1, 1, "first"), entry(1, 2, "second")));
            store.sync();
        }
        List<WalRecord> records = log.records();
        try (RandomAccessFile file = new RandomAccessFile(
                log.wal.resolve(SegmentName.FIRST.fileName()).toFile(), "rw")) {
            file.setLength(records.get(records.size() - 2).offset() + 11);
        }

        assertThat(dump(log.wal, null)).isEqualTo("""
                metadata ""
                hardstate term=0 vote=0 commit=0
                error <nil>
                entries 1
                1\t1\tEntryNormal\t6669727374
                """);
        assertThat(verdict).isEqualTo(WalVerdict.SOUND);
    }

    @Test
    void aDamagedSnapshotIsToldOfAndKeepsItsName() throws IOException, StorageException {
        LogFixture log = new LogFixture(new FileDisk(), root, SMALL);
        try (WalLogStore store = log.open()) {
            store.append(GROUP, state(1, 1, 4), entries(1, 1, 4, 8));
            for (long index = 2; index <= 3; index++) {
                log.saveSnapshot(snapshot(index, 1), new byte[] {1, 2, 3});
                store.appendSnapshot(GROUP, snapshot(index, 1));
            }
        }
        Path newest = log.snap.resolve(FileSnapshotStore.fileName(snapshot(3, 1).id()));
        byte[] bytes = Files.readAllBytes(newest);
        bytes[bytes.length - 1] ^= 1;
        Files.write(newest, bytes);

        assertThat(dump(log.wal, log.snap))
                .startsWith("snapshot index=2 term=1 voters=[1 2 3] learners=[] data=3 bytes\n")
                .contains("\nentries 2\n3\t1\t");
        assertThat(notes).containsExactly("the snapshot " + newest + " cannot be read: snap: crc mismatch");
        assertThat(newest).hasBinaryContent(bytes);
    }

    @Test
    void whatIsNoLogAtAllSaysSo() throws IOException {
        Path file = Files.write(root.resolve("file"), new byte[] {1});
        Path missing = root.resolve("missing");

        assertThat(dump(root, null)).isEqualTo("open error: wal: file not found\n");
        assertThat(verdict).isEqualTo(WalVerdict.NO_LOG);
        assertThat(dump(missing, missing)).isEqualTo("""
                snapshot none: open %1$s: no such file or directory
                open error: open %1$s: no such file or directory
                """.formatted(missing));
        assertThat(verdict).isEqualTo(WalVerdict.NO_LOG);
        assertThat(dump(file, null)).isEqualTo("open error: readdirent " + file + ": not a directory\n");
        assertThat(verdict).isEqualTo(WalVerdict.NO_LOG);
    }

    /** A length is compared with the file before anything is allocated for it. */
    @Test
    void lengthsThatLieTakeNoMemory() throws IOException {
        Path wal = Files.createDirectory(root.resolve("wal"));
        Path segment = wal.resolve(SegmentName.FIRST.fileName());
        Files.write(segment, HexFormat.of().parseHex("ffffff0000000084" + "0804100000000000"));
        assertThat(dump(wal, null)).contains("error wal: max entry size limit exceeded");
        Files.write(segment, HexFormat.of().parseHex("ffff7f0000000000" + "0804100000000000"));
        assertThat(dump(wal, null)).contains("error wal: snapshot not found");
        Path snap = Files.createDirectory(root.resolve("snap"));
        Files.write(
                snap.resolve("0000000000000001-0000000000000001.snap"),
                HexFormat.of().parseHex("0801" + "12ffffffff7f" + "00"));
        assertThat(dump(wal, snap)).startsWith("snapshot none: snap: no available snapshot\n");
        assertThat(notes).hasSize(1).first().asString().endsWith("unexpected EOF");
    }

    @Test
    void randomBytesNeverFailOtherwiseThanEtcdWould() throws IOException {
        Random random = new Random(7);
        Path wal = Files.createDirectory(root.resolve("wal"));
        for (int round = 0; round < 500; round++) {
            byte[] bytes = new byte[random.nextInt(600)];
            random.nextBytes(bytes);
            if (bytes.length > 8 && random.nextBoolean()) {
                // A length that fits, so that the record itself is looked at.
                System.arraycopy(new byte[] {(byte) (bytes.length - 8), 0, 0, 0, 0, 0, 0, 0}, 0, bytes, 0, 8);
            }
            Files.write(wal.resolve(SegmentName.FIRST.fileName()), bytes);
            assertThat(dump(wal, null))
                    .as("round %d", round)
                    .startsWith("metadata \"\"\n")
                    .contains("entries 0\n");
        }
    }

    /** Small segments, entries of more than a megabyte, tails overwritten across segments, three snapshots. */
    static void writeLarge(LogFixture log, Random random) throws StorageException, IOException {
        WalOptions options = SMALL.withMaxBatchBytes(4 << 20).withSegmentBytes(4 << 10);
        List<Long> terms = new ArrayList<>();
        long term = 1;
        int commit = 0;
        try (WalLogStore store = WalLogStore.open(log.disk, log.wal, log.snapshots(), options)) {
            for (int step = 0; step < 120; step++) {
                if (random.nextInt(5) == 0 && terms.size() > commit + 1) {
                    int kept = commit + 1 + random.nextInt(terms.size() - commit - 1);
                    terms.subList(kept, terms.size()).clear();
                    term++;
                }
                List<Entry> batch = new ArrayList<>();
                for (int i = random.nextInt(9); i > 0; i--) {
                    terms.add(term);
                    int size = step % 17 == 16 && i == 1 ? (1 << 20) + 77 * step : random.nextInt(900);
                    batch.add(entry(term, terms.size(), size));
                }
                store.append(GROUP, state(term, 3, commit), batch);
                store.sync();
                if (step % 40 == 30) {
                    commit = terms.size() - random.nextInt(3);
                    store.append(GROUP, state(term, 3, commit), List.of());
                    store.sync();
                    SnapshotMetadata snapshot = snapshot(commit, terms.get(commit - 1));
                    log.saveSnapshot(snapshot, new byte[random.nextInt(1000)]);
                    store.appendSnapshot(GROUP, snapshot);
                }
            }
        }
    }

    private String dump(Path wal, @Nullable Path snap) throws IOException {
        notes.clear();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        verdict = WalDump.print(new FileDisk(), wal, snap, out, notes::add);
        String text = out.toString(StandardCharsets.UTF_8);
        return notes.stream().anyMatch(note -> note.startsWith("etcd's reader ends here in a panic"))
                ? text + "PANIC\n"
                : text;
    }

    private static String sha256(String text) throws NoSuchAlgorithmException {
        return HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Writes a file: its path, then its bytes in hex, {@code 0*N} for N zeros; a directory if the path ends in a slash. */
    private void write(String... words) throws IOException {
        Path path = root.resolve(words[0]);
        if (words[0].endsWith("/")) {
            Files.createDirectories(path);
            return;
        }
        Files.createDirectories(path.getParent());
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (String word : List.of(words).subList(1, words.length)) {
            bytes.writeBytes(
                    word.startsWith("0*")
                            ? new byte[Integer.parseInt(word.substring(2))]
                            : HexFormat.of().parseHex(word));
        }
        Files.write(path, bytes.toByteArray());
    }

    /** The readings in the file beside: lines that begin with what they are. */
    private static Stream<Reading> readings() throws IOException {
        List<Reading> readings = new ArrayList<>();
        String name = "";
        List<String> files = new ArrayList<>();
        StringBuilder with = new StringBuilder();
        StringBuilder without = new StringBuilder();
        try (BufferedReader in = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(WalDumpTest.class.getResourceAsStream("etcd-readings.txt")),
                StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String rest = line.substring(line.indexOf(' ') + 1);
                switch (line.substring(0, line.indexOf(' '))) {
                    case "case" -> name = rest;
                    case "file" -> files.add(rest);
                    case "with" -> with.append(rest).append('\n');
                    case "without" -> without.append(rest).append('\n');
                    case "end" -> {
                        readings.add(new Reading(name, List.copyOf(files), with.toString(), without.toString()));
                        files.clear();
                        with.setLength(0);
                        without.setLength(0);
                    }
                    default -> throw new IOException("line " + line);
                }
            }
        }
        return readings.stream();
    }
}
