package dev.coracle.raft;

import static dev.coracle.raft.TestServer.ELECTION_TICKS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.raft.tracker.ProgressTracker;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The leader's check that it hears from a quorum, and the lease that follows from it: thesis §6.2 and §6.4.1. */
class CheckQuorumTest {
    private static TestServer leader(Long... voters) {
        TestServer leader = TestServer.of(1, options -> options.checkQuorum(true), voters);
        leader.lead();
        return leader;
    }

    private static Message.VoteRequest request(long to, long term, boolean transfer) {
        return Message.VoteRequest.of(false, 3, to, term, new EntryId(9, 9), transfer);
    }

    @Test
    void aLeaderThatHearsFromAQuorumStays() {
        TestServer leader = leader(1L, 2L, 3L);
        for (int i = 0; i < 5; i++) {
            leader.tick(ELECTION_TICKS - 1);
            leader.step(new Message.HeartbeatReply(2, 1, 1, Bytes.EMPTY, 0));
            leader.tick(1);
        }

        assertThat(leader.role()).isEqualTo(RoleName.LEADER);
    }

    @Test
    void aLeaderThatHearsFromNobodyStepsDownAtTheSecondCheck() {
        TestServer leader = leader(1L, 2L, 3L);

        leader.tick(2 * ELECTION_TICKS - 1);
        assertThat(leader.role()).as("it heard from them before the first").isEqualTo(RoleName.LEADER);
        leader.tick(1);

        assertThat(leader.role()).isEqualTo(RoleName.FOLLOWER);
        assertThat(leader.server.term()).isEqualTo(1);
        assertThat(leader.server.leader()).isEqualTo(RawNode.NONE);
    }

    @Test
    void withoutTheCheckALeaderStaysAlone() {
        TestServer leader = TestServer.of(1, 1L, 2L, 3L);
        leader.lead();

        leader.tick(10 * ELECTION_TICKS);

        assertThat(leader.role()).isEqualTo(RoleName.LEADER);
    }

    @Test
    void aLeaderAlwaysHearsItself() {
        TestServer alone = leader(1L);
        alone.tick(5 * ELECTION_TICKS);
        assertThat(alone.role()).isEqualTo(RoleName.LEADER);

        TestServer winner = TestServer.of(1, options -> options.checkQuorum(true), 1L, 2L, 3L);
        winner.campaign();
        winner.take();
        winner.step(new Message.VoteReply(2, 1, 1, false, 0, 0));
        assertThat(winner.progress(1).recentlyActive())
                .as("from the election on, before its own acknowledgement comes back")
                .isTrue();
        assertThat(winner.progress(2).recentlyActive()).isFalse();
    }

    @Test
    void eachCheckForgetsWhoWasHeardExceptOneself() {
        TestServer leader = leader(1L, 2L, 3L);
        leader.tick(ELECTION_TICKS);

        ProgressTracker tracker = leader.leading().tracker();
        assertThat(List.of(
                        tracker.at(0).recentlyActive(),
                        tracker.at(1).recentlyActive(),
                        tracker.at(2).recentlyActive()))
                .containsExactly(true, false, false);
    }

    @Test
    void learnersDoNotKeepALeaderInOffice() {
        TestServer leader = TestServer.of(
                1,
                TestServer.storage(TestServer.withLearners(List.of(1L, 2L), List.of(3L))),
                options -> options.checkQuorum(true));
        leader.lead();
        for (int i = 0; i < 2 * ELECTION_TICKS; i++) {
            leader.step(new Message.HeartbeatReply(3, 1, 1, Bytes.EMPTY, 0));
            leader.tick(1);
        }

        assertThat(leader.role()).isEqualTo(RoleName.FOLLOWER);
    }

    @Test
    void aMemberThatWasJustAddedDoesNotBringTheLeaderDown() {
        TestServer leader = leader(1L);
        leader.tick(ELECTION_TICKS - 1);

        leader.apply(TextCodec.auto("v2"));
        leader.tick(1);
        assertThat(leader.role()).isEqualTo(RoleName.LEADER);
        leader.tick(ELECTION_TICKS);

        assertThat(leader.role()).isEqualTo(RoleName.FOLLOWER);
    }

    @Test
    void aRejectionIsASignOfLifeToo() {
        TestServer leader = leader(1L, 2L);
        leader.tick(ELECTION_TICKS);
        leader.step(Message.AppendReply.rejected(2, 1, 1, 0, 0, 0));
        leader.tick(ELECTION_TICKS);

        assertThat(leader.role()).isEqualTo(RoleName.LEADER);
    }

    @Test
    void aFollowerThatHearsFromItsLeaderIgnoresCandidatesForOneElectionTimeout() {
        TestServer follower = TestServer.of(2, options -> options.checkQuorum(true), 1L, 2L, 3L);
        follower.step(new Message.Heartbeat(1, 2, 1, 0, Bytes.EMPTY));
        follower.take();
        // The lease ends with the timeout itself, not with the random one.
        follower.server.electionTimer.setLimit(2 * ELECTION_TICKS);
        follower.tick(ELECTION_TICKS - 1);
        follower.step(request(2, 5, false));
        assertThat(follower.take()).isEmpty();
        assertThat(follower.server.term()).isEqualTo(1);

        follower.tick(1);
        follower.step(request(2, 5, false));

        assertThat(follower.take()).containsExactly(new Message.VoteReply(2, 3, 5, false, 0, 0));
    }

    @Test
    void aCandidateThatTheLeaderSentOutweighsTheLease() {
        TestServer follower = TestServer.of(2, options -> options.checkQuorum(true), 1L, 2L, 3L);
        follower.step(new Message.Heartbeat(1, 2, 1, 0, Bytes.EMPTY));
        follower.take();

        follower.step(request(2, 2, true));

        assertThat(follower.take()).containsExactly(new Message.VoteReply(2, 3, 2, false, 0, 0));
    }

    @Test
    void aServerWithoutALeaderVotesAtOnce() {
        TestServer follower = TestServer.of(2, options -> options.checkQuorum(true), 1L, 2L, 3L);

        follower.step(request(2, 1, false));

        assertThat(follower.take()).containsExactly(new Message.VoteReply(2, 3, 1, false, 0, 0));
    }

    @Test
    void aLeaderIsInItsOwnLease() {
        TestServer leader = leader(1L, 2L, 3L);
        leader.tick(ELECTION_TICKS - 1);

        leader.step(request(1, 7, false));

        assertThat(leader.role()).isEqualTo(RoleName.LEADER);
        assertThat(leader.server.term()).isEqualTo(1);
    }

    /** A candidate with a higher term, whom nobody votes for, gets back in by making the leader step down. */
    @Test
    void aStuckCandidateIsFreedByItsAnswerToTheLeader() {
        Network network = Network.of(3, options -> options.checkQuorum(true));
        network.campaign(1);
        network.isolate(3);
        network.campaign(3);
        network.campaign(3);
        network.recover();
        assertThat(network.at(3).server.term()).isEqualTo(3);

        network.heartbeat(1);
        assertThat(network.role(1)).as("it learned of term 3").isEqualTo(RoleName.FOLLOWER);
        assertThat(network.at(1).server.term()).isEqualTo(3);
        network.campaign(1);

        assertThat(network.role(3)).isEqualTo(RoleName.FOLLOWER);
        assertThat(network.at(3).server.leader()).isEqualTo(1);
    }

    @Test
    void withoutCheckQuorumAndPreVoteALowerTermIsNotAnswered() {
        TestServer server = TestServer.of(3, TestServer.storage(ConfState.ofVoters(1L, 2L, 3L), 5, 1), o -> o);
        server.step(new Message.Heartbeat(1, 3, 1, 0, Bytes.EMPTY));
        server.step(new Message.Append(1, 3, 1, 0, 0, List.of(), 0));
        assertThat(server.take()).isEmpty();

        TestServer checking = TestServer.of(
                3, TestServer.storage(ConfState.ofVoters(1L, 2L, 3L), 5, 1), options -> options.checkQuorum(true));
        checking.step(new Message.Append(1, 3, 1, 0, 0, List.of(), 0));

        assertThat(checking.take()).containsExactly(Message.AppendReply.accepted(3, 1, 5, 0));
    }
}
