package dev.coracle.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * All that a run finds out about the log; it grows while it runs.
 *
 * @param machine where it ran
 * @param loadAtStart the system's load average when it began, less than 0 if it is unknown
 * @param segmentBytes the size of the files
 * @param warmUpSeconds how long each measurement ran before it counted
 * @param seconds how long it counted
 * @param appends one for each size of a batch
 * @param replays one for each size of a record
 */
record WalReport(
        Machine machine,
        double loadAtStart,
        int segmentBytes,
        int warmUpSeconds,
        int seconds,
        List<WalAppends.Result> appends,
        List<WalReplay.Result> replays) {
    /** The least part of the bare loop's rate. */
    private static final double APPEND_RATIO = 0.9;

    /** The most nanoseconds for a small record, and the least part of the checksum's rate for a large one. */
    private static final double SMALL_RECORD_NANOS = 100;

    private static final double LARGE_RECORD_RATIO = 0.5;

    /** What the log may allocate for each entry beside what it takes for a batch: places of its index now and then. */
    private static final double ENTRY_ALLOCATION = 1;

    private static final int PERCENT = 100;
    private static final String APPEND_HEAD = "%9s %8s %10s %10s %9s %8s %7s %10s %11s %9s %7s%n";

    @SuppressWarnings("InlineFormatString") // Under its head, whose columns it must meet.
    private static final String APPEND_ROW = "%,9d %,8d %,10.0f %,10.0f %7.1f %% %8s %7s %,10.1f %,11.0f %9s %7s%n";

    private static final String REPLAY_HEAD = "%9s %10s %9s %10s %8s %7s %9s %9s %10s %8s %7s%n";

    @SuppressWarnings("InlineFormatString") // Under its head, whose columns it must meet.
    private static final String REPLAY_ROW = "%,9d %,10d %,9.1f %,10.1f %8s %7s %,9.0f %,9.0f %8.1f %% %8s %7s%n";

    /** Says where and how it is measured. */
    void printHead(PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "%d cores, %s, %s, %s on %s; load average %.2f; %d s for each line after a warm-up of %d s%n",
                machine.cores(),
                machine.jvm(),
                machine.system(),
                machine.fileSystem(),
                machine.device(),
                loadAtStart,
                seconds,
                warmUpSeconds);
        if (machine.isInMemory()) {
            out.println("NB: this file system is in memory, and an fdatasync costs nothing: choose another --data-dir");
        }
        out.println();
    }

    /** Says what the columns of the appends are. */
    static void printAppendHead(PrintWriter out) {
        out.printf(
                "Entries of %d bytes, one fdatasync a batch; in turns with a bare loop of writes and fdatasyncs; own work"
                        + " is what the log takes without a disk%n%n",
                WalAppends.ENTRY_BYTES);
        out.printf(
                APPEND_HEAD,
                "entries",
                "bytes",
                "batches",
                "bare loop",
                "log in",
                "",
                "",
                "own work",
                "allocated",
                "",
                "");
        out.printf(
                APPEND_HEAD,
                "a batch",
                "a batch",
                "a second",
                "a second",
                "parts",
                "target",
                "met",
                "us a batch",
                "B a batch",
                "B/entry<1",
                "met");
        out.flush();
    }

    /** Adds a line. */
    void add(WalAppends.Result row, PrintWriter out) {
        appends.add(row);
        WalAppends.Result first = appends.get(0);
        int more = row.entries() - first.entries();
        double each = more == 0 ? 0 : (row.allocatedBytes() - first.allocatedBytes()) / more;
        out.printf(
                Locale.ROOT,
                APPEND_ROW,
                row.entries(),
                row.bytes(),
                row.batchesPerSecond(),
                row.barePerSecond(),
                row.ratio() * PERCENT,
                ">= 90 %",
                met(row.ratio() >= APPEND_RATIO),
                row.ownNanos() / 1_000,
                row.allocatedBytes(),
                more == 0 ? "" : String.format(Locale.ROOT, "%.2f", each),
                more == 0 ? "" : met(each < ENTRY_ALLOCATION));
        out.flush();
    }

    /** Says what the columns of the replays are. */
    static void printReplayHead(PrintWriter out) {
        out.printf("%nReplay from the page cache; in turns with reading the same files and their CRC-32C alone%n%n");
        out.printf(REPLAY_HEAD, "bytes", "", "ns", "of them", "", "", "MB", "CRC-32C", "replay in", "", "");
        out.printf(
                REPLAY_HEAD,
                "a record",
                "records",
                "a record",
                "processor",
                "target",
                "met",
                "a second",
                "MB/s",
                "parts",
                "target",
                "met");
        out.flush();
    }

    /** Adds a line. */
    void add(WalReplay.Result row, PrintWriter out) {
        replays.add(row);
        boolean small = row.entryBytes() == WalBenchCommand.SMALL_RECORD;
        out.printf(
                Locale.ROOT,
                REPLAY_ROW,
                row.entryBytes(),
                row.records(),
                row.nanosPerRecord(),
                row.processorNanosPerRecord(),
                small ? "<= 100" : "",
                small ? met(row.nanosPerRecord() <= SMALL_RECORD_NANOS) : "",
                row.megabytesPerSecond(),
                row.checksumMegabytesPerSecond(),
                row.ratio() * PERCENT,
                small ? "" : ">= 50 %",
                small ? "" : met(row.ratio() >= LARGE_RECORD_RATIO));
        out.flush();
    }

    private static String met(boolean holds) {
        return holds ? "yes" : "NO";
    }

    /** Writes everything as JSON. */
    void writeJson(Path file) throws IOException {
        new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), this);
    }
}
