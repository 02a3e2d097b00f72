package dev.coracle.raft;

import static dev.coracle.raft.TestServer.entries;
import static dev.coracle.raft.TestServer.only;
import static dev.coracle.raft.TestServer.storage;
import static dev.coracle.raft.TextCodec.auto;
import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.raft.tracker.Progress;
import dev.coracle.raft.tracker.ProgressState;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Log compaction and snapshots: §7. */
class RaftPaperCompactionTest {
    private static final ConfState THREE = ConfState.ofVoters(1L, 2L, 3L);

    private static Message.InstallSnapshot snapshot(long term, long index, long indexTerm, ConfState members) {
        return new Message.InstallSnapshot(1, 2, term, Snapshot.of(new SnapshotMetadata(index, indexTerm, members)));
    }

    /** A leader of three with 10 entries, whose log begins at 6; server 2 has rejected what is before. */
    private static TestServer leaderThatSentASnapshot() {
        TestServer leader = TestServer.of(1, 1L, 2L, 3L);
        leader.lead();
        for (int i = 2; i <= 10; i++) {
            leader.propose("data");
        }
        leader.persist();
        leader.acknowledge(3, 10);
        leader.apply();
        leader.compact(5);
        leader.take();
        leader.step(new Message.Unreachable(2));
        leader.step(new Message.HeartbeatReply(2, 1, 1, Bytes.EMPTY, 0));
        return leader;
    }

    @Test
    void aMemberWhoseNextEntryIsGoneIsSentASnapshot() {
        TestServer leader = leaderThatSentASnapshot();

        assertThat(leader.sent()).containsExactly(snapshot(1, 5, 1, THREE));
        Progress progress = leader.progress(2);
        assertThat(progress.state()).isEqualTo(ProgressState.SNAPSHOT);
        assertThat(progress.pendingSnapshot()).isEqualTo(5);
        assertThat(progress.next()).isEqualTo(6);
        assertThat(progress.sentCommit()).isEqualTo(5);
    }

    @Test
    void aRejectionBelowTheFirstEntryIsAnsweredByASnapshot() {
        MemoryStorage storage = new MemoryStorage();
        storage.applySnapshot(Snapshot.of(new SnapshotMetadata(11, 11, THREE)));
        storage.setHardState(new HardState(11, RawNode.NONE, 11));
        TestServer leader = TestServer.of(1, storage, options -> options);
        leader.win();
        leader.take();
        assertThat(leader.progress(2).next()).isEqualTo(12);

        leader.step(Message.AppendReply.rejected(2, 1, leader.server.term(), 11, 0, 0));

        assertThat(leader.sent())
                .containsExactly(new Message.InstallSnapshot(1, 2, leader.server.term(), storage.snapshot()));
        assertThat(leader.progress(2).pendingSnapshot()).isEqualTo(11);
    }

    @Test
    void nothingElseIsSentWhileASnapshotIsUnderWay() {
        TestServer leader = leaderThatSentASnapshot();
        leader.sent();

        leader.propose("more");
        leader.step(new Message.HeartbeatReply(2, 1, 1, Bytes.EMPTY, 0));
        leader.step(new Message.Unreachable(2));

        assertThat(only(Message.Append.class, leader.sent())).noneMatch(append -> append.to() == 2);
        assertThat(leader.progress(2).state()).isEqualTo(ProgressState.SNAPSHOT);
    }

    @Test
    void aSentSnapshotIsFollowedByAProbeBehindItWhenTheMemberAnswers() {
        TestServer leader = leaderThatSentASnapshot();
        leader.sent();

        leader.step(new Message.SnapshotStatus(2, false));

        Progress progress = leader.progress(2);
        assertThat(progress.state()).isEqualTo(ProgressState.PROBE);
        assertThat(progress.next()).as("behind the snapshot").isEqualTo(6);
        assertThat(progress.pendingSnapshot()).isZero();
        assertThat(progress.isPaused()).as("until it answers").isTrue();
        leader.step(new Message.HeartbeatReply(2, 1, 1, Bytes.EMPTY, 0));
        assertThat(only(Message.Append.class, leader.sent()))
                .extracting(Message::index)
                .containsExactly(5L);
    }

    @Test
    void aFailedSnapshotIsFollowedByAProbeBehindWhatTheMemberHas() {
        TestServer leader = leaderThatSentASnapshot();
        leader.sent();

        leader.step(new Message.SnapshotStatus(2, true));

        Progress progress = leader.progress(2);
        assertThat(progress.state()).isEqualTo(ProgressState.PROBE);
        assertThat(progress.next()).isEqualTo(2);
        assertThat(progress.isPaused()).isTrue();
    }

    @Test
    void aMemberThatTookTheSnapshotIsReplicatedToAgain() {
        TestServer leader = leaderThatSentASnapshot();
        leader.sent();

        leader.acknowledge(2, 5);

        Progress progress = leader.progress(2);
        assertThat(progress.state()).isEqualTo(ProgressState.REPLICATE);
        assertThat(progress.match()).isEqualTo(5);
        assertThat(progress.next()).isEqualTo(11);
        assertThat(progress.inflights().count()).isEqualTo(1);
    }

    @Test
    void anySnapshotThatReachesTheLogWillDo() {
        TestServer leader = leaderThatSentASnapshot();
        leader.sent();
        leader.compact(8);
        leader.acknowledge(2, 6);
        assertThat(leader.progress(2).state()).as("6 is gone").isEqualTo(ProgressState.SNAPSHOT);

        leader.acknowledge(2, 8);

        assertThat(leader.progress(2).state()).isEqualTo(ProgressState.REPLICATE);
    }

    @Test
    void aMemberNeedNotReachTheSnapshotOnceTheLogReachesIt() {
        TestServer leader = leaderThatSentASnapshot();
        leader.storage.createSnapshot(8, THREE, Bytes.EMPTY);
        leader.step(new Message.SnapshotStatus(2, true));
        leader.step(new Message.HeartbeatReply(2, 1, 1, Bytes.EMPTY, 0));
        assertThat(leader.progress(2).pendingSnapshot()).isEqualTo(8);
        leader.sent();

        leader.acknowledge(2, 5);

        assertThat(leader.progress(2).state()).as("entry 6 is in the log").isEqualTo(ProgressState.REPLICATE);
        assertThat(only(Message.Append.class, leader.sent()))
                .extracting(Message::index)
                .containsExactly(5L);
    }

    @Test
    void theEndOfASnapshotThatNobodyWaitsForChangesNothing() {
        TestServer leader = leaderThatSentASnapshot();
        leader.acknowledge(2, 10);
        leader.propose("data");
        leader.sent();
        String before = leader.progress(2).describe(false);

        leader.step(new Message.SnapshotStatus(2, false));
        leader.step(new Message.SnapshotStatus(2, true));

        assertThat(before).isEqualTo("StateReplicate match=10 next=12 inflight=1");
        assertThat(leader.progress(2).describe(false)).isEqualTo(before);
    }

    @Test
    void aMemberThatWasNotHeardFromIsSentNoSnapshot() {
        TestServer leader = leaderThatSentASnapshot();
        leader.sent();
        leader.step(new Message.SnapshotStatus(2, true));
        leader.progress(2).setPaused(false);

        leader.progress(2).setRecentlyActive(false);
        leader.leading().replicator().sendAppend(2);
        assertThat(leader.sent()).isEmpty();
        leader.progress(2).setRecentlyActive(true);
        leader.leading().replicator().sendAppend(2);

        assertThat(leader.sent()).hasSize(1);
    }

    @Test
    void withoutASnapshotAtHandTheLeaderTriesAgainLater() {
        TestServer leader = TestServer.of(1, 1L, 2L, 3L);
        leader.lead();
        leader.propose("data");
        leader.persist();
        leader.acknowledge(3, 2);
        leader.apply();
        leader.take();
        leader.storage.compact(2);
        leader.step(new Message.Unreachable(2));

        leader.step(new Message.HeartbeatReply(2, 1, 1, Bytes.EMPTY, 0));
        assertThat(leader.sent()).isEmpty();
        assertThat(leader.progress(2).state()).isEqualTo(ProgressState.PROBE);
        leader.storage.createSnapshot(2, THREE, Bytes.EMPTY);
        leader.step(new Message.HeartbeatReply(2, 1, 1, Bytes.EMPTY, 0));

        assertThat(leader.sent()).containsExactly(snapshot(1, 2, 1, THREE));
    }

    @Test
    void aSnapshotReplacesLogAndConfiguration() {
        TestServer follower = TestServer.of(2, storage(ConfState.ofVoters(1L, 2L), 1, 1, 1), options -> options);

        follower.step(snapshot(2, 11, 2, THREE));

        assertThat(follower.committed()).isEqualTo(11);
        assertThat(follower.lastIndex()).isEqualTo(11);
        assertThat(follower.server.raftLog.firstIndex()).isEqualTo(12);
        assertThat(follower.server.raftLog.term(11)).isEqualTo(2);
        assertThat(follower.server.leader()).isEqualTo(1);
        assertThat(follower.server.configuration().toConfState()).isEqualTo(THREE);
        assertThat(follower.sent()).as("before the snapshot is durable").isEmpty();
        assertThat(follower.persist()).containsExactly(Message.AppendReply.accepted(2, 1, 2, 11));
        assertThat(follower.server.raftLog.applied()).isEqualTo(11);
        assertThat(follower.storage.firstIndex()).isEqualTo(12);
    }

    @Test
    void aServerWithASnapshotToStoreDoesNotCampaignAndAppliesNothing() {
        TestServer follower = TestServer.of(2, 1L, 2L);
        follower.step(snapshot(1, 5, 1, THREE));
        follower.step(new Message.Append(1, 2, 1, 1, 5, entries(6, 1), 6));

        follower.campaign();
        follower.tick(2 * TestServer.ELECTION_TICKS);
        follower.step(new Message.TimeoutNow(1, 2, 1));
        assertThat(follower.role()).isEqualTo(RoleName.FOLLOWER);
        assertThat(follower.server.term()).isEqualTo(1);
        assertThat(follower.server.raftLog.hasNextCommitted(true)).isFalse();
        follower.persist();

        assertThat(follower.apply()).extracting(Entry::index).containsExactly(6L);
        follower.campaign();
        assertThat(follower.role()).isEqualTo(RoleName.CANDIDATE);
    }

    @Test
    void anOldSnapshotIsIgnoredAndTheCommitIndexAcknowledged() {
        TestServer follower = TestServer.of(2, storage(THREE, 1, 1, 1, 1), options -> options);
        follower.step(new Message.Heartbeat(1, 2, 1, 3, Bytes.EMPTY));
        follower.take();

        follower.step(snapshot(1, 2, 1, ConfState.ofVoters(1L, 2L)));

        assertThat(follower.terms()).containsExactly(1, 1, 1);
        assertThat(follower.server.configuration().toConfState()).isEqualTo(THREE);
        assertThat(follower.persist()).containsExactly(Message.AppendReply.accepted(2, 1, 1, 3));
    }

    @Test
    void aSnapshotThatTheLogContainsOnlyMovesTheCommitIndex() {
        TestServer follower = TestServer.of(2, storage(THREE, 1, 1, 1, 1), options -> options);

        follower.step(snapshot(1, 2, 1, THREE));

        assertThat(follower.committed()).isEqualTo(2);
        assertThat(follower.terms()).as("what is behind it stays").containsExactly(1, 1, 1);
        assertThat(follower.server.raftLog.hasPendingSnapshot()).isFalse();
        assertThat(follower.persist()).containsExactly(Message.AppendReply.accepted(2, 1, 1, 2));
    }

    @Test
    void theSameSnapshotASecondTimeChangesNothing() {
        TestServer follower = TestServer.of(2, 1L, 2L);
        Message.InstallSnapshot message = snapshot(1, 5, 1, THREE);
        follower.step(message);
        follower.persist();
        follower.step(new Message.Append(1, 2, 1, 1, 5, entries(6, 1), 5));
        follower.persist();

        follower.step(message);

        assertThat(follower.lastIndex()).isEqualTo(6);
        assertThat(follower.server.raftLog.hasPendingSnapshot()).isFalse();
        assertThat(follower.persist()).containsExactly(Message.AppendReply.accepted(2, 1, 1, 5));
    }

    @Test
    void aLearnerCatchesUpByASnapshot() {
        ConfState members = TestServer.withLearners(List.of(1L), List.of(2L));
        Network network = new Network(
                TestServer.of(1, storage(members), options -> options),
                TestServer.of(2, storage(members), options -> options));
        network.silence(2);
        network.campaign(1);
        network.propose(1, "a");
        network.propose(1, "b");
        network.at(1).apply();
        network.at(1).compact(3);
        network.recover();

        network.heartbeat(1);
        network.heartbeat(1);

        assertThat(network.at(2).committed())
                .isEqualTo(network.at(1).committed())
                .isEqualTo(3);
        assertThat(network.at(2).storage.firstIndex()).isEqualTo(4);
        assertThat(network.at(2).server.configuration().isLearner(2)).isTrue();
        assertThat(network.at(1).progress(2).state()).isEqualTo(ProgressState.REPLICATE);
    }

    @Test
    void aSnapshotIsASignOfLifeFromTheLeader() {
        TestServer follower = TestServer.of(2, storage(THREE, 1, 1), options -> options);
        follower.server.electionTimer.setLimit(TestServer.ELECTION_TICKS);
        follower.tick(TestServer.ELECTION_TICKS - 1);
        assertThat(follower.server.leader()).isEqualTo(RawNode.NONE);

        follower.step(snapshot(1, 5, 1, THREE));
        follower.persist();
        follower.tick(TestServer.ELECTION_TICKS - 1);

        assertThat(follower.server.leader()).isEqualTo(1);
        assertThat(follower.role()).isEqualTo(RoleName.FOLLOWER);
    }

    @Test
    void aSnapshotIsNoReasonToVoteOrLeadInItsTerm() {
        TestServer follower = TestServer.of(2, 1L, 2L, 3L);
        follower.step(snapshot(4, 5, 2, THREE));
        follower.persist();

        follower.step(Message.VoteRequest.of(false, 3, 2, 4, new EntryId(4, 9), false));

        assertThat(follower.persist())
                .as("it follows 1 in this term")
                .containsExactly(new Message.VoteReply(2, 3, 4, true, 0, 0));
    }

    @Test
    void aSnapshotOfAClusterWithoutThisServerIsIgnored() {
        TestServer follower = TestServer.of(2, 1L, 2L);

        follower.step(snapshot(1, 5, 1, ConfState.ofVoters(1L, 3L)));

        assertThat(follower.lastIndex()).isZero();
        assertThat(follower.persist()).containsExactly(Message.AppendReply.accepted(2, 1, 1, 0));
    }

    @Test
    void aSnapshotMayMakeTheServerALearnerOrAVoterOrAnOutgoingOne() {
        ConfState learner = TestServer.withLearners(List.of(1L), List.of(2L));
        ConfState outgoing = new ConfState(List.of(1L), List.of(), List.of(1L, 2L), List.of(), true);
        TestServer follower = TestServer.of(2, 1L, 2L);

        follower.step(snapshot(1, 5, 1, learner));
        assertThat(follower.server.configuration().isLearner(2)).isTrue();
        follower.step(snapshot(1, 6, 1, outgoing));
        assertThat(follower.server.configuration().isVoter(2)).isTrue();
        follower.step(snapshot(1, 7, 1, THREE));

        assertThat(follower.server.configuration().toConfState()).isEqualTo(THREE);
        assertThat(follower.lastIndex()).isEqualTo(7);
    }

    @Test
    void aStoredSnapshotCountsWhateverTermItsWriterIsOf() {
        TestServer follower = TestServer.of(2, 1L, 2L, 3L);
        Message.InstallSnapshot message = snapshot(1, 5, 1, THREE);
        follower.step(message);
        follower.step(new Message.Heartbeat(3, 2, 2, 5, Bytes.EMPTY));
        follower.storage.applySnapshot(message.snapshot());

        follower.step(new Message.StorageAppendReply(2, 1, 0, 0, message.snapshot()));

        assertThat(follower.server.raftLog.hasPendingSnapshot()).isFalse();
        assertThat(follower.server.raftLog.applied()).isEqualTo(5);
    }

    @Test
    void anOlderSnapshotsWriteDoesNotStandForANewerOne() {
        TestServer follower = TestServer.of(2, 1L, 2L, 3L);
        Message.InstallSnapshot older = snapshot(1, 5, 1, THREE);
        follower.step(older);
        follower.step(snapshot(1, 8, 1, THREE));

        follower.step(new Message.StorageAppendReply(2, 1, 0, 0, older.snapshot()));

        assertThat(follower.server.raftLog.hasPendingSnapshot()).isTrue();
    }

    @Test
    void entriesMayBeReportedAsAppliedAfterASnapshotThatCoversThem() {
        TestServer follower = TestServer.of(2, 1L, 2L, 3L);
        follower.step(new Message.Append(1, 2, 1, 0, 0, entries(1, 1, 1), 2));
        follower.persist();
        RaftLog log = follower.server.raftLog;
        List<Entry> applying = log.nextCommitted(false);
        log.acceptApplying(2, Entries.encodedSize(applying), false);
        follower.step(snapshot(1, 5, 1, THREE));
        follower.persist();
        assertThat(log.applied()).isEqualTo(5);

        follower.step(new Message.StorageApplyReply(2, applying));

        assertThat(log.applied()).as("it does not go back").isEqualTo(5);
    }

    @Test
    void aSlowServerCatchesUpByASnapshot() {
        Network network = Network.of(3);
        network.campaign(1);
        network.isolate(3);
        for (int i = 0; i < 50; i++) {
            network.propose(1, "data");
        }
        network.at(1).apply();
        network.at(1).compact(40);
        network.recover();
        network.heartbeat(1);
        network.heartbeat(1);

        assertThat(network.at(3).committed()).isEqualTo(51);
        assertThat(network.at(3).storage.firstIndex()).isEqualTo(41);
        assertThat(network.at(1).progress(3).state()).isEqualTo(ProgressState.REPLICATE);
    }

    @Test
    void aMemberThatIsAddedGetsASnapshotIfTheLogDoesNotReachBack() {
        Network network = new Network(TestServer.of(1, 1L), TestServer.of(2, new MemoryStorage(), o -> o));
        network.campaign(1);
        network.propose(1, "data");
        network.at(1).apply();
        network.at(1).compact(2);
        network.at(1).propose(auto("v2"));
        network.settle();
        network.at(1).apply();
        network.at(1).compact(3);
        network.settle();
        network.heartbeat(1);
        network.at(2).apply();

        assertThat(network.at(2).committed()).isEqualTo(3);
        assertThat(network.at(2).server.configuration().toString()).isEqualTo("voters=(1 2)");
    }
}
