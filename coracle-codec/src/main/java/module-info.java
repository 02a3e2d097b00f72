/** The bytes that other Raft implementations write: etcd's raftpb, raft-rs's eraftpb, raftify's service. */
module dev.coracle.codec {
    requires transitive dev.coracle.raft;
    requires transitive com.google.protobuf;
    requires static transitive org.jspecify;

    exports dev.coracle.codec;
    exports dev.coracle.codec.raftify;
}
