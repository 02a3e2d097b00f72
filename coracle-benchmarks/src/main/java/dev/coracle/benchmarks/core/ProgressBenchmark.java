package dev.coracle.benchmarks.core;

import dev.coracle.raft.tracker.Inflights;
import dev.coracle.raft.tracker.Progress;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What a leader notes of one append and its answer. */
@State(Scope.Thread)
public class ProgressBenchmark {
    private static final int MAX_INFLIGHT = 256;
    private static final int ENTRIES = 64;
    private static final int BYTES = 1024;

    /** How many appends are under way before each. */
    @Param({"0", "255"})
    public int inFlight = 0;

    private Progress progress = newMember();

    private static Progress newMember() {
        return new Progress(1, new Inflights(MAX_INFLIGHT, 0));
    }

    /** Sends what is under way. */
    @Setup
    public void fill() {
        progress = newMember();
        progress.becomeReplicate();
        for (int i = 0; i < inFlight; i++) {
            progress.sentEntries(ENTRIES, BYTES);
        }
    }

    /**
     * An append is sent, and the oldest one under way acknowledged.
     *
     * @return the index up to which the member has the log
     */
    @Benchmark
    public long sendAndAcknowledge() {
        progress.sentEntries(ENTRIES, BYTES);
        progress.maybeUpdate(progress.match() + ENTRIES);
        progress.inflights().freeUpTo(progress.match());
        return progress.match();
    }

    int inFlight() {
        return progress.inflights().count();
    }
}
