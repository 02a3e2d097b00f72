package dev.coracle;

import dev.coracle.raft.ConfState;
import dev.coracle.raft.Status;
import java.util.List;
import java.util.StringJoiner;

/** The JSON of raftify's DebugNode. */
final class StatusJson {
    private StatusJson() {}

    static String of(RaftStatus status) {
        StringJoiner progress = new StringJoiner(",", "{", "}");
        for (Status.PeerProgress peer : status.progress()) {
            progress.add("\"" + id(peer.id()) + "\":" + progress(peer));
        }
        return "{\"node_id\":" + id(status.id())
                + ",\"leader_id\":" + id(status.leader())
                + ",\"term\":" + status.term()
                + ",\"storage\":{\"hard_state\":{\"term\":" + status.term()
                + ",\"vote\":" + id(status.vote())
                + ",\"commit\":" + status.commit()
                + "},\"conf_state\":" + configuration(status.configuration())
                + ",\"snapshot\":\"index: " + status.snapshotIndex()
                + "\",\"last_index\":" + status.lastIndex()
                + "},\"progress\":" + progress
                + ",\"raft_log\":{\"committed\":" + status.commit()
                + ",\"applied\":" + status.applied()
                + ",\"persisted\":" + status.lastIndex() + "}}";
    }

    private static String progress(Status.PeerProgress peer) {
        return "{\"matched\":" + peer.match()
                + ",\"next_idx\":" + peer.next()
                + ",\"paused\":" + peer.paused()
                + ",\"pending_snapshot\":" + peer.pendingSnapshot()
                + ",\"pending_request_snapshot\":" + peer.requestedSnapshot()
                + ",\"recent_active\":" + peer.recentlyActive()
                + ",\"commit_group_id\":" + peer.commitGroup()
                + ",\"committed_index\":" + peer.committed()
                + ",\"ins\":\"count: " + peer.inflightMessages() + ", full: " + peer.inflightFull()
                + "\",\"state\":\"" + peer.state() + "\"}";
    }

    /** The members, as raftify lists them. */
    static String configuration(ConfState configuration) {
        return "{\"voters\":" + ids(configuration.voters())
                + ",\"learners\":" + ids(configuration.learners())
                + ",\"voters_outgoing\":" + ids(configuration.votersOutgoing())
                + ",\"learners_next\":" + ids(configuration.learnersNext()) + "}";
    }

    private static String ids(List<Long> ids) {
        StringJoiner text = new StringJoiner(",", "[", "]");
        for (long id : ids) {
            text.add(id(id));
        }
        return text.toString();
    }

    private static String id(long id) {
        return Long.toUnsignedString(id);
    }
}
