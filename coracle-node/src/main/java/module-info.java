/** A durable Raft node: the agents around the core, and the seams to log, snapshots, network and state machine. */
module dev.coracle.node {
    requires transitive dev.coracle.raft;
    requires static transitive org.jspecify;
    requires org.jctools.core;
    requires org.slf4j;

    exports dev.coracle.node;
}
