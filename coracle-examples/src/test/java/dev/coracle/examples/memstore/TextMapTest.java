package dev.coracle.examples.memstore;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class TextMapTest {
    @Test
    void behavesAsATreeMapOfUnsignedKeys() throws IOException {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        Map<Long, String> model = new TreeMap<>(Long::compareUnsigned);
        TextMap map = TextMap.EMPTY;
        for (int i = 0; i < 5_000; i++) {
            long key = random.nextBoolean() ? random.nextInt(500) : random.nextLong();
            map = map.put(key, "value " + i);
            model.put(key, "value " + i);
        }
        assertThat(entries(map)).isEqualTo(entries(model));
        assertThat(map.size()).isEqualTo(model.size());
        for (long key = 0; key < 500; key++) {
            assertThat(map.get(key)).isEqualTo(model.get(key));
        }
    }

    @Test
    void aMapDoesNotChangeWhenAnotherIsMadeFromIt() throws IOException {
        TextMap before = TextMap.EMPTY.put(1, "one").put(2, "two");
        before.put(1, "changed").put(3, "three");
        assertThat(entries(before)).containsExactly("1=one", "2=two");
    }

    @Test
    void theHighestBitOfAKeyMakesItLarge() throws IOException {
        assertThat(entries(TextMap.EMPTY.put(-1, "most").put(0, "least").put(Long.MIN_VALUE, "middle")))
                .containsExactly("0=least", Long.MIN_VALUE + "=middle", "-1=most");
    }

    @Test
    void keysInAnyOrderNestNoDeeperThanABalancedTree() {
        // 1.44 * log2(100,000) is 24: an AVL tree cannot be higher.
        TextMap ascending = TextMap.EMPTY;
        TextMap descending = TextMap.EMPTY;
        TextMap zigzag = TextMap.EMPTY;
        for (int i = 0; i < 100_000; i++) {
            ascending = ascending.put(i, "");
            descending = descending.put(-i, "");
            zigzag = zigzag.put(i % 2 == 0 ? i : 200_000 - i, "");
        }
        assertThat(ascending.height()).isLessThanOrEqualTo(24);
        assertThat(descending.height()).isLessThanOrEqualTo(24);
        assertThat(zigzag.height()).isLessThanOrEqualTo(24);
    }

    private static List<String> entries(TextMap map) throws IOException {
        List<String> entries = new ArrayList<>();
        map.forEach((key, value) -> entries.add(key + "=" + value));
        return entries;
    }

    private static List<String> entries(Map<Long, String> map) {
        List<String> entries = new ArrayList<>();
        map.forEach((key, value) -> entries.add(key + "=" + value));
        return entries;
    }
}
