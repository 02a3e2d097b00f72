package dev.coracle.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * What the disk alone does: small writes at growing positions of a file whose blocks are there already, each followed by
 * an fdatasync, by one thread. That is the least that a log can do for one proposal.
 */
final class DiskProbe {
    private static final int WRITE_BYTES = 512;
    private static final int MOST_SYNCS = 2_000;
    private static final long MOST_NANOS = 1_000_000_000;

    private DiskProbe() {}

    /**
     * What was measured.
     *
     * @param latencies of one write and its fdatasync
     * @param nanos of all of them
     */
    record Syncs(LatencyHistogram latencies, long nanos) {
        double perSecond() {
            return latencies.count() * 1e9 / nanos;
        }
    }

    /** Measures in a directory, for a second at most, and leaves nothing there. */
    static Syncs measure(Path directory) throws IOException {
        Path path = Files.createTempFile(directory, "probe", null);
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.allocate(MOST_SYNCS * WRITE_BYTES));
            file.force(true);
            ByteBuffer bytes = ByteBuffer.allocateDirect(WRITE_BYTES);
            LatencyHistogram latencies = new LatencyHistogram();
            long begin = System.nanoTime();
            long end = begin;
            while (latencies.count() < MOST_SYNCS && end - begin < MOST_NANOS) {
                long before = end;
                file.write(bytes.clear(), latencies.count() * WRITE_BYTES);
                file.force(false);
                end = System.nanoTime();
                latencies.record(end - before);
            }
            return new Syncs(latencies, end - begin);
        } finally {
            Files.delete(path);
        }
    }
}
