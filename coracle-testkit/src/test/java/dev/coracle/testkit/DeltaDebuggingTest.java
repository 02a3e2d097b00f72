package dev.coracle.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeltaDebuggingTest {
    private static BitSet upTo(int count) {
        BitSet all = new BitSet();
        all.set(0, count);
        return all;
    }

    private static BitSet of(int... numbers) {
        BitSet set = new BitSet();
        for (int number : numbers) {
            set.set(number);
        }
        return set;
    }

    private static boolean contains(BitSet set, BitSet part) {
        BitSet missing = (BitSet) part.clone();
        missing.andNot(set);
        return missing.isEmpty();
    }

    @Test
    void onlyWhatIsNeededIsLeft() {
        BitSet needed = of(3, 57, 91);
        assertThat(DeltaDebugging.minimize(upTo(100), set -> contains(set, needed)))
                .isEqualTo(needed);
    }

    @Test
    void nothingIsLeftOfWhatFailsByItself() {
        assertThat(DeltaDebugging.minimize(upTo(100), set -> true).isEmpty()).isTrue();
        assertThat(DeltaDebugging.minimize(new BitSet(), set -> true).isEmpty()).isTrue();
    }

    @Test
    void allIsLeftWhereNobodyMayLookAgain() {
        assertThat(DeltaDebugging.minimize(upTo(10), set -> false)).isEqualTo(upTo(10));
    }

    @Test
    void numbersAreReadAsTheyAreWritten() {
        assertThat(Plan.format(of(1, 2, 3, 7, 9, 10))).isEqualTo("1-3,7,9-10");
        assertThat(Plan.parse("faults", "1-3,7,9-10")).isEqualTo(of(1, 2, 3, 7, 9, 10));
        assertThat(Plan.parse("faults", "")).isEqualTo(new BitSet());
        assertThat(Plan.parse("faults", Plan.format(null))).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "3-1", "-1", "1,,2", "1-", "9999999"})
    void whatIsNoNumberIsRefusedByName(String text) {
        assertThatThrownBy(() -> Plan.parse("faults", text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("faults: ");
    }
}
