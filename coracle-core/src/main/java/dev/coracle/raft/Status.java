package dev.coracle.raft;

import java.util.List;

/**
 * What a server knows about itself, at one moment.
 *
 * @param transferee whom the leader hands leadership to, or {@link RawNode#NONE}
 * @param progress a leader's view of each member, ascending by id; empty on others
 */
public record Status(
        long id,
        HardState hardState,
        SoftState softState,
        long applied,
        long transferee,
        ConfState configuration,
        List<PeerProgress> progress) {
    /** A leader's view of one member. {@code text} is how etcd prints it. */
    public record PeerProgress(
            long id,
            long match,
            long next,
            String state,
            boolean learner,
            boolean paused,
            long pendingSnapshot,
            boolean recentlyActive,
            int inflightMessages,
            boolean inflightFull,
            String text) {}
}
