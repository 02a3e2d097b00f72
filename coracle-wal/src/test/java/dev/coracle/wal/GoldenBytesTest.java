package dev.coracle.wal;

import static dev.coracle.wal.LogFixture.GROUP;
import static dev.coracle.wal.LogFixture.SMALL;
import static dev.coracle.wal.LogFixture.entry;
import static dev.coracle.wal.LogFixture.hex;
import static dev.coracle.wal.LogFixture.state;
import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.codec.CodecException;
import dev.coracle.codec.EtcdCodec;
import dev.coracle.contracts.Recovered;
import dev.coracle.node.Disk;
import dev.coracle.node.FileDisk;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bytes that Go's etcd wrote, or that its repository holds, written and read to the byte. */
final class GoldenBytesTest {
    private static final String HEAD = "0400000000000084 0804100000000000"
            + "1200000000000086 08011085d4fda0071a08736f6d6564617461000000000000"
            + "0e00000000000082 08051080db81c1011a04080010000000";

    private static final String RECORDS = "1800000000000000 080210abf68fe7041a0e080110011801220608001000 1801"
            + "1000000000000000 080210dc8297f2061a06080010021802"
            + "1700000000000081 08021089fea3e0031a0d080010021803220568656c6c6f00"
            + "1000000000000000 080310c1f6e4a6051a06080210011803";

    private static final String SNAPSHOT_WITHOUT_CONFIGURATION = "0e00000000000082 080510acfec4e4091a04080310020000";

    /** The same as etcd 3.7 writes it: without what is zero in an entry, with the configuration of the snapshot. */
    private static final String RECORDS_OF_3_7 = "1600000000000082 08021093bdeee9051a0c080110011801220410001801 0000"
            + "0e00000000000082 080210bbedd48d061a04100218020000"
            + "1500000000000083 080210cac7b195061a0b10021803220568656c6c6f000000"
            + "1000000000000000 080310ce89afb2011a06080210011803"
            + "1200000000000086 080510e7d4cab70f1a08080310021a020801 000000000000";

    private static final List<Entry> ENTRIES = List.of(
            new Entry(1, 1, EntryType.CONF_CHANGE, hex("080010001801")),
            new Entry(2, 2, EntryType.NORMAL, null),
            entry(2, 3, "hello"));

    @TempDir
    private Path root;

    @Test
    void aNewLogBeginsAsTestNewWal() throws IOException, StorageException {
        LogFixture log = fixture(Bytes.of("somedata".getBytes(StandardCharsets.UTF_8)));
        log.open().close();

        assertSegment(log, SegmentName.FIRST, HEAD);
    }

    @Test
    void entriesAndStatesAreWrittenAsEtcd34WritesThem() throws IOException, StorageException {
        LogFixture log = fixture(Bytes.of("somedata".getBytes(StandardCharsets.UTF_8)));
        try (WalLogStore store = log.open()) {
            store.append(GROUP, state(2, 1, 3), ENTRIES);
            store.sync();
        }

        assertSegment(log, SegmentName.FIRST, HEAD + RECORDS);
    }

    @Test
    void snapshotsAreRecordedWithTheirConfiguration() throws IOException, StorageException {
        LogFixture log = fixture(Bytes.of("somedata".getBytes(StandardCharsets.UTF_8)));
        writeSegment(log, SegmentName.FIRST, HEAD + RECORDS_OF_3_7.substring(0, RECORDS_OF_3_7.indexOf("12000")));
        try (WalLogStore store = log.open()) {
            store.appendSnapshot(GROUP, new SnapshotMetadata(3, 2, ConfState.ofVoters(1L)));
        }

        // 3.7 leaves out that the configuration does not leave by itself; 3.5 and this log say so.
        byte[] data = hex(String.valueOf(
                Dump.of(List.of(segment(log, SegmentName.FIRST))).get(7).data()));
        assertThat(data).isEqualTo(hex("08031002 1a04 0801 2800"));
        assertThat(SnapshotRecordCodec.INSTANCE.encode(SnapshotMetadata.EMPTY)).isEqualTo(hex("08001000"));
    }

    @Test
    void whatEtcd34And37WroteIsRead() throws IOException, StorageException {
        for (String records : List.of(RECORDS + SNAPSHOT_WITHOUT_CONFIGURATION, RECORDS_OF_3_7)) {
            LogFixture log = new LogFixture(new FileDisk(), root.resolve("log" + records.length()), SMALL);
            writeSegment(log, SegmentName.FIRST, HEAD + records);
            log.saveSnapshot(new SnapshotMetadata(3, 2, ConfState.ofVoters(1L)), new byte[0]);

            List<WalRecord> read = log.records();
            assertThat(read)
                    .extracting(WalRecord::type)
                    .containsExactly(
                            RecordType.CHECKSUM,
                            RecordType.METADATA,
                            RecordType.SNAPSHOT,
                            RecordType.ENTRY,
                            RecordType.ENTRY,
                            RecordType.ENTRY,
                            RecordType.STATE,
                            RecordType.SNAPSHOT);
            try (WalLogStore store = log.open()) {
                assertThat(store.metadata()).contains(Bytes.of("somedata".getBytes(StandardCharsets.UTF_8)));
                var recovered = Recovered.of(store, GROUP);
                assertThat(recovered.hardState()).isEqualTo(state(2, 1, 3));
                assertThat(recovered.snapshot()).isEqualTo(new SnapshotMetadata(3, 2, ConfState.ofVoters(1L)));
                assertThat(recovered.entries()).isEmpty();
            }
            assertThat(decode(read.subList(3, 5)))
                    .isEqualTo(List.of(
                            new Entry(
                                    1,
                                    1,
                                    EntryType.CONF_CHANGE,
                                    hex(records.equals(RECORDS_OF_3_7) ? "10001801" : "080010001801")),
                            ENTRIES.get(1)));
            assertThat(decode(read.subList(5, 6))).isEqualTo(ENTRIES.subList(2, 3));
        }
    }

    @Test
    void aSecondSegmentBeginsWithChecksumMetadataAndState() throws IOException, StorageException {
        String head = "0800000000000000 080410c4b9f6af0b"
                + "0c00000000000084 080110a1efa291081a026d6400000000"
                + "1000000000000000 080310c9faa78a0c1a06080110011802";
        Path path = root.resolve("head");
        FileDisk disk = new FileDisk();
        try (var file = disk.open(path, Disk.Mode.CREATE_NEW)) {
            RecordWriter writer = new RecordWriter(file, 0, checksumOfVarint("c4b9f6af0b"));
            writer.writeChecksum();
            writer.write(RecordType.METADATA, "md".getBytes(StandardCharsets.UTF_8));
            writer.write(RecordType.STATE, EtcdCodec.INSTANCE.hardStates().encode(new HardState(1, 1, 2)));
            writer.flush();
        }
        assertThat(path).hasBinaryContent(hex(head));

        LogFixture log = fixture(null);
        writeSegment(log, new SegmentName(1, 4), head);
        assertThat(log.records())
                .extracting(WalRecord::type)
                .containsExactly(RecordType.CHECKSUM, RecordType.METADATA, RecordType.STATE);
    }

    @Test
    void theLogOfRaftexampleHasMetadataWithoutData() throws IOException, StorageException {
        LogFixture log = fixture(null);
        try (WalLogStore store = log.open()) {
            store.append(
                    GROUP,
                    state(1, 0, 2),
                    List.of(
                            new Entry(1, 1, EntryType.CONF_CHANGE, hex("080010001801")),
                            new Entry(1, 2, EntryType.CONF_CHANGE, hex("080010001802"))));
            store.sync();
        }

        assertSegment(
                log,
                SegmentName.FIRST,
                "0400000000000084 0804100000000000 0400000000000084 0801100000000000"
                        + "0e00000000000082 080510a0b39b8f081a04080010000000"
                        + "1800000000000000 080210f2a8d1e90b1a0e0801100118012206080010001801"
                        + "1800000000000000 0802109f95c6c6031a0e0801100118022206080010001802"
                        + "1000000000000000 08031083debe84021a06080110001802");
    }

    @Test
    void recordsWithoutPaddingAreRead() throws IOException {
        Path path = root.resolve("legacy");
        byte[] record = hex("0e00000000000000 08011099b5e4d0031a0408effd02");
        Files.write(path, record);
        try (var file = new FileDisk().open(path, Disk.Mode.READ)) {
            SegmentReader reader = new SegmentReader(file, 0);

            assertThat(reader.next()).isEqualTo(SegmentReader.Outcome.RECORD);
            assertThat(reader.type()).isEqualTo(1);
            assertThat(reader.data()).isEqualTo(Bytes.of(hex("08effd02")));
            assertThat(reader.checksum()).isEqualTo(0x3a191a99);
            assertThat(reader.end()).isEqualTo(record.length);
            assertThat(reader.next()).isEqualTo(SegmentReader.Outcome.END);
        }
    }

    /** As etcd's TestLastRecordLengthExceedFileEnd: three entries, the length of the last one patched to 1,000. */
    @Test
    void aLastLengthBeyondTheFileIsATornTail() throws IOException, StorageException {
        LogFixture log = fixture(null);
        WalLogStore written = log.open();
        written.append(
                GROUP,
                HardState.EMPTY,
                List.of(entry(1, 1, "waldata1"), entry(1, 2, "waldata2"), entry(1, 3, "waldata3")));
        log.closeAsIfKilled(written);
        int end = (int) log.records().get(5).offset();
        byte[] bytes = Arrays.copyOf(segment(log, SegmentName.FIRST), end + 32);
        bytes[end] = (byte) 1000;
        bytes[end + 1] = (byte) (1000 >> 8);
        Files.write(log.wal.resolve(SegmentName.FIRST.fileName()), bytes);

        try (WalLogStore store = log.open()) {
            assertThat(Recovered.of(store, GROUP).entries())
                    .containsExactly(entry(1, 1, "waldata1"), entry(1, 2, "waldata2"));
            assertThat(store.tornTail())
                    .map(TornTail::reason)
                    .contains("a record of 1000 bytes does not fit the 24 left");
        }
    }

    @Test
    void aSmallSnapshotIsWrittenAndReadAsGoWritesIt() throws IOException, StorageException {
        SnapshotMetadata metadata = new SnapshotMetadata(1, 1, ConfState.ofVoters(1L, 2L, 3L));
        LogFixture log = fixture(null);
        log.saveSnapshot(metadata, "some snapshot".getBytes(StandardCharsets.UTF_8));

        Path path = log.snap.resolve("0000000000000001-0000000000000001.snap");
        assertThat(path)
                .hasBinaryContent(
                        hex("08ade0aac90a 121f 0a0d736f6d6520736e617073686f74" + "120e0a080801080208032800 10011801"));
        assertSnapshot(log, metadata, "some snapshot");
        Files.write(path, hex("08e8a0dcdb0b 121d 0a0d736f6d6520736e617073686f74 120c0a06080108020803 10011801"));
        assertSnapshot(log, metadata, "some snapshot");
    }

    private static void assertSnapshot(LogFixture log, SnapshotMetadata metadata, String data)
            throws IOException, StorageException {
        try (SnapshotStore.Source source = log.snapshots().open(GROUP, metadata.id())) {
            assertThat(source.metadata()).isEqualTo(metadata);
            assertThat(source.size()).isEqualTo(data.length());
            assertThat(source.data().readAllBytes())
                    .asString(StandardCharsets.UTF_8)
                    .isEqualTo(data);
        }
    }

    private LogFixture fixture(@Nullable Bytes metadata) {
        return new LogFixture(new FileDisk(), root, SMALL.withMetadata(metadata));
    }

    private static List<Entry> decode(List<WalRecord> records) {
        List<Entry> entries = new ArrayList<>();
        for (WalRecord record : records) {
            byte[] data = Optional.ofNullable(record.data()).orElseThrow().array();
            try {
                entries.add(EtcdCodec.INSTANCE.entries().decode(data));
            } catch (CodecException e) {
                throw new AssertionError(e);
            }
        }
        return entries;
    }

    private static int checksumOfVarint(String text) {
        byte[] bytes = hex(text);
        long value = 0;
        for (int i = bytes.length - 1; i >= 0; i--) {
            value = (value << 7) | (bytes[i] & 0x7f);
        }
        return (int) value;
    }

    private static byte[] segment(LogFixture log, SegmentName name) throws IOException {
        return Files.readAllBytes(log.wal.resolve(name.fileName()));
    }

    private static void writeSegment(LogFixture log, SegmentName name, String content) throws IOException {
        Files.createDirectories(log.wal);
        Files.write(log.wal.resolve(name.fileName()), Arrays.copyOf(hex(content), 64 << 10));
    }

    /** A segment is these bytes, then zeros. */
    private static void assertSegment(LogFixture log, SegmentName name, String content) throws IOException {
        byte[] expected = Arrays.copyOf(hex(content), (int) log.options.segmentBytes());
        assertThat(HexFormat.of().formatHex(segment(log, name)))
                .isEqualTo(HexFormat.of().formatHex(expected));
    }
}
