package dev.coracle.raft;

import static dev.coracle.raft.TestServer.only;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** Commits that must be on members of two groups, as raft-rs counts them. */
class GroupCommitTest {
    /** A leader of three whose first entry everybody has. */
    private static RawNode leader() {
        MemoryStorage storage = TestServer.storage(ConfState.ofVoters(1L, 2L, 3L));
        RawNode raw =
                new RawNode(TestServer.config(1, storage).groupCommit(true).build());
        raw.campaign();
        work(raw, storage);
        raw.step(new Message.VoteReply(2, 1, 1, false, 0, 0));
        work(raw, storage);
        acknowledge(raw, 2, 1);
        acknowledge(raw, 3, 1);
        work(raw, storage);
        assertThat(raw.status().applied()).isEqualTo(1);
        return raw;
    }

    private static void work(RawNode raw, MemoryStorage storage) {
        while (raw.hasReady()) {
            Ready ready = raw.ready();
            if (!ready.hardState().isEmpty()) {
                storage.setHardState(ready.hardState());
            }
            storage.append(ready.entries());
            raw.advance();
        }
    }

    private static void acknowledge(RawNode raw, long from, long index) {
        raw.step(Message.AppendReply.accepted(from, 1, 1, index));
    }

    private static long committed(RawNode raw) {
        return raw.status().hardState().commit();
    }

    @Test
    void whatOneGroupAloneHasIsNotCommitted() {
        RawNode raw = leader();
        raw.assignCommitGroups(Map.of(1L, 1L, 2L, 1L, 3L, 2L));
        raw.propose(new byte[] {1});
        persistOwn(raw);

        acknowledge(raw, 2, 2);
        assertThat(committed(raw)).isEqualTo(1);

        acknowledge(raw, 3, 2);
        assertThat(committed(raw)).isEqualTo(2);
    }

    @Test
    void aMemberWithoutAGroupMakesAllNecessaryUnlessThereAreTwoGroups() {
        RawNode raw = leader();
        raw.assignCommitGroups(Map.of(1L, 1L, 2L, 1L));
        raw.propose(new byte[] {1});
        persistOwn(raw);
        acknowledge(raw, 2, 2);
        assertThat(committed(raw)).isEqualTo(1);

        raw.assignCommitGroups(Map.of(2L, 2L));

        assertThat(committed(raw)).isEqualTo(2);
    }

    @Test
    void switchingItOffCommitsWhatAMajorityHas() {
        RawNode raw = leader();
        raw.assignCommitGroups(Map.of(1L, 1L, 2L, 1L, 3L, 2L));
        raw.propose(new byte[] {1});
        persistOwn(raw);
        acknowledge(raw, 2, 2);

        raw.setGroupCommit(false);

        assertThat(committed(raw)).isEqualTo(2);
    }

    @Test
    void clearingTheGroupsMakesAllNecessary() {
        RawNode raw = leader();
        raw.assignCommitGroups(Map.of(1L, 1L, 2L, 2L, 3L, 2L));
        raw.propose(new byte[] {1});
        persistOwn(raw);
        raw.clearCommitGroups();

        acknowledge(raw, 2, 2);
        assertThat(committed(raw)).isEqualTo(1);

        acknowledge(raw, 3, 2);
        assertThat(committed(raw)).isEqualTo(2);
    }

    @Test
    void consistencyIsKnownToALeaderThatHasAppliedAnEntryOfItsTerm() {
        RawNode raw = leader();
        assertThat(raw.isGroupCommitConsistent()).contains(false);

        raw.assignCommitGroups(Map.of(1L, 1L, 2L, 2L, 3L, 2L));
        assertThat(raw.isGroupCommitConsistent()).contains(true);

        raw.setGroupCommit(false);
        assertThat(raw.isGroupCommitConsistent()).contains(false);

        raw.step(new Message.Heartbeat(2, 1, 2, 0, Bytes.EMPTY));
        assertThat(raw.isGroupCommitConsistent()).isEmpty();
    }

    @Test
    void aMemberThatLeavesLosesItsGroup() throws InvalidConfChangeException {
        RawNode raw = leader();
        raw.assignCommitGroups(Map.of(1L, 1L, 2L, 1L, 3L, 2L));

        raw.applyConfChange(ConfChangeV2.of(new ConfChangeSingle(ConfChangeType.REMOVE_NODE, 3)));
        raw.applyConfChange(ConfChangeV2.of(new ConfChangeSingle(ConfChangeType.ADD_NODE, 3)));

        assertThat(raw.status().progress())
                .extracting(Status.PeerProgress::commitGroup)
                .containsExactly(1L, 1L, 0L);
    }

    /** The leader's own entries become durable. */
    private static void persistOwn(RawNode raw) {
        Ready ready = raw.ready();
        assertThat(only(Message.Append.class, ready.messages())).hasSize(2);
        ((MemoryStorage) raw.server.config.storage).append(ready.entries());
        raw.advance();
    }
}
