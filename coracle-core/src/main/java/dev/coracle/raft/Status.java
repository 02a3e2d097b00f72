package dev.coracle.raft;

import java.util.List;
import java.util.StringJoiner;

/**
 * What a server knows about itself, at one moment.
 *
 * @param id the server
 * @param hardState its term, vote and commit index
 * @param softState its leader and role
 * @param applied the highest index known to be applied
 * @param transferee whom the leader hands leadership to, or {@link RawNode#NONE}
 * @param configuration the configuration in force
 * @param unstableSize the encoded bytes of entries that storage has not confirmed
 * @param uncommittedSize the bytes of proposals that a leader counts against its limit; 0 on others
 * @param progress a leader's view of each member, ascending by id; empty on others
 */
public record Status(
        long id,
        HardState hardState,
        SoftState softState,
        long applied,
        long transferee,
        ConfState configuration,
        long unstableSize,
        long uncommittedSize,
        List<PeerProgress> progress) {
    /**
     * A leader's view of one member.
     *
     * @param id the member
     * @param match the highest index known to be the same there
     * @param next the index of the next entry to send
     * @param state etcd's name of the state: probing, replicating, or waiting for a snapshot
     * @param learner whether it does not count
     * @param paused whether nothing is sent until it answers
     * @param pendingSnapshot the index of the snapshot under way, or 0
     * @param requestedSnapshot the least index of a snapshot that it asked for, or 0
     * @param committed its commit index as far as it has told, or 0
     * @param commitGroup the group that it was assigned to, or 0
     * @param recentlyActive whether it was heard from since the last check of the quorum
     * @param inflightMessages how many appends are under way
     * @param inflightFull whether no more may be
     * @param text how etcd prints it
     */
    public record PeerProgress(
            long id,
            long match,
            long next,
            String state,
            boolean learner,
            boolean paused,
            long pendingSnapshot,
            long requestedSnapshot,
            long committed,
            long commitGroup,
            boolean recentlyActive,
            int inflightMessages,
            boolean inflightFull,
            String text) {}

    static Status of(Server server) {
        Leader leading = server.leading();
        return new Status(
                server.id,
                server.hardState(),
                server.softState(),
                server.raftLog.applied(),
                leading == null ? RawNode.NONE : leading.transferee(),
                server.configuration().toConfState(),
                server.raftLog.unstable().encodedSize(),
                leading == null ? 0 : leading.uncommittedSize(),
                leading == null ? List.of() : leading.progress());
    }

    /** The JSON that etcd's library makes of it, with the members ascending. */
    public String toJson() {
        StringJoiner members = new StringJoiner(",", "{", "}");
        for (PeerProgress peer : progress) {
            members.add("\"" + Long.toHexString(peer.id()) + "\":{\"match\":" + peer.match() + ",\"next\":"
                    + peer.next() + ",\"state\":\"" + peer.state() + "\"}");
        }
        return "{\"id\":\"" + Long.toHexString(id) + "\",\"term\":" + hardState.term() + ",\"vote\":\""
                + Long.toHexString(hardState.vote()) + "\",\"commit\":" + hardState.commit() + ",\"lead\":\""
                + Long.toHexString(softState.leader()) + "\",\"raftState\":\""
                + softState.role().etcdName() + "\",\"applied\":" + applied + ",\"progress\":" + members
                + ",\"leadtransferee\":\"" + Long.toHexString(transferee) + "\"}";
    }
}
