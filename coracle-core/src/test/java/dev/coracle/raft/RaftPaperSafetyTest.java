package dev.coracle.raft;

import static dev.coracle.raft.TestServer.only;
import static dev.coracle.raft.TestServer.storage;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Safety: §5.4. */
class RaftPaperSafetyTest {
    private static final ConfState THREE = ConfState.ofVoters(1L, 2L, 3L);

    @ParameterizedTest
    @CsvSource({
        // The voter's terms; the candidate's last term and index; whether it gets the vote.
        "1, 1, 1, true",
        "1, 1, 2, true",
        "11, 1, 1, false",
        "1, 2, 1, true",
        "1, 2, 2, true",
        "11, 2, 1, true",
        "2, 1, 1, false",
        "2, 1, 2, false",
        "12, 1, 9, false",
    })
    void aVoterRefusesCandidatesWhoseLogIsLessUpToDate(String terms, long lastTerm, long lastIndex, boolean granted) {
        TestServer voter = TestServer.of(2, storage(THREE, 2, digits(terms)), options -> options);

        voter.step(Message.VoteRequest.of(false, 1, 2, 3, new EntryId(lastTerm, lastIndex), false));

        assertThat(voter.persist()).containsExactly(new Message.VoteReply(2, 1, 3, !granted, 0, 0));
    }

    private static long[] digits(String text) {
        return text.chars().mapToLong(digit -> digit - '0').toArray();
    }

    @ParameterizedTest
    @CsvSource({"1, false", "2, false", "3, true"})
    void aLeaderCommitsByCountingOnlyEntriesOfItsOwnTerm(long acknowledged, boolean committed) {
        TestServer leader = TestServer.of(1, storage(THREE, 2, 1, 2), options -> options);
        leader.win();
        leader.take();

        leader.acknowledge(2, acknowledged);

        assertThat(leader.committed()).isEqualTo(committed ? 3 : 0);
    }

    /** Figure 7: whatever a follower lacks or has too much of, the leader of term 8 brings its log to its own. */
    @ParameterizedTest
    @CsvSource({
        "a, 111445566",
        "b, 1114",
        "c, 11144556666",
        "d, 111445566677",
        "e, 1114444",
        "f, 11122233333",
    })
    void theLogsOfFigure7BecomeTheLeaders(String name, String terms) {
        long[] leaderTerms = digits("1114455666");
        Network network = new Network(
                TestServer.of(1, storage(THREE, 7, leaderTerms), options -> options),
                TestServer.of(2, storage(THREE, 7, digits(terms)), options -> options),
                TestServer.of(3, storage(THREE, 7, leaderTerms), options -> options));
        network.campaign(1);
        assertThat(network.role(1)).as("log %s", name).isEqualTo(RoleName.LEADER);
        network.propose(1, "data");

        assertThat(network.at(2).terms()).containsExactly(1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 8, 8);
        assertThat(network.at(2).committed()).isEqualTo(12);
        assertThat(network.at(2).apply()).isEqualTo(network.at(1).apply());
    }

    /** Figure 8: an entry of term 2 on a majority, not committed, is replaced by a leader of term 5 that has term 3. */
    @Test
    void theEntryOfFigure8IsNotCommittedBeforeItCanBeReplaced() {
        ConfState five = ConfState.ofVoters(1L, 2L, 3L, 4L, 5L);
        Network network = new Network(
                TestServer.of(1, storage(five, 3, 1, 2), options -> options),
                TestServer.of(2, storage(five, 3, 1, 2), options -> options),
                TestServer.of(3, storage(five, 3, 1), options -> options),
                TestServer.of(4, storage(five, 3, 1), options -> options),
                TestServer.of(5, storage(five, 3, 1, 3), options -> options));
        // (c) Server 1 leads in term 4, and brings entry 2 to server 3. Its own entry reaches nobody.
        network.silence(4);
        network.silence(5);
        network.hook(message -> !(message instanceof Message.Append append)
                || append.entries().stream().noneMatch(entry -> entry.term() == 4));
        network.campaign(1);
        assertThat(network.role(1)).isEqualTo(RoleName.LEADER);
        TestServer leader = network.at(1);
        Message entryOfTerm2 =
                new Message.Append(1, 3, leader.server.term(), 1, 1, TestServer.entries(2, 2), leader.committed());
        network.send(entryOfTerm2);
        assertThat(network.at(3).terms()).containsExactly(1, 2);
        leader.acknowledge(2, 2);
        assertThat(leader.server.configuration().committedIndex(leader.leading().tracker()))
                .as("the leader knows that a majority has entry 2")
                .isEqualTo(2);
        assertThat(leader.committed()).as("but it is of an earlier term").isZero();

        // (d) Server 5 leads, with the votes of 4 and others, and replaces it.
        network.recover();
        network.silence(1);
        network.campaign(5);
        network.campaign(5);
        assertThat(network.role(5))
                .as("entry 2 of server 2 and 3 is older than its own")
                .isEqualTo(RoleName.LEADER);

        assertThat(network.at(2).terms()).startsWith(1, 3);
        assertThat(network.at(3).terms()).startsWith(1, 3);
        assertThat(network.at(3).committed()).isGreaterThan(2);
    }

    @Test
    void anEntryOfAnEarlierTermIsCommittedWithTheEmptyEntryOfTheNewLeader() {
        Network network = Network.of(5);
        network.campaign(1);
        network.cut(1, 3);
        network.cut(1, 4);
        network.cut(1, 5);
        network.propose(1, "data");
        assertThat(network.at(1).committed()).isEqualTo(1);
        network.recover();

        network.campaign(2);

        assertThat(network.at(2).committed()).isEqualTo(3);
        assertThat(network.at(2).terms()).containsExactly(1, 1, 2);
    }

    @Test
    void aLeaderNeverOverwritesItsOwnEntriesAndOthersDo() {
        // Servers 4 and 5 have term 2 from a leader that committed nothing; 1 and 2 have only term 1.
        ConfState five = ConfState.ofVoters(1L, 2L, 3L, 4L, 5L);
        Network network = new Network(
                TestServer.of(1, storage(five, 1, 1), options -> options),
                TestServer.of(2, storage(five, 1, 1), options -> options),
                TestServer.of(3, storage(five, 2, 2), options -> options),
                TestServer.of(4, storage(five, 2), options -> options),
                TestServer.of(5, storage(five, 2), options -> options));
        network.campaign(1);
        assertThat(network.role(1))
                .as("in term 2, whose votes of 3, 4, 5 are free")
                .isEqualTo(RoleName.LEADER);
        network.campaign(1);

        assertThat(network.role(1)).isEqualTo(RoleName.LEADER);
        for (TestServer server : network.all()) {
            assertThat(server.terms()).containsExactly(1, network.at(1).server.term());
        }
    }

    @Test
    void aHigherTermInALogIsOverwrittenIfItWasNotCommitted() {
        Network network = new Network(
                TestServer.of(1, storage(THREE, 3, 1, 1), options -> options),
                TestServer.of(2, storage(THREE, 3, 1, 1), options -> options),
                TestServer.of(3, storage(THREE, 3, 1, 3), options -> options));
        network.campaign(1);

        assertThat(network.role(1)).as("without the vote of 3").isEqualTo(RoleName.LEADER);
        assertThat(network.at(3).terms()).containsExactly(1, 1, 4);
    }

    @Test
    void messagesOfAnOldLeaderAreIgnored() {
        Network network = Network.of(3);
        network.campaign(1);
        network.campaign(2);
        network.campaign(1);

        network.send(new Message.Append(2, 1, 2, 2, 2, TestServer.entries(3, 2), 3));
        network.propose(1, "data");

        for (TestServer server : network.all()) {
            assertThat(server.terms()).containsExactly(1, 2, 3, 3);
            assertThat(server.committed()).isEqualTo(4);
        }
    }

    @Test
    void aLateAcknowledgementToOneselfCountsForNothingInANewTerm() {
        TestServer leader = TestServer.of(1, 1L, 2L, 3L);
        leader.lead();
        leader.propose("data");
        List<Message> own = leader.server.outbox().takeAfterAppend();
        leader.step(new Message.Append(2, 1, 2, 1, 1, TestServer.entries(2, 2), 1));
        leader.take();
        leader.win();
        leader.take();

        own.forEach(leader::step);
        assertThat(only(Message.AppendReply.class, own)).hasSize(1);
        assertThat(leader.committed()).isEqualTo(1);
        assertThat(leader.progress(1).match()).isEqualTo(3);
    }

    @Test
    void anOldWritesCompletionDoesNotMakeNewEntriesStable() {
        TestServer server = TestServer.of(1, 1L, 2L, 3L);
        server.step(new Message.Append(2, 1, 1, 0, 0, TestServer.entries(1, 1, 1), 0));
        server.step(new Message.Append(3, 1, 2, 0, 0, TestServer.entries(1, 2, 2), 0));
        server.step(new Message.Append(2, 1, 3, 0, 0, TestServer.entries(1, 3), 0));

        server.step(new Message.StorageAppendReply(1, 1, 1, 2, Snapshot.EMPTY));
        assertThat(server.server.raftLog.unstable().size()).isEqualTo(1);
        server.step(new Message.StorageAppendReply(1, 3, 2, 1, Snapshot.EMPTY));
        assertThat(server.server.raftLog.unstable().size())
                .as("another term at that index")
                .isEqualTo(1);
        server.step(new Message.StorageAppendReply(1, 3, 3, 1, Snapshot.EMPTY));

        assertThat(server.server.raftLog.unstable().size()).isZero();
    }

    @Test
    void aWriteOfThisTermsEntriesIsNotConfirmedByOneOfALowerTerm() {
        TestServer server = TestServer.of(1, 1L, 2L, 3L);
        server.step(new Message.Append(2, 1, 1, 0, 0, TestServer.entries(1, 1), 0));
        server.step(new Message.Heartbeat(3, 1, 2, 0, Bytes.EMPTY));

        server.step(new Message.StorageAppendReply(1, 1, 1, 1, Snapshot.EMPTY));

        assertThat(server.server.raftLog.unstable().size()).isEqualTo(1);
    }
}
