package dev.coracle.testkit;

import java.util.BitSet;
import java.util.function.Predicate;

/** Takes numbers away from a set, as many as possible, as long as something goes on to fail (Zeller's ddmin). */
final class DeltaDebugging {
    private DeltaDebugging() {}

    /**
     * A subset that fails.
     *
     * @param all fails
     * @param fails tells whether a subset does; may say no without looking, when there was enough of it
     */
    static BitSet minimize(BitSet all, Predicate<BitSet> fails) {
        BitSet least = (BitSet) all.clone();
        if (!least.isEmpty() && fails.test(new BitSet())) {
            return new BitSet();
        }
        int parts = 2;
        while (least.cardinality() > 1) {
            boolean reduced = false;
            int[] numbers = least.stream().toArray();
            for (int i = 0; i < parts && !reduced; i++) {
                BitSet without = new BitSet();
                for (int k = 0; k < numbers.length; k++) {
                    if ((long) k * parts / numbers.length != i) {
                        without.set(numbers[k]);
                    }
                }
                if (fails.test(without)) {
                    least = without;
                    reduced = true;
                }
            }
            if (reduced) {
                parts = Math.max(2, parts - 1);
            } else if (parts >= numbers.length) {
                break;
            } else {
                parts = Math.min(numbers.length, parts * 2);
            }
        }
        return least;
    }
}
