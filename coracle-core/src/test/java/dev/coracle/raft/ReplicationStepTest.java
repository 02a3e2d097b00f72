package dev.coracle.raft;

import static dev.coracle.raft.TestServer.entries;
import static dev.coracle.raft.TestServer.only;
import static dev.coracle.raft.TestServer.storage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.coracle.raft.tracker.Progress;
import dev.coracle.raft.tracker.ProgressState;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What one message changes between a leader and one member: acknowledgements, rejections, late and doubled ones. */
class ReplicationStepTest {
    private static final ConfState THREE = ConfState.ofVoters(1L, 2L, 3L);

    /** A leader in term 3 with three entries, of terms 1, 1 and 3, that has probed both others with the last. */
    private static TestServer probing() {
        TestServer leader = TestServer.of(1, storage(THREE, 2, 1, 1), options -> options);
        leader.win();
        leader.take();
        assertThat(leader.progress(2).next()).isEqualTo(3);
        return leader;
    }

    @ParameterizedTest
    @CsvSource({
        // Index that is answered for, hint; then match, next, state, what is sent: entries' number and the index
        // before.
        // Accepted.
        "3, accepted, 0, 3, 4, REPLICATE, 0, 3",
        "2, accepted, 0, 2, 4, REPLICATE, 1, 2",
        "1, accepted, 0, 1, 4, REPLICATE, 2, 1",
        "0, accepted, 0, 0, 4, REPLICATE, 3, 0",
        // Rejected: what was probed, what was not.
        "2, rejected, 1, 0, 2, PROBE, 2, 1",
        "2, rejected, 0, 0, 1, PROBE, 3, 0",
        "2, rejected, 2, 0, 2, PROBE, 2, 1",
        "3, rejected, 2, 0, 3, PROBE, -, -",
        "1, rejected, 0, 0, 3, PROBE, -, -",
    })
    void anAnswerToAProbeSaysWhereToGoOn(
            long index,
            String answer,
            long hint,
            long match,
            long next,
            ProgressState state,
            String sent,
            String after) {
        TestServer leader = probing();

        // A hint without a term is taken as it is, but not above what was rejected.
        leader.step(
                answer.equals("accepted")
                        ? Message.AppendReply.accepted(2, 1, 3, index)
                        : Message.AppendReply.rejected(2, 1, 3, index, hint, 0));

        Progress progress = leader.progress(2);
        assertThat(progress.match()).isEqualTo(match);
        assertThat(progress.next()).isEqualTo(next);
        assertThat(progress.state()).isEqualTo(state);
        List<Message.Append> appends = only(Message.Append.class, leader.sent()).stream()
                .filter(append -> append.to() == 2)
                .toList();
        if (sent.equals("-")) {
            assertThat(appends).isEmpty();
        } else {
            assertThat(appends)
                    .extracting(append -> append.entries().size() + " after " + append.index())
                    .containsExactly(sent + " after " + after);
        }
        assertThat(leader.committed()).isEqualTo(index == 3 && answer.equals("accepted") ? 3 : 0);
    }

    @Test
    void anAcknowledgementReleasesWhoGaveItAndNobodyElse() {
        TestServer leader = probing();
        leader.propose("data");
        leader.persist();
        assertThat(leader.sent()).as("both are waited for").isEmpty();

        leader.acknowledge(2, 3);
        assertThat(only(Message.Append.class, leader.sent()))
                .extracting(
                        Message::to, Message::index, append -> append.entries().size())
                .as("the commit index for 2, with what it lacks; 3 still waits")
                .containsExactly(tuple(2L, 3L, 1));
        leader.propose("more");
        assertThat(only(Message.Append.class, leader.sent()))
                .extracting(Message::to)
                .containsExactly(2L);
        leader.acknowledge(3, 3);

        assertThat(only(Message.Append.class, leader.sent()))
                .extracting(
                        Message::to, Message::index, append -> append.entries().size())
                .containsExactly(tuple(3L, 3L, 2));
    }

    @Test
    void aMemberThatIsReplicatedToGetsEachProposalAtOnceAndIsNeverPaused() {
        TestServer leader = TestServer.of(1, 1L, 2L);
        leader.lead();

        for (int i = 0; i < 10; i++) {
            leader.propose("data");
            assertThat(only(Message.Append.class, leader.sent())).hasSize(1);
            assertThat(leader.progress(2).isPaused()).isFalse();
            assertThat(leader.progress(2).next()).isEqualTo(3 + i);
        }
        assertThat(leader.progress(2).inflights().count()).isEqualTo(10);
    }

    /** The follower answered a first append with a rejection that is late: in the meantime it accepted a second one. */
    @Test
    void aRejectionThatComesAfterTheAcceptanceDoesNotPushNextBelowWhatMatches() {
        TestServer leader = TestServer.of(1, storage(THREE, 2, 1, 1, 1, 1), options -> options);
        leader.win();
        leader.take();
        leader.step(Message.AppendReply.rejected(2, 1, 3, 4, 1, 1));
        assertThat(only(Message.Append.class, leader.sent()))
                .extracting(Message::index)
                .containsExactly(1L);
        leader.acknowledge(2, 5);
        leader.step(new Message.Unreachable(2));
        assertThat(leader.progress(2).next()).isEqualTo(6);
        leader.take();

        leader.step(Message.AppendReply.rejected(2, 1, 3, 4, 1, 1));
        leader.step(Message.AppendReply.rejected(2, 1, 3, 5, 0, 0));

        assertThat(leader.progress(2).match()).isEqualTo(5);
        assertThat(leader.progress(2).next()).isEqualTo(6);
    }

    @Test
    void appendsThatComeTwiceOrLateChangeNothing() {
        TestServer follower = TestServer.of(2, 1L, 2L, 3L);
        Message first = new Message.Append(1, 2, 1, 0, 0, entries(1, 1, 1), 1);
        Message second = new Message.Append(1, 2, 1, 1, 2, entries(3, 1), 3);
        follower.step(first);
        follower.step(second);
        follower.take();

        follower.step(first);
        follower.step(second);
        follower.step(new Message.Append(1, 2, 1, 1, 1, List.of(), 0));

        assertThat(follower.terms()).containsExactly(1, 1, 1);
        assertThat(follower.committed()).isEqualTo(3);
        assertThat(follower.server.raftLog.unstable().size())
                .as("nothing to store")
                .isZero();
        assertThat(follower.persist()).allMatch(answer -> answer.equals(Message.AppendReply.accepted(2, 1, 1, 3)));
    }

    @Test
    void anAppendOutOfOrderIsRejectedAndFitsLater() {
        TestServer follower = TestServer.of(2, 1L, 2L, 3L);
        Message first = new Message.Append(1, 2, 1, 0, 0, entries(1, 1, 1), 0);
        Message second = new Message.Append(1, 2, 1, 1, 2, entries(3, 1), 0);

        follower.step(second);
        follower.step(first);
        follower.step(second);

        assertThat(follower.persist())
                .containsExactly(
                        Message.AppendReply.rejected(2, 1, 1, 2, 0, 0),
                        Message.AppendReply.accepted(2, 1, 1, 2),
                        Message.AppendReply.accepted(2, 1, 1, 3));
    }

    /** Nothing but what the leader sent may be acknowledged: what lies behind it here may be another leader's. */
    @Test
    void aFollowerAcknowledgesOnlyWhatTheAppendReached() {
        TestServer follower = TestServer.of(2, storage(THREE, 1, 1, 1, 1), options -> options);

        follower.step(new Message.Append(3, 2, 2, 1, 1, List.of(), 0));

        assertThat(follower.persist()).containsExactly(Message.AppendReply.accepted(2, 3, 2, 1));
        assertThat(follower.terms()).as("and it stays").containsExactly(1, 1, 1);
    }

    @Test
    void aHintBelowWhatIsCompactedHasNoTermAndIsTakenAsItIs() {
        MemoryStorage storage = storage(THREE, 3, 2, 2, 2);
        storage.createSnapshot(2, THREE, Bytes.EMPTY);
        storage.compact(2);
        storage.setHardState(new HardState(3, RawNode.NONE, 2));
        TestServer follower = TestServer.of(2, storage, options -> options);
        follower.step(new Message.Append(1, 2, 3, 1, 3, List.of(), 0));
        assertThat(follower.persist())
                .as("entries 3 and 2 are too new, and of 1 it knows nothing")
                .containsExactly(Message.AppendReply.rejected(2, 1, 3, 3, 1, 0));

        TestServer leader = TestServer.of(1, storage(THREE, 2, 1, 1, 1), options -> options);
        leader.win();
        leader.take();
        leader.step(Message.AppendReply.rejected(2, 1, 3, 3, 1, 0));

        assertThat(leader.progress(2).next()).isEqualTo(2);
    }

    @Test
    void aProposalThatIsPassedOnKeepsTheNameOfWhoMadeIt() {
        TestServer follower = TestServer.of(2, 1L, 2L, 3L);
        follower.step(new Message.Heartbeat(1, 2, 1, 0, Bytes.EMPTY));
        follower.take();
        List<Entry> proposed = List.of(Entry.normal(TestServer.bytes("data")));

        follower.step(new Message.Propose(3, 2, proposed));
        follower.step(new Message.Propose(RawNode.NONE, RawNode.NONE, proposed));

        assertThat(follower.sent())
                .containsExactly(new Message.Propose(3, 1, proposed), new Message.Propose(2, 1, proposed));
    }

    /** Nothing is missing, but nobody knows whether the member got what was sent before it could not be reached. */
    @Test
    void aProbedMemberThatLacksNothingIsAskedAtItsNextHeartbeatsAnswer() {
        TestServer leader = TestServer.of(1, 1L, 2L, 3L);
        leader.lead();
        leader.step(new Message.Unreachable(2));
        assertThat(leader.progress(2).match()).isEqualTo(leader.lastIndex());

        leader.step(new Message.HeartbeatReply(2, 1, 1, Bytes.EMPTY, 0));
        assertThat(only(Message.Append.class, leader.sent()))
                .extracting(Message::to, append -> append.entries().size())
                .containsExactly(tuple(2L, 0));
        leader.acknowledge(2, 1);

        assertThat(leader.progress(2).state()).isEqualTo(ProgressState.REPLICATE);
    }
}
