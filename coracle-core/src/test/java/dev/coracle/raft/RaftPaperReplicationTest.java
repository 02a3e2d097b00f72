package dev.coracle.raft;

import static dev.coracle.raft.TestServer.bytes;
import static dev.coracle.raft.TestServer.entries;
import static dev.coracle.raft.TestServer.only;
import static dev.coracle.raft.TestServer.storage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.coracle.raft.tracker.Progress;
import dev.coracle.raft.tracker.ProgressState;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Log replication: §5.3. */
class RaftPaperReplicationTest {
    private static final ConfState THREE = ConfState.ofVoters(1L, 2L, 3L);

    private static TestServer leader() {
        TestServer leader = TestServer.of(1, 1L, 2L, 3L);
        leader.lead();
        return leader;
    }

    @Test
    void aLeaderAppendsAProposalAndSendsItWithWhatComesBefore() {
        TestServer leader = leader();

        Proposal proposal = leader.propose("data");

        assertThat(proposal).isEqualTo(new Proposal(ProposalOutcome.APPENDED, 1, 2));
        Entry entry = new Entry(1, 2, EntryType.NORMAL, bytes("data"));
        assertThat(leader.server.raftLog.unstable().nextEntries()).containsExactly(entry);
        assertThat(leader.sent())
                .containsExactly(
                        new Message.Append(1, 2, 1, 1, 1, List.of(entry), 1),
                        new Message.Append(1, 3, 1, 1, 1, List.of(entry), 1));
    }

    @Test
    void aLeaderCommitsWhatAMajorityHasAndTellsTheOthers() {
        TestServer leader = leader();
        leader.propose("data");
        leader.take();
        assertThat(leader.committed()).isEqualTo(1);

        leader.acknowledge(2, 2);

        assertThat(leader.committed()).isEqualTo(2);
        assertThat(leader.apply()).extracting(Entry::index).containsExactly(2L);
        assertThat(only(Message.Append.class, leader.sent()))
                .extracting(Message::to, Message::commit)
                .containsExactly(tuple(2L, 2L), tuple(3L, 2L));
    }

    @Test
    void aLeadersOwnEntryCountsOnlyWhenItIsDurable() {
        TestServer leader = leader();
        leader.propose("data");
        leader.sent();

        leader.acknowledge(2, 2);
        assertThat(leader.committed()).as("one of three").isEqualTo(1);
        assertThat(leader.progress(1).match()).isEqualTo(1);
        leader.persist();

        assertThat(leader.committed()).isEqualTo(2);
    }

    @Test
    void aMajorityOfOthersCommitsWhatTheLeaderHasNotStoredYet() {
        TestServer leader = leader();
        leader.propose("data");

        leader.acknowledge(2, 2);
        leader.acknowledge(3, 2);

        assertThat(leader.committed()).isEqualTo(2);
        assertThat(leader.server.raftLog.hasNextCommitted(false))
                .as("applied without being stored")
                .isFalse();
        assertThat(leader.server.raftLog.hasNextCommitted(true)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "1, '', true",
        "3, '', false",
        "3, '2', true",
        "5, '2', false",
        "5, '23', true",
        "5, '2345', true",
    })
    void anEntryIsCommittedOnceAMajorityAcknowledgesIt(int size, String acknowledging, boolean committed) {
        TestServer leader = Network.of(size).at(1);
        leader.lead();
        leader.propose("data");
        leader.persist();

        acknowledging.chars().forEach(id -> leader.acknowledge(id - '0', 2));

        assertThat(leader.committed()).isEqualTo(committed ? 2 : 1);
    }

    @Test
    void anEntryOfAnEarlierTermIsCommittedWithOneOfTheLeadersOwn() {
        for (long[] terms : new long[][] {{}, {2}, {1, 2}, {1}}) {
            TestServer leader = TestServer.of(1, storage(THREE, 2, terms), options -> options);
            leader.win();
            leader.propose("data");

            leader.acknowledgeAll();

            assertThat(leader.apply()).hasSize(terms.length + 2);
        }
    }

    @Test
    void aFollowerAppliesInOrderWhatTheLeaderSaysIsCommitted() {
        TestServer follower = TestServer.of(2, 1L, 2L, 3L);

        follower.step(new Message.Append(1, 2, 1, 0, 0, entries(1, 1, 1, 1), 2));

        assertThat(follower.apply()).extracting(Entry::index).containsExactly(1L, 2L);
        follower.step(new Message.Heartbeat(1, 2, 1, 3, Bytes.EMPTY));
        assertThat(follower.apply()).extracting(Entry::index).containsExactly(3L);
    }

    @Test
    void aFollowerCommitsNothingBeyondWhatMatches() {
        TestServer follower = TestServer.of(2, storage(THREE, 1, 1, 1, 1), options -> options);

        follower.step(new Message.Append(1, 2, 2, 1, 1, entries(2, 1), 3));

        assertThat(follower.committed()).as("entry 3 may not be the leader's").isEqualTo(2);
    }

    @Test
    void aCommitIndexDoesNotGoBack() {
        TestServer follower = TestServer.of(2, storage(THREE, 1, 1, 1, 1), options -> options);
        follower.step(new Message.Heartbeat(1, 2, 1, 3, Bytes.EMPTY));

        follower.step(new Message.Heartbeat(1, 2, 1, 1, Bytes.EMPTY));
        follower.step(new Message.Append(1, 2, 1, 1, 3, List.of(), 2));

        assertThat(follower.committed()).isEqualTo(3);
    }

    @Test
    void aCommitIndexBeyondTheLogStopsTheServer() {
        TestServer follower = TestServer.of(2, storage(THREE, 1, 1), options -> options);

        assertThatThrownBy(() -> follower.step(new Message.Heartbeat(1, 2, 1, 2, Bytes.EMPTY)))
                .isInstanceOf(Check.BrokenInvariantException.class)
                .hasMessageContaining("tocommit(2) is out of range [lastIndex(1)]");
    }

    @ParameterizedTest
    @CsvSource({
        // Terms 1 and 2, nothing committed. Previous term and index; whether accepted; hint's index and term.
        "0, 0, true, 0, 0",
        "1, 1, true, 0, 0",
        "2, 2, true, 0, 0",
        "1, 2, false, 1, 1",
        "3, 3, false, 2, 2",
        "2, 1, false, 1, 1",
        "1, 9, false, 1, 1",
    })
    void aFollowerAcceptsOnlyWhatFollowsAnEntryThatItHas(
            long term, long index, boolean accepted, long hint, long hintTerm) {
        TestServer follower = TestServer.of(2, storage(THREE, 2, 1, 2), options -> options);

        follower.step(new Message.Append(1, 2, 2, term, index, List.of(), 0));

        assertThat(follower.sent()).as("before it is durable").isEmpty();
        assertThat(follower.persist())
                .containsExactly(
                        accepted
                                ? Message.AppendReply.accepted(2, 1, 2, index)
                                : Message.AppendReply.rejected(2, 1, 2, index, hint, hintTerm));
    }

    @ParameterizedTest
    @CsvSource({
        // Stored are terms 1 and 2. Previous index and term, terms sent; terms then; terms newly to be stored.
        "2, 2, 3, 123, 3",
        "1, 1, 34, 134, 34",
        "0, 0, 1, 12, ''",
        "0, 0, 3, 3, 3",
        "0, 0, 12, 12, ''",
        "1, 1, '', 12, ''",
        "1, 1, 2, 12, ''",
        "1, 1, 23, 123, 3",
    })
    void aFollowerDropsWhatConflictsAndKeepsTheRest(long index, long term, String sent, String then, String unstable) {
        TestServer follower = TestServer.of(2, storage(THREE, 2, 1, 2), options -> options);

        follower.step(new Message.Append(1, 2, 4, term, index, entries(index + 1, digits(sent)), 0));

        assertThat(follower.terms()).containsExactly(digits(then));
        assertThat(follower.server.raftLog.unstable().nextEntries())
                .extracting(Entry::term)
                .containsExactly(Arrays.stream(digits(unstable)).boxed().toArray(Long[]::new));
        assertThat(follower.persist()).containsExactly(Message.AppendReply.accepted(2, 1, 4, index + sent.length()));
        assertThat(follower.storage.lastIndex()).isEqualTo(then.length());
    }

    private static long[] digits(String text) {
        return text.chars().mapToLong(digit -> digit - '0').toArray();
    }

    @Test
    void anAppendThatBeginsBeforeTheCommitIndexIsAcknowledgedUpToIt() {
        TestServer follower = TestServer.of(2, storage(THREE, 1, 1, 1, 1), options -> options);
        follower.step(new Message.Heartbeat(1, 2, 1, 3, Bytes.EMPTY));
        follower.take();

        follower.step(new Message.Append(1, 2, 1, 1, 1, entries(2, 1), 1));

        assertThat(follower.persist()).containsExactly(Message.AppendReply.accepted(2, 1, 1, 3));
    }

    @Test
    void entriesWithAGapAreIgnored() {
        TestServer follower = TestServer.of(2, storage(THREE, 1, 1), options -> options);

        follower.step(new Message.Append(1, 2, 1, 1, 1, entries(3, 1), 0));

        assertThat(follower.terms()).containsExactly(1);
        assertThat(follower.take()).isEmpty();
    }

    @Test
    void anAppendThatWouldReplaceCommittedEntriesStopsTheServer() {
        TestServer follower = TestServer.of(2, storage(THREE, 1, 1, 1), options -> options);
        follower.step(new Message.Heartbeat(1, 2, 1, 2, Bytes.EMPTY));
        RaftLog log = follower.server.raftLog;

        assertThatThrownBy(() -> log.maybeAppend(1, 1, entries(2, 2), 0))
                .isInstanceOf(Check.BrokenInvariantException.class)
                .hasMessageContaining("entry 2 conflict with committed entry [committed(2)]");
    }

    /** Both sides skip terms that the other cannot have, so one round trip is enough for each term. */
    @ParameterizedTest
    @CsvSource({
        // The leader's terms and the follower's; term and index of the follower's hint; the index probed next.
        "133355555, 111123666, 3, 6, 4",
        "1222445, 122233345, 3, 7, 4",
        "12224, 11111111, 1, 5, 1",
        "1355555555, 11555555666, 5, 8, 8",
        "1355555, 11333, 3, 5, 2",
        "1112, 111, 1, 3, 3",
        "111, '', 0, 0, 0",
        "13333333, 11122222, 2, 8, 1",
        "12222222, 13333333, 1, 1, 1",
        "12244566, 12233333, 3, 8, 3",
        "1222222, 111, 1, 3, 1",
    })
    void aRejectionSkipsWholeTerms(String leaderTerms, String followerTerms, long hintTerm, long hint, long probed) {
        ConfState two = ConfState.ofVoters(1L, 2L);
        TestServer leader = TestServer.of(1, storage(two, 6, digits(leaderTerms)), options -> options);
        TestServer follower = TestServer.of(2, storage(two, 6, digits(followerTerms)), options -> options);
        leader.win();
        follower.step(only(Message.Append.class, leader.take()).get(0));

        Message rejection = follower.persist().get(0);
        leader.step(rejection);

        assertThat(rejection).isEqualTo(Message.AppendReply.rejected(2, 1, 7, leaderTerms.length(), hint, hintTerm));
        assertThat(only(Message.Append.class, leader.take()))
                .extracting(Message::index)
                .containsExactly(probed);
    }

    @Test
    void aProbedMemberGetsOneAppendUntilItAnswers() {
        TestServer leader = TestServer.of(1, 1L, 2L);
        leader.win();
        leader.take();
        assertThat(leader.progress(2).state()).isEqualTo(ProgressState.PROBE);

        leader.propose("one");
        leader.propose("two");
        assertThat(leader.sent()).isEmpty();
        leader.tick(1);
        assertThat(only(Message.Append.class, leader.sent()))
                .as("a heartbeat is no answer")
                .isEmpty();
        leader.step(new Message.HeartbeatReply(2, 1, 1, Bytes.EMPTY, 0));

        assertThat(only(Message.Append.class, leader.sent())).hasSize(1);
        assertThat(leader.progress(2).isPaused()).isTrue();
    }

    @Test
    void aMemberThatAnswersIsSentEverythingAtOnce() {
        TestServer leader = leader();

        leader.propose("one");
        leader.propose("two");

        assertThat(only(Message.Append.class, leader.sent()))
                .filteredOn(append -> append.to() == 2)
                .extracting(Message.Append::index)
                .containsExactly(1L, 2L);
        assertThat(leader.progress(2).next()).isEqualTo(4);
        assertThat(leader.progress(2).match()).isEqualTo(1);
    }

    @Test
    void anAcknowledgementOfWhatIsKnownEndsProbing() {
        TestServer leader = leader();
        leader.step(new Message.Unreachable(2));
        assertThat(leader.progress(2).state()).isEqualTo(ProgressState.PROBE);

        leader.acknowledge(2, 1);

        assertThat(leader.progress(2).state()).isEqualTo(ProgressState.REPLICATE);
    }

    @Test
    void aMemberThatCouldNotBeReachedIsProbedFromWhatItIsKnownToHave() {
        TestServer leader = leader();
        leader.propose("lost");
        leader.sent();
        assertThat(leader.progress(2).next()).isEqualTo(3);

        leader.step(new Message.Unreachable(2));

        Progress progress = leader.progress(2);
        assertThat(progress.state()).isEqualTo(ProgressState.PROBE);
        assertThat(progress.next()).isEqualTo(2);
        assertThat(progress.inflights().count()).isZero();
    }

    @Test
    void aCommitIndexThatMayBeLostIsSentAgain() {
        TestServer leader = leader();
        leader.propose("data");
        leader.take();
        leader.acknowledge(3, 2);
        leader.take();
        assertThat(leader.progress(2).sentCommit()).isEqualTo(2);

        leader.step(new Message.Unreachable(2));
        assertThat(leader.progress(2).sentCommit())
                .as("at most what the member is known to have")
                .isEqualTo(1);
        leader.acknowledge(2, 2);

        assertThat(only(Message.Append.class, leader.take()))
                .anyMatch(append -> append.to() == 2 && append.commit() == 2);
    }

    @Test
    void aHeartbeatTellsOfNoMoreThanTheMemberIsKnownToHaveAndIsRemembered() {
        TestServer leader = leader();
        leader.propose("data");
        leader.take();
        leader.acknowledge(3, 2);
        leader.take();
        assertThat(leader.committed()).isEqualTo(2);

        leader.tick(1);

        assertThat(only(Message.Heartbeat.class, leader.sent()))
                .extracting(Message::commit)
                .as("server 2 may hold another entry there")
                .containsExactly(1L, 2L);
        assertThat(leader.progress(2).sentCommit()).isEqualTo(1);
        assertThat(leader.progress(3).sentCommit()).isEqualTo(2);
    }

    @Test
    void aProbedMembersRejectionCountsOnlyIfItIsOfTheLastProbe() {
        TestServer leader = TestServer.of(1, storage(THREE, 1, 1, 1, 1), options -> options);
        leader.win();
        leader.take();
        assertThat(leader.progress(2).next()).isEqualTo(4);

        leader.step(Message.AppendReply.rejected(2, 1, 2, 1, 0, 0));
        assertThat(leader.progress(2).next()).as("a late one").isEqualTo(4);
        leader.step(Message.AppendReply.rejected(2, 1, 2, 3, 1, 1));

        assertThat(leader.progress(2).next()).isEqualTo(2);
    }

    @Test
    void aLateRejectionDoesNotTakeBackWhatIsKnownToMatch() {
        TestServer leader = leader();
        leader.propose("data");
        leader.take();
        leader.acknowledge(2, 2);
        leader.take();

        leader.step(Message.AppendReply.rejected(2, 1, 1, 1, 0, 0));
        assertThat(leader.progress(2).state()).isEqualTo(ProgressState.REPLICATE);
        leader.step(Message.AppendReply.rejected(2, 1, 1, 3, 0, 0));

        assertThat(leader.progress(2).match()).isEqualTo(2);
        assertThat(leader.progress(2).next()).isEqualTo(3);
    }

    @Test
    void aHeartbeatsAnswerBringsWhatIsMissing() {
        TestServer leader = leader();
        leader.propose("data");
        leader.take();

        leader.step(new Message.HeartbeatReply(2, 1, 1, Bytes.EMPTY, 0));
        assertThat(only(Message.Append.class, leader.sent()))
                .as("perhaps it was lost")
                .hasSize(1);
        leader.acknowledge(2, 2);
        leader.take();
        leader.step(new Message.HeartbeatReply(2, 1, 1, Bytes.EMPTY, 0));

        assertThat(only(Message.Append.class, leader.sent()))
                .as("nothing is missing")
                .isEmpty();
    }

    @Test
    void answersOfStrangersAreIgnored() {
        TestServer leader = leader();

        leader.acknowledge(9, 1);
        leader.step(new Message.HeartbeatReply(9, 1, 1, Bytes.EMPTY, 0));

        assertThat(leader.take()).isEmpty();
    }

    @Test
    void proposalsReachAllLogsAcrossElectionsAndLosses() {
        Network network = Network.of(5);
        network.campaign(1);
        network.propose(1, "a");
        network.drop(1, 4, 0.5);
        network.drop(1, 5, 0.5);
        for (int i = 0; i < 20; i++) {
            network.propose(1, "b" + i);
            network.heartbeat(1);
        }
        network.recover();
        network.campaign(2);
        network.propose(2, "c");

        List<Entry> applied = network.at(2).apply();
        assertThat(applied).hasSize(24);
        for (TestServer server : List.of(network.at(1), network.at(3), network.at(4), network.at(5))) {
            assertThat(server.apply()).isEqualTo(applied);
        }
    }

    @Test
    void aFollowerForwardsProposalsToItsLeader() {
        Network network = Network.of(3);
        assertThat(network.propose(2, "early").outcome()).isEqualTo(ProposalOutcome.DROPPED_NO_LEADER);
        network.campaign(1);

        assertThat(network.propose(2, "data").outcome()).isEqualTo(ProposalOutcome.FORWARDED);

        assertThat(network.at(3).committed()).isEqualTo(2);
    }

    @Test
    void aFollowerDropsProposalsIfForwardingIsOff() {
        Network network = Network.of(3, options -> options.disableProposalForwarding(true));
        network.campaign(1);

        assertThat(network.propose(2, "data").outcome()).isEqualTo(ProposalOutcome.DROPPED_NOT_LEADER);

        assertThat(network.at(1).lastIndex()).isEqualTo(1);
    }

    @Test
    void aCandidateDropsProposals() {
        TestServer candidate = TestServer.of(1, 1L, 2L, 3L);
        candidate.campaign();

        assertThat(candidate.propose("data").outcome()).isEqualTo(ProposalOutcome.DROPPED_NO_LEADER);
        assertThat(candidate.lastIndex()).isZero();
    }

    @Test
    void withoutAMajorityNothingIsCommitted() {
        Network network = Network.of(5);
        network.campaign(1);
        network.silence(3);
        network.silence(4);
        network.silence(5);

        network.propose(1, "data");

        assertThat(network.at(1).committed()).isEqualTo(1);
        assertThat(network.at(2).lastIndex()).isEqualTo(2);
    }
}
