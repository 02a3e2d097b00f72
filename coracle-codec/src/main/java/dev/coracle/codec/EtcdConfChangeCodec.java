package dev.coracle.codec;

import dev.coracle.raft.ConfChange;
import dev.coracle.raft.ConfChangeCodec;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.ConfChangeV2;

/**
 * etcd's configuration changes: every number is written, also zeros, and the context if there is one. A learner is
 * added by type 3. Leaving a joint configuration is {@code 08 00}; no bytes at all read as the same.
 */
public final class EtcdConfChangeCodec implements ConfChangeCodec {
    /** The only one; it has no state. */
    public static final EtcdConfChangeCodec INSTANCE = new EtcdConfChangeCodec();

    private final ConfChangeFormat format = new ConfChangeFormat(
            "etcd",
            Presence.EXPLICIT,
            ConfChangeType.ADD_NODE,
            ConfChangeType.REMOVE_NODE,
            ConfChangeType.UPDATE_NODE,
            ConfChangeType.ADD_LEARNER_NODE);

    private EtcdConfChangeCodec() {}

    /** The codec of a single change, which other messages carry too. */
    public Codec<ConfChangeSingle> singles() {
        return format.singles();
    }

    @Override
    public byte[] encode(ConfChange change) {
        return format.encode(change);
    }

    @Override
    public byte[] encode(ConfChangeV2 change) {
        return format.encode(change);
    }

    @Override
    public ConfChange decode(byte[] data) throws MalformedException {
        return format.decode(data);
    }

    @Override
    public ConfChangeV2 decodeV2(byte[] data) throws MalformedException {
        return format.decodeV2(data);
    }
}
