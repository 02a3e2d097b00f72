package dev.coracle.benchmarks.core;

import dev.coracle.raft.Entry;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** From a proposal to its having been applied everywhere. */
@State(Scope.Thread)
public class ProposeBenchmark {
    private static final int BYTES = 16;

    /** The members of the cluster. */
    @Param({"1", "3"})
    public int cores = 1;

    /** The entries of a proposal. */
    @Param({"1", "64"})
    public int entries = 1;

    private CoreCluster cluster = new CoreCluster(1);

    /** Used again and again, as a node does: the core takes the entries and not the list. */
    private final List<Entry> batch = new ArrayList<>();

    /** Elects a leader. */
    @Setup
    public void elect() {
        cluster = new CoreCluster(cores);
    }

    /**
     * Makes one proposal and works until every core has committed and applied it; nothing else is under way.
     *
     * @return the index of its last entry
     */
    @Benchmark
    public long untilApplied() {
        batch.clear();
        for (int i = 0; i < entries; i++) {
            batch.add(Entry.normal(new byte[BYTES]));
        }
        return cluster.propose(batch);
    }

    /** The highest index that every core has applied. */
    long appliedByAll() {
        return cluster.appliedByAll();
    }

    /** How many entries each core has in its log. */
    long storedEntries() {
        return cluster.storedEntries();
    }
}
