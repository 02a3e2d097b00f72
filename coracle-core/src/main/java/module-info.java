/** Raft as a pure state machine: no clock, no thread, no file, no socket. */
@SuppressWarnings("module") // the simulator is built after the core, so the compiler cannot find it here
module dev.coracle.raft {
    requires static transitive org.jspecify;

    exports dev.coracle.raft;
    exports dev.coracle.raft.confchange to
            dev.coracle.sim;
    exports dev.coracle.raft.quorum to
            dev.coracle.sim;
    exports dev.coracle.raft.tracker to
            dev.coracle.sim;
}
