package dev.coracle.raft;

import static dev.coracle.raft.TestServer.bytes;
import static dev.coracle.raft.TestServer.only;
import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.raft.tracker.ProgressState;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** The limits on what is under way: appends, proposals, entries being applied. */
class FlowControlTest {
    private static TestServer leader(UnaryOperator<RaftConfig.Builder> options) {
        TestServer leader = TestServer.of(1, options, 1L, 2L);
        leader.lead();
        return leader;
    }

    private static List<Message.Append> appends(TestServer leader) {
        return only(Message.Append.class, leader.sent());
    }

    @Test
    void anAppendCarriesWhatFitsButAtLeastOneEntry() {
        TestServer leader = leader(options -> options.maxSizePerMessage(2048));
        leader.step(new Message.Unreachable(2));
        leader.progress(2).setPaused(true);
        for (int i = 0; i < 10; i++) {
            leader.propose(bytes(1000));
        }
        leader.propose(bytes(5000));
        leader.propose(bytes(5000));
        assertThat(appends(leader)).isEmpty();

        leader.acknowledge(2, 1);

        List<Message.Append> appends = appends(leader);
        assertThat(appends).extracting(append -> append.entries().size()).containsExactly(2, 2, 2, 2, 2, 1, 1);
        assertThat(appends).extracting(Message::index).containsExactly(1L, 3L, 5L, 7L, 9L, 11L, 12L);
    }

    /**
     * Three messages of at most 2,048 bytes may be under way, and 9,000 bytes: what goes out at each acknowledgement, of
     * ten small entries, six large ones and six small ones that wait while the member is probed.
     */
    @Test
    void eachAcknowledgementLetsOutWhatTheWindowsThenAllow() {
        TestServer leader = leader(options ->
                options.maxSizePerMessage(2048).maxInflightMessages(3).maxInflightBytes(9000));
        leader.step(new Message.Unreachable(2));
        for (int i = 0; i < 22; i++) {
            leader.propose(bytes(i >= 10 && i < 16 ? 5000 : 1000));
        }
        leader.persist();
        assertThat(sizes(appends(leader))).as("one probe").containsExactly(1);

        assertThat(afterAcknowledging(leader, 2)).as("the window is free").containsExactly(2, 2, 2);
        assertThat(afterAcknowledging(leader, 4)).as("one place").containsExactly(2);
        assertThat(afterAcknowledging(leader, 8))
                .as("the last small one, beside which no large one fits, and a large one")
                .containsExactly(1, 1);
        assertThat(afterAcknowledging(leader, 10))
                .as("6,000 bytes are under way")
                .containsExactly(1);
        assertThat(afterAcknowledging(leader, 11)).as("10,000 still are").isEmpty();
        assertThat(afterAcknowledging(leader, 12)).as("5,000 are").containsExactly(1);
        assertThat(afterAcknowledging(leader, 14)).as("all is answered").containsExactly(1, 1);
        assertThat(afterAcknowledging(leader, 16)).as("all again").containsExactly(1, 2, 2);
        assertThat(afterAcknowledging(leader, 17)).as("and the rest").containsExactly(2);
        assertThat(afterAcknowledging(leader, 23)).isEmpty();
    }

    private static List<Integer> sizes(List<Message.Append> appends) {
        return appends.stream().map(append -> append.entries().size()).toList();
    }

    private static List<Integer> afterAcknowledging(TestServer leader, long index) {
        leader.acknowledge(2, index);
        // A commit index goes out by itself to whom the window is full.
        return sizes(appends(leader)).stream().filter(size -> size > 0).toList();
    }

    @Test
    void messagesInAClusterStayWithinTheLimitAndMakeUseOfIt() {
        Network network = Network.of(3, options -> options.maxSizePerMessage(2048));
        network.campaign(1);
        network.isolate(3);
        for (int i = 0; i < 5; i++) {
            network.propose(1, "x".repeat(1000));
        }
        network.recover();
        long[] largest = new long[1];
        network.hook(message -> {
            if (message instanceof Message.Append append) {
                largest[0] = Math.max(largest[0], Entries.encodedSize(append.entries()));
            }
            return true;
        });

        network.heartbeat(1);

        assertThat(network.at(3).lastIndex()).isEqualTo(6);
        assertThat(largest[0]).isBetween(1025L, 2048L);
    }

    @Test
    void aLimitOfZeroSendsEntriesOneByOne() {
        TestServer leader = leader(options -> options.maxSizePerMessage(0));
        leader.step(new Message.Unreachable(2));
        leader.progress(2).setPaused(true);
        leader.propose("a");
        leader.propose("b");

        leader.acknowledge(2, 1);

        assertThat(appends(leader))
                .extracting(append -> append.entries().size())
                .containsExactly(1, 1);
    }

    @Test
    void aFullWindowOfMessagesHoldsBackEntries() {
        TestServer leader = leader(options -> options.maxInflightMessages(3));
        for (int i = 0; i < 3; i++) {
            leader.propose("data");
            assertThat(appends(leader)).hasSize(1);
        }
        assertThat(leader.progress(2).isPaused()).isTrue();

        leader.propose("data");

        assertThat(appends(leader)).isEmpty();
    }

    @Test
    void aFullWindowOfBytesHoldsBackEntriesAndMayOvershootOnce() {
        TestServer leader = leader(options -> options.maxSizePerMessage(100).maxInflightBytes(100));
        leader.propose(bytes(99));
        assertThat(appends(leader)).hasSize(1);
        leader.propose(bytes(99));
        assertThat(appends(leader)).as("the window was not full").hasSize(1);

        leader.propose(bytes(1));
        assertThat(appends(leader)).isEmpty();
        leader.acknowledge(2, 2);
        assertThat(appends(leader))
                .as("99 of 100 bytes are left")
                .extracting(Message::index)
                .containsExactly(3L);
    }

    @Test
    void anAcknowledgementSlidesTheWindowAndAStaleOneDoesNot() {
        TestServer leader = leader(options -> options.maxInflightMessages(3));
        for (int i = 0; i < 6; i++) {
            leader.propose("data");
        }
        appends(leader);

        leader.acknowledge(2, 3);
        assertThat(leader.progress(2).inflights().count()).isEqualTo(2);
        assertThat(appends(leader)).as("all that waited, in one").hasSize(1);
        leader.persist();
        leader.acknowledge(2, 2);
        leader.acknowledge(2, 3);

        assertThat(leader.progress(2).inflights().isFull()).isFalse();
        assertThat(leader.progress(2).inflights().count()).isEqualTo(2);
    }

    /** Had all that is in the window been lost, nothing else would bring the rejection by which the leader notices. */
    @Test
    void eachHeartbeatsAnswerLetsOneEmptyAppendThroughAFullWindow() {
        TestServer leader = leader(options -> options.maxInflightMessages(2));
        leader.propose("a");
        leader.propose("b");
        leader.propose("c");
        appends(leader);

        for (int i = 0; i < 3; i++) {
            leader.step(new Message.HeartbeatReply(2, 1, 1, Bytes.EMPTY, 0));
            List<Message.Append> appends = appends(leader);
            assertThat(appends).hasSize(1);
            assertThat(appends.get(0).entries()).isEmpty();
            assertThat(appends.get(0).index()).isEqualTo(3);
            leader.propose("more");
            assertThat(appends(leader)).isEmpty();
        }
        leader.step(Message.AppendReply.rejected(2, 1, 1, 3, 1, 1));

        assertThat(leader.progress(2).state()).isEqualTo(ProgressState.PROBE);
        assertThat(appends(leader)).extracting(Message::index).containsExactly(1L);
    }

    @Test
    void proposalsBeyondTheLimitOfUnappliedBytesAreDropped() {
        TestServer leader = leader(options -> options.maxUncommittedSize(100));
        assertThat(leader.propose(bytes(60)).outcome()).isEqualTo(ProposalOutcome.APPENDED);
        assertThat(leader.propose(bytes(40)).outcome()).isEqualTo(ProposalOutcome.APPENDED);

        assertThat(leader.propose(bytes(1)).outcome()).isEqualTo(ProposalOutcome.DROPPED_BACKLOG);
        assertThat(leader.propose(bytes(0)).outcome())
                .as("nothing adds nothing")
                .isEqualTo(ProposalOutcome.APPENDED);
        leader.acknowledgeAll();
        assertThat(leader.propose(bytes(1)).outcome())
                .as("committed is not applied")
                .isEqualTo(ProposalOutcome.DROPPED_BACKLOG);
        leader.apply();

        assertThat(leader.propose(bytes(1)).outcome()).isEqualTo(ProposalOutcome.APPENDED);
    }

    @Test
    void applyingGivesBackThePayloadOfWhatWasAppliedAndNoMore() {
        TestServer leader = leader(options -> options.maxUncommittedSize(100).maxCommittedSizePerReady(1));
        leader.propose(bytes(60));
        leader.propose(bytes(40));
        leader.acknowledgeAll();
        RaftLog log = leader.server.raftLog;
        List<Entry> first = log.nextCommitted(true);
        assertThat(first).hasSize(1);
        log.acceptApplying(2, Entries.encodedSize(first), true);

        leader.step(new Message.StorageApplyReply(1, first));

        assertThat(leader.propose(bytes(61)).outcome()).isEqualTo(ProposalOutcome.DROPPED_BACKLOG);
        assertThat(leader.propose(bytes(60)).outcome()).isEqualTo(ProposalOutcome.APPENDED);
    }

    @Test
    void oneProposalPassesWhateverItsSize() {
        TestServer leader = leader(options -> options.maxUncommittedSize(100));

        assertThat(leader.propose(bytes(1000)).outcome()).isEqualTo(ProposalOutcome.APPENDED);
        assertThat(leader.propose(bytes(1)).outcome()).isEqualTo(ProposalOutcome.DROPPED_BACKLOG);
        assertThat(leader.propose(bytes(0)).outcome())
                .as("nothing passes as well, however much there is")
                .isEqualTo(ProposalOutcome.APPENDED);
        leader.acknowledgeAll();
        leader.apply();

        assertThat(leader.propose(bytes(1000)).outcome()).isEqualTo(ProposalOutcome.APPENDED);
    }

    @Test
    void entriesOfAnEarlierTermDoNotMakeTheCountNegative() {
        TestServer leader = TestServer.of(1, options -> options.maxUncommittedSize(100), 1L, 2L);
        leader.step(new Message.Append(2, 1, 1, 0, 0, List.of(new Entry(1, 1, EntryType.NORMAL, bytes(500))), 0));
        leader.persist();
        leader.lead();

        assertThat(leader.propose(bytes(100)).outcome()).isEqualTo(ProposalOutcome.APPENDED);
        assertThat(leader.propose(bytes(1)).outcome()).isEqualTo(ProposalOutcome.DROPPED_BACKLOG);
    }
}
