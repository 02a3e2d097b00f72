package dev.coracle.wal;

import static dev.coracle.wal.LogFixture.GROUP;
import static dev.coracle.wal.LogFixture.SMALL;
import static dev.coracle.wal.LogFixture.entry;
import static dev.coracle.wal.LogFixture.hex;
import static dev.coracle.wal.LogFixture.state;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import dev.coracle.sim.SimDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.StringJoiner;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/**
 * What this log writes, read by {@link Dump} and by a reader of protobuf that knows no schema: neither shares code with
 * what wrote it.
 */
final class IndependentReaderTest {
    private static final ConfState JOINT =
            new ConfState(List.of(1L, 2L), List.of(7L), List.of(1L, 3L), List.of(4L), true);

    private final LogFixture log = new LogFixture(
            new SimDisk().process(),
            Path.of("/data"),
            SMALL.withSegmentBytes(1_024).withMetadata(Bytes.of(hex("6d64"))));

    @Test
    void everyKindOfRecordOverSeveralSegmentsIsReadAsItWasMeant() throws IOException, StorageException {
        try (WalLogStore store = log.open()) {
            store.append(GROUP, state(3, 2, 1), List.of(entry(1, 1, "a"), new Entry(3, 2, EntryType.NORMAL, null)));
            store.append(
                    GROUP,
                    HardState.EMPTY,
                    List.of(
                            new Entry(3, 3, EntryType.CONF_CHANGE, hex("080010011802")),
                            new Entry(3, 4, EntryType.CONF_CHANGE_V2, new byte[0], hex("cafe"))));
            store.sync();
            store.append(GROUP, HardState.EMPTY, List.of(new Entry(3, 5, EntryType.NORMAL, new byte[1_000])));
            store.sync();
            store.appendSnapshot(GROUP, new SnapshotMetadata(4, 3, JOINT));
            store.append(GROUP, state(300, 1L << 40, 4), List.of(new Entry(300, 6, EntryType.NORMAL, new byte[1_000])));
            store.sync();
        }

        List<byte[]> segments = new ArrayList<>();
        for (String name : log.disk.list(log.wal)) {
            segments.add(log.read(log.wal.resolve(name)));
        }
        assertThat(segments).hasSize(3);
        List<String> read = new ArrayList<>();
        for (Dump.Line line : Dump.of(segments)) {
            String data = line.data();
            read.add(line.type() + " "
                    + (data == null || line.type() == 1
                            ? String.valueOf(data)
                            : fields(hex(data), line.type() == 5 ? 3 : 0)));
        }
        String thousand = "00".repeat(1_000);
        assertThat(read)
                .containsExactly(
                        "4 null",
                        "1 6d64",
                        "5 1=0 2=0",
                        "2 1=0 2=1 3=1 4=61",
                        "2 1=0 2=3 3=2",
                        "3 1=3 2=2 3=1",
                        "2 1=1 2=3 3=3 4=080010011802",
                        "2 1=2 2=3 3=4 4= 6=cafe",
                        "2 1=0 2=3 3=5 4=" + thousand,
                        "4 null",
                        "1 6d64",
                        "3 1=3 2=2 3=1",
                        "5 1=4 2=3 3={1=1 1=2 2=7 3=1 3=3 4=4 5=1}",
                        "2 1=0 2=300 3=6 4=" + thousand,
                        "3 1=300 2=1099511627776 3=4",
                        "4 null",
                        "1 6d64",
                        "3 1=300 2=1099511627776 3=4");
    }

    @Test
    void aSnapshotIsReadAsItWasMeant() throws IOException, StorageException {
        SnapshotMetadata metadata = new SnapshotMetadata(258, 3, JOINT);
        log.saveSnapshot(metadata, hex("0102"));

        byte[] file = log.read(log.snap.resolve("0000000000000003-0000000000000102.snap"));
        CodedInputStream in = CodedInputStream.newInstance(file);
        assertThat(in.readTag()).isEqualTo(1 << 3);
        int checksum = in.readUInt32();
        assertThat(in.readTag()).isEqualTo(2 << 3 | 2);
        byte[] snapshot = in.readByteArray();
        assertThat(in.isAtEnd()).isTrue();
        CRC32C crc = new CRC32C();
        crc.update(snapshot);
        assertThat(checksum).isEqualTo((int) crc.getValue());
        CodedInputStream inner = CodedInputStream.newInstance(snapshot);
        assertThat(inner.readTag()).isEqualTo(1 << 3 | 2);
        assertThat(inner.readByteArray()).isEqualTo(hex("0102"));
        assertThat(inner.readTag()).isEqualTo(2 << 3 | 2);
        assertThat(fields(inner.readByteArray(), 1)).isEqualTo("1={1=1 1=2 2=7 3=1 3=3 4=4 5=1} 2=258 3=3");
        assertThat(inner.isAtEnd()).isTrue();
    }

    /** The fields of a message in their order; {@code message} is the number of the one that is a message itself. */
    private static String fields(byte[] bytes, int message) throws IOException {
        StringJoiner fields = new StringJoiner(" ");
        CodedInputStream in = CodedInputStream.newInstance(bytes);
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            int number = WireFormat.getTagFieldNumber(tag);
            if (WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_VARINT) {
                fields.add(number + "=" + Long.toUnsignedString(in.readUInt64()));
            } else {
                assertThat(WireFormat.getTagWireType(tag)).isEqualTo(WireFormat.WIRETYPE_LENGTH_DELIMITED);
                byte[] value = in.readByteArray();
                String text = number == message
                        ? "{" + fields(value, 0) + "}"
                        : HexFormat.of().formatHex(value);
                fields.add(number + "=" + text);
            }
        }
        return fields.toString();
    }
}
