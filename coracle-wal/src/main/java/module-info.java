/** The write-ahead log and the snapshots of a node, in etcd's files. */
module dev.coracle.wal {
    requires transitive dev.coracle.node;
    requires dev.coracle.codec;
    requires org.slf4j;
    requires static transitive org.jspecify;

    exports dev.coracle.wal;
}
