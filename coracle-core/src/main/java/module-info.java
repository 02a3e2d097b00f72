/** Raft as a pure state machine: no clock, no thread, no file, no socket. */
module dev.coracle.raft {
    requires static transitive org.jspecify;

    exports dev.coracle.raft;
}
