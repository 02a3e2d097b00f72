package dev.coracle.raft;

import static dev.coracle.raft.TestServer.ELECTION_TICKS;
import static dev.coracle.raft.TestServer.bytes;
import static dev.coracle.raft.TestServer.entries;
import static dev.coracle.raft.TestServer.only;
import static dev.coracle.raft.TestServer.storage;
import static dev.coracle.raft.TextCodec.auto;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What raft-rs's switches change in replication, in whole clusters and where they meet other rules. */
class RaftRsReplicationTest {
    private static final ConfState THREE = ConfState.ofVoters(1L, 2L, 3L);

    // ---- commits that are not broadcast

    @Test
    void withoutBroadcastsACommitIndexComesWithEntriesOrTheNextHeartbeat() {
        Network network = Network.of(3, options -> options.skipBroadcastCommit(true));
        network.campaign(1);
        assertThat(network.at(1).committed()).isEqualTo(1);
        assertThat(network.at(2).committed()).isZero();

        network.heartbeat(1);
        assertThat(network.at(2).committed()).isEqualTo(1);
        network.propose(1, "a");
        assertThat(network.at(2).committed()).isEqualTo(1);
        network.propose(1, "b");
        assertThat(network.at(2).committed()).as("with b").isEqualTo(2);
        network.at(1).server.tuning.skipBroadcastCommit = false;
        network.propose(1, "c");

        assertThat(network.at(2).committed()).as("switched off").isEqualTo(4);
    }

    @Test
    void whatAChangeHoldsUpIsBroadcastUntilItIsApplied() {
        Network network = Network.of(3, options -> options.skipBroadcastCommit(true));
        network.campaign(1);
        network.at(1).propose(auto("r3"));
        network.settle();
        assertThat(network.at(2).committed()).as("others wait for it").isEqualTo(2);
        network.all().forEach(TestServer::apply);

        network.propose(1, "data");

        assertThat(network.at(1).committed()).isEqualTo(3);
        assertThat(network.at(2).committed()).isEqualTo(2);
    }

    // ---- appends that are joined

    private static TestServer batching() {
        TestServer leader = TestServer.of(1, options -> options.batchAppend(true), 1L, 2L, 3L);
        leader.lead();
        return leader;
    }

    private static List<Message.Append> to(long member, TestServer leader) {
        return only(Message.Append.class, leader.sent()).stream()
                .filter(append -> append.to() == member)
                .toList();
    }

    @Test
    void aCommitIndexJoinsTheEntriesThatHaveNotLeft() {
        TestServer leader = batching();
        leader.propose("a");
        leader.sent();
        leader.persist();
        leader.propose("b");

        leader.acknowledge(2, 2);

        assertThat(to(3, leader))
                .extracting(append -> append.entries().size(), Message::commit)
                .containsExactly(tuple(1, 2L));
    }

    @Test
    void anAppendThatDoesNotFollowTheOneBeforeIsNotJoined() {
        TestServer leader = batching();
        leader.propose("a");
        leader.propose("b");
        leader.step(new Message.Unreachable(2));

        // Probing, it begins again behind what is known to match.
        leader.step(new Message.HeartbeatReply(2, 1, 1, Bytes.EMPTY, 0));

        assertThat(to(2, leader))
                .extracting(Message::index, append -> append.entries().size())
                .containsExactly(tuple(1L, 2), tuple(1L, 2));
    }

    @Test
    void entriesJoinTheLastOfSeveralAppends() {
        int sizeOfOne = Entry.normal(bytes(100)).at(1, 2).encodedSize();
        TestServer leader =
                TestServer.of(1, options -> options.batchAppend(true).maxSizePerMessage(2 * sizeOfOne), 1L, 2L, 3L);
        leader.lead();
        for (int i = 0; i < 5; i++) {
            leader.propose(bytes(100));
        }

        assertThat(to(2, leader))
                .extracting(Message::index, append -> append.entries().size())
                .containsExactly(tuple(1L, 2), tuple(3L, 2), tuple(5L, 1));
    }

    /** What was not taken over the end of a leadership is still an earlier leader's message. */
    @Test
    void anAppendOfALaterTermIsNotJoinedToOneOfAnEarlier() {
        TestServer leader = batching();
        leader.propose("a");
        leader.server.becomeFollower(2, RawNode.NONE);
        leader.server.campaign(Server.Campaign.ELECTION);
        leader.server.becomeLeader();

        assertThat(to(2, leader))
                .extracting(
                        Message::term,
                        Message::index,
                        append -> append.entries().size())
                .containsExactly(tuple(1L, 1L, 1), tuple(3L, 2L, 1));
    }

    @Test
    void joiningIsSwitchedOffWhileTheServerRuns() {
        TestServer leader = batching();
        leader.server.tuning.batchAppend = false;
        leader.propose("a");
        leader.propose("b");

        assertThat(to(2, leader)).hasSize(2);
    }

    @Test
    void joinedAppendsReplicateLikeOthers() {
        Network network = Network.of(3, options -> options.batchAppend(true).maxSizePerMessage(64));
        network.campaign(1);
        for (int i = 0; i < 20; i++) {
            network.at(1).propose("some data " + i);
        }
        network.settle();

        assertThat(network.at(1).committed()).isEqualTo(21);
        for (TestServer server : network.all()) {
            assertThat(server.apply()).isEqualTo(slice(network.at(1), 1, 22));
        }
    }

    private static List<Entry> slice(TestServer server, long low, long high) {
        try {
            return server.server.raftLog.slice(low, high, RaftConfig.NO_LIMIT);
        } catch (Storage.CompactedException compacted) {
            throw new IllegalStateException(compacted);
        }
    }

    // ---- entries that are applied before they are stored

    @ParameterizedTest
    @CsvSource({
        // The limit, stored of 6 entries, committed; the last that is handed out, 0 if none.
        "0, 3, 6, 3",
        "1, 3, 6, 4",
        "2, 3, 6, 5",
        "3, 3, 6, 6",
        "9, 3, 6, 6",
        "9223372036854775807, 3, 6, 6",
        "1, 3, 3, 3",
        "2, 3, 4, 4",
        "2, 0, 6, 2",
        "2, 6, 6, 6",
        "2, 6, 2, 2",
        "0, 0, 6, 0",
    })
    void aLeaderHandsOutCommittedEntriesUpToTheLimitBeyondWhatIsStored(
            long limit, int stored, long committed, long last) {
        MemoryStorage storage = new MemoryStorage();
        long[] terms = new long[stored];
        Arrays.fill(terms, 1);
        storage.append(entries(1, terms));
        RaftLog log = new RaftLog(storage, RaftConfig.NO_LIMIT, new Log(RaftLogger.NONE), RaftObserver.NONE);
        for (int i = stored + 1; i <= 6; i++) {
            log.append(entries(i, 1));
        }
        log.commitTo(committed);
        log.setMaxUnpersistedApply(limit);

        List<Entry> next = log.nextCommitted(false);

        assertThat(next.isEmpty() ? 0 : next.get(next.size() - 1).index()).isEqualTo(last);
        assertThat(next).hasSize((int) last);
        assertThat(log.hasNextCommitted(false)).isEqualTo(last > 0);
    }

    @Test
    void whatWasHandedOutBeforeItWasStoredIsNotHandedOutAgain() {
        TestServer leader = TestServer.of(1, options -> options.maxUnpersistedApply(10), 1L, 2L, 3L);
        leader.lead();
        leader.propose("a");
        leader.acknowledge(2, 2);
        leader.acknowledge(3, 2);
        RaftLog log = leader.server.raftLog;
        List<Entry> early = log.nextCommitted(false);
        assertThat(early).extracting(Entry::index).containsExactly(2L);
        log.acceptApplying(2, Entries.encodedSize(early), false);
        leader.step(new Message.StorageApplyReply(1, early));
        assertThat(log.applied()).as("before it is stored").isEqualTo(2);
        assertThat(log.unstable().size()).isEqualTo(1);

        leader.step(new Message.Heartbeat(2, 1, 2, 2, Bytes.EMPTY));
        assertThat(log.hasNextCommitted(false)).isFalse();
        leader.persist();

        assertThat(log.hasNextCommitted(false)).isFalse();
        assertThat(log.applied()).isEqualTo(2);
    }

    // ---- the other count of uncommitted bytes

    @Test
    void whatAnEarlierLeadershipProposedIsNotSubtractedWhenItIsHandedOut() {
        TestServer server = TestServer.of(
                1,
                options -> options.maxSizePerMessage(10)
                        .maxCommittedSizePerReady(1000)
                        .maxUncommittedSize(12)
                        .uncommittedSizeRule(UncommittedSizeRule.UNTIL_HANDED_OUT),
                1L,
                2L,
                3L);
        server.lead();
        server.propose(bytes(12));
        server.persist();
        server.step(new Message.Heartbeat(2, 1, 2, 1, Bytes.EMPTY));
        server.take();
        server.win();
        server.propose(bytes(12));
        server.acknowledgeAll();

        List<Entry> committed = server.server.raftLog.nextCommitted(true);
        assertThat(committed).extracting(Entry::payloadSize).containsExactly(12, 0, 12);
        server.leading().onHandedOut(committed.subList(0, 2));
        assertThat(server.propose(bytes(1)).outcome()).isEqualTo(ProposalOutcome.DROPPED_BACKLOG);
        server.leading().onHandedOut(committed.subList(2, 3));

        assertThat(server.propose(bytes(1)).outcome()).isEqualTo(ProposalOutcome.APPENDED);
    }

    @Test
    void eachRuleCountsDownAtItsOwnMoment() {
        for (UncommittedSizeRule rule : UncommittedSizeRule.values()) {
            TestServer leader = TestServer.of(
                    1,
                    options ->
                            options.maxSizePerMessage(10).maxUncommittedSize(10).uncommittedSizeRule(rule),
                    1L,
                    2L);
            leader.lead();
            leader.propose(bytes(10));
            List<Entry> proposed = leader.server.raftLog.unstable().nextEntries();

            leader.leading().onHandedOut(proposed);
            boolean free = leader.leading().uncommittedSize() == 0;
            leader.leading().onApplied(proposed);

            assertThat(free).isEqualTo(rule == UncommittedSizeRule.UNTIL_HANDED_OUT);
            assertThat(leader.leading().uncommittedSize()).isZero();
        }
    }

    @Test
    void whatWasCountedDownWhenItWasHandedOutIsNotCountedDownAgainWhenItIsApplied() {
        TestServer leader = TestServer.of(
                1,
                options -> options.maxSizePerMessage(10)
                        .maxUncommittedSize(10)
                        .uncommittedSizeRule(UncommittedSizeRule.UNTIL_HANDED_OUT),
                1L,
                2L);
        leader.lead();
        leader.propose(bytes(10));
        List<Entry> first = leader.server.raftLog.unstable().nextEntries();
        leader.leading().onHandedOut(first);
        leader.propose(bytes(8));

        leader.leading().onApplied(first);

        assertThat(leader.leading().uncommittedSize()).isEqualTo(8);
    }

    // ---- ranges, windows, snapshots

    @Test
    void aNarrowRangeOfTimeoutsMakesEveryServerWaitThatLong() {
        TestServer server = TestServer.of(
                1,
                options -> options.minElectionTicks(ELECTION_TICKS + 5).maxElectionTicks(ELECTION_TICKS + 6),
                1L,
                2L);

        for (int round = 0; round < 5; round++) {
            long term = server.server.term();
            server.tick(ELECTION_TICKS + 4);
            assertThat(server.server.term()).isEqualTo(term);
            server.tick(1);
            assertThat(server.server.term()).isEqualTo(term + 1);
            server.take();
        }
    }

    @Test
    void aClosedWindowDoesNotKeepAMemberFromHearingOfCommits() {
        TestServer leader = TestServer.of(1, 1L, 2L, 3L);
        leader.lead();
        leader.leading().replicator().adjustInflight(2, leader.progress(2), 0);
        leader.propose("data");
        leader.take();
        leader.acknowledge(3, 2);

        assertThat(leader.committed()).isEqualTo(2);
        assertThat(to(2, leader)).allMatch(append -> append.entries().isEmpty() && append.index() == 1);
        leader.leading().replicator().adjustInflight(2, leader.progress(2), 1);

        assertThat(to(2, leader))
                .extracting(append -> append.entries().size(), Message::commit)
                .containsExactly(tuple(1, 2L));
    }

    @Test
    void aProbeThroughAClosedWindowCarriesNoEntries() {
        TestServer leader = TestServer.of(1, 1L, 2L);
        leader.lead();
        leader.leading().replicator().adjustInflight(2, leader.progress(2), 0);
        leader.step(new Message.Unreachable(2));

        leader.propose("a");

        assertThat(to(2, leader))
                .extracting(Message::index, append -> append.entries().size())
                .containsExactly(tuple(1L, 0));
    }

    @Test
    void openingAWindowSendsNoSecondProbe() {
        TestServer leader = TestServer.of(1, 1L, 2L);
        leader.lead();
        leader.step(new Message.Unreachable(2));
        leader.propose("a");
        assertThat(to(2, leader)).hasSize(1);
        leader.leading().replicator().adjustInflight(2, leader.progress(2), 0);
        leader.leading().replicator().adjustInflight(2, leader.progress(2), 9);

        assertThat(leader.sent()).as("the first is not answered").isEmpty();
        assertThat(leader.progress(2).isPaused()).isTrue();
    }

    @Test
    void aWindowThatWasChangedIsAsConfiguredAfterTheNextElection() {
        TestServer leader = TestServer.of(1, options -> options.maxInflightMessages(2), 1L, 2L);
        leader.lead();
        leader.leading().replicator().adjustInflight(2, leader.progress(2), 7);
        leader.step(new Message.Heartbeat(2, 1, 2, 0, Bytes.EMPTY));
        leader.take();
        leader.lead();

        List<Boolean> full = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            leader.propose("data");
            full.add(leader.progress(2).inflights().isFull());
        }

        assertThat(full).containsExactly(false, true);
    }

    /** The only entry there ever was is gone into a snapshot; its term is all that a vote can be weighed by. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aServerThatHasOnlyASnapshotIsElectedAndBringsTheOthersToIt(boolean preVote) {
        ConfState two = ConfState.ofVoters(1L, 2L);
        MemoryStorage snapshotOnly = new MemoryStorage();
        snapshotOnly.applySnapshot(Snapshot.of(new SnapshotMetadata(1, 1, two)));
        Network network = new Network(
                TestServer.of(1, snapshotOnly, options -> options.preVote(preVote)),
                TestServer.of(2, storage(two), options -> options.preVote(preVote)));
        network.at(1).server.becomeFollower(1, RawNode.NONE);
        network.campaign(1);
        assertThat(network.role(1)).isEqualTo(RoleName.LEADER);

        network.heartbeat(1);
        network.heartbeat(1);

        assertThat(network.at(2).storage.firstIndex()).isEqualTo(2);
        assertThat(network.at(2).committed())
                .isEqualTo(network.at(1).committed())
                .isEqualTo(2);
    }

    /** Both come in one Ready: the snapshot is stored and applied before what follows it. */
    @Test
    void entriesBehindASnapshotAreStoredWithItAndAppliedAfterIt() {
        MemoryStorage storage = storage(THREE);
        RawNode raw = new RawNode(TestServer.config(1, storage).build());
        Snapshot snapshot = Snapshot.of(new SnapshotMetadata(5, 1, THREE));
        raw.step(new Message.InstallSnapshot(2, 1, 1, snapshot));
        raw.step(new Message.Append(2, 1, 1, 1, 5, entries(6, 1, 1), 6));

        Ready first = raw.ready();
        assertThat(first.snapshot()).isEqualTo(snapshot);
        assertThat(first.entries()).isEqualTo(entries(6, 1, 1));
        assertThat(first.committedEntries()).isEmpty();
        storage.setHardState(first.hardState());
        storage.applySnapshot(first.snapshot());
        storage.append(first.entries());
        raw.advance();

        assertThat(raw.status().applied()).isEqualTo(5);
        assertThat(raw.ready().committedEntries()).isEqualTo(entries(6, 1));
    }
}
