package dev.coracle.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

final class RunningChecksumTest {
    private static final long SEED = 20260102;

    @Test
    void theCheckValueOfCastagnoliComesOut() {
        byte[] bytes = "123456789".getBytes(StandardCharsets.US_ASCII);
        RunningChecksum checksum = new RunningChecksum();
        assertThat(checksum.value()).isZero();
        checksum.update(bytes, 0, bytes.length);

        assertThat(checksum.value()).isEqualTo(0xe3069283);
    }

    @Test
    void aChainCanBeTakenUpAnywhere() {
        System.out.println("seed " + SEED);
        Random random = new Random(SEED);
        RunningChecksum checksum = new RunningChecksum();
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = new byte[random.nextInt(60)];
            random.nextBytes(bytes);
            int cut = random.nextInt(bytes.length + 1);
            int first = crc(bytes, 0, cut);
            checksum.start(first);

            assertThat(checksum.value()).isEqualTo(first);
            checksum.update(bytes, cut, bytes.length - cut);
            assertThat(checksum.value()).isEqualTo(crc(bytes, 0, bytes.length));
        }
    }

    @Test
    void checksumsOfPartsMakeThatOfTheWhole() {
        System.out.println("seed " + SEED);
        Random random = new Random(SEED);
        for (int i = 0; i < 2_000; i++) {
            byte[] bytes = new byte[random.nextInt(5_000)];
            random.nextBytes(bytes);
            int cut = random.nextInt(bytes.length + 1);

            assertThat(RunningChecksum.combine(
                            crc(bytes, 0, cut), crc(bytes, cut, bytes.length - cut), bytes.length - cut))
                    .isEqualTo(crc(bytes, 0, bytes.length));
        }
    }

    private static int crc(byte[] bytes, int offset, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, offset, length);
        return (int) crc.getValue();
    }
}
