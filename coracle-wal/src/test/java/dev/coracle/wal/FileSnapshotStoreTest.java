package dev.coracle.wal;

import static dev.coracle.wal.LogFixture.GROUP;
import static dev.coracle.wal.LogFixture.SMALL;
import static dev.coracle.wal.LogFixture.snapshot;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.CodedInputStream;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.EtcdCodec;
import dev.coracle.node.FileDisk;
import dev.coracle.node.SnapshotStore.Sink;
import dev.coracle.node.SnapshotStore.Source;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.Snapshot;
import dev.coracle.raft.SnapshotMetadata;
import dev.coracle.sim.SimDisk;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileSnapshotStoreTest {
    private static final long SEED = 20260104;
    private static final int SMALL_BYTES = FileSnapshotStore.SMALL_BYTES;

    @TempDir
    private Path root;

    private LogFixture log;
    private FileSnapshotStore store;

    @BeforeEach
    void open() throws StorageException {
        log = new LogFixture(new FileDisk(), root, SMALL);
        store = log.snapshots();
    }

    @Test
    void snapshotsOfAnySizeAreReadAsTheyWereWritten() throws Exception {
        System.out.println("seed " + SEED);
        Random random = new Random(SEED);
        int[] sizes = {0, 1, 1000, SMALL_BYTES - 1, SMALL_BYTES, SMALL_BYTES + 1, 2 * SMALL_BYTES, 1_000_003};
        for (int i = 0; i < sizes.length; i++) {
            byte[] data = new byte[sizes[i]];
            random.nextBytes(data);
            SnapshotMetadata metadata = snapshot(1000 + i, 7);
            try (Sink sink = store.create(GROUP, metadata)) {
                writeInPieces(sink.data(), data, random);
                sink.commit();
            }

            try (Source source = store.open(GROUP, metadata.id())) {
                assertThat(source.metadata()).isEqualTo(metadata);
                assertThat(source.size()).isEqualTo(data.length);
                assertThat(source.data().readAllBytes()).isEqualTo(data);
            }
            assertFile(Files.readAllBytes(path(metadata)), metadata, data);
        }
    }

    private static void writeInPieces(OutputStream out, byte[] data, Random random) throws IOException {
        for (int at = 0; at < data.length; ) {
            int length = Math.min(data.length - at, random.nextInt(50_000));
            if (length == 1) {
                out.write(data[at]);
            } else {
                out.write(data, at, length);
            }
            at += length;
        }
    }

    /** Takes the file apart as any reader of protobuf would, who is told no more than the schema. */
    private static void assertFile(byte[] file, SnapshotMetadata metadata, byte[] data)
            throws IOException, CodecException {
        CodedInputStream in = CodedInputStream.newInstance(file);
        assertThat(in.readTag()).isEqualTo(1 << 3);
        int checksum = in.readUInt32();
        assertThat(in.readTag()).isEqualTo(2 << 3 | 2);
        byte[] inner = in.readByteArray();
        assertThat(in.isAtEnd()).isTrue();
        CRC32C crc = new CRC32C();
        crc.update(inner);
        assertThat(checksum).isEqualTo((int) crc.getValue()).isNotZero();
        Snapshot decoded = EtcdCodec.INSTANCE.snapshots().decode(inner);
        assertThat(decoded.metadata()).isEqualTo(metadata);
        assertThat(decoded.data().array()).isEqualTo(data);
    }

    @Test
    void aChecksumOfZeroIsAvoidedByAnotherEncoding() throws Exception {
        SnapshotMetadata metadata = snapshot(5, 2);
        byte[] small = new byte[100];
        byte[] large = new byte[SMALL_BYTES + 50];
        // Four bytes can give data any checksum: first those that make the whole inner message come out as 0.
        byte[] inner = EtcdCodec.INSTANCE.snapshots().encode(new Snapshot(metadata, Bytes.of(small)));
        forceZero(inner, small, indexOf(inner, small.length));
        save(metadata, small);
        assertFile(Files.readAllBytes(path(metadata)), metadata, small);
        assertThat(Files.size(path(metadata))).as("the encoding for large ones").isGreaterThan(inner.length + 20L);

        save(metadata, large);
        byte[] file = Files.readAllBytes(path(metadata));
        byte[] largeInner = Arrays.copyOfRange(file, 17, file.length);
        forceZero(largeInner, large, largeInner.length - large.length);
        save(metadata, large);
        byte[] changed = Files.readAllBytes(path(metadata));
        assertFile(changed, metadata, large);
        assertThat(changed).hasSameSizeAs(file);
        try (Source source = store.open(GROUP, metadata.id())) {
            assertThat(source.data().readAllBytes()).isEqualTo(large);
        }
    }

    /** Where the data begin in a canonical encoding: behind a tag and a length of one byte. */
    private static int indexOf(byte[] inner, int length) {
        assertThat(inner[1]).isEqualTo((byte) length);
        return 2;
    }

    /** Changes four bytes of {@code data}, which stand at {@code at} of {@code inner}, so that the checksum is 0. */
    private static void forceZero(byte[] inner, byte[] data, int at) {
        // The checksum is affine in each bit: 32 columns, solved by elimination.
        int constant = crc(inner);
        int[] columns = new int[32];
        int[] bits = new int[32];
        for (int bit = 0; bit < 32; bit++) {
            inner[at + bit / 8] ^= (byte) (1 << (bit % 8));
            columns[bit] = crc(inner) ^ constant;
            bits[bit] = 1 << bit;
            inner[at + bit / 8] ^= (byte) (1 << (bit % 8));
        }
        int solution = 0;
        int rest = constant;
        for (int row = 0; row < 32; row++) {
            for (int i = row; i < 32; i++) {
                if ((columns[i] >>> row & 1) != 0) {
                    int column = columns[i];
                    int mask = bits[i];
                    columns[i] = columns[row];
                    bits[i] = bits[row];
                    columns[row] = column;
                    bits[row] = mask;
                    break;
                }
            }
            for (int i = 0; i < 32; i++) {
                if (i != row && (columns[i] >>> row & 1) != 0) {
                    columns[i] ^= columns[row];
                    bits[i] ^= bits[row];
                }
            }
        }
        for (int row = 0; row < 32; row++) {
            if ((rest >>> row & 1) != 0) {
                solution ^= bits[row];
            }
        }
        for (int i = 0; i < 4; i++) {
            inner[at + i] ^= (byte) (solution >>> (8 * i));
            data[i] = inner[at + i];
        }
        assertThat(crc(inner)).isZero();
    }

    private static int crc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    @Test
    void everyFlippedBitAndEveryCutIsFoundBeforeAnyDataAreHandedOut() throws Exception {
        SnapshotMetadata metadata = snapshot(5, 2);
        for (int size : new int[] {40, SMALL_BYTES + 40}) {
            save(metadata, new byte[size]);
            byte[] file = Files.readAllBytes(path(metadata));
            for (int at = 0; at < 100 && at < file.length; at++) {
                byte[] damaged = file.clone();
                damaged[at] ^= 0x04;
                assertDamaged(metadata, damaged);
                assertDamaged(metadata, Arrays.copyOf(file, at));
            }
            assertDamaged(metadata, Arrays.copyOf(file, file.length - 1));
        }
    }

    private void assertDamaged(SnapshotMetadata metadata, byte[] file) throws IOException {
        Files.write(path(metadata), file);
        assertThatThrownBy(() -> store.open(GROUP, metadata.id()))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining(path(metadata) + " is damaged: ");
    }

    @Test
    void dataThatChangeAfterTheSnapshotWasOpenedAreNotEndedAsIfTheyWereSound() throws Exception {
        SnapshotMetadata metadata = snapshot(5, 2);
        byte[] data = new byte[3 * SMALL_BYTES];
        save(metadata, data);
        try (Source source = store.open(GROUP, metadata.id())) {
            byte[] file = Files.readAllBytes(path(metadata));
            file[file.length - 1] ^= 1;
            Files.write(path(metadata), file);
            assertThatThrownBy(() -> source.data().readAllBytes())
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("its data are others now");
        }
    }

    @Test
    void whatIsBeingReadStaysReadableThoughItIsPurged() throws Exception {
        byte[] data = new byte[3 * SMALL_BYTES];
        data[data.length - 1] = 7;
        save(snapshot(5, 2), data);
        save(snapshot(6, 2), new byte[1]);
        try (Source source = store.open(GROUP, snapshot(5, 2).id())) {
            assertThat(source.data().readNBytes(10)).hasSize(10);
            store.purge(GROUP, snapshot(6, 2).id(), 1);
            assertThat(Files.exists(path(snapshot(5, 2)))).isFalse();
            assertThat(source.data().readAllBytes()).isEqualTo(data);
        }
    }

    @Test
    void aSnapshotUnderAnothersNameIsDamaged() throws Exception {
        save(snapshot(5, 2), new byte[3]);
        Files.move(path(snapshot(5, 2)), path(snapshot(6, 2)));

        assertThatThrownBy(() -> store.open(GROUP, new EntryId(2, 6)))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("its name says EntryId[term=2, index=6]");
    }

    @Test
    void aMissingSnapshotIsNamed() {
        assertThatThrownBy(() -> store.open(GROUP, new EntryId(2, 6)))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("0000000000000002-0000000000000006.snap is missing");
    }

    @Test
    void whatIsNotCommittedLeavesNothing() throws Exception {
        try (Sink sink = store.create(GROUP, snapshot(5, 2))) {
            sink.data().write(new byte[200_000]);
            assertThat(store.list(GROUP)).isEmpty();
            assertThat(log.disk.list(log.snap)).hasSize(1);
        }

        assertThat(log.disk.list(log.snap)).isEmpty();
    }

    @Test
    void whatACrashLeftIsDeletedWhenTheLogIsOpened() throws Exception {
        SimDisk disk = new SimDisk();
        LogFixture sim = new LogFixture(disk.process(), Path.of("/data"), SMALL);
        Sink sink = sim.snapshots().create(GROUP, snapshot(5, 2));
        sink.data().write(new byte[200_000]);
        sim.disk.syncDirectory(sim.snap);
        disk.crash(new Random(SEED)::nextInt);
        assertThat(sim.disk.list(sim.snap)).hasSize(1);

        sim.open().close();
        assertThat(sim.disk.list(sim.snap)).isEmpty();
    }

    @Test
    void aCommittedSnapshotSurvivesEveryCrash() throws Exception {
        System.out.println("seed " + SEED);
        Random random = new Random(SEED);
        for (int i = 0; i < 100; i++) {
            SimDisk disk = new SimDisk();
            LogFixture sim = new LogFixture(disk.process(), Path.of("/data"), SMALL);
            byte[] data = new byte[random.nextInt(200_000)];
            random.nextBytes(data);
            sim.snapshots();
            disk.setFault(SimDisk.dyingAt(1 + random.nextInt(12)));
            boolean committed = false;
            try {
                sim.saveSnapshot(snapshot(5, 2), data);
                committed = true;
            } catch (StorageException | IOException e) {
                assertThat(e).hasMessageContaining("the power is off");
            }
            disk.crash(random::nextInt);

            List<EntryId> found = sim.snapshots().list(GROUP);
            if (committed) {
                assertThat(found).containsExactly(new EntryId(2, 5));
            }
            for (EntryId id : found) {
                try (Source source = sim.snapshots().open(GROUP, id)) {
                    assertThat(source.data().readAllBytes())
                            .as("whole or not there")
                            .isEqualTo(data);
                }
            }
        }
    }

    @Test
    void aFailedWriteLeavesTheSnapshotBeforeAsItWas() throws Exception {
        SimDisk disk = new SimDisk();
        LogFixture sim = new LogFixture(disk.process(), Path.of("/data"), SMALL);
        sim.saveSnapshot(snapshot(5, 2), new byte[] {1});
        disk.setCapacity(100_000);

        assertThatThrownBy(() -> sim.saveSnapshot(snapshot(5, 2), new byte[300_000]))
                .isInstanceOf(IOException.class)
                .hasMessage("No space left on device");
        assertThat(sim.disk.list(sim.snap))
                .containsExactly(FileSnapshotStore.fileName(snapshot(5, 2).id()));
        try (Source source = sim.snapshots().open(GROUP, snapshot(5, 2).id())) {
            assertThat(source.data().readAllBytes()).containsExactly(1);
        }
    }

    @Test
    void listedNewestFirstAndPurgedButForTheNewestAndThoseBehind() throws Exception {
        for (SnapshotMetadata metadata :
                List.of(snapshot(3, 1), snapshot(9, 2), snapshot(10, 2), snapshot(12, 3), snapshot(20, 3))) {
            save(metadata, new byte[1]);
        }
        Files.write(log.snap.resolve("0000000000000001-0000000000000003.snap.broken"), new byte[1]);
        Files.write(log.snap.resolve("db"), new byte[1]);
        try (Source reading = store.open(GROUP, new EntryId(1, 3))) {
            store.purge(GROUP, new EntryId(3, 12), 2);

            assertThat(store.list(GROUP)).containsExactly(new EntryId(3, 20), new EntryId(3, 12), new EntryId(2, 10));
            assertThat(reading.data().readAllBytes())
                    .as("what is being read stays readable")
                    .hasSize(1);
        }
        store.purge(GROUP, new EntryId(3, 12), 2);
        assertThat(store.list(GROUP)).hasSize(3);
    }

    private void save(SnapshotMetadata metadata, byte[] data) throws StorageException, IOException {
        log.saveSnapshot(metadata, data);
    }

    private Path path(SnapshotMetadata metadata) {
        return log.snap.resolve(FileSnapshotStore.fileName(metadata.id()));
    }
}
