package dev.coracle.codec;

/** Whose bytes a cluster speaks, from its creation and for good. */
public enum Dialect {
    /** Our own: etcd's bytes, with entries in an envelope of the framework. */
    NATIVE(EtcdCodec.INSTANCE),
    /** etcd's raftpb. */
    ETCD(EtcdCodec.INSTANCE),
    /** raft-rs's eraftpb. */
    RAFT_RS(RaftRsCodec.INSTANCE);

    @SuppressWarnings("ImmutableEnumChecker") // The codecs have no state.
    private final MessageCodec codec;

    Dialect(MessageCodec codec) {
        this.codec = codec;
    }

    /** The codec of what the core sends and stores. */
    public MessageCodec codec() {
        return codec;
    }
}
