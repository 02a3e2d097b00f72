package dev.coracle.benchmarks;

/**
 * Counts durations in a fixed number of buckets, each less than a hundredth of its values wide. Longer durations than
 * an hour count as an hour.
 */
final class LatencyHistogram {
    /** The buckets of each power of two; below twice this number every nanosecond has its own. */
    private static final int SUB_BITS = 7;

    private static final long MOST_NANOS = 3_600_000_000_000L;

    private final long[] counts = new long[bucket(MOST_NANOS) + 1];
    private long count;

    void record(long nanos) {
        counts[bucket(Math.max(0, Math.min(nanos, MOST_NANOS)))]++;
        count++;
    }

    long count() {
        return count;
    }

    /**
     * The duration that a part of all durations does not exceed, in nanoseconds: the upper end of its bucket. 0 if
     * nothing was counted.
     *
     * @param part more than 0, at most 1
     */
    long quantile(double part) {
        long rank = (long) Math.ceil(part * count);
        long before = 0;
        for (int i = 0; i < counts.length; i++) {
            before += counts[i];
            if (before >= rank && before > 0) {
                return upperEnd(i);
            }
        }
        return 0;
    }

    /** A bucket for each value of the highest bits: the shift grows by one with every power of two. */
    private static int bucket(long nanos) {
        int shift = shift(Long.SIZE - Long.numberOfLeadingZeros(nanos));
        return (shift << SUB_BITS) + (int) (nanos >>> shift);
    }

    private static long upperEnd(int bucket) {
        int shift = Math.max(0, (bucket >>> SUB_BITS) - 1);
        long top = bucket - ((long) shift << SUB_BITS);
        return ((top + 1) << shift) - 1;
    }

    private static int shift(int bits) {
        return Math.max(0, bits - SUB_BITS - 1);
    }
}
