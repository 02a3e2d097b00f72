package dev.coracle.codec;

import dev.coracle.raft.MessageType;

/**
 * etcd's raftpb as etcd 3.6 writes it, which every version reads: all numbers, also zeros; repeated numbers one by one;
 * a snapshot only in {@link MessageType#INSTALL_SNAPSHOT}, and there always with its metadata. What newer and older
 * versions write is read as well.
 *
 * <p>What etcd does not know is written only if it is not zero, in fields that etcd skips: an entry's context, the
 * commit term and priority of vote messages. The index of a requested snapshot takes the field of the vote, which etcd
 * looks at only in messages to its own storage thread. With raft-rs's additions switched off no such byte is written.
 *
 * <p>Messages to the own storage thread are read, because etcd's schema has them, and must be dropped by whoever
 * receives them from another node ({@link MessageType#isLocal}).
 */
public final class EtcdCodec extends RaftFormat {
    /** The only one; it has no state. */
    public static final EtcdCodec INSTANCE = new EtcdCodec();

    private EtcdCodec() {
        super("etcd", Presence.EXPLICIT, EtcdConfChangeCodec.INSTANCE, MessageType.FORGET_LEADER);
    }
}
