package dev.coracle.benchmarks.core;

import dev.coracle.raft.quorum.IdSet;
import dev.coracle.raft.tracker.Configuration;
import dev.coracle.raft.tracker.ProgressTracker;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What a leader counts at each acknowledgement. */
@State(Scope.Thread)
public class QuorumBenchmark {
    /** The voters; the joint configuration has three on each side, of whom one is on both. */
    @Param({"3", "5", "7", "joint"})
    public String voters = "3";

    private Configuration configuration = Configuration.EMPTY;
    private ProgressTracker tracker = new ProgressTracker(1, 0);
    private long index;
    private int turn;

    /** Makes the configuration. */
    @Setup
    public void configure() {
        configuration = voters.equals("joint")
                ? new Configuration(IdSet.of(1, 2, 3), IdSet.of(3, 4, 5), false, IdSet.EMPTY, IdSet.EMPTY)
                : new Configuration(firstIds(Integer.parseInt(voters)), IdSet.EMPTY, false, IdSet.EMPTY, IdSet.EMPTY);
        tracker = new ProgressTracker(1, 0);
        for (int i = 0; i < configuration.members().size(); i++) {
            tracker.add(configuration.members().at(i), 1, true);
        }
    }

    private static IdSet firstIds(int count) {
        long[] ids = new long[count];
        for (int i = 0; i < count; i++) {
            ids[i] = i + 1L;
        }
        return IdSet.of(ids);
    }

    /**
     * The next voter acknowledges one entry more than anybody before, and the commit index is counted.
     *
     * @return the commit index
     */
    @Benchmark
    public long acknowledgeAndCommit() {
        tracker.at(turn).maybeUpdate(++index);
        turn = turn + 1 == tracker.size() ? 0 : turn + 1;
        return configuration.committedIndex(tracker);
    }
}
