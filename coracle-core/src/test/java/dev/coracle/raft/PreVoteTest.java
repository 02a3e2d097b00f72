package dev.coracle.raft;

import static dev.coracle.raft.TestServer.ELECTION_TICKS;
import static dev.coracle.raft.TestServer.only;
import static dev.coracle.raft.TestServer.storage;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Pre-votes: thesis §9.6. */
class PreVoteTest {
    private static final ConfState THREE = ConfState.ofVoters(1L, 2L, 3L);

    private static TestServer server(long term, long... terms) {
        return TestServer.of(1, storage(THREE, term, terms), options -> options.preVote(true));
    }

    private static Message.VoteRequest ask(long from, long term, EntryId last) {
        return Message.VoteRequest.of(true, from, 1, term, last, false);
    }

    @Test
    void aPreCandidateAsksForTheNextTermAndPromisesNothing() {
        TestServer server = server(2, 1, 2);
        server.step(Message.VoteRequest.of(false, 2, 1, 2, new EntryId(2, 2), false));
        server.take();

        server.campaign();

        assertThat(server.role()).isEqualTo(RoleName.PRE_CANDIDATE);
        assertThat(server.server.hardState()).isEqualTo(new HardState(2, 2, 0));
        assertThat(only(Message.PreVote.class, server.take()))
                .hasSize(2)
                .allMatch(ask -> ask.term() == 3 && ask.logTerm() == 2 && ask.index() == 2);
    }

    @Test
    void aWonPreVoteIsFollowedByAnElection() {
        TestServer server = server(1, 1);
        server.campaign();
        server.take();

        server.step(new Message.PreVoteReply(2, 1, 2, false, 0, 0));

        assertThat(server.role()).isEqualTo(RoleName.CANDIDATE);
        assertThat(server.server.term()).isEqualTo(2);
        assertThat(only(Message.Vote.class, server.take())).hasSize(2).noneMatch(Message.Vote::leaderTransfer);
    }

    @Test
    void aLostPreVoteChangesNoTerm() {
        TestServer server = server(1, 1);
        server.campaign();
        server.take();

        server.step(new Message.PreVoteReply(2, 1, 1, true, 0, 0));
        server.step(new Message.PreVoteReply(3, 1, 1, true, 0, 0));

        assertThat(server.role()).isEqualTo(RoleName.FOLLOWER);
        assertThat(server.server.term()).isEqualTo(1);
    }

    @Test
    void aGrantCarriesTheTermThatWasAskedForAndARefusalTheOwn() {
        TestServer server = server(3, 1, 3);

        server.step(ask(2, 5, new EntryId(3, 2)));
        server.step(ask(2, 5, new EntryId(2, 9)));

        assertThat(server.persist())
                .containsExactly(
                        new Message.PreVoteReply(1, 2, 5, false, 0, 0), new Message.PreVoteReply(1, 2, 3, true, 0, 0));
        assertThat(server.server.hardState()).as("nothing is promised").isEqualTo(new HardState(3, 0, 0));
    }

    @Test
    void aRequestOfALowerTermIsRefusedWithTheOwnTerm() {
        TestServer server = server(3, 1, 3);

        server.step(ask(2, 2, new EntryId(9, 9)));

        assertThat(server.persist()).containsExactly(new Message.PreVoteReply(1, 2, 3, true, 0, 0));
    }

    @Test
    void aRequestForTheOwnTermIsGrantedOnlyToWhomAVoteWouldBe() {
        TestServer server = server(3, 3);
        server.step(Message.VoteRequest.of(false, 2, 1, 3, new EntryId(3, 1), false));
        server.persist();

        server.step(ask(3, 3, new EntryId(3, 1)));
        server.step(ask(2, 3, new EntryId(3, 1)));
        server.step(ask(3, 4, new EntryId(3, 1)));

        assertThat(server.persist()).extracting(Message::reject).containsExactly(true, false, false);
    }

    @Test
    void aGrantDoesNotRestartTheElectionTimer() {
        TestServer server = server(3, 3);
        server.server.electionTimer.setLimit(ELECTION_TICKS);
        server.tick(ELECTION_TICKS - 1);

        server.step(ask(2, 4, new EntryId(3, 1)));
        server.tick(1);

        assertThat(server.role()).isEqualTo(RoleName.PRE_CANDIDATE);
    }

    @Test
    void askingDoesNotRestartTheElectionTimerNorDrawANewLimit() {
        TestServer server = server(3, 3);
        server.server.electionTimer.setLimit(ELECTION_TICKS);
        server.tick(3);
        server.campaign();

        server.tick(ELECTION_TICKS - 4);
        int asked = only(Message.PreVote.class, server.take()).size();
        server.tick(1);

        assertThat(asked).isEqualTo(2);
        assertThat(only(Message.PreVote.class, server.take()))
                .as("time is over, and it asks again")
                .hasSize(2);
    }

    @Test
    void aPreCandidateAsksAgainOnlyWhenItsTimeIsOverAgain() {
        TestServer server = server(3, 3);
        server.server.electionTimer.setLimit(ELECTION_TICKS);
        server.tick(ELECTION_TICKS);
        assertThat(only(Message.PreVote.class, server.take())).hasSize(2);

        server.tick(ELECTION_TICKS - 1);
        assertThat(server.take()).isEmpty();
        server.tick(1);

        assertThat(only(Message.PreVote.class, server.take())).hasSize(2);
    }

    @Test
    void eachPreVoteStartsWithoutTheAnswersToTheLast() {
        TestServer server =
                TestServer.of(1, storage(ConfState.ofVoters(1L, 2L, 3L, 4L, 5L), 1), options -> options.preVote(true));
        server.campaign();
        server.take();
        server.step(new Message.PreVoteReply(2, 1, 2, false, 0, 0));

        server.campaign();
        server.take();
        server.step(new Message.PreVoteReply(3, 1, 2, false, 0, 0));

        assertThat(server.role()).isEqualTo(RoleName.PRE_CANDIDATE);
    }

    @Test
    void aPreCandidateHasNoLeader() {
        TestServer server = server(1, 1);
        server.step(new Message.Heartbeat(2, 1, 1, 0, Bytes.EMPTY));

        server.campaign();

        assertThat(server.server.leader()).isEqualTo(RawNode.NONE);
    }

    @Test
    void lateAnswersToAPreVoteAreNoVotesAndVotesNoPreVotes() {
        TestServer server = server(1, 1);
        server.campaign();
        server.take();
        server.step(new Message.VoteReply(2, 1, 1, false, 0, 0));
        assertThat(server.role()).isEqualTo(RoleName.PRE_CANDIDATE);
        server.step(new Message.PreVoteReply(2, 1, 2, false, 0, 0));
        assertThat(server.role()).isEqualTo(RoleName.CANDIDATE);

        server.step(new Message.PreVoteReply(3, 1, 2, false, 0, 0));
        server.step(new Message.PreVoteReply(1, 1, 2, false, 0, 0));

        assertThat(server.role()).isEqualTo(RoleName.CANDIDATE);
    }

    @Test
    void anIsolatedServerThatComesBackDisturbsNobody() {
        Network network = Network.of(3, options -> options.preVote(true).checkQuorum(true));
        network.campaign(1);
        network.isolate(3);
        network.propose(1, "data");
        for (int i = 0; i < 5; i++) {
            network.campaign(3);
        }
        assertThat(network.at(3).server.term()).isEqualTo(1);
        network.recover();
        network.campaign(3);

        assertThat(network.role(1)).isEqualTo(RoleName.LEADER);
        assertThat(network.at(1).server.term()).isEqualTo(1);
        network.heartbeat(1);
        assertThat(network.at(3).server.leader()).isEqualTo(1);
        assertThat(network.at(3).committed()).isEqualTo(2);
    }

    @Test
    void aServerWithALowerTermCanCompleteAnElection() {
        Network network = Network.of(3, options -> options.preVote(true));
        network.campaign(1);
        network.isolate(3);
        network.campaign(2);
        network.campaign(1);
        network.recover();
        assertThat(network.at(3).server.term()).isEqualTo(1);
        network.silence(1);

        network.campaign(3);
        network.campaign(2);

        assertThat(network.role(2))
                .as("3 learned of the term by the refusal of its pre-vote")
                .isEqualTo(RoleName.LEADER);
    }

    @Test
    void aClusterThatSwitchesPreVoteOnOneByOneDoesNotDeadlock() {
        Network network = new Network(
                TestServer.of(1, 1L, 2L, 3L),
                TestServer.of(2, options -> options.preVote(true), 1L, 2L, 3L),
                TestServer.of(3, 1L, 2L, 3L));
        network.campaign(1);
        network.isolate(3);
        network.propose(1, "data");
        network.campaign(3);
        network.campaign(3);
        assertThat(network.at(3).server.term())
                .as("a candidate with a high term and an old log")
                .isEqualTo(3);
        network.recover();
        network.silence(1);

        network.campaign(3);
        network.campaign(2);
        network.campaign(2);

        assertThat(network.role(2)).isEqualTo(RoleName.LEADER);
    }
}
