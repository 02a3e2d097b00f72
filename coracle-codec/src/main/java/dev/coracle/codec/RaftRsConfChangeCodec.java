package dev.coracle.codec;

import dev.coracle.raft.ConfChange;
import dev.coracle.raft.ConfChangeCodec;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.ConfChangeV2;

/**
 * raft-rs's configuration changes: zeros are not written. A learner is added by type 2, which to etcd is an update;
 * {@link ConfChangeType#UPDATE_NODE} does not exist and is refused with an {@link IllegalArgumentException}. Leaving a
 * joint configuration is no bytes at all.
 */
public final class RaftRsConfChangeCodec implements ConfChangeCodec {
    /** The only one; it has no state. */
    public static final RaftRsConfChangeCodec INSTANCE = new RaftRsConfChangeCodec();

    private final ConfChangeFormat format = new ConfChangeFormat(
            "raft-rs",
            Presence.IMPLICIT,
            ConfChangeType.ADD_NODE,
            ConfChangeType.REMOVE_NODE,
            ConfChangeType.ADD_LEARNER_NODE);

    private RaftRsConfChangeCodec() {}

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
