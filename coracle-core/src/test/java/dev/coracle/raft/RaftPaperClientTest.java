package dev.coracle.raft;

import static dev.coracle.raft.TestServer.ELECTION_TICKS;
import static dev.coracle.raft.TestServer.bytes;
import static dev.coracle.raft.TestServer.only;
import static dev.coracle.raft.TestServer.storage;
import static dev.coracle.raft.TestServer.withLearners;
import static dev.coracle.raft.TextCodec.auto;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Client interaction: reads, §8 and thesis §6.4. */
class RaftPaperClientTest {
    private static final UnaryOperator<RaftConfig.Builder> LEASE =
            options -> options.checkQuorum(true).readOnlyOption(ReadOnlyOption.LEASE_BASED);

    private static ReadState state(long index, String context) {
        return new ReadState(index, Bytes.of(bytes(context)));
    }

    private static Message.ReadIndex request(long from, long to, String context) {
        return new Message.ReadIndex(from, to, List.of(Entry.normal(bytes(context))));
    }

    private static List<Bytes> contexts(TestServer leader) {
        return only(Message.Heartbeat.class, leader.sent()).stream()
                .map(Message.Heartbeat::context)
                .toList();
    }

    @ParameterizedTest
    @CsvSource({"1, false", "2, false", "3, false", "1, true", "2, true", "3, true"})
    void aReadFromAnyServerReturnsTheCommitIndexOfItsTime(long reader, boolean lease) {
        Network network = Network.of(3, lease ? LEASE : options -> options);
        network.campaign(1);
        for (int i = 0; i < 10; i++) {
            network.propose(1, "data");
        }

        network.at(reader).read("ctx");
        network.settle();

        assertThat(network.at(reader).server.takeReadStates()).containsExactly(state(11, "ctx"));
        assertThat(network.at(reader).server.takeReadStates()).isEmpty();
    }

    @Test
    void aReadWaitsForAQuorumThatConfirmsTheLeader() {
        TestServer leader = TestServer.of(1, 1L, 2L, 3L, 4L, 5L);
        leader.lead();
        leader.read("ctx");
        List<Bytes> contexts = contexts(leader);
        assertThat(contexts).hasSize(4).allMatch(context -> context.length() == 8);

        leader.step(new Message.HeartbeatReply(2, 1, 1, Bytes.EMPTY, 0));
        leader.step(new Message.HeartbeatReply(3, 1, 1, Bytes.EMPTY, 0));
        leader.step(new Message.HeartbeatReply(2, 1, 1, contexts.get(0), 0));
        leader.step(new Message.HeartbeatReply(2, 1, 1, contexts.get(0), 0));
        assertThat(leader.server.hasReadStates()).as("2 of 5").isFalse();
        leader.step(new Message.HeartbeatReply(3, 1, 1, contexts.get(0), 0));

        assertThat(leader.server.takeReadStates()).containsExactly(state(1, "ctx"));
    }

    @Test
    void readsAreConfirmedInOrderAndAllBeforeTheConfirmedOne() {
        TestServer leader = TestServer.of(1, 1L, 2L, 3L);
        leader.lead();
        leader.read("a");
        Bytes first = contexts(leader).get(0);
        leader.read("b");
        Bytes second = contexts(leader).get(0);
        leader.read("c");

        leader.step(new Message.HeartbeatReply(2, 1, 1, second, 0));
        assertThat(leader.server.takeReadStates()).containsExactly(state(1, "a"), state(1, "b"));
        leader.step(new Message.HeartbeatReply(3, 1, 1, first, 0));

        assertThat(leader.server.hasReadStates())
                .as("c is not confirmed by an older heartbeat")
                .isFalse();
    }

    @Test
    void laterHeartbeatsAskAgain() {
        TestServer leader = TestServer.of(1, 1L, 2L, 3L);
        leader.lead();
        leader.read("a");
        Bytes context = contexts(leader).get(0);

        leader.tick(1);

        assertThat(contexts(leader)).containsExactly(context, context);
    }

    /** Were requests told apart by their contexts, the answer to the first would confirm the second. */
    @Test
    void anAnswerToAnEarlierRequestDoesNotConfirmARepeatedOne() {
        TestServer leader = TestServer.of(1, 1L, 2L, 3L);
        leader.lead();
        leader.read("same");
        Bytes context = contexts(leader).get(0);
        leader.step(new Message.HeartbeatReply(2, 1, 1, context, 0));
        assertThat(leader.server.takeReadStates()).hasSize(1);

        leader.read("same");
        leader.step(new Message.HeartbeatReply(3, 1, 1, context, 0));

        assertThat(leader.server.hasReadStates()).isFalse();
    }

    @Test
    void aNumberThatWasNeverGivenOutConfirmsNothing() {
        TestServer leader = TestServer.of(1, 1L, 2L, 3L);
        leader.lead();
        leader.read("a");
        leader.step(new Message.HeartbeatReply(2, 1, 1, Bytes.of((byte) 9, (byte) 0), 0));
        leader.step(new Message.HeartbeatReply(2, 1, 1, Bytes.of(new byte[] {9, 0, 0, 0, 0, 0, 0, 0}), 0));
        leader.step(new Message.HeartbeatReply(2, 1, 1, Bytes.of(new byte[] {9, 0, 0, 0, 0, 0, 0, -1}), 0));

        assertThat(leader.server.hasReadStates()).isFalse();
    }

    @Test
    void learnersConfirmNothingAndMayRead() {
        Network network = new Network(
                TestServer.of(1, storage(withLearners(List.of(1L, 3L), List.of(2L))), o -> o),
                TestServer.of(2, storage(withLearners(List.of(1L, 3L), List.of(2L))), o -> o),
                TestServer.of(3, storage(withLearners(List.of(1L, 3L), List.of(2L))), o -> o));
        network.campaign(1);
        network.isolate(3);
        network.at(2).read("a");
        network.settle();
        assertThat(network.at(2).server.hasReadStates()).isFalse();

        network.recover();
        network.heartbeat(1);

        assertThat(network.at(2).server.takeReadStates()).containsExactly(state(1, "a"));
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void aNewLeaderAnswersOnlyAfterACommitInItsTerm(boolean lease) {
        TestServer leader =
                TestServer.of(1, storage(ConfState.ofVoters(1L, 2L, 3L), 1, 1), lease ? LEASE : options -> options);
        leader.win();
        leader.take();
        leader.read("a");
        leader.step(request(2, 1, "b"));
        assertThat(leader.server.hasReadStates()).isFalse();
        assertThat(only(Message.Heartbeat.class, leader.sent())).isEmpty();

        leader.acknowledge(2, 2);
        if (!lease) {
            List<Bytes> contexts = contexts(leader);
            leader.step(new Message.HeartbeatReply(3, 1, 2, contexts.get(contexts.size() - 1), 0));
        }

        assertThat(leader.server.takeReadStates()).containsExactly(state(2, "a"));
    }

    @Test
    void aSingleVoterAnswersAloneAfterACommitInItsTerm() {
        TestServer leader = TestServer.of(1, storage(ConfState.ofVoters(1L), 1, 1), options -> options);
        leader.campaign();
        leader.persist();
        assertThat(leader.role()).isEqualTo(RoleName.LEADER);
        TestServer unsaved = TestServer.of(1, storage(ConfState.ofVoters(1L), 1, 1), options -> options);
        unsaved.campaign();
        unsaved.server.outbox().takeAfterAppend().forEach(unsaved::step);
        unsaved.read("early");
        assertThat(unsaved.server.hasReadStates())
                .as("nothing of its term is durable")
                .isFalse();
        unsaved.persist();
        assertThat(unsaved.server.takeReadStates()).containsExactly(state(2, "early"));

        leader.read("a");

        assertThat(leader.server.takeReadStates()).containsExactly(state(2, "a"));
    }

    @Test
    void aRemovedLeaderDoesNotAnswerForTheLastVoter() {
        TestServer leader = TestServer.of(1, 1L, 2L);
        leader.lead();
        leader.apply(auto("r1"));

        leader.read("a");
        assertThat(leader.server.hasReadStates()).isFalse();
        leader.step(new Message.HeartbeatReply(2, 1, 1, contexts(leader).get(0), 0));

        assertThat(leader.server.hasReadStates()).isTrue();
    }

    @Test
    void readsThatWaitAreConfirmedWhenTheQuorumShrinks() {
        TestServer leader = TestServer.of(1, 1L, 2L);
        leader.lead();
        leader.read("a");
        assertThat(leader.server.hasReadStates()).isFalse();

        leader.apply(auto("r2"));

        assertThat(leader.server.takeReadStates()).containsExactly(state(1, "a"));
    }

    /** Server 2 never acknowledges the leader's first entry; without it the leader has a quorum by itself. */
    @Test
    void readsThatWaitForTheFirstCommitAreAnsweredWhenASmallerQuorumBringsIt() {
        TestServer leader = TestServer.of(1, 1L, 2L);
        leader.win();
        leader.take();
        leader.read("a");
        assertThat(leader.committed()).isZero();

        leader.apply(auto("r2"));

        assertThat(leader.committed()).isEqualTo(1);
        assertThat(leader.server.takeReadStates()).containsExactly(state(1, "a"));
    }

    @Test
    void readsAreLostWithLeadership() {
        TestServer leader = TestServer.of(1, 1L, 2L, 3L);
        leader.lead();
        leader.read("a");
        Bytes context = contexts(leader).get(0);
        leader.step(new Message.Heartbeat(2, 1, 2, 0, Bytes.EMPTY));
        leader.take();
        leader.win();
        leader.acknowledgeAll();
        leader.take();

        leader.step(new Message.HeartbeatReply(2, 1, 1, context, 0));
        leader.step(new Message.HeartbeatReply(2, 1, leader.server.term(), context, 0));

        assertThat(leader.server.hasReadStates()).isFalse();
    }

    @Test
    void theNumberOfWaitingReadsIsLimited() {
        TestServer leader = TestServer.of(1, 1L, 2L, 3L);
        leader.lead();
        for (int i = 0; i <= Leader.MAX_WAITING_READS; i++) {
            leader.server.step(request(0, 0, Integer.toString(i)));
        }
        List<Bytes> contexts = contexts(leader);

        leader.step(new Message.HeartbeatReply(2, 1, 1, contexts.get(contexts.size() - 1), 0));

        assertThat(leader.server.takeReadStates()).hasSize(Leader.MAX_WAITING_READS);
    }

    @Test
    void aFollowerPassesReadsOnAndDropsThemWithoutALeader() {
        TestServer follower = TestServer.of(2, 1L, 2L, 3L);
        follower.read("a");
        assertThat(follower.take()).isEmpty();
        follower.step(new Message.Heartbeat(1, 2, 1, 0, Bytes.EMPTY));
        follower.take();

        follower.read("b");
        assertThat(follower.sent()).containsExactly(request(2, 1, "b"));
        follower.step(request(3, 2, "c"));
        assertThat(follower.sent()).as("for another, whose name stays").containsExactly(request(3, 1, "c"));
    }

    @Test
    void anAnswerMustBringBackItsContext() {
        TestServer follower = TestServer.of(2, 1L, 2L, 3L);
        follower.step(new Message.ReadIndexReply(1, 2, 1, 5, List.of()));
        assertThat(follower.server.hasReadStates()).isFalse();

        follower.step(new Message.ReadIndexReply(1, 2, 1, 5, List.of(Entry.normal(bytes("a")))));

        assertThat(follower.server.takeReadStates()).containsExactly(state(5, "a"));
    }

    @Test
    void aCandidateDropsReads() {
        TestServer candidate = TestServer.of(1, 1L, 2L, 3L);
        candidate.campaign();
        candidate.take();

        candidate.read("a");

        assertThat(candidate.take()).isEmpty();
        assertThat(candidate.server.hasReadStates()).isFalse();
    }

    @Test
    void aFollowerForgetsItsLeaderUnlessTheLeaderCountsOnItsLease() {
        Network network = Network.of(3, options -> options.checkQuorum(true).preVote(true));
        network.campaign(1);
        network.at(2).step(new Message.ForgetLeader(0, 0, 0));
        network.at(1).step(new Message.ForgetLeader(0, 0, 0));
        assertThat(network.at(2).server.leader()).isEqualTo(RawNode.NONE);
        assertThat(network.at(1).server.leader()).isEqualTo(1);
        network.campaign(3);
        assertThat(network.role(3))
                .as("server 2 is free to vote within the lease")
                .isEqualTo(RoleName.LEADER);

        Network lease = Network.of(3, LEASE);
        lease.campaign(1);
        lease.at(2).step(new Message.ForgetLeader(0, 0, 0));
        assertThat(lease.at(2).server.leader()).isEqualTo(1);
        lease.at(2).tick(ELECTION_TICKS - 1);
        lease.campaign(3);
        assertThat(lease.role(3)).isEqualTo(RoleName.CANDIDATE);
    }
}
