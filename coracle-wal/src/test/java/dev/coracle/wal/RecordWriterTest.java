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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
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
