package dev.coracle.raft;

import static dev.coracle.raft.TestServer.only;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.coracle.raft.tracker.ProgressState;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Snapshots that a follower asks for though its log needs none, as raft-rs has them. */
class RequestedSnapshotTest {
    private static RequestOutcome request(TestServer server) {
        return server.server.role().requestSnapshot();
    }

    /** Three servers, of which 1 leads, all with entries 1 and 2 committed. */
    private static Network cluster() {
        Network network = Network.of(3);
        network.campaign(1);
        network.propose(1, "a");
        network.all().forEach(TestServer::apply);
        return network;
    }

    private static Message.AppendReply requestOf(TestServer follower) {
        List<Message.AppendReply> replies = only(Message.AppendReply.class, follower.take());
        assertThat(replies).hasSize(1);
        return replies.get(0);
    }

    @Test
    void itIsARejectionThatTellsTheWholeLogAndWhatTheSnapshotMustReach() {
        Network network = cluster();

        assertThat(request(network.at(2))).isEqualTo(RequestOutcome.FORWARDED);

        assertThat(requestOf(network.at(2))).isEqualTo(new Message.AppendReply(2, 1, 1, 2, true, 2, 1, 0, 2));
    }

    @Test
    void theLeaderSendsASnapshotThatReachesIt() {
        Network network = cluster();
        TestServer leader = network.at(1);
        leader.compact(1);
        request(network.at(2));
        Message.AppendReply request = requestOf(network.at(2));

        leader.step(request);
        assertThat(only(Message.InstallSnapshot.class, leader.sent()))
                .as("a snapshot at 1 is too old")
                .isEmpty();
        assertThat(leader.progress(2).state()).isEqualTo(ProgressState.PROBE);

        leader.compact(2);
        leader.step(request);
        assertThat(only(Message.InstallSnapshot.class, leader.sent()))
                .extracting(message -> message.snapshot().index())
                .containsExactly(2L);
        assertThat(leader.progress(2).state()).isEqualTo(ProgressState.SNAPSHOT);
    }

    @Test
    void theFollowerTakesTheSnapshotThoughItsLogHasAllOfIt() {
        Network network = cluster();
        TestServer leader = network.at(1);
        TestServer follower = network.at(2);
        leader.compact(2);
        request(follower);
        leader.step(requestOf(follower));

        follower.step(only(Message.InstallSnapshot.class, leader.sent()).get(0));

        assertThat(follower.server.raftLog.hasPendingSnapshot()).isTrue();
        assertThat(only(Message.AppendReply.class, follower.take()))
                .extracting(Message::reject, Message::index)
                .containsExactly(tuple(false, 2L));
    }

    /** It is on its way since before the request; restoring it would lose what was acknowledged since. */
    @Test
    void aSnapshotThatEndsBeforeTheLogIsNotTheOneThatWasAskedFor() {
        Network network = cluster();
        TestServer follower = network.at(2);
        network.propose(1, "b");
        request(follower);
        follower.take();

        follower.step(new Message.InstallSnapshot(
                1, 2, 1, Snapshot.of(new SnapshotMetadata(2, 1, ConfState.ofVoters(1L, 2L, 3L)))));
        assertThat(follower.server.raftLog.hasPendingSnapshot()).isFalse();
        assertThat(follower.lastIndex()).isEqualTo(3);

        follower.step(new Message.InstallSnapshot(
                1, 2, 1, Snapshot.of(new SnapshotMetadata(3, 1, ConfState.ofVoters(1L, 2L, 3L)))));
        assertThat(follower.server.raftLog.hasPendingSnapshot())
                .as("the request still stands")
                .isTrue();
    }

    @Test
    void anUnwantedSnapshotOfWhatIsCommittedIsIgnored() {
        Network network = cluster();
        TestServer follower = network.at(2);
        Snapshot snapshot = Snapshot.of(new SnapshotMetadata(2, 1, ConfState.ofVoters(1L, 2L, 3L)));

        follower.step(new Message.InstallSnapshot(1, 2, 1, snapshot));

        assertThat(follower.server.raftLog.hasPendingSnapshot()).isFalse();
    }

    @Test
    void meanwhileAppendsAndHeartbeatsAreAnsweredWithTheRequestAndHeartbeatsConfirmedToo() {
        Network network = cluster();
        TestServer follower = network.at(2);
        request(follower);
        Message.AppendReply request = requestOf(follower);

        follower.step(new Message.Append(1, 2, 1, 1, 2, TestServer.entries(3, 1), 2));
        assertThat(follower.take()).containsExactly(request);
        assertThat(follower.lastIndex()).isEqualTo(2);

        Bytes context = Bytes.of(new byte[] {1});
        follower.step(new Message.Heartbeat(1, 2, 1, 2, context));
        assertThat(follower.take()).containsExactlyInAnyOrder(new Message.HeartbeatReply(2, 1, 1, context, 0), request);
    }

    @Test
    void theRequestAcknowledgesTheLogSoThatWhatItWaitsForCanCommit() {
        Network network = Network.of(3);
        network.silence(3);
        network.campaign(1);
        TestServer leader = network.at(1);
        leader.propose("a");
        leader.persist();
        TestServer follower = network.at(2);
        only(Message.Append.class, leader.sent()).stream()
                .filter(append -> append.to() == 2)
                .forEach(follower::step);
        follower.take();
        assertThat(leader.committed()).as("the acknowledgement was lost").isEqualTo(1);

        request(follower);
        leader.step(requestOf(follower));

        assertThat(leader.committed()).isEqualTo(2);
    }

    @Test
    void refusalsSayWhy() {
        Network network = cluster();
        TestServer follower = network.at(2);
        assertThat(request(network.at(1))).isEqualTo(RequestOutcome.IS_LEADER);
        assertThat(request(follower)).isEqualTo(RequestOutcome.FORWARDED);
        assertThat(request(follower)).isEqualTo(RequestOutcome.ALREADY_PENDING);

        TestServer other = network.at(3);
        other.server.role().forgetLeader();
        assertThat(request(other)).isEqualTo(RequestOutcome.NO_LEADER);
        other.step(new Message.Heartbeat(2, 3, 7, 0, Bytes.EMPTY));
        assertThat(request(other)).isEqualTo(RequestOutcome.NO_ENTRY_OF_TERM);
        Snapshot snapshot = Snapshot.of(new SnapshotMetadata(20, 7, ConfState.ofVoters(1L, 2L, 3L)));
        other.step(new Message.InstallSnapshot(2, 3, 7, snapshot));
        assertThat(request(other)).isEqualTo(RequestOutcome.PENDING_SNAPSHOT);
        other.campaign();
        assertThat(request(other)).isEqualTo(RequestOutcome.PENDING_SNAPSHOT);
    }

    @Test
    void itEndsWithTheTerm() {
        Network network = cluster();
        TestServer follower = network.at(2);
        request(follower);
        follower.take();

        follower.step(new Message.Append(3, 2, 2, 1, 2, TestServer.entries(3, 2), 2));

        assertThat(follower.take()).containsExactly(Message.AppendReply.accepted(2, 3, 2, 3));
        assertThat(request(follower)).isEqualTo(RequestOutcome.FORWARDED);
    }

    @Test
    void aSnapshotThatFailsIsAskedForAgain() {
        Network network = cluster();
        TestServer leader = network.at(1);
        TestServer follower = network.at(2);
        leader.compact(2);
        request(follower);
        Message.AppendReply request = requestOf(follower);
        leader.step(request);
        leader.sent();

        leader.step(request);
        assertThat(leader.sent()).as("one is under way").isEmpty();
        assertThat(leader.progress(2).requestedSnapshot())
                .as("nor is it noted for later")
                .isZero();
        leader.step(new Message.SnapshotStatus(2, true));
        leader.step(request);

        assertThat(only(Message.InstallSnapshot.class, leader.sent())).hasSize(1);
    }

    @Test
    void theLeaderTriesAgainWhileItHasNoSnapshot() {
        Network network = cluster();
        TestServer leader = network.at(1);
        request(network.at(2));
        leader.step(requestOf(network.at(2)));
        assertThat(leader.sent()).as("there is none yet").isEmpty();
        assertThat(leader.progress(2).requestedSnapshot()).isEqualTo(2);
        assertThat(leader.progress(2).state()).isEqualTo(ProgressState.PROBE);

        leader.propose("more");
        assertThat(only(Message.Append.class, leader.sent()))
                .as("no entries to whom takes none")
                .noneMatch(append -> append.to() == 2);
        leader.compact(2);
        leader.step(new Message.HeartbeatReply(2, 1, 1, Bytes.EMPTY, 0));

        assertThat(only(Message.InstallSnapshot.class, leader.sent()))
                .extracting(Message::to)
                .containsExactly(2L);
        assertThat(leader.progress(2).requestedSnapshot()).isZero();
    }

    @Test
    void anAcknowledgementUnderWayDoesNotEndTheRequest() {
        Network network = cluster();
        TestServer leader = network.at(1);
        TestServer follower = network.at(2);
        network.at(1).propose("b");
        leader.persist();
        only(Message.Append.class, leader.sent()).stream()
                .filter(append -> append.to() == 2)
                .forEach(follower::step);
        List<Message> acknowledgement = follower.take();
        request(follower);
        Message.AppendReply request = requestOf(follower);
        assertThat(request.requestSnapshot()).isEqualTo(3);

        leader.step(request);
        acknowledgement.forEach(leader::step);
        leader.apply();
        leader.compact(3);
        leader.step(request);

        assertThat(only(Message.InstallSnapshot.class, leader.sent()))
                .extracting(message -> message.snapshot().index())
                .containsExactly(3L);
        assertThat(leader.progress(2).match()).isEqualTo(3);
    }

    @Test
    void aMemberThatIsProbedIsSentItsSnapshotTooAndAStrangerIsNot() {
        Network network = cluster();
        TestServer leader = network.at(1);
        leader.compact(2);
        leader.step(new Message.Unreachable(2));
        leader.progress(2).setPaused(true);
        request(network.at(2));

        leader.step(requestOf(network.at(2)));
        assertThat(only(Message.InstallSnapshot.class, leader.sent())).hasSize(1);
        leader.step(new Message.AppendReply(9, 1, 1, 2, true, 2, 1, 0, 2));

        assertThat(leader.sent()).isEmpty();
    }

    @Test
    void itEndsWithTheRole() {
        Network network = cluster();
        TestServer follower = network.at(2);
        request(follower);
        follower.take();

        follower.campaign();
        follower.take();
        follower.step(new Message.Append(1, 2, 2, 1, 2, TestServer.entries(3, 2), 2));

        assertThat(follower.take()).containsExactly(Message.AppendReply.accepted(2, 1, 2, 3));
    }

    @Test
    void aNewLeaderKnowsOfNoRequest() {
        Network network = cluster();
        request(network.at(2));
        network.at(1).step(requestOf(network.at(2)));
        assertThat(network.at(1).progress(2).requestedSnapshot()).isEqualTo(2);

        network.campaign(3);
        network.propose(3, "data");
        network.campaign(1);
        network.propose(1, "more");

        assertThat(network.at(1).progress(2).requestedSnapshot()).isZero();
        assertThat(network.at(2).lastIndex()).isEqualTo(network.at(1).lastIndex());
    }

    /** From the wish to the restored application, with proposals meanwhile. */
    @Test
    void aClusterGoesOnAndTheFollowerIsBackInTheEnd() {
        Network network = cluster();
        TestServer leader = network.at(1);
        request(network.at(2));
        network.settle();
        network.propose(1, "meanwhile");
        leader.apply();
        assertThat(leader.committed()).isEqualTo(3);
        assertThat(network.at(2).lastIndex()).isEqualTo(2);
        leader.compact(3);

        network.heartbeat(1);
        network.heartbeat(1);

        assertThat(network.at(2).storage.firstIndex())
                .as("from the snapshot on")
                .isEqualTo(4);
        assertThat(network.at(2).committed()).isEqualTo(3);
        assertThat(leader.progress(2).state()).isEqualTo(ProgressState.REPLICATE);
        network.propose(1, "after");
        assertThat(network.at(2).lastIndex()).isEqualTo(4);
    }

    @Test
    void aLateAcknowledgementOfWhatIsKnownDoesNotEndTheWaitForTheSnapshot() {
        Network network = cluster();
        TestServer leader = network.at(1);
        leader.compact(2);
        request(network.at(2));
        leader.step(requestOf(network.at(2)));
        assertThat(leader.progress(2).state()).isEqualTo(ProgressState.SNAPSHOT);
        assertThat(leader.progress(2).match()).isEqualTo(2);

        leader.acknowledge(2, 2);

        assertThat(leader.progress(2).state()).isEqualTo(ProgressState.SNAPSHOT);
    }

    @Test
    void aRequestWhoseLastEntryIsAnotherAcknowledgesNothing() {
        TestServer leader = TestServer.of(1, 1L, 2L, 3L);
        leader.win();
        leader.propose("data");
        leader.take();

        leader.step(new Message.AppendReply(2, 1, 1, 0, true, 2, 7, 0, 2));
        assertThat(leader.progress(2).match()).isZero();
        assertThat(leader.progress(2).requestedSnapshot()).isEqualTo(2);
        leader.step(new Message.AppendReply(2, 1, 1, 0, true, 2, 1, 0, 2));

        assertThat(leader.progress(2).match()).isEqualTo(2);
    }
}
