package dev.coracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.raft.ConfState;
import dev.coracle.raft.RoleName;
import dev.coracle.raft.Status;
import java.util.List;
import org.junit.jupiter.api.Test;

class RaftStatusTest {
    @Test
    void theJsonIsThatOfRaftifysDebugNode() {
        Status.PeerProgress peer =
                new Status.PeerProgress(2, 7, 8, "StateReplicate", false, false, 6, 5, 4, 3, true, 1, false, "");
        RaftStatus status = new RaftStatus(
                1, RoleName.LEADER, 3, 1, 1, 9, 8, 2, 10, 1, 5, ConfState.ofVoters(1L, 2L), List.of(peer), List.of());
        assertThat(status.toJson())
                .isEqualTo(
                        "{\"node_id\":1,\"leader_id\":1,\"term\":3,\"storage\":{\"hard_state\":{\"term\":3,\"vote\":1,"
                                + "\"commit\":9},\"conf_state\":{\"voters\":[1,2],\"learners\":[],\"voters_outgoing\":[],"
                                + "\"learners_next\":[]},\"snapshot\":\"index: 1\",\"last_index\":10},\"progress\":{\"2\":"
                                + "{\"matched\":7,\"next_idx\":8,\"paused\":false,\"pending_snapshot\":6,"
                                + "\"pending_request_snapshot\":5,\"recent_active\":true,\"commit_group_id\":3,"
                                + "\"committed_index\":4,\"ins\":\"count: 1, full: false\",\"state\":\"StateReplicate\"}},"
                                + "\"raft_log\":{\"committed\":9,\"applied\":8,\"persisted\":10}}");
    }
}
