package dev.coracle.benchmarks;

import dev.coracle.node.FileDisk;
import dev.coracle.node.StorageException;
import dev.coracle.node.StorageObserver;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.wal.WalLogStore;
import dev.coracle.wal.WalVerdict;
import dev.coracle.wal.WalVerify;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * Replays a log from the page cache as opening it does ({@link WalVerify}: the same rules, and nothing written), in turns
 * with a read of the same files in large pieces that computes a CRC-32C and nothing else.
 */
final class WalReplay {
    /** So many segments are full, and one nearly: what follows the last record of the log is read, too. */
    private static final int FULL_SEGMENTS = 3;

    private static final double LAST_SEGMENT_PART = 0.9;
    private static final int BATCH_BYTES = 256 << 10;
    private static final int PIECE_BYTES = 1 << 20;
    private static final int LEAST_PASSES = 3;
    private static final double MEGABYTE = 1e6;

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    /** How long the segments of a log are. */
    private static final class Segments implements StorageObserver {
        private int full;
        private long lastBytes;

        @Override
        public void onSync(long nanos, long written, long records) {
            lastBytes += written;
        }

        @Override
        public void onSegmentCut(long nanos, int segments) {
            full++;
            lastBytes = 0;
        }
    }

    /**
     * What was measured: medians of all passes.
     *
     * @param entryBytes the size of an entry's data
     * @param records how many there are
     * @param logBytes the size of the files
     * @param nanosPerRecord how long the replay took for each record
     * @param processorNanosPerRecord how long of that its thread had a processor
     * @param megabytesPerSecond the replay's rate
     * @param checksumMegabytesPerSecond the rate of reading and the checksum alone
     * @param ratio the median of the ratios of the two, pass by pass
     */
    record Result(
            int entryBytes,
            long records,
            long logBytes,
            double nanosPerRecord,
            double processorNanosPerRecord,
            double megabytesPerSecond,
            double checksumMegabytesPerSecond,
            double ratio) {}

    private final Path directory;
    private final int entryBytes;
    private final ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES);
    private final long records;
    private final List<Path> files;
    private long logBytes;

    /** Writes a log of entries of one size in an empty directory, where files are of so many bytes. */
    WalReplay(Path directory, int entryBytes, int segmentBytes) throws IOException, StorageException {
        this.directory = directory;
        this.entryBytes = entryBytes;
        this.records = write(segmentBytes);
        try (Stream<Path> found = Files.list(directory.resolve("wal"))) {
            files = found.sorted().toList();
        }
        for (Path file : files) {
            logBytes += Files.size(file);
        }
    }

    private long write(int segmentBytes) throws IOException, StorageException {
        byte[] data = new byte[entryBytes];
        new Random(entryBytes).nextBytes(data);
        Segments segments = new Segments();
        long index = 0;
        try (WalLogStore log = WalAppends.openLog(new FileDisk(), directory, segmentBytes, segments)) {
            int perBatch = Math.max(1, BATCH_BYTES / entryBytes);
            while (segments.full < FULL_SEGMENTS || segments.lastBytes < LAST_SEGMENT_PART * segmentBytes) {
                List<Entry> batch = new ArrayList<>(perBatch);
                for (int i = 0; i < perBatch; i++) {
                    batch.add(new Entry(1, ++index, EntryType.NORMAL, data));
                }
                log.append(0, HardState.EMPTY, batch);
                log.sync();
            }
        }
        return index;
    }

    /**
     * Measures.
     *
     * @param warmUpNanos how long before it counts
     * @param nanos how long it counts, both sides together
     * @param stop asked after each pass whether to end at once
     */
    Result measure(long warmUpNanos, long nanos, BooleanSupplier stop) throws IOException {
        passes(warmUpNanos, stop);
        List<long[]> passes = passes(nanos, stop);
        double replay = median(passes.stream().mapToDouble(pass -> pass[0]));
        double checksum = median(passes.stream().mapToDouble(pass -> pass[1]));
        double ratio = median(passes.stream().mapToDouble(pass -> (double) pass[1] / pass[0]));
        return new Result(
                entryBytes,
                records,
                logBytes,
                replay / records,
                median(passes.stream().mapToDouble(pass -> pass[2])) / records,
                logBytes / MEGABYTE / (replay / 1e9),
                logBytes / MEGABYTE / (checksum / 1e9),
                ratio);
    }

    private static double median(DoubleStream values) {
        return WalAppends.median(values.toArray());
    }

    /** The nanoseconds of a replay, of a pass that only computes checksums, and of the replay's processor. */
    private List<long[]> passes(long nanos, BooleanSupplier stop) throws IOException {
        List<long[]> passes = new ArrayList<>();
        long end = System.nanoTime() + nanos;
        while (passes.size() < LEAST_PASSES || System.nanoTime() < end) {
            if (stop.getAsBoolean()) {
                throw new IOException("the measurement was interrupted");
            }
            long processorBegin = THREADS.getCurrentThreadCpuTime();
            long begin = System.nanoTime();
            replay();
            long between = System.nanoTime();
            long processor = THREADS.getCurrentThreadCpuTime() - processorBegin;
            checksum();
            passes.add(new long[] {between - begin, System.nanoTime() - between, processor});
        }
        return passes;
    }

    private void replay() throws IOException {
        WalVerify.Report report = WalVerify.verify(new FileDisk(), directory, null);
        if (report.verdict() != WalVerdict.SOUND) {
            throw new IOException("the log that was just written is not sound: " + report.lines());
        }
    }

    private long checksum() throws IOException {
        CRC32C crc = new CRC32C();
        for (Path path : files) {
            try (FileChannel file = FileChannel.open(path)) {
                while (file.read(piece.clear()) > 0) {
                    crc.update(piece.flip());
                }
            }
        }
        return crc.getValue();
    }
}
