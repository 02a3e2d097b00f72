package dev.coracle.benchmarks;

import dev.coracle.node.Disk;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.function.ToDoubleFunction;

/**
 * Appends to a log, one fdatasync a batch, beside a bare loop: the same number of bytes, encoded before, and an fdatasync,
 * into a file that is full of zeros as a prepared segment is. They take turns, a short round each, so that what the disk
 * does to one it does to the other; each turn gives a ratio, and the median of those counts.
 *
 * <p>Only the calls of the log count, not what makes the entries. Segments are prepared between the rounds, as the log's
 * housekeeping does beside the appends, and so is a file for the bare loop.
 *
 * <p>What of the difference is the log's own work, one without a disk tells, which gets the same batches.
 */
final class WalAppends implements AutoCloseable {
    /** The size of an entry's data. */
    static final int ENTRY_BYTES = 128;

    /** About what a segment begins with. So the batches of the bare loop lie across the pages of its file as the log's do. */
    private static final int HEAD_BYTES = 104;

    private static final long ROUND_NANOS = 100_000_000;
    private static final int OWN_ROUNDS = 9;
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
     * @param ratio the median of the ratios of the two, turn by turn
     * @param ownNanos what a batch takes without a disk
     * @param allocatedBytes what the log's thread allocated for a batch
     */
    record Result(
            int entries,
            int bytes,
            double batchesPerSecond,
            double barePerSecond,
            double ratio,
            double ownNanos,
            double allocatedBytes) {}

    /** The rates of one turn. */
    private record Turn(double log, double bare) {}

    /** A log, and the batches that it gets. */
    private final class Log {
        private final WalLogStore store;
        private final Entry[] batch = new Entry[entries];
        private long lastIndex;

        Log(WalLogStore store) {
            this.store = store;
        }

        /** Appends a batch. Returns how long that took, in nanoseconds. */
        long append() throws StorageException {
            List<Entry> list = nextBatch();
            long begin = System.nanoTime();
            append(list);
            return System.nanoTime() - begin;
        }

        List<Entry> nextBatch() {
            for (int i = 0; i < entries; i++) {
                batch[i] = new Entry(1, ++lastIndex, EntryType.NORMAL, data);
            }
            return Arrays.asList(batch);
        }

        void append(List<Entry> list) throws StorageException {
            store.append(0, HardState.EMPTY, list);
            store.sync();
        }

        void prepareSegments() {
            while (store.housekeeping().doWork(System.nanoTime()) > 0) {
                // It says when all is done.
            }
        }
    }

    private final int entries;
    private final byte[] data = new byte[ENTRY_BYTES];
    private final Written written = new Written();
    private final Log log;
    private final Log withoutDisk;
    private final ByteBuffer zeros = ByteBuffer.allocateDirect(ZEROS);
    private final Path barePath;
    private FileChannel bare;
    private final long bareBytes;
    private ByteBuffer encoded = ByteBuffer.allocateDirect(0);
    private long position;

    /** For batches of so many entries, in an empty directory, where files are of so many bytes. */
    WalAppends(Path directory, int entries, int segmentBytes) throws IOException, StorageException {
        this.entries = entries;
        this.bareBytes = segmentBytes;
        new Random(entries).nextBytes(data);
        log = new Log(openLog(new FileDisk(), directory, segmentBytes, written));
        BlindDisk blind = new BlindDisk();
        withoutDisk = new Log(openLog(blind, directory.resolve("blind"), segmentBytes, StorageObserver.NONE));
        blind.shut();
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
        position = HEAD_BYTES;
    }

    /** An empty log with the options that any node has, but for the size of its files. */
    static WalLogStore openLog(Disk disk, Path directory, int segmentBytes, StorageObserver observer)
            throws IOException, StorageException {
        Files.createDirectories(directory);
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
     * @param stop asked after each turn whether to end at once
     */
    Result measure(long warmUpNanos, long nanos, BooleanSupplier stop) throws IOException, StorageException {
        turns(warmUpNanos, stop);
        List<Turn> turns = turns(nanos, stop);
        return new Result(
                entries,
                encoded.capacity(),
                median(turns, Turn::log),
                median(turns, Turn::bare),
                median(turns, turn -> turn.log / turn.bare),
                ownNanos(),
                allocation());
    }

    private static double median(List<Turn> turns, ToDoubleFunction<Turn> value) {
        return median(turns.stream().mapToDouble(value).toArray());
    }

    static double median(double[] values) {
        Arrays.sort(values);
        int middle = values.length / 2;
        return values.length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }

    /** As many turns as fit, at least one. */
    private List<Turn> turns(long nanos, BooleanSupplier stop) throws IOException, StorageException {
        int count = (int) Math.max(1, nanos / (2 * ROUND_NANOS));
        List<Turn> turns = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            if (stop.getAsBoolean()) {
                throw new IOException("the measurement was interrupted");
            }
            log.prepareSegments();
            prepareBare();
            // Who is second may profit or suffer from what the first one left.
            boolean logFirst = i % 2 == 0 || encoded.capacity() == 0;
            double logRate = logFirst ? logRound() : 0;
            double bareRate = bareRound();
            if (!logFirst) {
                logRate = logRound();
            }
            turns.add(new Turn(logRate, bareRate));
        }
        return turns;
    }

    private double logRound() throws StorageException {
        long writtenBefore = written.bytes;
        long batches = 0;
        long busy = 0;
        while (busy < ROUND_NANOS) {
            busy += log.append();
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
            busy += writeBare();
            batches++;
        }
        return batches * 1e9 / busy;
    }

    /** Writes what a batch takes, and syncs. Returns how long that took, in nanoseconds. */
    private long writeBare() throws IOException {
        if (position + encoded.capacity() > bareBytes) {
            position = HEAD_BYTES;
        }
        long begin = System.nanoTime();
        bare.write(encoded.clear(), position);
        bare.force(false);
        long nanos = System.nanoTime() - begin;
        position += encoded.capacity();
        return nanos;
    }

    /** The median of a few rounds without a disk. */
    private double ownNanos() throws StorageException {
        double[] nanos = new double[OWN_ROUNDS];
        for (int i = 0; i < OWN_ROUNDS; i++) {
            withoutDisk.prepareSegments();
            long batches = 0;
            long busy = 0;
            while (busy < ROUND_NANOS) {
                busy += withoutDisk.append();
                batches++;
            }
            nanos[i] = (double) busy / batches;
        }
        return median(nanos);
    }

    /** The median: now and then the log's index grows, as memory that is kept must. */
    private double allocation() throws StorageException {
        log.prepareSegments();
        double[] bytes = new double[BATCHES_FOR_ALLOCATION];
        for (int i = 0; i < BATCHES_FOR_ALLOCATION; i++) {
            List<Entry> list = log.nextBatch();
            long before = AllocationMeter.threadBytes();
            log.append(list);
            bytes[i] = AllocationMeter.threadBytes() - before;
        }
        return median(bytes);
    }

    @Override
    public void close() throws IOException, StorageException {
        bare.close();
        log.store.close();
        withoutDisk.store.close();
    }
}
