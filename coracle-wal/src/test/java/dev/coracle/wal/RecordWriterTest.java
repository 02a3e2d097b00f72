package dev.coracle.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.codec.EtcdCodec;
import dev.coracle.node.Disk;
import dev.coracle.node.DiskFile;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.sim.SimDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class RecordWriterTest {
    private static final long SEED = 20260103;
    private static final List<EntryType> TYPES = List.of(EntryType.values());

    /** The writer encodes entries by itself, to allocate nothing; here is the proof that it does so as the codec does. */
    @Test
    void entriesAreEncodedAsTheCodecDoesAndReadByAReaderOfItsOwn() throws IOException {
        System.out.println("seed " + SEED);
        Random random = new Random(SEED);
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) {
            entries.add(new Entry(
                    random.nextLong() >>> (1 + random.nextInt(63)),
                    random.nextLong() >>> (1 + random.nextInt(63)),
                    TYPES.get(random.nextInt(TYPES.size())),
                    randomBytes(random),
                    random.nextInt(3) == 0 ? randomBytes(random) : null));
        }
        requireWrittenAsTheCodecDoes(entries);
    }

    /** What is kept from one entry to the next, at each place where a number takes a byte more. */
    @Test
    void entriesInSuccessionAreEncodedAsTheCodecDoes() throws IOException {
        List<Entry> entries = new ArrayList<>();
        for (long term : new long[] {0, 1, 127, 128, 16_383, 16_384, (1 << 21) - 1, 1 << 21, 1L << 40, 1}) {
            for (int bits = 0; bits < Long.SIZE - 1; bits++) {
                long begin = Math.max(0, (1L << bits) - 3);
                for (long index = begin; index < begin + 6; index++) {
                    EntryType type = TYPES.get((int) (index / 2 % TYPES.size()));
                    entries.add(new Entry(term, index, type, new byte[(int) index & 1]));
                }
            }
        }
        requireWrittenAsTheCodecDoes(entries);
    }

    /** Around the sizes from which on numbers take a byte more, and records take another way. */
    @Test
    void dataOfAnySizeAreEncodedAsTheCodecDoes() throws IOException {
        System.out.println("seed " + SEED);
        Random random = new Random(SEED);
        List<Entry> entries = new ArrayList<>();
        for (int size : new int[] {0, 64, 128, 4_096, 8_192, 16_384, 65_536, 1 << 20}) {
            for (int bytes = Math.max(0, size - 100); bytes < size + 20; bytes++) {
                byte[] data = new byte[bytes];
                random.nextBytes(data);
                entries.add(new Entry(1, entries.size(), EntryType.NORMAL, data));
                byte[] context = new byte[bytes % 3];
                entries.add(new Entry(1, entries.size(), EntryType.NORMAL, Arrays.copyOf(data, bytes / 2), context));
            }
        }
        requireWrittenAsTheCodecDoes(entries);
    }

    private static void requireWrittenAsTheCodecDoes(List<Entry> entries) throws IOException {
        try (DiskFile file = new SimDisk().process().open(Path.of("/segment"), Disk.Mode.CREATE_NEW)) {
            RecordWriter writer = new RecordWriter(file, 0, 0);
            long limit = 0;
            for (Entry entry : entries) {
                writer.writeEntry(entry);
                limit += RecordWriter.maxRecordBytes(entry);
                assertThat(writer.offset()).isLessThanOrEqualTo(limit);
            }
            writer.flush();
            assertThat(file.size()).isEqualTo(writer.offset());
            ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
            file.read(bytes, 0);

            assertThat(Dump.of(List.of(bytes.array())))
                    .extracting(Dump.Line::data)
                    .isEqualTo(entries.stream()
                            .map(entry -> HexFormat.of()
                                    .formatHex(EtcdCodec.INSTANCE.entries().encode(entry)))
                            .toList());
        }
    }

    /** Checksums of fewer than five bytes are rare, and those of one and two take a quarter of a million records. */
    @Test
    void checksumsOfAnyLengthStandBeforeTheirData() throws IOException {
        Random random = new Random(SEED);
        List<String> written = new ArrayList<>();
        try (DiskFile file = new SimDisk().process().open(Path.of("/segment"), Disk.Mode.CREATE_NEW)) {
            RecordWriter writer = new RecordWriter(file, 0, 0);
            for (int i = 0; i < 1_000; i++) {
                int wanted = random.nextInt() >>> random.nextInt(32);
                byte[] data = new byte[random.nextInt(300)];
                random.nextBytes(data);
                Entry before = new Entry(1, i + 1, EntryType.NORMAL, Arrays.copyOf(data, data.length + Integer.BYTES));
                Entry entry = new Entry(1, i + 1, EntryType.NORMAL, ending(before, writer.checksum(), wanted));
                writer.writeEntry(entry);
                assertThat(writer.checksum()).isEqualTo(wanted);
                written.add(
                        HexFormat.of().formatHex(EtcdCodec.INSTANCE.entries().encode(entry)));
            }
            writer.flush();
            ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
            file.read(bytes, 0);

            assertThat(Dump.of(List.of(bytes.array())))
                    .extracting(Dump.Line::data)
                    .isEqualTo(written);
        }
    }

    /** The data of an entry with its last four bytes such that the checksum, {@code before} it, becomes the wanted one. */
    private static byte[] ending(Entry entry, int before, int wanted) {
        byte[] encoded = EtcdCodec.INSTANCE.entries().encode(entry);
        RunningChecksum upToThere = new RunningChecksum();
        upToThere.start(before);
        upToThere.update(encoded, 0, encoded.length - Integer.BYTES);
        // What RunningChecksum.start does from a fresh state, from another one.
        int state = ~wanted;
        for (int bit = 0; bit < Integer.SIZE; bit++) {
            state = state < 0 ? ((state ^ 0x82f63b78) << 1) | 1 : state << 1;
        }
        byte[] data = Objects.requireNonNull(entry.data()).clone();
        ByteBuffer.wrap(data)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(data.length - Integer.BYTES, state ^ ~upToThere.value());
        return data;
    }

    private static byte @Nullable [] randomBytes(Random random) {
        if (random.nextInt(8) == 0) {
            return null;
        }
        byte[] bytes =
                new byte[random.nextInt(random.nextInt(200) == 0 ? 2_000_000 : random.nextInt(20) == 0 ? 40_000 : 200)];
        random.nextBytes(bytes);
        return bytes;
    }
}
