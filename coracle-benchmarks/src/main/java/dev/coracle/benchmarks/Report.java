package dev.coracle.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * All that a run finds out; it grows while it runs.
 *
 * @param machine where it ran
 * @param nodes the members of the cluster, all in one process
 * @param sizeBytes the size of a proposal
 * @param via who is asked
 * @param warmUpSeconds how long each measurement ran before it counted
 * @param seconds how long it counted
 * @param measurements one for each number of proposals in flight
 */
record Report(
        Machine machine,
        int nodes,
        int sizeBytes,
        Via via,
        int warmUpSeconds,
        int seconds,
        List<Measurement> measurements) {
    private static final String HEAD = "%9s %12s %9s %9s %9s %10s %12s %11s %9s %9s %10s%n";

    @SuppressWarnings("InlineFormatString") // Under its head, whose columns it must meet.
    private static final String ROW = "%,9d %,12.0f %,9.0f %,9.0f %,9.0f %,10.1f %,12.0f %,11.0f %,9.0f %9.2f %10.2f%n";

    /** Says where and how it is measured, and what the columns are. */
    void printHead(PrintWriter out) {
        out.printf(
                "%d nodes in one process over loopback, proposals of %,d bytes to %s, %d s after a warm-up of %d s%n",
                nodes, sizeBytes, via.text(), seconds, warmUpSeconds);
        out.printf(
                "%d cores, %s, %s, %s on %s%n",
                machine.cores(), machine.jvm(), machine.system(), machine.fileSystem(), machine.device());
        if (machine.isInMemory()) {
            out.println("NB: this file system is in memory, and an fdatasync costs nothing: choose another --data-dir");
        }
        out.println();
        out.printf(
                HEAD,
                "",
                "proposals",
                "p50",
                "p99",
                "p99.9",
                "fsyncs",
                "KiB per",
                "fdatasyncs",
                "their",
                "p50 in",
                "proposals");
        out.printf(
                HEAD,
                "in flight",
                "a second",
                "µs",
                "µs",
                "µs",
                "per 1,000",
                "1,000",
                "a second",
                "p50 µs",
                "their p50",
                "for each");
        out.flush();
    }

    /** One line of the table. */
    static void print(Measurement row, PrintWriter out) {
        out.printf(
                Locale.ROOT,
                ROW,
                row.inFlight(),
                row.proposalsPerSecond(),
                row.p50Micros(),
                row.p99Micros(),
                row.p999Micros(),
                row.syncsPerThousand(),
                row.bytesPerThousand() / 1024,
                row.rawSyncsPerSecond(),
                row.rawP50Micros(),
                row.p50InRawSyncs(),
                row.proposalsPerRawSync());
        if (row.failed() > 0 || row.leaderChanged()) {
            out.printf(
                    Locale.ROOT,
                    "NB: %,d proposals failed%s%n",
                    row.failed(),
                    row.leaderChanged() ? ", and the leadership changed" : "");
        }
        out.flush();
    }

    /** Writes everything as JSON. */
    void writeJson(Path file) throws IOException {
        new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), this);
    }
}
