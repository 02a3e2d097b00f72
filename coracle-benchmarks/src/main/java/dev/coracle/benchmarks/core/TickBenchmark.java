package dev.coracle.benchmarks.core;

import dev.coracle.raft.RawNode;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What the passing of time costs. */
public class TickBenchmark {
    /** A follower that hears nothing. */
    @State(Scope.Thread)
    public static class Follower {
        private RawNode core = new CoreCluster(3).core(1);

        /** Takes one whose election timer does not run out within an iteration. */
        @Setup(Level.Iteration)
        public void start() {
            core = new CoreCluster(3).core(1);
            core.setElectionTimeout(Integer.MAX_VALUE);
        }
    }

    /** A leader whose followers do not answer. */
    @State(Scope.Thread)
    public static class Leader {
        /** The members of its cluster. */
        @Param({"3", "5"})
        public int cores = 3;

        private RawNode core = new CoreCluster(3).core(0);

        /** Elects it. */
        @Setup
        public void elect() {
            core = new CoreCluster(cores).core(0);
        }
    }

    /**
     * One tick, which does nothing but count.
     *
     * @return whether there is something to do now, which there is not
     */
    @Benchmark
    public boolean follower(Follower follower) {
        return follower.core.tick();
    }

    /**
     * One tick, at which a heartbeat to each follower is due, and the Ready that has them.
     *
     * @return the number of heartbeats
     */
    @Benchmark
    public int leader(Leader leader) {
        leader.core.tick();
        return leader.core.ready().messages().size();
    }
}
