package dev.coracle.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.codec.CodecException;
import dev.coracle.codec.EtcdCodec;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class EntryHeadTest {
    private static final long SEED = 20260107;

    @Test
    void saysOfAnyBytesWhatTheCodecSays() {
        System.out.println("EntryHeadTest: seed " + SEED);
        Random random = new Random(SEED);
        int entries = 0;
        int refused = 0;
        for (int round = 0; round < 100_000; round++) {
            byte[] bytes = EtcdCodec.INSTANCE.entries().encode(entry(random));
            for (int changes = random.nextInt(4); changes > 0; changes--) {
                bytes[random.nextInt(Math.min(bytes.length, 30))] = (byte) random.nextInt();
            }
            int from = random.nextInt(3);
            int to = bytes.length - random.nextInt(2);
            byte[] around = new byte[from + bytes.length + 2];
            System.arraycopy(bytes, 0, around, from, bytes.length);
            String expected = decoded(around, from, from + to);
            assertThat(read(around, from, from + to)).isEqualTo(expected);
            if (expected.startsWith("refused")) {
                refused++;
            } else {
                entries++;
            }
        }
        assertThat(entries).isGreaterThan(20_000);
        assertThat(refused).isGreaterThan(20_000);
    }

    private static Entry entry(Random random) {
        return new Entry(
                random.nextLong() >>> 1 >>> random.nextInt(63),
                random.nextLong() >>> 1 >>> random.nextInt(63),
                EntryType.values()[random.nextInt(EntryType.values().length)],
                bytes(random),
                random.nextInt(4) == 0 ? bytes(random) : null);
    }

    private static byte @Nullable [] bytes(Random random) {
        return random.nextInt(8) == 0 ? null : new byte[random.nextInt(200)];
    }

    private static String read(byte[] bytes, int from, int to) {
        try {
            EntryHead head = new EntryHead();
            head.read(bytes, from, to);
            return head.term() + " " + head.index() + " " + head.type() + " " + head.hasPayload();
        } catch (CodecException e) {
            return "refused: " + e.getMessage();
        }
    }

    private static String decoded(byte[] bytes, int from, int to) {
        try {
            Entry entry = EtcdCodec.INSTANCE.entries().decode(bytes, from, to - from);
            return entry.term() + " " + entry.index() + " " + entry.type() + " " + !entry.isEmpty();
        } catch (CodecException e) {
            return "refused: " + e.getMessage();
        }
    }
}
