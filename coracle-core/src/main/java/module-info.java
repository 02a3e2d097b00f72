/** Raft as a pure state machine: no clock, no thread, no file, no socket. */
@SuppressWarnings("module") // those who are named here are built after the core, so the compiler cannot find them
module dev.coracle.raft {
    requires static transitive org.jspecify;

    exports dev.coracle.raft;
    exports dev.coracle.raft.confchange to
            dev.coracle.sim;
    exports dev.coracle.raft.quorum to
            dev.coracle.sim,
            dev.coracle.benchmarks;
    exports dev.coracle.raft.tracker to
            dev.coracle.sim,
            dev.coracle.benchmarks;
}
