package dev.coracle.benchmarks;

import dev.coracle.node.StorageException;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * The command {@code bench wal}: the log alone, beside what disk and checksum alone do. All it writes is below one new
 * directory, which it deletes at the end, also when it is interrupted.
 */
@Command(
        name = "wal",
        description = {
            "Measures the log alone: appends with one fdatasync a batch, and its replay.",
            "",
            "Each is measured in turns with the least that could do the same: writes of bytes that are encoded already,"
                    + " with the same fdatasyncs; and a read in large pieces that computes nothing but a checksum. The"
                    + " medians of the ratios, turn by turn, are what counts: they say much the same on a busy machine.",
        },
        mixinStandardHelpOptions = true)
final class WalBenchCommand implements Callable<Integer> {
    /** The sizes of records that are replayed. */
    static final int SMALL_RECORD = 128;

    static final int LARGE_RECORD = 16 << 10;

    private static final int LEAST_SEGMENT_BYTES = 1_000_000;
    private static final int MOST_SEGMENT_BYTES = 1_000_000_000;
    private static final String PREFIX = "coracle-bench-wal-";
    private static final List<Integer> BATCHES = List.of(1, 16, 256);

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--seconds",
            paramLabel = "SECONDS",
            defaultValue = "10",
            description =
                    "How long each line is measured, 1 to " + BenchCommand.MOST_SECONDS + "; default ${DEFAULT-VALUE}.")
    private int seconds;

    @Option(
            names = "--warm-up",
            paramLabel = "SECONDS",
            defaultValue = "3",
            description =
                    "How long each runs before that, 0 to " + BenchCommand.MOST_SECONDS + "; default ${DEFAULT-VALUE}.")
    private int warmUpSeconds;

    @Option(
            names = "--segment-bytes",
            paramLabel = "BYTES",
            defaultValue = "64000000",
            description = "The size of the log's files, " + LEAST_SEGMENT_BYTES + " to " + MOST_SEGMENT_BYTES
                    + "; default ${DEFAULT-VALUE}.")
    private int segmentBytes;

    @Option(
            names = {"--data-dir", "--dir"},
            paramLabel = "DIR",
            description =
                    "Where the directory of the run is made and deleted, on the file system to be measured; by default"
                            + " where the system keeps temporary files. Needs five times --segment-bytes.")
    private @Nullable Path dataDirectory;

    @Option(names = "--json", paramLabel = "FILE", description = "Writes everything that was found out to this file.")
    private @Nullable Path json;

    /** Made by picocli, which sets the options. */
    WalBenchCommand() {}

    @Override
    public Integer call() throws IOException, StorageException {
        BenchCommand.validate(spec, seconds, warmUpSeconds, json);
        BenchCommand.require(
                spec,
                segmentBytes >= LEAST_SEGMENT_BYTES && segmentBytes <= MOST_SEGMENT_BYTES,
                "--segment-bytes",
                segmentBytes,
                "must be from " + LEAST_SEGMENT_BYTES + " to " + MOST_SEGMENT_BYTES);
        Session session = new Session(BenchCommand.newDirectory(dataDirectory, PREFIX));
        try (session) {
            run(session);
        } catch (IOException | StorageException | RuntimeException e) {
            if (!session.isInterrupted()) {
                throw e;
            }
        }
        return session.isInterrupted() ? BenchCommand.INTERRUPTED : 0;
    }

    private void run(Session session) throws IOException, StorageException {
        PrintWriter out = spec.commandLine().getOut();
        WalReport report = new WalReport(
                Machine.here(session.directory()),
                ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage(),
                segmentBytes,
                warmUpSeconds,
                seconds,
                new ArrayList<>(),
                new ArrayList<>());
        long warmUpNanos = TimeUnit.SECONDS.toNanos(warmUpSeconds);
        long nanos = TimeUnit.SECONDS.toNanos(seconds);
        report.printHead(out);
        WalReport.printAppendHead(out);
        for (int entries : BATCHES) {
            Path directory = Files.createDirectory(session.directory().resolve("append-" + entries));
            try (WalAppends appends = new WalAppends(directory, entries, segmentBytes)) {
                report.add(appends.measure(warmUpNanos, nanos, session::isInterrupted), out);
            }
            Session.delete(directory);
        }
        WalReport.printReplayHead(out);
        for (int bytes : List.of(SMALL_RECORD, LARGE_RECORD)) {
            Path directory = Files.createDirectory(session.directory().resolve("replay-" + bytes));
            report.add(
                    new WalReplay(directory, bytes, segmentBytes).measure(warmUpNanos, nanos, session::isInterrupted),
                    out);
            Session.delete(directory);
        }
        if (json != null) {
            report.writeJson(json);
        }
    }
}
