package dev.coracle.raft;

import static dev.coracle.raft.TestServer.ELECTION_TICKS;
import static dev.coracle.raft.TestServer.entries;
import static dev.coracle.raft.TestServer.only;
import static dev.coracle.raft.TestServer.storage;
import static dev.coracle.raft.TestServer.withLearners;
import static dev.coracle.raft.TextCodec.auto;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Elections as whole clusters see them: with and without pre-votes, with leases, with servers that are away. */
class ElectionScenariosTest {
    private static final ConfState THREE = ConfState.ofVoters(1L, 2L, 3L);
    private static final ConfState FIVE = ConfState.ofVoters(1L, 2L, 3L, 4L, 5L);

    private static UnaryOperator<RaftConfig.Builder> preVote(boolean preVote) {
        return options -> options.preVote(preVote);
    }

    /** A server that voted in a term and has nothing in its log. */
    private static TestServer voted(
            long id, ConfState members, long term, long vote, UnaryOperator<RaftConfig.Builder> options) {
        MemoryStorage storage = storage(members);
        storage.setHardState(new HardState(term, vote, 0));
        return TestServer.of(id, storage, options);
    }

    @ParameterizedTest
    @CsvSource({
        // Servers, who of them is silent; role and term of server 1, which campaigns; the same with pre-votes.
        "3, '', LEADER, 1, LEADER, 1",
        "3, 3, LEADER, 1, LEADER, 1",
        "3, 23, CANDIDATE, 1, PRE_CANDIDATE, 0",
        "4, 23, CANDIDATE, 1, PRE_CANDIDATE, 0",
        "5, 23, LEADER, 1, LEADER, 1",
    })
    void aCandidateWinsWithTheVotesOfAMajority(
            int size, String silent, RoleName role, long term, RoleName withPreVote, long termWithPreVote) {
        for (boolean preVote : new boolean[] {false, true}) {
            Network network = Network.of(size, preVote(preVote));
            silent.chars().forEach(id -> network.silence(id - '0'));

            network.campaign(1);

            assertThat(network.role(1)).isEqualTo(preVote ? withPreVote : role);
            assertThat(network.at(1).server.term()).isEqualTo(preVote ? termWithPreVote : term);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aCandidateWhoseLogIsBehindIsRefusedAndLearnsTheTerm(boolean preVote) {
        UnaryOperator<RaftConfig.Builder> options = preVote(preVote);
        Network network = new Network(
                TestServer.of(1, storage(FIVE), options),
                TestServer.of(2, storage(FIVE, 1, 1), options),
                TestServer.of(3, storage(FIVE, 1, 1), options),
                TestServer.of(4, storage(FIVE, 1, 1, 1), options),
                TestServer.of(5, storage(FIVE), options));

        network.campaign(1);

        assertThat(network.role(1)).isEqualTo(RoleName.FOLLOWER);
        assertThat(network.at(1).server.term()).isEqualTo(1);
    }

    /** Servers 4 and 5 voted in term 2 for server 3, whose entry of that term nobody else has. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aLeaderReplacesNewerEntriesThatWereNotCommitted(boolean preVote) {
        UnaryOperator<RaftConfig.Builder> options = preVote(preVote);
        Network network = new Network(
                TestServer.of(1, storage(FIVE, 1, 1), options),
                TestServer.of(2, storage(FIVE, 1, 1), options),
                TestServer.of(3, storage(FIVE, 2, 2), options),
                voted(4, FIVE, 2, 3, options),
                voted(5, FIVE, 2, 3, options));
        network.campaign(1);
        assertThat(network.role(1)).as("term 2 is given away").isEqualTo(RoleName.FOLLOWER);
        assertThat(network.at(1).server.term()).isEqualTo(2);

        network.campaign(1);

        assertThat(network.role(1)).isEqualTo(RoleName.LEADER);
        assertThat(network.at(1).server.term()).isEqualTo(3);
        for (TestServer server : network.all()) {
            assertThat(server.terms()).as("%s", server).containsExactly(1, 3);
        }
    }

    @Test
    void withPreVotesTheLoserOfTwoCandidatesDisturbsNobody() {
        Network network = Network.of(3, preVote(true));
        network.cut(1, 3);
        network.campaign(1);
        network.campaign(3);
        assertThat(network.role(1)).isEqualTo(RoleName.LEADER);
        assertThat(network.role(3)).as("2 follows 1 in term 1").isEqualTo(RoleName.FOLLOWER);

        network.recover();
        network.campaign(3);

        assertThat(network.role(1)).isEqualTo(RoleName.LEADER);
        for (TestServer server : network.all()) {
            assertThat(server.server.term()).isEqualTo(1);
        }
    }

    @Test
    void aCandidateThatHearsOfALeaderInItsTermTakesOverItsLog() {
        Network network = Network.of(3);
        network.isolate(1);
        network.campaign(1);
        network.campaign(3);
        assertThat(network.role(1)).isEqualTo(RoleName.CANDIDATE);
        assertThat(network.role(3)).isEqualTo(RoleName.LEADER);
        network.recover();

        network.heartbeat(3);
        network.propose(3, "data");
        network.heartbeat(3);

        assertThat(network.role(1)).isEqualTo(RoleName.FOLLOWER);
        for (TestServer server : network.all()) {
            assertThat(server.server.term()).isEqualTo(1);
            assertThat(server.terms()).containsExactly(1, 1);
            assertThat(server.committed()).isEqualTo(2);
        }
    }

    /** A server that was cut off and campaigned meets the leader of a later term, by whichever of its messages. */
    @ParameterizedTest
    @EnumSource(
            value = MessageType.class,
            names = {"HEARTBEAT", "APPEND"})
    void aCandidateOfAnOldTermTakesOverTheLeadersTerm(MessageType sign) {
        Network network = Network.of(3);
        network.campaign(1);
        network.isolate(3);
        network.campaign(2);
        network.campaign(1);
        network.campaign(3);
        assertThat(network.role(3)).isEqualTo(RoleName.CANDIDATE);
        assertThat(network.at(3).server.term()).isEqualTo(2);
        network.recover();

        network.send(
                sign == MessageType.HEARTBEAT
                        ? new Message.Heartbeat(1, 3, 3, 0, Bytes.EMPTY)
                        : new Message.Append(1, 3, 3, 3, 3, List.of(), 3));

        assertThat(network.role(1)).isEqualTo(RoleName.LEADER);
        assertThat(network.role(3)).isEqualTo(RoleName.FOLLOWER);
        assertThat(network.at(3).server.term()).isEqualTo(3);
        assertThat(network.at(3).server.leader()).isEqualTo(1);
    }

    @Test
    void aSplitVoteAfterTwoPreVotesIsSettledInTheNextRound() {
        Network network = Network.of(3, preVote(true));
        network.campaign(1);
        network.isolate(1);
        network.at(2).campaign();
        network.at(3).campaign();
        network.settle();
        assertThat(network.role(2)).as("each granted the other's pre-vote").isEqualTo(RoleName.CANDIDATE);
        assertThat(network.role(3)).as("and voted for itself").isEqualTo(RoleName.CANDIDATE);
        assertThat(network.at(2).server.term()).isEqualTo(2);

        network.campaign(2);

        assertThat(network.role(2)).isEqualTo(RoleName.LEADER);
        assertThat(network.role(3)).isEqualTo(RoleName.FOLLOWER);
        assertThat(network.at(3).server.term()).isEqualTo(3);
    }

    @Test
    void aPreVoteWithinTheLeaseIsIgnoredAndALeaderEmergesAllTheSame() {
        Network network = Network.of(3, options -> options.preVote(true).checkQuorum(true));
        network.campaign(1);
        network.isolate(1);

        network.campaign(2);
        assertThat(network.role(2)).as("3 heard from 1 just now").isEqualTo(RoleName.PRE_CANDIDATE);
        network.campaign(3);

        assertThat(network.role(3)).as("2 has no leader any more").isEqualTo(RoleName.LEADER);
        assertThat(network.at(2).server.leader()).isEqualTo(3);
    }

    /** Server 3 campaigned alone without pre-votes; switched over to them, nobody grants it one and it grants none. */
    @Test
    void aServerStuckInAHighTermIsFreedWhenPreVotesAreSwitchedOn() {
        TestServer two = TestServer.of(2, preVote(true), 1L, 2L, 3L);
        Network network = new Network(TestServer.of(1, preVote(true), 1L, 2L, 3L), two, TestServer.of(3, 1L, 2L, 3L));
        network.campaign(1);
        network.isolate(3);
        network.propose(1, "data");
        network.campaign(3);
        network.campaign(3);
        assertThat(network.at(3).server.term()).isEqualTo(3);
        TestServer restarted = TestServer.of(3, network.at(3).storage, preVote(true));
        Network upgraded = new Network(network.at(1), two, restarted);

        upgraded.campaign(3);
        upgraded.campaign(3);
        assertThat(upgraded.role(3)).as("refusals of term 1 tell it nothing").isEqualTo(RoleName.PRE_CANDIDATE);
        assertThat(upgraded.role(1)).isEqualTo(RoleName.LEADER);
        upgraded.heartbeat(1);
        assertThat(upgraded.role(1)).as("disturbed by 3's answer").isEqualTo(RoleName.FOLLOWER);
        assertThat(upgraded.at(1).server.term()).isEqualTo(3);
        upgraded.campaign(1);

        assertThat(upgraded.role(1)).isEqualTo(RoleName.LEADER);
        assertThat(upgraded.at(3).server.leader()).isEqualTo(1);
        assertThat(upgraded.at(3).terms()).containsExactly(1, 1, 4);
    }

    /** The timer of server 3 runs out while a heartbeat is on its way. */
    @ParameterizedTest
    @CsvSource({"false, CANDIDATE, FOLLOWER, 2", "true, PRE_CANDIDATE, LEADER, 1"})
    void aServerThatTimesOutTooEarlyDeposesTheLeaderUnlessItAsksFirst(
            boolean preVote, RoleName early, RoleName leaderThen, long term) {
        Network network = Network.of(3, options -> options.preVote(preVote).checkQuorum(true));
        network.campaign(1);
        TestServer three = network.at(3);
        three.server.electionTimer.setLimit(ELECTION_TICKS);
        three.tick(ELECTION_TICKS);
        three.take();
        assertThat(three.role()).isEqualTo(early);

        network.heartbeat(1);

        assertThat(network.role(1)).isEqualTo(leaderThen);
        assertThat(network.at(1).server.term()).isEqualTo(term);
        assertThat(three.role()).isEqualTo(preVote ? RoleName.FOLLOWER : RoleName.CANDIDATE);
    }

    /** Server 2 does not know yet that it is a member. The cluster of two cannot do without its vote. */
    @Test
    void aServerThatDoesNotKnowItIsAMemberVotesAfterTheLease() {
        TestServer outsider = TestServer.of(2, options -> options.checkQuorum(true), 1L);
        Network network = new Network(TestServer.of(1, options -> options.checkQuorum(true), 1L, 2L), outsider);
        outsider.tick(2 * ELECTION_TICKS);
        assertThat(outsider.role()).as("it does not campaign itself").isEqualTo(RoleName.FOLLOWER);

        network.campaign(1);

        assertThat(network.role(1)).isEqualTo(RoleName.LEADER);
        assertThat(outsider.server.leader()).isEqualTo(1);
    }

    @Test
    void afterTheLeaseAFollowerMayTakeOverFromALeaderThatIsInOffice() {
        Network network = Network.of(3, options -> options.checkQuorum(true));
        network.campaign(1);
        network.at(2).server.electionTimer.setLimit(2 * ELECTION_TICKS);
        network.campaign(3);
        assertThat(network.role(3)).as("everybody is in the lease").isEqualTo(RoleName.CANDIDATE);
        assertThat(network.at(2).server.term()).isEqualTo(1);

        network.at(2).tick(ELECTION_TICKS);
        network.campaign(3);

        assertThat(network.role(3)).as("with the vote of 2").isEqualTo(RoleName.LEADER);
        assertThat(network.at(2).server.leader()).isEqualTo(3);
    }

    @Test
    void aLearnerThatIsPromotedTakesOverWhenItsTimeIsOver() {
        ConfState members = withLearners(List.of(1L), List.of(2L));
        Network network = new Network(
                TestServer.of(1, storage(members), options -> options),
                TestServer.of(2, storage(members), options -> options));
        network.campaign(1);
        network.at(2).tick(2 * ELECTION_TICKS);
        assertThat(network.role(2)).isEqualTo(RoleName.FOLLOWER);
        network.heartbeat(1);

        network.at(1).apply(auto("v2"));
        network.at(2).apply(auto("v2"));
        network.at(2).server.electionTimer.setLimit(ELECTION_TICKS);
        network.at(2).tick(ELECTION_TICKS - 1);
        assertThat(network.role(2)).as("not before").isEqualTo(RoleName.FOLLOWER);
        network.at(2).tick(1);
        network.settle();

        assertThat(network.role(2)).isEqualTo(RoleName.LEADER);
        assertThat(network.role(1)).isEqualTo(RoleName.FOLLOWER);
    }

    @Test
    void theTimeOfAServerThatMayNotCampaignRunsOnWithoutAttempts() {
        TestServer learner = TestServer.of(2, storage(withLearners(List.of(1L), List.of(2L))), options -> options);
        learner.logged.clear();
        learner.tick(5 * ELECTION_TICKS);
        assertThat(learner.logged).as("it does not even try").isEmpty();

        learner.apply(auto("v2"));
        learner.tick(1);

        assertThat(learner.role()).as("its time has been over for long").isEqualTo(RoleName.CANDIDATE);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSingleServerElectsItself(boolean preVote) {
        Network network = Network.of(1, preVote(preVote));

        network.campaign(1);

        assertThat(network.role(1)).isEqualTo(RoleName.LEADER);
        assertThat(network.at(1).server.term()).isEqualTo(1);
        assertThat(network.at(1).committed()).as("its empty entry").isEqualTo(1);
    }

    @Test
    void aCandidateOfAJointConfigurationLosesWithOneHalf() {
        ConfState joint = new ConfState(List.of(1L, 4L, 5L), List.of(), List.of(1L, 2L, 3L), List.of(), false);
        TestServer candidate = TestServer.of(1, storage(joint), options -> options);
        candidate.campaign();
        candidate.take();

        for (long id : new long[] {2, 3, 4}) {
            candidate.step(new Message.VoteReply(id, 1, 1, false, 0, 0));
        }
        assertThat(candidate.role()).as("4 and 1 are a majority of 1, 4, 5").isEqualTo(RoleName.LEADER);
        TestServer other = TestServer.of(1, storage(joint), options -> options);
        other.campaign();
        other.take();
        other.step(new Message.VoteReply(2, 1, 1, true, 0, 0));
        other.step(new Message.VoteReply(4, 1, 1, false, 0, 0));
        assertThat(other.role()).isEqualTo(RoleName.CANDIDATE);
        other.step(new Message.VoteReply(3, 1, 1, true, 0, 0));

        assertThat(other.role()).isEqualTo(RoleName.FOLLOWER);
    }

    /** The members whose vote is asked for, in the order in which they are asked. */
    @Test
    void votesAreAskedForAscendingById() {
        TestServer candidate = TestServer.of(3, 9L, 1L, 3L, 5L);

        candidate.campaign();

        assertThat(only(Message.Vote.class, candidate.sent()))
                .extracting(Message::to)
                .containsExactly(1L, 5L, 9L);
    }

    @Test
    void aLogThatIsBehindIsNotElectedHoweverHighItsTerm() {
        Network network = new Network(
                TestServer.of(1, storage(THREE, 1, 1, 1), options -> options),
                TestServer.of(2, storage(THREE, 1, 1, 1), options -> options),
                TestServer.of(3, storage(THREE, 50, 1), options -> options));

        network.campaign(3);
        assertThat(network.role(3)).isEqualTo(RoleName.FOLLOWER);
        assertThat(network.at(1).server.term()).as("its term is taken over").isEqualTo(51);
        network.campaign(1);

        assertThat(network.role(1)).isEqualTo(RoleName.LEADER);
        assertThat(Arrays.stream(network.at(3).terms()).boxed()).containsExactly(1L, 1L, 52L);
        assertThat(entries(1, network.at(3).terms())).isEqualTo(network.at(1).apply());
    }
}
