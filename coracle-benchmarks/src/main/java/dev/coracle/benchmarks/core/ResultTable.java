package dev.coracle.benchmarks.core;

import java.io.PrintWriter;
import java.util.Collection;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.format.OutputFormat;

/** Writes a line for each benchmark as soon as it is done, and what JMH has to complain about; nothing else of its talk. */
final class ResultTable implements OutputFormat {
    private static final String ALLOCATED = "gc.alloc.rate.norm";
    private static final String ENTRIES = "entries";
    private static final String HEAD = "%-44s %11s %11s %12s %9s %9s%n";
    private static final double NANOS_PER_SECOND = 1e9;

    private final PrintWriter out;

    ResultTable(PrintWriter out) {
        this.out = out;
    }

    @Override
    public void startRun() {
        out.printf(HEAD, "", "ns", "of them", "entries a", "bytes", "bytes");
        out.printf(HEAD, "", "an op", "processor", "second of it", "an op", "an entry");
        out.flush();
    }

    @Override
    public void endBenchmark(@Nullable BenchmarkResult measured) {
        if (measured == null) {
            // It failed: JMH has said why, and ends the run with an exception.
            return;
        }
        double nanos = measured.getPrimaryResult().getScore();
        double processorNanos = score(measured, ProcessorTime.RESULT);
        double bytes = score(measured, ALLOCATED);
        out.printf(Locale.ROOT, "%-44s %,11.1f %,11.1f", name(measured.getParams()), nanos, processorNanos);
        String entries = measured.getParams().getParam(ENTRIES);
        if (entries == null) {
            out.printf(Locale.ROOT, " %12s %,9.0f%n", "", bytes);
        } else {
            int count = Integer.parseInt(entries);
            out.printf(
                    Locale.ROOT,
                    " %,12.0f %,9.0f %,9.1f%n",
                    count * NANOS_PER_SECOND / processorNanos,
                    bytes,
                    bytes / count);
        }
        out.flush();
    }

    private static double score(BenchmarkResult measured, String result) {
        return Objects.requireNonNull(measured.getSecondaryResults().get(result), result)
                .getScore();
    }

    private static String name(BenchmarkParams params) {
        String[] parts = params.getBenchmark().split("\\.", -1);
        StringBuilder name = new StringBuilder();
        name.append(parts[parts.length - 2].replaceFirst("Benchmark$", ""));
        name.append('.').append(parts[parts.length - 1]);
        for (String key : params.getParamsKeys()) {
            name.append(' ').append(key).append('=').append(params.getParam(key));
        }
        return name.toString();
    }

    @Override
    public void println(String line) {
        // Its progress begins with a number sign.
        if (!line.isBlank() && !line.startsWith("#")) {
            out.println(line);
        }
    }

    @Override
    public void print(String text) {
        out.print(text);
    }

    @Override
    public void flush() {
        out.flush();
    }

    // What passes while a benchmark runs.

    @Override
    public void iteration(BenchmarkParams benchmark, IterationParams params, int iteration) {}

    @Override
    public void iterationResult(
            BenchmarkParams benchmark, IterationParams params, int iteration, IterationResult data) {}

    @Override
    public void startBenchmark(BenchmarkParams benchmark) {}

    @Override
    public void endRun(Collection<RunResult> results) {}

    @Override
    public void verbosePrintln(String line) {}

    @Override
    public void write(int character) {}

    @Override
    public void write(byte[] bytes) {}

    @Override
    public void close() {}
}
