package dev.coracle.raft;

import static dev.coracle.raft.TestServer.ELECTION_TICKS;
import static dev.coracle.raft.TestServer.only;
import static dev.coracle.raft.TestServer.storage;
import static dev.coracle.raft.TestServer.withLearners;
import static dev.coracle.raft.TextCodec.auto;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Leadership transfer: thesis §3.10. */
class LeadershipTransferTest {
    private static void transfer(Network network, long asked, long transferee) {
        network.at(asked).step(new Message.TransferLeader(transferee, asked, 0));
        network.settle();
    }

    private static TestServer leader() {
        TestServer leader = TestServer.of(1, 1L, 2L, 3L);
        leader.lead();
        return leader;
    }

    private static void wish(TestServer leader, long transferee) {
        leader.step(new Message.TransferLeader(transferee, leader.id, 0));
    }

    @ParameterizedTest
    @CsvSource({"1, false", "1, true", "3, false", "3, true"})
    void aServerThatIsUpToDateTakesOverAtOnce(long asked, boolean checkQuorum) {
        Network network =
                Network.of(3, options -> options.checkQuorum(checkQuorum).preVote(checkQuorum));
        network.campaign(1);

        transfer(network, asked, 2);

        assertThat(network.role(2)).as("the others are in the lease").isEqualTo(RoleName.LEADER);
        assertThat(network.role(1)).isEqualTo(RoleName.FOLLOWER);
        assertThat(network.at(1).server.leader()).isEqualTo(2);
    }

    @Test
    void aTransferLeavesOutThePreVote() {
        TestServer follower = TestServer.of(2, options -> options.preVote(true), 1L, 2L, 3L);
        follower.step(new Message.Heartbeat(1, 2, 1, 0, Bytes.EMPTY));
        follower.take();

        follower.step(new Message.TimeoutNow(1, 2, 1));

        assertThat(follower.role()).isEqualTo(RoleName.CANDIDATE);
        assertThat(only(Message.Vote.class, follower.sent())).hasSize(2).allMatch(Message.Vote::leaderTransfer);
    }

    @Test
    void aSlowServerTakesOverWhenItHasCaughtUp() {
        Network network = Network.of(3);
        network.campaign(1);
        network.isolate(3);
        network.propose(1, "data");
        network.recover();
        assertThat(network.at(1).progress(3).match()).isEqualTo(1);

        network.at(1).step(new Message.TransferLeader(3, 1, 0));
        assertThat(only(Message.TimeoutNow.class, network.at(1).sent()))
                .as("not yet")
                .isEmpty();
        network.heartbeat(1);

        assertThat(network.role(3)).isEqualTo(RoleName.LEADER);
        assertThat(network.at(3).terms()).containsExactly(1, 1, 2);
    }

    @Test
    void aSlowServerIsSentWhatItLacksAtOnceAndToldToTakeOverOnlyWhenItHasAll() {
        TestServer leader = leader();
        leader.propose("a");
        leader.propose("b");
        leader.take();
        leader.acknowledge(2, 3);
        leader.step(new Message.Unreachable(3));
        leader.take();

        wish(leader, 3);
        assertThat(only(Message.Append.class, leader.sent()))
                .extracting(Message::to, append -> append.entries().size())
                .containsExactly(tuple(3L, 2));
        leader.acknowledge(3, 2);
        assertThat(only(Message.TimeoutNow.class, leader.sent()))
                .as("entry 3 is missing")
                .isEmpty();
        leader.acknowledge(2, 3);
        assertThat(only(Message.TimeoutNow.class, leader.sent()))
                .as("another server has it")
                .isEmpty();
        leader.acknowledge(3, 3);

        assertThat(only(Message.TimeoutNow.class, leader.sent())).containsExactly(new Message.TimeoutNow(1, 3, 1));
    }

    @Test
    void aServerTakesOverAfterASnapshot() {
        Network network = Network.of(3);
        network.campaign(1);
        network.isolate(3);
        network.propose(1, "data");
        network.at(1).apply();
        network.at(1).compact(2);
        network.recover();
        transfer(network, 1, 3);
        network.heartbeat(1);
        network.heartbeat(1);

        assertThat(network.role(3)).isEqualTo(RoleName.LEADER);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 9})
    void aTransferToTheLeaderItselfOrToAStrangerDoesNothing(long transferee) {
        TestServer leader = leader();

        wish(leader, transferee);

        assertThat(leader.leading().transferee()).isEqualTo(RawNode.NONE);
        assertThat(leader.take()).isEmpty();
    }

    @Test
    void aTransferToALearnerDoesNothing() {
        TestServer leader = TestServer.of(1, storage(withLearners(List.of(1L, 3L), List.of(2L))), options -> options);
        leader.lead();

        wish(leader, 2);

        assertThat(leader.leading().transferee()).isEqualTo(RawNode.NONE);
        assertThat(leader.take()).isEmpty();
    }

    @Test
    void proposalsAreDroppedMeanwhile() {
        TestServer leader = leader();
        wish(leader, 2);

        assertThat(leader.propose("data").outcome()).isEqualTo(ProposalOutcome.DROPPED_TRANSFERRING);

        assertThat(leader.lastIndex()).isEqualTo(1);
    }

    @Test
    void aTransferHasOneElectionTimeoutFromItsBeginning() {
        TestServer leader = leader();
        leader.tick(ELECTION_TICKS - 1);
        wish(leader, 2);

        leader.tick(ELECTION_TICKS - 1);
        assertThat(leader.leading().transferee()).as("not from the last check").isEqualTo(2);
        leader.tick(1);

        assertThat(leader.leading().transferee()).isEqualTo(RawNode.NONE);
        assertThat(leader.propose("data").outcome()).isEqualTo(ProposalOutcome.APPENDED);
    }

    @Test
    void aSecondWishForTheSameServerDoesNotExtendTheTime() {
        TestServer leader = leader();
        wish(leader, 2);
        leader.tick(ELECTION_TICKS - 1);

        wish(leader, 2);
        leader.tick(1);

        assertThat(leader.leading().transferee()).isEqualTo(RawNode.NONE);
    }

    @Test
    void aWishForAnotherServerReplacesTheFirst() {
        TestServer leader = leader();
        wish(leader, 2);
        leader.take();

        wish(leader, 3);

        assertThat(leader.leading().transferee()).isEqualTo(3);
        assertThat(leader.take()).containsExactly(new Message.TimeoutNow(1, 3, 1));
    }

    @Test
    void aWishForTheLeaderItselfCancelsATransfer() {
        TestServer leader = leader();
        wish(leader, 2);

        wish(leader, 1);

        assertThat(leader.leading().transferee()).isEqualTo(RawNode.NONE);
    }

    @Test
    void aHigherTermEndsATransfer() {
        Network network = Network.of(3);
        network.campaign(1);
        network.silence(2);
        transfer(network, 1, 2);
        network.campaign(3);

        assertThat(network.role(1)).isEqualTo(RoleName.FOLLOWER);
        assertThat(network.role(3)).isEqualTo(RoleName.LEADER);
    }

    @ParameterizedTest
    @ValueSource(strings = {"r2", "l2"})
    void aTransferEndsIfTheServerIsNoVoterAnyMore(String change) {
        TestServer leader = leader();
        wish(leader, 2);

        leader.apply(auto(change));

        assertThat(leader.leading().transferee()).isEqualTo(RawNode.NONE);
    }

    @Test
    void aServerThatWasRemovedDoesNotTakeOver() {
        TestServer removed = TestServer.of(1, 2L, 3L, 4L);

        removed.step(new Message.TimeoutNow(2, 1, 1));
        removed.step(new Message.VoteReply(2, 1, 2, false, 0, 0));
        removed.step(new Message.VoteReply(3, 1, 2, false, 0, 0));

        assertThat(removed.role()).isEqualTo(RoleName.FOLLOWER);
    }

    @Test
    void aFollowerWithoutALeaderDropsTheWish() {
        TestServer follower = TestServer.of(2, 1L, 2L, 3L);

        wish(follower, 3);

        assertThat(follower.take()).isEmpty();
    }
}
