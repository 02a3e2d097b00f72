package dev.coracle.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LatencyHistogramTest {
    @Test
    void quantilesAreAtMostAHundredthAboveThoseOfTheSortedValues() {
        long seed = 20260421;
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        LatencyHistogram histogram = new LatencyHistogram();
        long[] values = new long[100_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextLong(1L << random.nextInt(1, 40));
            histogram.record(values[i]);
        }
        Arrays.sort(values);
        for (double part : new double[] {0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.99999, 1}) {
            long exact = values[(int) Math.ceil(part * values.length) - 1];
            assertThat(histogram.quantile(part)).as("quantile %s", part).isBetween(exact, exact + exact / 100);
        }
    }

    @Test
    void shortDurationsAreExact() {
        LatencyHistogram histogram = new LatencyHistogram();
        for (long nanos = 0; nanos < 256; nanos++) {
            histogram.record(nanos);
        }
        for (int rank = 1; rank <= 256; rank++) {
            assertThat(histogram.quantile(rank / 256.0)).isEqualTo(rank - 1);
        }
    }

    @Test
    void whatIsOutsideOfTheRangeCountsAtItsEnds() {
        LatencyHistogram histogram = new LatencyHistogram();
        histogram.record(-1);
        histogram.record(Long.MAX_VALUE);
        assertThat(histogram.count()).isEqualTo(2);
        assertThat(histogram.quantile(0.5)).isZero();
        assertThat(histogram.quantile(1)).isBetween(3_600_000_000_000L, 3_640_000_000_000L);
    }

    @Test
    void withoutValuesEveryQuantileIsZero() {
        assertThat(new LatencyHistogram().quantile(0.5)).isZero();
    }
}
