package dev.coracle.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.coracle.raft.Bytes;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** raftexample's entries: what Go 1.19 wrote is read and written again, and damage is refused. */
class GobKeyValueTest {
    private static final String TYPE = "20ff81030101026b7601ff8200010201034b6579010c00010356616c010c000000";

    private static GobKeyValue of(String key, String value) {
        return new GobKeyValue(
                Bytes.of(key.getBytes(StandardCharsets.UTF_8)), Bytes.of(value.getBytes(StandardCharsets.UTF_8)));
    }

    @ParameterizedTest
    @CsvSource({
        "/my-key, hello, 13ff8201072f6d792d6b6579010568656c6c6f00",
        "'', '', 03ff8200",
        "/k, '', 07ff8201022f6b00",
        "'', v, 06ff8202017600",
    })
    void itIsWrittenAsGoDoes(String key, String value, String expected) throws Exception {
        byte[] bytes = of(key, value).encode();
        assertThat(HexFormat.of().formatHex(bytes)).isEqualTo(TYPE + expected);
        assertThat(GobKeyValue.decode(bytes)).isEqualTo(new GobKeyValue.Decoded(of(key, value), bytes.length));
    }

    @Test
    void longValuesHaveLongLengths() throws Exception {
        for (int length : new int[] {127, 128, 200, 255, 256, 300, 70_000}) {
            GobKeyValue value = of("/k", "a".repeat(length));
            assertThat(GobKeyValue.decode(value.encode()).keyValue()).isEqualTo(value);
        }
        assertThat(HexFormat.of().formatHex(of("/k", "a".repeat(200)).encode()))
                .startsWith(TYPE + "ffd2ff8201022f6b01ffc861");
        assertThat(HexFormat.of().formatHex(of("/k", "a".repeat(300)).encode()))
                .startsWith(TYPE + "fe0137ff8201022f6b01fe012c61");
    }

    @Test
    void theTypesOwnNumberAndWhatFollowsDoNotMatter() throws Exception {
        // Newer Go begins with 64 and needs one byte less for it, twice.
        String newer =
                "1f7f03010102" + "6b7601ff8000010201034b6579010c00010356616c010c000000" + "0aff8001022f6b01017600";
        byte[] bytes = HexFormat.of().parseHex(newer + "0102");
        assertThat(GobKeyValue.decode(bytes)).isEqualTo(new GobKeyValue.Decoded(of("/k", "v"), bytes.length - 2));
    }

    @ParameterizedTest
    @CsvSource({
        "'', message at byte 0: the bytes end within a number",
        "05, message at byte 1: length 5 is more than the 0 bytes left",
        "f700, message at byte 1: a number of 9 bytes",
        "02ff8200, type at byte 3: 65 was not described as a struct before",
    })
    void damageIsRefused(String hex, String complaint) {
        assertThatThrownBy(() -> GobKeyValue.decode(HexFormat.of().parseHex(hex)))
                .isInstanceOf(CodecException.class)
                .hasMessage(complaint);
    }

    @Test
    void mutatedEntriesHarmNobody() {
        long seed = 20261127;
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        byte[] sound = of("/my-key", "hello").encode();
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = Arrays.copyOf(sound, 1 + random.nextInt(sound.length));
            for (int n = 1 + random.nextInt(3); n > 0; n--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            try {
                GobKeyValue.decode(bytes);
            } catch (CodecException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(10_000);
    }

    @Test
    void whatGoWroteIntoItsLogIsReadAndWrittenAgain() throws Exception {
        Path dump =
                Path.of(System.getProperty("coracle.shared", "."), "fixtures", "etcd", "wal", "single-node.dump.txt");
        if (!Files.exists(dump)) {
            System.out.println("GobKeyValueTest skipped: there is no " + dump);
        }
        assumeTrue(Files.exists(dump), "there is no " + dump);
        int entries = 0;
        for (String line : Files.readAllLines(dump)) {
            List<String> fields = List.of(line.split("\t"));
            if (fields.size() == 4 && fields.get(2).equals("EntryNormal")) {
                GobKeyValue value = GobKeyValue.decode(HexFormat.of().parseHex(fields.get(3)))
                        .keyValue();
                assertThat(HexFormat.of().formatHex(value.encode())).isEqualTo(fields.get(3));
                entries++;
            }
        }
        assertThat(entries).isEqualTo(22);
    }
}
