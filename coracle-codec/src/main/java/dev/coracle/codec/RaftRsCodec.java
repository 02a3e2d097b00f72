package dev.coracle.codec;

import dev.coracle.raft.MessageType;

/**
 * raft-rs's eraftpb: zeros are not written, repeated numbers are packed. An entry's absent data and empty data are the
 * same bytes and read as absent. A priority above zero is also written to the field where older versions look for it,
 * and read from there if the newer one is zero.
 *
 * <p>Message types after {@link MessageType#PRE_VOTE_REPLY} do not exist.
 */
public final class RaftRsCodec extends RaftFormat {
    /** The only one; it has no state. */
    public static final RaftRsCodec INSTANCE = new RaftRsCodec();

    private RaftRsCodec() {
        super("raft-rs", Presence.IMPLICIT, RaftRsConfChangeCodec.INSTANCE, MessageType.PRE_VOTE_REPLY);
    }
}
