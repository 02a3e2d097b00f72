package dev.coracle.raft;

import static dev.coracle.raft.TestServer.ELECTION_TICKS;
import static dev.coracle.raft.TestServer.entries;
import static dev.coracle.raft.TestServer.grant;
import static dev.coracle.raft.TestServer.only;
import static dev.coracle.raft.TestServer.storage;
import static dev.coracle.raft.TestServer.withLearners;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Leader election: §5.1 and §5.2. */
class RaftPaperElectionTest {
    @Test
    void aServerStartsAsAFollowerWithoutALeader() {
        TestServer server = TestServer.of(1, 1L, 2L, 3L);

        assertThat(server.role()).isEqualTo(RoleName.FOLLOWER);
        assertThat(server.server.leader()).isEqualTo(RawNode.NONE);
    }

    @ParameterizedTest
    @EnumSource(RoleName.class)
    void anyRoleFollowsAHigherTerm(RoleName role) {
        TestServer server = inRole(role);
        long higher = server.server.term() + 2;

        server.step(new Message.Append(2, 1, higher, 0, 0, List.of(), 0));

        assertThat(server.role()).isEqualTo(RoleName.FOLLOWER);
        assertThat(server.server.term()).isEqualTo(higher);
        assertThat(server.server.leader()).as("only a leader appends").isEqualTo(2);
        assertThat(server.server.hardState().vote()).isEqualTo(RawNode.NONE);
    }

    @ParameterizedTest
    @EnumSource(RoleName.class)
    void aHigherTermFromACandidateBringsNoLeader(RoleName role) {
        TestServer server = inRole(role);
        long higher = server.server.term() + 1;

        server.step(Message.VoteRequest.of(false, 2, 1, higher, new EntryId(9, 99), false));

        assertThat(server.role()).isEqualTo(RoleName.FOLLOWER);
        assertThat(server.server.term()).isEqualTo(higher);
        assertThat(server.server.leader()).isEqualTo(RawNode.NONE);
        assertThat(server.persist()).containsExactly(new Message.VoteReply(1, 2, higher, false, 0, 0));
    }

    @Test
    void aMessageOfALowerTermChangesNothing() {
        TestServer server = TestServer.of(1, storage(ConfState.ofVoters(1L, 2L, 3L), 3, 1, 2), options -> options);

        server.step(new Message.Append(2, 1, 2, 2, 2, entries(3, 2), 3));

        assertThat(server.terms()).containsExactly(1, 2);
        assertThat(server.server.leader()).isEqualTo(RawNode.NONE);
        assertThat(server.take()).isEmpty();
    }

    @Test
    void aLeaderSendsHeartbeatsAtEachInterval() {
        TestServer leader = TestServer.of(1, options -> options.heartbeatTicks(2), 1L, 2L, 3L);
        leader.lead();

        leader.tick(1);
        assertThat(leader.take()).isEmpty();
        leader.tick(1);

        assertThat(leader.take())
                .containsExactly(
                        new Message.Heartbeat(1, 2, 1, 1, Bytes.EMPTY), new Message.Heartbeat(1, 3, 1, 1, Bytes.EMPTY));
        leader.tick(1);
        assertThat(leader.take()).isEmpty();
        leader.tick(1);
        assertThat(leader.take()).hasSize(2);
    }

    @ParameterizedTest
    @EnumSource(value = RoleName.class, names = "LEADER", mode = EnumSource.Mode.EXCLUDE)
    void onlyALeaderHeedsTheOrderToSendHeartbeats(RoleName role) {
        TestServer server = inRole(role);

        server.step(new Message.Beat());

        assertThat(server.sent()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(
            value = RoleName.class,
            names = {"FOLLOWER", "CANDIDATE"})
    void aServerWithoutALeaderVotesForItselfInANewTermAndAsksTheOthers(RoleName role) {
        TestServer server = inRole(role);
        long term = server.server.term();

        server.tick(2 * ELECTION_TICKS);

        assertThat(server.role()).isEqualTo(RoleName.CANDIDATE);
        assertThat(server.server.hardState()).isEqualTo(new HardState(term + 1, 1, 0));
        assertThat(server.take())
                .containsExactly(
                        Message.VoteRequest.of(false, 1, 2, term + 1, new EntryId(0, 0), false),
                        Message.VoteRequest.of(false, 1, 3, term + 1, new EntryId(0, 0), false));
    }

    @ParameterizedTest
    @CsvSource({
        "1, '', LEADER",
        "3, '', CANDIDATE",
        "3, y, LEADER",
        "3, n, CANDIDATE",
        "3, nn, FOLLOWER",
        "3, ny, LEADER",
        "5, y, CANDIDATE",
        "5, yy, LEADER",
        "5, ynn, CANDIDATE",
        "5, nnn, FOLLOWER",
        "5, ynnn, FOLLOWER",
        "5, nnyy, LEADER",
    })
    void aMajorityOfVotesDecidesAnElection(int size, String votes, RoleName role) {
        TestServer candidate = Network.of(size).at(1);
        candidate.campaign();
        candidate.take();

        for (int i = 0; i < votes.length(); i++) {
            candidate.step(new Message.VoteReply(2 + i, 1, 1, votes.charAt(i) == 'n', 0, 0));
        }

        assertThat(candidate.role()).isEqualTo(role);
        assertThat(candidate.server.term()).isEqualTo(1);
    }

    @Test
    void theFirstAnswerOfAServerCounts() {
        TestServer candidate = Network.of(5).at(1);
        candidate.campaign();
        candidate.take();

        candidate.step(new Message.VoteReply(2, 1, 1, false, 0, 0));
        candidate.step(new Message.VoteReply(2, 1, 1, false, 0, 0));
        assertThat(candidate.role()).as("one vote, twice").isEqualTo(RoleName.CANDIDATE);
        candidate.step(new Message.VoteReply(2, 1, 1, true, 0, 0));
        candidate.step(new Message.VoteReply(3, 1, 1, true, 0, 0));
        candidate.step(new Message.VoteReply(4, 1, 1, true, 0, 0));
        candidate.step(new Message.VoteReply(4, 1, 1, false, 0, 0));
        assertThat(candidate.role()).as("2 for, 2 against").isEqualTo(RoleName.CANDIDATE);
        candidate.step(new Message.VoteReply(5, 1, 1, false, 0, 0));

        assertThat(candidate.role()).isEqualTo(RoleName.LEADER);
    }

    @Test
    void votesOfServersThatAreNoVotersDoNotCount() {
        TestServer candidate = TestServer.of(1, storage(withLearners(List.of(1L, 2L, 3L), List.of(4L))), o -> o);
        candidate.campaign();
        candidate.take();

        candidate.step(new Message.VoteReply(4, 1, 1, false, 0, 0));
        candidate.step(new Message.VoteReply(9, 1, 1, false, 0, 0));

        assertThat(candidate.role()).isEqualTo(RoleName.CANDIDATE);
        assertThat(candidate.logged.get(candidate.logged.size() - 1))
                .isEqualTo("INFO 1 has received 1 MsgVoteResp votes and 0 vote rejections");
    }

    @Test
    void theOwnVoteCountsOnlyWhenItIsDurable() {
        TestServer alone = TestServer.of(1, 1L);

        alone.campaign();

        assertThat(alone.role()).isEqualTo(RoleName.CANDIDATE);
        alone.persist();
        assertThat(alone.role()).isEqualTo(RoleName.LEADER);
        assertThat(alone.storage.hardState().vote()).isEqualTo(1);
    }

    @Test
    void aServerVotesForOneCandidateInATerm() {
        TestServer voter = TestServer.of(1, 1L, 2L, 3L);

        voter.step(Message.VoteRequest.of(false, 2, 1, 1, new EntryId(0, 0), false));
        voter.step(Message.VoteRequest.of(false, 3, 1, 1, new EntryId(0, 0), false));
        voter.step(Message.VoteRequest.of(false, 2, 1, 1, new EntryId(0, 0), false));

        assertThat(voter.sent()).as("before the vote is durable").isEmpty();
        assertThat(voter.persist())
                .containsExactly(
                        new Message.VoteReply(1, 2, 1, false, 0, 0),
                        new Message.VoteReply(1, 3, 1, true, 0, 0),
                        new Message.VoteReply(1, 2, 1, false, 0, 0));
        assertThat(voter.storage.hardState()).isEqualTo(new HardState(1, 2, 0));
    }

    @Test
    void aRestartedServerRemembersItsVote() {
        TestServer voter = TestServer.of(1, 1L, 2L, 3L);
        voter.step(Message.VoteRequest.of(false, 2, 1, 1, new EntryId(0, 0), false));
        voter.persist();
        TestServer restarted = TestServer.of(1, voter.storage, options -> options);

        restarted.step(Message.VoteRequest.of(false, 3, 1, 1, new EntryId(0, 0), false));

        assertThat(restarted.persist()).containsExactly(new Message.VoteReply(1, 3, 1, true, 0, 0));
    }

    @Test
    void aFollowerThatKnowsTheLeaderOfATermVotesForNobodyElseInIt() {
        TestServer follower = TestServer.of(1, 1L, 2L, 3L);
        follower.step(new Message.Heartbeat(2, 1, 1, 0, Bytes.EMPTY));
        follower.take();
        assertThat(follower.server.hardState().vote()).as("it has not voted").isEqualTo(RawNode.NONE);

        follower.step(Message.VoteRequest.of(false, 3, 1, 1, new EntryId(9, 99), false));

        assertThat(follower.persist()).containsExactly(new Message.VoteReply(1, 3, 1, true, 0, 0));
    }

    @Test
    void aGrantedVoteRestartsTheElectionTimerAndARefusedOneDoesNot() {
        TestServer granting = TestServer.of(1, 1L, 2L, 3L);
        granting.server.electionTimer.setLimit(ELECTION_TICKS);
        TestServer refusing = TestServer.of(1, storage(ConfState.ofVoters(1L, 2L, 3L), 1, 1), options -> options);
        Message request = Message.VoteRequest.of(false, 2, 1, 1, new EntryId(0, 0), false);
        // The first request brings the term, which restarts the timer anyhow.
        granting.step(new Message.VoteReply(2, 1, 1, true, 0, 0));

        for (TestServer server : List.of(granting, refusing)) {
            server.server.electionTimer.setLimit(ELECTION_TICKS);
            server.tick(ELECTION_TICKS - 1);
            server.step(request);
            server.tick(1);
        }

        assertThat(granting.role()).isEqualTo(RoleName.FOLLOWER);
        assertThat(refusing.role()).isEqualTo(RoleName.CANDIDATE);
    }

    @Test
    void aCandidateYieldsToTheLeaderOfItsTerm() {
        for (Message sign : List.of(
                new Message.Append(2, 1, 1, 0, 0, List.of(), 0),
                new Message.Heartbeat(2, 1, 1, 0, Bytes.EMPTY),
                new Message.InstallSnapshot(
                        2, 1, 1, Snapshot.of(new SnapshotMetadata(5, 1, ConfState.ofVoters(1L, 2L, 3L)))))) {
            TestServer candidate = inRole(RoleName.CANDIDATE);

            candidate.step(sign);

            assertThat(candidate.role()).isEqualTo(RoleName.FOLLOWER);
            assertThat(candidate.server.leader()).isEqualTo(2);
            assertThat(candidate.server.term()).isEqualTo(1);
            assertThat(candidate.server.hardState().vote())
                    .as("its vote for itself stays")
                    .isEqualTo(1);
            assertThat(candidate.take()).as("and the message is answered").hasSize(1);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = RoleName.class,
            names = {"FOLLOWER", "CANDIDATE"})
    void electionTimeoutsAreSpreadOverTheIntervalFromOneToTwoTimeouts(RoleName role) {
        TestServer server = TestServer.of(1, 1L, 2L, 3L);
        Set<Integer> seen = new HashSet<>();

        for (int round = 0; round < 50 * ELECTION_TICKS; round++) {
            long term = server.server.term() + 1;
            if (role == RoleName.FOLLOWER) {
                server.step(new Message.Heartbeat(2, 1, term, 0, Bytes.EMPTY));
            } else {
                server.campaign();
            }
            server.take();
            long before = server.server.term();
            int ticks = 0;
            while (server.server.term() == before) {
                server.tick(1);
                ticks++;
            }
            seen.add(ticks);
        }

        assertThat(seen).hasSize(ELECTION_TICKS).allMatch(ticks -> ticks >= 10 && ticks < 20);
    }

    @Test
    void mostElectionsBeginAlone() {
        Random random = new Random(7);
        RaftConfig config = TestServer.config(1, new MemoryStorage())
                .electionTicks(ELECTION_TICKS)
                .random(random::nextInt)
                .build();
        int conflicts = 0;
        for (int round = 0; round < 1000; round++) {
            List<ElectionTimer> timers = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                ElectionTimer timer = new ElectionTimer(config);
                timer.reset();
                timers.add(timer);
            }
            long over = 0;
            while (over == 0) {
                timers.forEach(ElectionTimer::tick);
                over = timers.stream().filter(ElectionTimer::isOver).count();
            }
            conflicts += over > 1 ? 1 : 0;
        }

        assertThat(conflicts).as("seed 7").isLessThanOrEqualTo(300);
    }

    @Test
    void eachServerCanLeadInTurn() {
        for (boolean preVote : new boolean[] {false, true}) {
            Network network = Network.of(3, options -> options.preVote(preVote));
            for (long id = 1; id <= 3; id++) {
                network.campaign(id);
                for (TestServer server : network.all()) {
                    assertThat(server.role()).isEqualTo(server.id == id ? RoleName.LEADER : RoleName.FOLLOWER);
                    assertThat(server.server.leader()).isEqualTo(id);
                }
            }
        }
    }

    @Test
    void ofTwoCandidatesTheOneThatLosesMakesANewElectionNecessary() {
        Network network = Network.of(3);
        network.cut(1, 3);
        network.campaign(1);
        network.campaign(3);
        assertThat(network.role(1)).isEqualTo(RoleName.LEADER);
        assertThat(network.role(3)).isEqualTo(RoleName.CANDIDATE);

        network.recover();
        network.campaign(3);

        assertThat(network.role(1)).as("disturbed by term 2").isEqualTo(RoleName.FOLLOWER);
        assertThat(network.role(2)).isEqualTo(RoleName.FOLLOWER);
        assertThat(network.role(3)).as("its log is older").isEqualTo(RoleName.FOLLOWER);
        assertThat(network.at(1).server.term()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aLeaderIgnoresTheOrderToCampaign(boolean preVote) {
        TestServer leader = TestServer.of(1, options -> options.preVote(preVote), 1L, 2L, 3L);
        leader.lead();

        leader.campaign();

        assertThat(leader.role()).isEqualTo(RoleName.LEADER);
        assertThat(leader.server.term()).isEqualTo(1);
        assertThat(leader.take()).isEmpty();
    }

    @Test
    void learnersDoNotCampaignButVote() {
        TestServer learner = TestServer.of(2, storage(withLearners(List.of(1L, 3L), List.of(2L))), o -> o);

        learner.tick(2 * ELECTION_TICKS);
        learner.campaign();
        learner.step(new Message.TimeoutNow(1, 2, 0));
        assertThat(learner.role()).isEqualTo(RoleName.FOLLOWER);
        assertThat(learner.server.term()).isZero();
        learner.step(Message.VoteRequest.of(false, 1, 2, 1, new EntryId(0, 0), false));

        assertThat(learner.persist()).containsExactly(new Message.VoteReply(2, 1, 1, false, 0, 0));
    }

    @Test
    void aServerThatIsNoMemberDoesNotCampaignButVotes() {
        TestServer outsider = TestServer.of(4, 1L, 2L, 3L);

        outsider.tick(2 * ELECTION_TICKS);
        outsider.campaign();
        assertThat(outsider.role()).isEqualTo(RoleName.FOLLOWER);
        outsider.step(Message.VoteRequest.of(false, 1, 4, 1, new EntryId(0, 0), false));

        assertThat(outsider.persist()).containsExactly(new Message.VoteReply(4, 1, 1, false, 0, 0));
    }

    @Test
    void aLateVoteForOneselfOfAnElectionThatIsLostCountsForNothing() {
        TestServer candidate = TestServer.of(1, 1L, 2L, 3L);
        candidate.campaign();
        List<Message> ownVote = candidate.server.outbox().takeAfterAppend();
        candidate.step(new Message.VoteReply(2, 1, 1, true, 0, 0));
        candidate.step(new Message.VoteReply(3, 1, 1, true, 0, 0));
        assertThat(candidate.role()).isEqualTo(RoleName.FOLLOWER);

        ownVote.forEach(candidate::step);

        assertThat(candidate.role()).isEqualTo(RoleName.FOLLOWER);
    }

    @Test
    void aVoteRequestNamesTheLastEntry() {
        TestServer candidate =
                TestServer.of(1, storage(ConfState.ofVoters(1L, 2L, 3L), 2, 1, 2, 2), options -> options);

        candidate.campaign();

        assertThat(only(Message.Vote.class, candidate.sent()))
                .hasSize(2)
                .allMatch(vote -> vote.logTerm() == 2 && vote.index() == 3 && vote.term() == 3);
    }

    @Test
    void anElectionSurvivesLossOfTheMinority() {
        Network network = Network.of(5);
        network.silence(4);
        network.silence(5);
        network.campaign(1);
        assertThat(network.role(1)).isEqualTo(RoleName.LEADER);

        network.silence(3);
        network.campaign(2);

        assertThat(network.role(2)).isEqualTo(RoleName.CANDIDATE);
    }

    /** Server 1 of three, without entries, in a role at a term of at least 1 (a follower at 0). */
    private static TestServer inRole(RoleName role) {
        TestServer server = TestServer.of(1, options -> options.preVote(role == RoleName.PRE_CANDIDATE), 1L, 2L, 3L);
        switch (role) {
            case FOLLOWER -> {}
            case CANDIDATE, PRE_CANDIDATE -> {
                server.campaign();
                server.take();
            }
            case LEADER -> {
                server.campaign();
                only(Message.Vote.class, server.take()).forEach(vote -> server.step(grant(vote)));
            }
        }
        assertThat(server.role()).isEqualTo(role);
        return server;
    }
}
