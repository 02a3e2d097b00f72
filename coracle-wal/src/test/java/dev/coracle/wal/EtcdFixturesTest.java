package dev.coracle.wal;

import static dev.coracle.wal.LogFixture.GROUP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.coracle.codec.EtcdCodec;
import dev.coracle.contracts.Recovered;
import dev.coracle.node.FileDisk;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Directories that etcd's raftexample wrote, compared with what etcd's own reader said of them. */
final class EtcdFixturesTest {
    private static final String SINGLE = "single-node.tar.gz";
    private static final String THREE = "three-nodes-compacted.tar.gz";
    private static final int TAR_BLOCK = 512;
    private static final WalOptions OPTIONS = WalOptions.DEFAULTS.withLowSpaceBytes(0);

    /** Unpacked once, as the segments are large; whoever writes to one unpacks it for himself. */
    @TempDir
    private static Path unpacked;

    private static Path fixtures;

    @TempDir
    private Path own;

    @BeforeAll
    static void unpackFixtures() throws IOException {
        String shared = System.getProperty("coracle.shared");
        fixtures = Path.of(shared == null ? "missing" : shared, "fixtures", "etcd", "wal");
        if (!Files.isDirectory(fixtures)) {
            System.out.println("skipped: the fixtures of etcd are not in " + fixtures + " (property coracle.shared)");
            abort("no fixtures in " + fixtures);
        }
        for (String archive : List.of(SINGLE, THREE)) {
            unpack(archive, Files.createDirectory(unpacked.resolve(archive)));
        }
    }

    @Test
    void aSingleNodeIsReadAsEtcdReadsIt() throws IOException, StorageException {
        assertThat(dump(unpacked.resolve(SINGLE), 1))
                .isEqualTo(Files.readString(fixtures.resolve("single-node.dump.txt")));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aCompactedNodeIsReadAsEtcdReadsIt(int node) throws IOException, StorageException {
        String expected;
        try (InputStream in = open("three-nodes-compacted.node" + node + ".dump.txt.gz")) {
            expected = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }

        assertThat(dump(unpacked.resolve(THREE), node)).isEqualTo(expected);
    }

    @Test
    void aDumpOfASingleNodeIsTheFixturesToTheByte() throws IOException {
        assertThat(walDump(unpacked.resolve(SINGLE), 1))
                .isEqualTo(Files.readString(fixtures.resolve("single-node.dump.txt")));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aDumpOfACompactedNodeIsTheFixturesToTheByte(int node) throws IOException {
        try (InputStream in = open("three-nodes-compacted.node" + node + ".dump.txt.gz")) {
            assertThat(walDump(unpacked.resolve(THREE), node))
                    .isEqualTo(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    @Test
    void whatEtcdWroteIsSoundAsItStands() {
        for (int node = 1; node <= 3; node++) {
            Path wal = unpacked.resolve(THREE).resolve("raftexample-" + node);

            WalVerify.Report report = WalVerify.verify(new FileDisk(), wal, null);

            assertThat(report.verdict()).as("%s", report.lines()).isEqualTo(WalVerdict.SOUND);
            assertThat(report.lines()).first().asString().endsWith("snapshots " + wal + "-snap");
        }
    }

    @Test
    void readingChangesNothingAndWritingGoesOnBehindTheLastRecord() throws IOException, StorageException {
        unpack(SINGLE, own);
        Path segment = own.resolve("raftexample-1").resolve(SegmentName.FIRST.fileName());
        byte[] before = head(segment);
        LogFixture log = fixture(own, 1);

        Recovered recovered = log.recovered();
        assertThat(head(segment)).isEqualTo(before);
        assertThat(Files.size(segment)).isEqualTo(64_000_000);

        Entry next = new Entry(2, 25, EntryType.NORMAL, new byte[] {1, 2, 3});
        try (WalLogStore store = log.open()) {
            store.append(GROUP, new HardState(2, 1, 25), List.of(next));
            store.sync();
        }
        List<Entry> all = new ArrayList<>(recovered.entries());
        all.add(next);
        assertThat(log.recovered().entries()).isEqualTo(all);
        List<Dump.Line> lines = Dump.of(List.of(head(segment)));
        List<Dump.Line> goLines = Dump.of(List.of(before));
        assertThat(lines.subList(0, goLines.size())).isEqualTo(goLines);
        assertThat(lines).hasSize(goLines.size() + 2);
    }

    /** What etcd wrote, written again through this store, is the same to the byte. */
    @ParameterizedTest
    @ValueSource(strings = {SINGLE, THREE})
    void whatEtcdWroteIsWrittenTheSame(String archive) throws Exception {
        Path root = unpacked.resolve(archive);
        Path segment = root.resolve("raftexample-1").resolve(SegmentName.FIRST.fileName());
        LogFixture copy = new LogFixture(new FileDisk(), own, OPTIONS);
        try (WalLogStore store = copy.open()) {
            List<WalRecord> records = fixture(root, 1).records();
            for (WalRecord record : records.subList(3, records.size())) {
                byte[] data = Optional.ofNullable(record.data()).orElseThrow().array();
                if (record.type() == RecordType.SNAPSHOT) {
                    // From here on the checksums differ: 3.4 records no configuration with a snapshot.
                    break;
                } else if (record.type() == RecordType.STATE) {
                    store.append(GROUP, codec().hardStates().decode(data), List.of());
                } else {
                    store.append(
                            GROUP, HardState.EMPTY, List.of(codec().entries().decode(data)));
                }
            }
        }

        byte[] written = head(copy.wal.resolve(SegmentName.FIRST.fileName()));
        int length = written.length;
        assertThat(length).isGreaterThan(1000);
        assertThat(written).isEqualTo(Arrays.copyOf(head(segment), length));
    }

    @Test
    void snapshotsOfEtcdAreWrittenTheSame() throws IOException, StorageException {
        unpack(THREE, own);
        for (int node = 1; node <= 3; node++) {
            LogFixture log = fixture(own, node);
            SnapshotMetadata metadata = log.recovered().snapshot();
            Path path = log.snap.resolve(FileSnapshotStore.fileName(metadata.id()));
            byte[] file = Files.readAllBytes(path);
            byte[] data;
            try (SnapshotStore.Source source = log.snapshots().open(GROUP, metadata.id())) {
                data = source.data().readAllBytes();
            }
            Files.delete(path);
            log.saveSnapshot(metadata, data);

            assertThat(path).hasBinaryContent(file);
        }
    }

    private static String walDump(Path root, int node) throws IOException {
        LogFixture log = fixture(root, node);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        WalVerdict verdict = WalDump.print(log.disk, log.wal, log.snap, out, note -> {
            throw new AssertionError(note);
        });
        assertThat(verdict).isEqualTo(WalVerdict.SOUND);
        return out.toString(StandardCharsets.UTF_8);
    }

    private static EtcdCodec codec() {
        return EtcdCodec.INSTANCE;
    }

    /** In the words of the program that made the dumps. */
    private static String dump(Path root, int node) throws IOException, StorageException {
        StringJoiner lines = new StringJoiner("\n", "", "\n");
        try (WalLogStore store = fixture(root, node).open()) {
            assertThat(store.tornTail()).isEmpty();
            Recovered recovered = Recovered.of(store, GROUP);
            SnapshotMetadata snapshot = recovered.snapshot();
            if (snapshot.index() == 0) {
                lines.add("snapshot none: snap: no available snapshot");
            } else {
                try (SnapshotStore.Source source =
                        fixture(root, node).snapshots().open(GROUP, snapshot.id())) {
                    lines.add("snapshot index=" + snapshot.index() + " term=" + snapshot.term() + " voters="
                            + snapshot.confState().voters().toString().replace(",", "") + " learners="
                            + snapshot.confState().learners() + " data=" + source.size() + " bytes");
                }
            }
            lines.add("metadata \"" + store.metadata().map(Bytes::toString).orElse("") + "\"");
            HardState state = recovered.hardState();
            lines.add("hardstate term=" + state.term() + " vote=" + state.vote() + " commit=" + state.commit());
            lines.add("error <nil>");
            lines.add("entries " + recovered.entries().size());
            for (Entry entry : recovered.entries()) {
                byte[] data = entry.data() == null ? new byte[0] : entry.data();
                lines.add(entry.index() + "\t" + entry.term() + "\t"
                        + entry.type().etcdName() + "\t" + HexFormat.of().formatHex(data));
            }
        }
        return lines.toString();
    }

    private static LogFixture fixture(Path root, int node) {
        Path wal = root.resolve("raftexample-" + node);
        return new LogFixture(new FileDisk(), wal, wal.resolveSibling(wal.getFileName() + "-snap"), OPTIONS);
    }

    /** The segment without the zeros at its end. */
    private static byte[] head(Path segment) throws IOException {
        byte[] bytes = Files.readAllBytes(segment);
        int end = bytes.length;
        while (end > 0 && bytes[end - 1] == 0) {
            end--;
        }
        return Arrays.copyOf(bytes, (end + 7) / 8 * 8);
    }

    private static InputStream open(String name) throws IOException {
        return new GZIPInputStream(new BufferedInputStream(Files.newInputStream(fixtures.resolve(name))));
    }

    /** Unpacks plain directories and files, the files sparse. */
    private static void unpack(String archive, Path root) throws IOException {
        try (DataInputStream in = new DataInputStream(open(archive))) {
            byte[] head = new byte[TAR_BLOCK];
            byte[] block = new byte[TAR_BLOCK];
            while (true) {
                try {
                    in.readFully(head);
                } catch (EOFException e) {
                    return;
                }
                String name = new String(head, 0, 100, StandardCharsets.UTF_8).replaceAll("\0.*", "");
                if (name.isEmpty()) {
                    return;
                }
                long size = Long.parseLong(new String(head, 124, 11, StandardCharsets.US_ASCII).trim(), 8);
                Path path = root.resolve(name);
                if (head[156] == '5') {
                    Files.createDirectories(path);
                    continue;
                }
                try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
                    file.setLength(size);
                    for (long position = 0; position < size; position += TAR_BLOCK) {
                        in.readFully(block);
                        if (!isZero(block)) {
                            file.seek(position);
                            file.write(block, 0, (int) Math.min(TAR_BLOCK, size - position));
                        }
                    }
                }
            }
        }
    }

    private static boolean isZero(byte[] block) {
        for (byte value : block) {
            if (value != 0) {
                return false;
            }
        }
        return true;
    }
}
