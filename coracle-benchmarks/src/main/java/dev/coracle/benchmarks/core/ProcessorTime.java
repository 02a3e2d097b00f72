package dev.coracle.benchmarks.core;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ScalarResult;

/**
 * A profiler for JMH: how long the thread of the benchmark had a processor, for each operation. Unlike the time that
 * passed it says the same on a busy machine. What the garbage collector's threads took is not in it.
 */
public final class ProcessorTime implements InternalProfiler {
    /** What the result is called. */
    static final String RESULT = "processor.time.norm";

    private static final String WORKER = "jmh-worker";

    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private long before;

    /** Made by JMH in the JVM of the benchmark. */
    public ProcessorTime() {}

    @Override
    public String getDescription() {
        return "processor time of the benchmark's thread";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
        before = nanos();
    }

    @Override
    public Collection<? extends Result<?>> afterIteration(
            BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
        double each =
                (double) (nanos() - before) / Math.max(result.getMetadata().getAllOps(), 1);
        return List.of(new ScalarResult(RESULT, each, "ns/op", AggregationPolicy.AVG));
    }

    private long nanos() {
        long sum = 0;
        for (long id : threads.getAllThreadIds()) {
            var thread = threads.getThreadInfo(id);
            if (thread != null && thread.getThreadName().contains(WORKER)) {
                sum += Math.max(threads.getThreadCpuTime(id), 0);
            }
        }
        return sum;
    }
}
