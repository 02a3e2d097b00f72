package dev.coracle.raft;

import static dev.coracle.raft.TestServer.bytes;
import static dev.coracle.raft.TestServer.only;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.tuple;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What raft-rs has and etcd has not, each behind its switch; group commit and requested snapshots have their own tests. */
class RaftRsSwitchesTest {
    private static TestServer leader(UnaryOperator<RaftConfig.Builder> options) {
        TestServer leader = TestServer.of(1, options, 1L, 2L, 3L);
        leader.lead();
        return leader;
    }

    private static List<Message.Append> appends(TestServer leader, long to) {
        return only(Message.Append.class, leader.sent()).stream()
                .filter(append -> append.to() == to)
                .toList();
    }

    // ---- priority

    private static TestServer voter(long priority, long... terms) {
        MemoryStorage storage = TestServer.storage(ConfState.ofVoters(1L, 2L, 3L), 1, terms);
        return TestServer.of(2, storage, options -> options.priority(priority));
    }

    private static boolean grants(TestServer voter, boolean preVote, long index, long priority) {
        EntryId last = new EntryId(1, index);
        voter.step(Message.VoteRequest.of(preVote, 1, 2, 2, last, false, EntryId.NONE, priority));
        return !only(Message.VoteResponse.class, voter.take()).get(0).reject();
    }

    @Test
    void aCandidateOfLowerPriorityNeedsALongerLog() {
        for (boolean preVote : new boolean[] {false, true}) {
            assertThat(grants(voter(3, 1, 1), preVote, 2, 2)).isFalse();
            assertThat(grants(voter(3, 1, 1), preVote, 2, 3)).isTrue();
            assertThat(grants(voter(3, 1, 1), preVote, 3, 2)).isTrue();
            assertThat(grants(voter(3, 1, 1), preVote, 1, 9)).isFalse();
            assertThat(grants(voter(-1, 1, 1), preVote, 2, 0)).isTrue();
        }
    }

    @Test
    void candidatesTellTheirPriorityAsItIsNow() {
        MemoryStorage storage = TestServer.storage(ConfState.ofVoters(1L, 2L));
        RawNode raw = new RawNode(TestServer.config(1, storage).priority(1).build());
        raw.setPriority(7);

        raw.campaign();

        assertThat(only(Message.Vote.class, raw.ready().messages()))
                .extracting(Message.Vote::priority)
                .containsExactly(7L);
    }

    // ---- commit indexes that are told

    /** Follower 2 of three, in term 2, with four entries of which the first is committed. */
    private static TestServer lagging(UnaryOperator<RaftConfig.Builder> options) {
        MemoryStorage storage = TestServer.storage(ConfState.ofVoters(1L, 2L, 3L), 2, 1, 1, 2, 2);
        storage.setHardState(new HardState(2, RawNode.NONE, 1));
        return TestServer.of(2, storage, options);
    }

    @Test
    void aVoteRequestTellsWhatIsCommitted() {
        TestServer server = lagging(options -> options.shareCommit(true));

        server.step(Message.VoteRequest.of(false, 1, 2, 3, new EntryId(2, 3), false, new EntryId(2, 3), 0));

        assertThat(server.committed()).isEqualTo(3);
        assertThat(server.take()).containsExactly(new Message.VoteReply(2, 1, 3, true, 1, 1));
    }

    @Test
    void whatIsToldCountsOnlyIfTheEntryIsHereAndOnlyWithTheSwitch() {
        TestServer server = lagging(options -> options.shareCommit(true));
        server.step(Message.VoteRequest.of(true, 1, 2, 3, new EntryId(2, 3), false, new EntryId(1, 3), 0));
        server.step(Message.VoteRequest.of(true, 1, 2, 3, new EntryId(2, 9), false, new EntryId(2, 9), 0));
        assertThat(server.committed()).isEqualTo(1);

        TestServer off = lagging(options -> options);
        off.step(Message.VoteRequest.of(true, 1, 2, 3, new EntryId(2, 3), false, new EntryId(2, 3), 0));
        assertThat(off.committed()).isEqualTo(1);
        assertThat(off.take()).containsExactly(new Message.PreVoteReply(2, 1, 2, true, 0, 0));
    }

    @Test
    void aRejectionTellsTheCandidate() {
        TestServer candidate = lagging(options -> options.shareCommit(true));
        candidate.campaign();
        assertThat(only(Message.Vote.class, candidate.take()))
                .extracting(Message.Vote::commit, Message.Vote::commitTerm)
                .containsOnly(tuple(1L, 1L));

        candidate.step(Message.VoteResponse.of(false, 1, 2, 3, true, new EntryId(2, 4)));

        assertThat(candidate.committed()).isEqualTo(4);
        assertThat(candidate.role()).isEqualTo(RoleName.CANDIDATE);
    }

    @Test
    void aCandidateThatLearnsOfAConfigurationChangeStepsDown() {
        MemoryStorage storage = TestServer.storage(ConfState.ofVoters(1L, 2L, 3L), 1, 1);
        byte[] change = new TextCodec().encode(ConfChangeV2.of(new ConfChangeSingle(ConfChangeType.REMOVE_NODE, 3)));
        storage.append(List.of(new Entry(1, 2, EntryType.CONF_CHANGE_V2, change)));
        storage.setHardState(new HardState(1, RawNode.NONE, 1));
        TestServer candidate = TestServer.of(2, storage, options -> options.shareCommit(true));
        candidate.apply();
        candidate.campaign();
        candidate.take();

        candidate.step(Message.VoteResponse.of(false, 1, 2, 2, true, new EntryId(1, 2)));

        assertThat(candidate.role()).isEqualTo(RoleName.FOLLOWER);
        assertThat(candidate.committed()).isEqualTo(2);
    }

    @Test
    void aReadsAnswerCommitsWhatTheLeaderHadCommittedInItsTerm() {
        TestServer follower = lagging(options -> options.shareCommit(true));
        List<Entry> request = List.of(Entry.normal(bytes("read")));

        follower.step(new Message.ReadIndexReply(1, 2, 2, 2, request));
        assertThat(follower.committed()).as("entry 2 is of term 1").isEqualTo(1);

        follower.step(new Message.ReadIndexReply(1, 2, 2, 3, request));
        assertThat(follower.committed()).isEqualTo(3);
    }

    @Test
    void acknowledgementsTellTheLeaderHowFarAMemberHasCommitted() {
        TestServer leader = leader(options -> options);
        leader.step(new Message.AppendReply(2, 1, 1, 1, false, 0, 0, 1, 0));
        leader.step(new Message.HeartbeatReply(3, 1, 1, Bytes.EMPTY, 1));
        leader.step(new Message.HeartbeatReply(3, 1, 1, Bytes.EMPTY, 0));

        assertThat(leader.leading().progress())
                .extracting(Status.PeerProgress::committed)
                .containsExactly(0L, 1L, 1L);

        TestServer follower = lagging(options -> options.shareCommit(true));
        follower.step(new Message.Append(1, 2, 2, 2, 4, List.of(), 3));
        follower.step(new Message.Heartbeat(1, 2, 2, 4, Bytes.EMPTY));
        follower.step(new Message.Append(1, 2, 2, 9, 9, List.of(), 3));
        assertThat(follower.take()).extracting(Message::commit).containsExactlyInAnyOrder(3L, 4L, 4L);
    }

    // ---- commits that are not broadcast

    @Test
    void aNewCommitIndexGoesWithTheNextEntriesOnly() {
        TestServer leader = leader(options -> options.skipBroadcastCommit(true));
        leader.propose("a");
        leader.take();

        leader.acknowledge(2, 2);
        assertThat(leader.committed()).isEqualTo(2);
        assertThat(leader.take()).isEmpty();

        leader.propose("b");
        assertThat(appends(leader, 2)).extracting(Message::commit).containsExactly(2L);
    }

    @Test
    void theCommitOfAConfigurationChangeIsBroadcast() {
        TestServer leader = leader(options -> options.skipBroadcastCommit(true));
        leader.propose(ConfChangeV2.of(new ConfChangeSingle(ConfChangeType.REMOVE_NODE, 3)));
        leader.take();

        leader.acknowledge(2, 2);

        assertThat(appends(leader, 3)).extracting(Message::commit).containsExactly(2L);
    }

    // ---- appends that are joined

    @Test
    void entriesJoinAnAppendThatHasNotLeft() {
        TestServer leader = leader(options -> options.batchAppend(true));
        leader.propose("a");
        leader.propose("b");
        leader.propose("c");

        List<Message.Append> appends = appends(leader, 2);
        assertThat(appends).hasSize(1);
        assertThat(appends.get(0).index()).isEqualTo(1);
        assertThat(appends.get(0).entries()).extracting(Entry::index).containsExactly(2L, 3L, 4L);

        leader.propose("d");
        assertThat(appends(leader, 2)).extracting(Message::index).containsExactly(4L);
    }

    @Test
    void joinedAppendsKeepTheirLimitAndTellTheNewestCommitIndex() {
        TestServer leader = leader(options -> options.batchAppend(true).maxSizePerMessage(2 * (4 + 2 + 100)));
        for (int i = 0; i < 3; i++) {
            leader.propose(bytes(100));
        }
        assertThat(appends(leader, 2))
                .extracting(append -> append.entries().size())
                .containsExactly(2, 1);

        leader.propose("a");
        leader.acknowledge(3, 4);
        assertThat(leader.persist()).isEmpty();
        assertThat(leader.committed()).isEqualTo(4);
        assertThat(appends(leader, 2))
                .extracting(append -> append.entries().size(), Message::commit)
                .containsExactly(tuple(1, 4L));
    }

    // ---- election timeouts

    @Test
    void electionTimeoutsComeFromTheirOwnRange() {
        TreeSet<Integer> seen = new TreeSet<>();
        for (int i = 0; i < 30; i++) {
            int draw = i;
            RaftConfig config = TestServer.config(1, new MemoryStorage())
                    .minElectionTicks(13)
                    .maxElectionTicks(16)
                    .random(bound -> draw % bound)
                    .build();
            ElectionTimer timer = new ElectionTimer(config);
            timer.reset();
            int ticks = 0;
            while (!timer.isOver()) {
                timer.tick();
                ticks++;
                assertThat(timer.isLeaseOver()).isEqualTo(ticks >= 10);
            }
            seen.add(ticks);
        }

        assertThat(seen).containsExactly(13, 14, 15);
    }

    @Test
    void impossibleRangesAreRefusedByName() {
        RaftConfig.Builder config = TestServer.config(1, new MemoryStorage());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config.minElectionTicks(9).build())
                .withMessageContaining("minElectionTicks: 9");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config.minElectionTicks(20).build())
                .withMessageContaining("maxElectionTicks: 20");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> config.minElectionTicks(0).maxElectionTicks(10).build())
                .withMessageContaining("maxElectionTicks: 10");
    }

    // ---- the other count of uncommitted bytes

    @Test
    void bytesCountUntilTheyAreHandedOut() {
        MemoryStorage storage = TestServer.storage(ConfState.ofVoters(1L));
        RawNode raw = new RawNode(TestServer.config(1, storage)
                .maxSizePerMessage(10)
                .maxUncommittedSize(10)
                .uncommittedSizeRule(UncommittedSizeRule.UNTIL_HANDED_OUT)
                .build());
        raw.campaign();
        Ready ready = raw.ready();
        storage.append(ready.entries());
        raw.advance();
        raw.propose(bytes(6));
        assertThat(raw.propose(bytes(6)).outcome()).isEqualTo(ProposalOutcome.DROPPED_BACKLOG);
        while (raw.status().uncommittedSize() > 0) {
            assertThat(raw.hasReady()).isTrue();
            ready = raw.ready();
            storage.append(ready.entries());
            if (raw.status().uncommittedSize() > 0) {
                raw.advance();
            }
        }

        // Handed out, and not reported as applied.
        assertThat(raw.propose(bytes(6)).outcome()).isEqualTo(ProposalOutcome.APPENDED);
        assertThat(raw.status().applied()).isLessThan(2);
    }

    @Test
    void entriesFromBeforeTheElectionAreNotSubtracted() {
        MemoryStorage storage = TestServer.storage(ConfState.ofVoters(1L, 2L));
        storage.append(List.of(new Entry(1, 1, EntryType.NORMAL, bytes(5))));
        storage.setHardState(new HardState(1, RawNode.NONE, 0));
        TestServer leader = TestServer.of(
                1,
                storage,
                options -> options.maxSizePerMessage(10)
                        .maxUncommittedSize(100)
                        .uncommittedSizeRule(UncommittedSizeRule.UNTIL_HANDED_OUT));
        leader.win();
        leader.propose(bytes(9));

        leader.leading().onHandedOut(entry(leader, 1));
        assertThat(leader.leading().uncommittedSize()).isEqualTo(9);

        leader.leading().onHandedOut(entry(leader, 3));
        assertThat(leader.leading().uncommittedSize()).isZero();
    }

    private static List<Entry> entry(TestServer server, long index) {
        try {
            return server.server.raftLog.slice(index, index + 1, RaftConfig.NO_LIMIT);
        } catch (Storage.CompactedException compacted) {
            throw new AssertionError(compacted);
        }
    }

    @Test
    void theOtherCountNeedsRoomForAMessage() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TestServer.config(1, new MemoryStorage())
                        .maxSizePerMessage(100)
                        .maxUncommittedSize(99)
                        .uncommittedSizeRule(UncommittedSizeRule.UNTIL_HANDED_OUT)
                        .build())
                .withMessageContaining("maxUncommittedSize: 99");
    }

    // ---- windows that change

    @Test
    void aClosedWindowLetsNoEntriesThroughUntilItOpens() {
        TestServer leader = leader(options -> options);
        adjust(leader, 2, 0);
        leader.propose("a");
        leader.propose("b");
        assertThat(appends(leader, 2)).allMatch(append -> append.entries().isEmpty());

        adjust(leader, 2, 1);
        assertThat(appends(leader, 2))
                .extracting(append -> append.entries().size())
                .containsExactly(2);
        leader.propose("c");
        assertThat(appends(leader, 2)).allMatch(append -> append.entries().isEmpty());

        adjust(leader, 2, 5);
        assertThat(appends(leader, 2)).extracting(Message::index).containsExactly(3L);
    }

    @Test
    void aWindowThatIsMadeSmallerIsFullUntilEnoughIsAnswered() {
        TestServer leader = leader(options -> options.maxInflightMessages(8));
        for (int i = 0; i < 4; i++) {
            leader.propose("a");
        }
        leader.sent();
        adjust(leader, 2, 2);
        leader.acknowledge(2, 3);
        leader.propose("b");
        assertThat(appends(leader, 2)).allMatch(append -> append.entries().isEmpty());

        leader.acknowledge(2, 4);

        assertThat(appends(leader, 2)).anyMatch(append -> append.entries().size() == 1);
    }

    private static void adjust(TestServer leader, long member, int maxMessages) {
        leader.leading().replicator().adjustInflight(member, leader.progress(member), maxMessages);
    }

    @Test
    void buffersOfEmptyWindowsAreGivenBack() {
        TestServer leader = leader(options -> options);
        leader.propose("a");
        assertThat(leader.leading().tracker().inflightBufferBytes()).isEqualTo(2 * 4 * 16);
        leader.acknowledge(2, 2);

        leader.leading().tracker().freeInflightBuffers();

        assertThat(leader.leading().tracker().inflightBufferBytes()).isEqualTo(4 * 16);
        leader.propose("b");
        assertThat(leader.progress(2).inflights().count()).isEqualTo(1);
    }

    // ---- entries that storage fetches

    /** Has its entries at hand only after it was asked for them and somebody called {@link #fetch}. */
    private static final class FetchingStorage extends ForwardingStorage {
        private final List<EntryFetch> asked = new ArrayList<>();
        private boolean fetched;

        FetchingStorage(Storage storage) {
            super(storage);
        }

        @Override
        public @Nullable List<Entry> entries(long low, long high, long maxSize, EntryFetch fetch)
                throws CompactedException, UnavailableException {
            if (!fetched) {
                asked.add(fetch);
                return null;
            }
            return entries(low, high, maxSize);
        }
    }

    /** A leader whose member 2 lacks everything; what it lacks is in storage. */
    private static RawNode leaderOver(FetchingStorage[] holder) {
        MemoryStorage storage = TestServer.storage(ConfState.ofVoters(1L, 2L), 1, 1, 1, 1);
        holder[0] = new FetchingStorage(storage);
        RawNode raw =
                new RawNode(TestServer.config(1, holder[0]).maxSizePerMessage(0).build());
        raw.campaign();
        Ready ready = raw.ready();
        storage.setHardState(ready.hardState());
        raw.advance();
        raw.step(new Message.VoteReply(2, 1, 2, false, 0, 0));
        ready = raw.ready();
        storage.append(ready.entries());
        raw.advance();
        raw.step(Message.AppendReply.rejected(2, 1, 2, 3, 0, 0));
        return raw;
    }

    @Test
    void anAppendWhoseEntriesAreFetchedGoesOutWhenTheyAreThere() {
        FetchingStorage[] storage = new FetchingStorage[1];
        RawNode raw = leaderOver(storage);
        assertThat(only(Message.Append.class, raw.ready().messages())).isEmpty();
        raw.advance();
        assertThat(storage[0].asked).containsExactly(new EntryFetch(2, 2, false));

        storage[0].fetched = true;
        assertThat(raw.entriesFetched(storage[0].asked.get(0))).isEqualTo(RequestOutcome.ACCEPTED);

        assertThat(only(Message.Append.class, raw.ready().messages()))
                .extracting(Message::index)
                .containsExactly(0L);
    }

    @Test
    void aFetchOfAnotherTermOrForNoMemberComesTooLate() throws InvalidConfChangeException {
        FetchingStorage[] storage = new FetchingStorage[1];
        RawNode raw = leaderOver(storage);
        raw.ready();
        raw.advance();
        storage[0].fetched = true;

        assertThat(raw.entriesFetched(new EntryFetch(2, 1, false))).isEqualTo(RequestOutcome.NOT_LEADER);
        assertThat(raw.entriesFetched(new EntryFetch(9, 2, false))).isEqualTo(RequestOutcome.NOT_MEMBER);
        raw.step(new Message.Heartbeat(2, 1, 3, 0, Bytes.EMPTY));
        assertThat(raw.entriesFetched(new EntryFetch(2, 2, false))).isEqualTo(RequestOutcome.NOT_LEADER);

        assertThat(only(Message.Append.class, raw.ready().messages())).isEmpty();
    }

    @Test
    void aFetchForAllGoesOnUntilTheWindowIsFull() {
        FetchingStorage[] storage = new FetchingStorage[1];
        RawNode raw = leaderOver(storage);
        storage[0].fetched = true;
        raw.entriesFetched(storage[0].asked.get(0));
        raw.ready();
        raw.advance();
        storage[0].fetched = false;
        storage[0].asked.clear();
        raw.step(Message.AppendReply.accepted(2, 1, 2, 1));
        raw.ready();
        raw.advance();
        assertThat(storage[0].asked).contains(new EntryFetch(2, 2, true));

        storage[0].fetched = true;
        raw.entriesFetched(new EntryFetch(2, 2, true));

        assertThat(only(Message.Append.class, raw.ready().messages()))
                .extracting(Message::index)
                .containsExactly(1L, 2L, 3L);
    }

    @Test
    void entriesToBeAppliedAreFetchedOnce() {
        MemoryStorage storage = TestServer.storage(ConfState.ofVoters(1L), 1, 1, 1);
        storage.setHardState(new HardState(1, RawNode.NONE, 2));
        FetchingStorage fetching = new FetchingStorage(storage);
        RawNode raw = new RawNode(TestServer.config(1, fetching).build());

        assertThat(raw.ready().committedEntries()).isEmpty();
        raw.advance();
        assertThat(raw.hasReady()).as("nothing to do meanwhile").isFalse();
        assertThat(fetching.asked).containsExactly(EntryFetch.TO_APPLY);

        fetching.fetched = true;
        raw.entriesFetched(EntryFetch.TO_APPLY);
        assertThat(raw.ready().committedEntries()).extracting(Entry::index).containsExactly(1L, 2L);
    }

    // ---- entries that are applied before they are stored

    @Test
    void aLeaderAppliesSomeEntriesThatItHasNotStored() {
        TestServer leader = leader(options -> options.maxUnpersistedApply(2));
        for (int i = 0; i < 4; i++) {
            leader.propose("a");
        }
        leader.acknowledge(2, 5);
        leader.acknowledge(3, 5);

        assertThat(leader.committed()).isEqualTo(5);
        assertThat(leader.server.raftLog.nextCommitted(false))
                .extracting(Entry::index)
                .containsExactly(2L, 3L);

        leader.step(new Message.Heartbeat(2, 1, 2, 5, Bytes.EMPTY));
        assertThat(leader.server.raftLog.nextCommitted(false))
                .as("as a follower")
                .isEmpty();
    }

    // ---- requests for votes that wait

    @Test
    void requestsForVotesWaitForTheCandidatesOwnVote() {
        TestServer candidate = TestServer.of(1, options -> options.votesWaitForStorage(true), 1L, 2L, 3L);

        candidate.campaign();

        assertThat(candidate.sent()).isEmpty();
        assertThat(candidate.persist()).hasSize(2).allMatch(Message.Vote.class::isInstance);
    }

    @Test
    void requestsForPreVotesPromiseNothingAndDoNotWait() {
        TestServer candidate =
                TestServer.of(1, options -> options.votesWaitForStorage(true).preVote(true), 1L, 2L, 3L);

        candidate.campaign();

        assertThat(candidate.sent()).hasSize(2).allMatch(Message.PreVote.class::isInstance);
    }
}
