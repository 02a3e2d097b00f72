package dev.coracle;

import dev.coracle.raft.ConfState;
import dev.coracle.raft.RoleName;
import dev.coracle.raft.Status;
import java.util.List;

/**
 * What a member knows about itself, at one moment.
 *
 * @param id its id
 * @param role its role
 * @param term its term
 * @param vote whom it voted for in that term, or 0
 * @param leader who leads as far as it knows, or 0
 * @param commit the highest index known to be committed
 * @param applied the highest index that its state machine has applied
 * @param firstIndex the first entry that it can still send to others without a snapshot
 * @param lastIndex the last entry that is durable here
 * @param snapshotIndex the index of its newest snapshot, or 0
 * @param syncs the syncs of its log since it started
 * @param configuration the members by what they decide
 * @param progress a leader's view of each member, ascending by id; empty on others
 * @param members the members with their addresses, ascending by id
 */
public record RaftStatus(
        long id,
        RoleName role,
        long term,
        long vote,
        long leader,
        long commit,
        long applied,
        long firstIndex,
        long lastIndex,
        long snapshotIndex,
        long syncs,
        ConfState configuration,
        List<Status.PeerProgress> progress,
        List<Member> members) {
    /** Copies the lists. */
    public RaftStatus {
        progress = List.copyOf(progress);
        members = List.copyOf(members);
    }

    /** The JSON that raftify's DebugNode answers. */
    public String toJson() {
        return StatusJson.of(this);
    }
}
