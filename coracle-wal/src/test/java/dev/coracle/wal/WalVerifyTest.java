package dev.coracle.wal;

import static dev.coracle.wal.LogFixture.GROUP;
import static dev.coracle.wal.LogFixture.SMALL;
import static dev.coracle.wal.LogFixture.entries;
import static dev.coracle.wal.LogFixture.snapshot;
import static dev.coracle.wal.LogFixture.state;
import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.node.FileDisk;
import dev.coracle.node.StorageException;
import dev.coracle.raft.HardState;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The verdicts of {@link WalVerify}, and that it changes nothing to come to them. */
final class WalVerifyTest {
    @TempDir
    private Path root;

    private LogFixture log;

    @BeforeEach
    void writeALog() throws IOException, StorageException {
        log = new LogFixture(new FileDisk(), root, SMALL.withSegmentBytes(2048));
        try (WalLogStore store = log.open()) {
            for (long first = 1; first <= 31; first += 10) {
                store.append(GROUP, HardState.EMPTY, entries(2, first, first + 9, 100));
                store.append(GROUP, state(2, 1, first + 7), List.of());
                store.sync();
            }
            for (long index = 20; index <= 30; index += 10) {
                log.saveSnapshot(snapshot(index, 2), new byte[] {1, 2, 3});
                store.appendSnapshot(GROUP, snapshot(index, 2));
            }
        }
    }

    @Test
    void aSoundLogIsFoundWhereverTheDirectoryIsNamed() throws IOException {
        for (Path directory : List.of(root, log.wal)) {
            WalVerify.Report report = verify(directory);

            assertThat(report.verdict()).isEqualTo(WalVerdict.SOUND);
            assertThat(report.usable()).isTrue();
            assertThat(report.lines())
                    .hasSize(2)
                    .contains("log " + log.wal + ", snapshots " + log.snap)
                    .last()
                    .asString()
                    .endsWith("from snapshot 30 on, last index 40, term 2, committed to 38");
        }
    }

    @Test
    void damageInTheMiddleNamesSegmentOffsetAndWhatToDo() throws IOException, StorageException {
        WalRecord victim = log.records().get(5);
        flip(victim.file(), victim.offset() + 30);

        WalVerify.Report report = verify(root);

        assertThat(report.verdict()).isEqualTo(WalVerdict.DAMAGED);
        assertThat(report.usable()).isFalse();
        assertThat(report.lines())
                .last()
                .asString()
                .startsWith("damaged: " + victim.file() + " is corrupt at offset " + victim.offset() + ": expected ")
                .contains(", found ", "restore the files", "join again under a new id");
    }

    @Test
    void aTornTailIsSoundAndNamed() throws IOException, StorageException {
        List<WalRecord> records = log.records();
        WalRecord last = records.get(records.size() - 1);
        byte[] half = HexFormat.of().parseHex("1200000000000086" + "0802");
        try (RandomAccessFile file = new RandomAccessFile(last.file().toFile(), "rw")) {
            file.seek(end(last));
            file.write(half);
        }

        WalVerify.Report report = verify(root);

        assertThat(report.verdict()).isEqualTo(WalVerdict.SOUND);
        assertThat(report.lines())
                .anyMatch(line -> line.startsWith("torn tail: 10 bytes at offset " + end(last) + " of " + last.file()));
    }

    @Test
    void aDamagedSnapshotLeavesTheLogUsableWithTheOneBefore() throws IOException {
        Path newest =
                log.snap.resolve(FileSnapshotStore.fileName(snapshot(30, 2).id()));
        flip(newest, 8);

        WalVerify.Report report = verify(root);

        assertThat(report.verdict()).isEqualTo(WalVerdict.DAMAGED);
        assertThat(report.usable()).isTrue();
        assertThat(report.lines())
                .anyMatch(line -> line.startsWith("damaged snapshot: the snapshot " + newest))
                .anyMatch(line -> line.contains("usable, but not sound") && line.contains("from snapshot 20 on"));
    }

    @Test
    void aLogThatNeedsASnapshotThatIsGoneIsDamaged() throws IOException {
        try (Stream<Path> segments = Files.list(log.wal)) {
            Files.delete(segments.sorted().findFirst().orElseThrow());
        }
        try (Stream<Path> files = Files.list(log.snap)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }

        assertThat(verify(root).verdict()).isEqualTo(WalVerdict.DAMAGED);
        assertThat(verify(root).usable()).isFalse();
    }

    @Test
    void whatHoldsNoLogIsNoLog() throws IOException {
        Path file = Files.write(root.resolve("file"), new byte[] {1});
        for (Path directory :
                List.of(Files.createDirectory(root.resolve("empty")), file, root.resolve("missing"), log.snap)) {
            WalVerify.Report report = verify(directory);

            assertThat(report.verdict()).as("%s", directory).isEqualTo(WalVerdict.NO_LOG);
            assertThat(report.lines()).hasSize(1).first().asString().contains("not a log", directory.toString());
        }
    }

    /** Not even by its checksums is it a log, but somebody calls it one: that is damage, and no accident of the tool. */
    @Test
    void randomBytesAreDamagedAndLiesAboutLengthsTakeNoMemory() throws IOException {
        Random random = new Random(3);
        for (int round = 0; round < 200; round++) {
            byte[] bytes = new byte[random.nextInt(2000)];
            random.nextBytes(bytes);
            Path wal = Files.createDirectories(root.resolve("random").resolve("wal"));
            Files.write(wal.resolve(SegmentName.FIRST.fileName()), bytes);
            assertThat(verify(wal).verdict()).as("round %d", round).isEqualTo(WalVerdict.DAMAGED);
        }
    }

    @Test
    void aLogThatANodeIsWritingIsVerifiedAndStaysLocked() throws IOException, InterruptedException {
        Path other = root.resolve("other");
        try (LiveLog live = LiveLog.start(other)) {
            assertThat(live).isNotNull();

            assertThat(verify(other).verdict()).isEqualTo(WalVerdict.SOUND);
            assertThat(LockProbe.isLockedForOthers(other.resolve("wal").resolve(SegmentName.FIRST.fileName())))
                    .isTrue();
        }
    }

    /** With that, what each of these tests does is also a test that nothing is changed. */
    private WalVerify.Report verify(Path directory) throws IOException {
        Map<String, String> before = content();
        WalVerify.Report report = WalVerify.verify(new FileDisk(), directory, null);
        assertThat(content()).isEqualTo(before);
        return report;
    }

    private Map<String, String> content() throws IOException {
        Map<String, String> content = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(root)) {
            for (Path path : paths.toList()) {
                content.put(
                        path.toString(),
                        Files.isDirectory(path) ? "" : HexFormat.of().formatHex(Files.readAllBytes(path)));
            }
        }
        return content;
    }

    private static long end(WalRecord record) {
        int data = record.data() == null ? 0 : record.data().length();
        // Type, checksum of up to five bytes, data: padded to eight bytes with the length in front.
        try (RandomAccessFile file = new RandomAccessFile(record.file().toFile(), "r")) {
            file.seek(record.offset());
            int bytes = Integer.reverseBytes(file.readInt());
            assertThat(bytes).isGreaterThan(data);
            return record.offset() + 8 + (bytes + 7) / 8 * 8;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void flip(Path path, long offset) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.seek(offset);
            int value = file.read();
            file.seek(offset);
            file.write(value ^ 1);
        }
    }
}
