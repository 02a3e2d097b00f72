package dev.coracle.benchmarks;

import dev.coracle.node.FileDisk;
import dev.coracle.node.StorageException;
import dev.coracle.node.StorageObserver;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.wal.FileSnapshotStore;
import dev.coracle.wal.WalLogStore;
import dev.coracle.wal.WalOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;

/**
 * Appends to a log, one fdatasync a batch, beside a bare loop: the same number of bytes, encoded before, and an fdatasync,
 * into a file that is full of zeros as a prepared segment is. They take turns, a short round each, so that what the disk
 * does to one it does to the other; each pair of rounds gives a ratio, and the median of those counts.
 *
 * <p>Only the calls of the log count, not what makes the entries. Segments are prepared between the rounds, as the log's
 * housekeeping does beside the appends, and so is a file for the bare loop.
 */
final class WalAppends implements AutoCloseable {
    /** The size of an entry's data. */
    static final int ENTRY_BYTES = 128;

    private static final long ROUND_NANOS = 100_000_000;
    private static final int BATCHES_FOR_ALLOCATION = 500;
    private static final int ZEROS = 1 << 20;

    /** Adds up what the log says of its syncs. */
    private static final class Written implements StorageObserver {
        private long bytes;

        @Override
        public void onSync(long nanos, long written, long records) {
            bytes += written;
        }
    }

    /**
     * What was measured. Rates are the medians of all rounds.
     *
     * @param entries the entries of a batch
     * @param bytes what the log wrote for a batch
     * @param batchesPerSecond the log's rate
     * @param barePerSecond the bare loop's
     * @param ratio the median of the ratios of the two, round by round
     * @param allocatedBytes what the log's thread allocated for a batch
     */
    record Result(
            int entries,
            int bytes,
            double batchesPerSecond,
            double barePerSecond,
            double ratio,
            double allocatedBytes) {}

    private final int entries;
    private final byte[] data = new byte[ENTRY_BYTES];
    private final Entry[] batch;
    private final Written written = new Written();
    private final WalLogStore log;
    private final ByteBuffer zeros = ByteBuffer.allocateDirect(ZEROS);
    private final Path barePath;
    private FileChannel bare;
    private final long bareBytes;
    private ByteBuffer encoded = ByteBuffer.allocateDirect(0);
    private long position;
    private long lastIndex;

    /** For batches of so many entries, in an empty directory, where files are of so many bytes. */
    WalAppends(Path directory, int entries, int segmentBytes) throws IOException, StorageException {
        this.entries = entries;
        this.batch = new Entry[entries];
        this.bareBytes = segmentBytes;
        new Random(entries).nextBytes(data);
        log = openLog(directory, segmentBytes, written);
        barePath = directory.resolve("bare");
        bare = openBare();
    }

    private FileChannel openBare() throws IOException {
        return FileChannel.open(
                barePath, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
    }

    /** A new file, as each of the log's is. */
    private void prepareBare() throws IOException {
        bare.close();
        bare = openBare();
        for (long at = 0; at < bareBytes; at += zeros.capacity()) {
            bare.write(zeros.clear(), at);
        }
        bare.force(true);
        position = 0;
    }

    /** An empty log with the options that any node has, but for the size of its files. */
    static WalLogStore openLog(Path directory, int segmentBytes, StorageObserver observer)
            throws IOException, StorageException {
        Files.createDirectories(directory);
        FileDisk disk = new FileDisk();
        WalLogStore log = WalLogStore.open(
                disk,
                directory.resolve("wal"),
                FileSnapshotStore.open(disk, directory.resolve("snap"), 0),
                WalOptions.DEFAULTS.withSegmentBytes(segmentBytes).withObserver(observer, System::nanoTime));
        log.append(0, new HardState(1, 1, 0), List.of());
        log.sync();
        return log;
    }

    /**
     * Measures.
     *
     * @param warmUpNanos how long before it counts
     * @param nanos how long it counts, both sides together
     * @param stop asked after each round whether to end at once
     */
    Result measure(long warmUpNanos, long nanos, BooleanSupplier stop) throws IOException, StorageException {
        rounds(warmUpNanos, stop);
        double[][] rates = rounds(nanos, stop);
        double[] ratios = new double[rates.length];
        for (int i = 0; i < rates.length; i++) {
            ratios[i] = rates[i][0] / rates[i][1];
        }
        return new Result(
                entries,
                encoded.capacity(),
                median(Arrays.stream(rates).mapToDouble(pair -> pair[0]).toArray()),
                median(Arrays.stream(rates).mapToDouble(pair -> pair[1]).toArray()),
                median(ratios),
                allocation());
    }

    static double median(double[] values) {
        Arrays.sort(values);
        int middle = values.length / 2;
        return values.length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }

    /** The rates of the log and of the bare loop, pair by pair; at least one pair. */
    private double[][] rounds(long nanos, BooleanSupplier stop) throws IOException, StorageException {
        int pairs = (int) Math.max(1, nanos / (2 * ROUND_NANOS));
        double[][] rates = new double[pairs][];
        for (int i = 0; i < pairs; i++) {
            if (stop.getAsBoolean()) {
                throw new IOException("the measurement was interrupted");
            }
            prepareSegments();
            prepareBare();
            // Who is second may profit or suffer from what the first one left.
            boolean logFirst = i % 2 == 0 || encoded.capacity() == 0;
            double first = logFirst ? logRound() : bareRound();
            double second = logFirst ? bareRound() : logRound();
            rates[i] = logFirst ? new double[] {first, second} : new double[] {second, first};
        }
        return rates;
    }

    private void prepareSegments() {
        while (log.housekeeping().doWork(System.nanoTime()) > 0) {
            // It says when all is done.
        }
    }

    private double logRound() throws StorageException {
        long writtenBefore = written.bytes;
        long batches = 0;
        long busy = 0;
        while (busy < ROUND_NANOS) {
            fillBatch();
            List<Entry> list = Arrays.asList(batch);
            long begin = System.nanoTime();
            log.append(0, HardState.EMPTY, list);
            log.sync();
            busy += System.nanoTime() - begin;
            batches++;
        }
        if (encoded.capacity() == 0) {
            byte[] bytes = new byte[(int) ((written.bytes - writtenBefore) / batches)];
            new Random(entries).nextBytes(bytes);
            encoded = ByteBuffer.allocateDirect(bytes.length).put(bytes);
        }
        return batches * 1e9 / busy;
    }

    private double bareRound() throws IOException {
        long batches = 0;
        long busy = 0;
        while (busy < ROUND_NANOS) {
            if (position + encoded.capacity() > bareBytes) {
                position = 0;
            }
            long begin = System.nanoTime();
            bare.write(encoded.clear(), position);
            bare.force(false);
            busy += System.nanoTime() - begin;
            position += encoded.capacity();
            batches++;
        }
        return batches * 1e9 / busy;
    }

    /** The median: now and then the log's index grows, as memory that is kept must. */
    private double allocation() throws StorageException {
        prepareSegments();
        double[] bytes = new double[BATCHES_FOR_ALLOCATION];
        for (int i = 0; i < BATCHES_FOR_ALLOCATION; i++) {
            fillBatch();
            List<Entry> list = Arrays.asList(batch);
            long before = AllocationMeter.threadBytes();
            log.append(0, HardState.EMPTY, list);
            log.sync();
            bytes[i] = AllocationMeter.threadBytes() - before;
        }
        return median(bytes);
    }

    private void fillBatch() {
        for (int i = 0; i < entries; i++) {
            batch[i] = new Entry(1, ++lastIndex, EntryType.NORMAL, data);
        }
    }

    @Override
    public void close() throws IOException, StorageException {
        bare.close();
        log.close();
    }
}
