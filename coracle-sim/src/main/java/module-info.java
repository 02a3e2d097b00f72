/** Clusters in simulated time, and the runner of conformance scripts. */
module dev.coracle.sim {
    requires transitive dev.coracle.raft;
    requires transitive dev.coracle.node;
    requires dev.coracle.codec;
    requires static transitive org.jspecify;

    exports dev.coracle.sim;
    exports dev.coracle.sim.script;
}
