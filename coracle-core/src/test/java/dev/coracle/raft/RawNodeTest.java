package dev.coracle.raft;

import static dev.coracle.raft.TestServer.bytes;
import static dev.coracle.raft.TestServer.entries;
import static dev.coracle.raft.TestServer.only;
import static dev.coracle.raft.TestServer.storage;
import static dev.coracle.raft.TextCodec.auto;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.raft.Message.StorageAppend;
import dev.coracle.raft.Message.StorageAppendReply;
import dev.coracle.raft.Message.StorageApply;
import dev.coracle.raft.Message.StorageApplyReply;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RawNodeTest {
    private static final ConfState THREE = ConfState.ofVoters(1L, 2L, 3L);

    private static RawNode raw(long id, MemoryStorage storage) {
        return raw(id, storage, options -> options);
    }

    private static RawNode raw(long id, Storage storage, UnaryOperator<RaftConfig.Builder> options) {
        return new RawNode(options.apply(TestServer.config(id, storage)).build());
    }

    /** Takes a Ready, does what it says, and returns it. */
    private static Ready handle(RawNode raw, MemoryStorage storage) {
        Ready ready = raw.ready();
        if (!ready.hardState().isEmpty()) {
            storage.setHardState(ready.hardState());
        }
        if (!ready.snapshot().isEmpty()) {
            storage.applySnapshot(ready.snapshot());
        }
        storage.append(ready.entries());
        for (Entry entry : ready.committedEntries()) {
            applyConfChange(raw, entry);
        }
        raw.advance();
        return ready;
    }

    private static void applyConfChange(RawNode raw, Entry entry) {
        if (entry.type() == EntryType.NORMAL) {
            return;
        }
        try {
            raw.applyConfChange(new TextCodec().decode(entry));
        } catch (ConfChangeCodec.MalformedException | InvalidConfChangeException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<Ready> settle(RawNode raw, MemoryStorage storage) {
        List<Ready> all = new ArrayList<>();
        while (raw.hasReady()) {
            all.add(handle(raw, storage));
            raw.checkInvariants();
        }
        return all;
    }

    private static RawNode single(MemoryStorage storage, UnaryOperator<RaftConfig.Builder> options) {
        RawNode raw = raw(1, storage, options);
        raw.campaign();
        settle(raw, storage);
        return raw;
    }

    private static Message of(MessageType type, long from) {
        EntryId last = new EntryId(1, 1);
        List<Entry> one = List.of(Entry.normal(null));
        return switch (type) {
            case HUP -> new Message.Hup();
            case BEAT -> new Message.Beat();
            case PROPOSE -> new Message.Propose(from, 1, one);
            case APPEND -> new Message.Append(from, 1, 1, 0, 0, entries(1, 1), 0);
            case APPEND_REPLY -> Message.AppendReply.accepted(from, 1, 1, 0);
            case VOTE -> Message.VoteRequest.of(false, from, 1, 1, last, false);
            case VOTE_REPLY -> new Message.VoteReply(from, 1, 1, false, 0, 0);
            case INSTALL_SNAPSHOT ->
                new Message.InstallSnapshot(from, 1, 1, Snapshot.of(new SnapshotMetadata(3, 1, THREE)));
            case HEARTBEAT -> new Message.Heartbeat(from, 1, 1, 0, Bytes.EMPTY);
            case HEARTBEAT_REPLY -> new Message.HeartbeatReply(from, 1, 1, Bytes.EMPTY, 0);
            case UNREACHABLE -> new Message.Unreachable(from);
            case SNAPSHOT_STATUS -> new Message.SnapshotStatus(from, true);
            case CHECK_QUORUM -> new Message.CheckQuorum();
            case TRANSFER_LEADER -> new Message.TransferLeader(from, 1, 0);
            case TIMEOUT_NOW -> new Message.TimeoutNow(from, 1, 1);
            case READ_INDEX -> new Message.ReadIndex(from, 1, one);
            case READ_INDEX_REPLY -> new Message.ReadIndexReply(from, 1, 1, 0, one);
            case PRE_VOTE -> Message.VoteRequest.of(true, from, 1, 1, last, false);
            case PRE_VOTE_REPLY -> new Message.PreVoteReply(from, 1, 1, false, 0, 0);
            case STORAGE_APPEND -> new StorageAppend(from, HardState.EMPTY, List.of(), Snapshot.EMPTY, List.of());
            case STORAGE_APPEND_REPLY -> new StorageAppendReply(1, 1, 0, 0, Snapshot.EMPTY);
            case STORAGE_APPLY -> new StorageApply(from, List.of(), List.of());
            case STORAGE_APPLY_REPLY -> new StorageApplyReply(1, List.of());
            case FORGET_LEADER -> new Message.ForgetLeader(from, 1, 0);
        };
    }

    @ParameterizedTest
    @EnumSource(MessageType.class)
    void anyTypeOfMessageIsAnsweredByAnyRole(MessageType type) {
        assertThat(of(type, 2).type()).isEqualTo(type);
        for (RoleName role : RoleName.values()) {
            MemoryStorage storage = storage(THREE);
            RawNode raw = raw(1, storage, options -> options.preVote(role == RoleName.PRE_CANDIDATE));
            if (role != RoleName.FOLLOWER) {
                raw.campaign();
                settle(raw, storage);
            }
            if (role == RoleName.LEADER) {
                raw.step(new Message.VoteReply(2, 1, 1, false, 0, 0));
                settle(raw, storage);
            }
            assertThat(raw.status().softState().role()).isEqualTo(role);

            StepOutcome outcome = raw.step(of(type, 2));

            raw.checkInvariants();
            boolean fromThread = type == MessageType.STORAGE_APPEND_REPLY || type == MessageType.STORAGE_APPLY_REPLY;
            assertThat(outcome == StepOutcome.LOCAL_MESSAGE)
                    .as("%s by a %s", type, role)
                    .isEqualTo(type.isLocal() && !fromThread);
        }
    }

    @Test
    void answersOfStrangersAreRefused() {
        RawNode raw = raw(1, storage(THREE));

        for (MessageType type : MessageType.values()) {
            boolean networkAnswer = type.isResponse() && !type.isLocal();
            if (networkAnswer) {
                assertThat(raw.step(of(type, 9))).as("%s", type).isEqualTo(StepOutcome.PEER_NOT_FOUND);
            }
        }
        assertThat(raw.step(of(MessageType.HEARTBEAT, 9)))
                .as("a server may not know its leader yet")
                .isEqualTo(StepOutcome.OK);
    }

    @Test
    void aFreshNodeHasNothingToSay() {
        RawNode raw = raw(1, storage(THREE));

        assertThat(raw.hasReady()).isFalse();
        assertThat(raw.ready())
                .isEqualTo(new Ready(
                        null, HardState.EMPTY, List.of(), List.of(), Snapshot.EMPTY, List.of(), List.of(), false));
    }

    @Test
    void bootstrapHandsOutItsEntriesAndTheirConfigurationIsInForceAtOnce() {
        MemoryStorage storage = new MemoryStorage();
        RawNode raw = raw(1, storage);
        raw.bootstrap(List.of(new Bootstrap.Peer(1, Bytes.EMPTY), new Bootstrap.Peer(2, Bytes.EMPTY)));
        assertThat(raw.status().configuration()).isEqualTo(ConfState.ofVoters(1L, 2L));

        Ready ready = handle(raw, storage);

        assertThat(ready.hardState()).isEqualTo(new HardState(1, 0, 2));
        assertThat(ready.mustSync()).isTrue();
        assertThat(ready.entries()).hasSize(2).allMatch(entry -> entry.type() == EntryType.CONF_CHANGE);
        assertThat(ready.committedEntries()).isEqualTo(ready.entries());
        assertThat(raw.status().configuration()).isEqualTo(ConfState.ofVoters(1L, 2L));
        assertThat(raw.status().applied()).isEqualTo(2);
        assertThat(raw.hasReady()).isFalse();
    }

    @Test
    void bootstrapNeedsPeersAndAnEmptyLog() {
        assertThatThrownBy(() -> raw(1, new MemoryStorage()).bootstrap(List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("must provide at least one peer to Bootstrap");
        assertThatThrownBy(() -> raw(1, storage(THREE, 1, 1)).bootstrap(List.of(new Bootstrap.Peer(1, Bytes.EMPTY))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("can't bootstrap a nonempty Storage");
    }

    @Test
    void aProposalIsStoredThenCommittedThenApplied() {
        MemoryStorage storage = storage(ConfState.ofVoters(1L));
        RawNode raw = single(storage, options -> options);
        assertThat(raw.propose(bytes("foo"))).isEqualTo(new Proposal(ProposalOutcome.APPENDED, 1, 2));
        Entry entry = new Entry(1, 2, EntryType.NORMAL, bytes("foo"));

        Ready first = handle(raw, storage);
        Ready second = handle(raw, storage);

        assertThat(first)
                .isEqualTo(new Ready(
                        null, HardState.EMPTY, List.of(), List.of(entry), Snapshot.EMPTY, List.of(), List.of(), true));
        assertThat(second)
                .isEqualTo(new Ready(
                        null,
                        new HardState(1, 1, 2),
                        List.of(),
                        List.of(),
                        Snapshot.EMPTY,
                        List.of(entry),
                        List.of(),
                        false));
        assertThat(raw.hasReady()).isFalse();
    }

    @Test
    void aReadySaysOnlyWhatChanged() {
        MemoryStorage storage = storage(THREE);
        RawNode raw = raw(1, storage);
        raw.step(new Message.Heartbeat(2, 1, 3, 0, Bytes.EMPTY));
        Ready first = handle(raw, storage);
        raw.step(new Message.Heartbeat(2, 1, 3, 0, Bytes.EMPTY));
        Ready second = handle(raw, storage);

        assertThat(first.softState()).isEqualTo(new SoftState(2, RoleName.FOLLOWER));
        assertThat(first.hardState()).isEqualTo(new HardState(3, 0, 0));
        assertThat(first.mustSync()).as("the term").isTrue();
        assertThat(second.softState()).isNull();
        assertThat(second.hardState().isEmpty()).isTrue();
        assertThat(second.mustSync()).isFalse();
        assertThat(second.messages()).hasSize(1);
    }

    @Test
    void messagesThatPromiseNothingComeFirst() {
        MemoryStorage storage = storage(THREE);
        RawNode raw = raw(1, storage);

        raw.step(new Message.Append(2, 1, 1, 0, 0, entries(1, 1), 0));
        raw.step(new Message.Heartbeat(2, 1, 1, 0, Bytes.EMPTY));

        assertThat(raw.ready().messages())
                .extracting(Message::type)
                .containsExactly(MessageType.HEARTBEAT_REPLY, MessageType.APPEND_REPLY);
    }

    @Test
    void aReadyIsAdvancedOnceBeforeTheNext() {
        RawNode raw = raw(1, storage(THREE));
        assertThatThrownBy(raw::advance).hasMessage("advance without a Ready");
        raw.ready();

        assertThatThrownBy(raw::ready).hasMessage("two accepted Ready structs without call to Advance");
        raw.advance();
        assertThatThrownBy(raw::advance).isInstanceOf(Check.BrokenInvariantException.class);
        raw.ready();
    }

    @Test
    void thereIsNoAdvanceWithAsynchronousStorage() {
        RawNode raw = raw(1, storage(THREE), options -> options.asyncStorageWrites(true));
        raw.ready();
        raw.ready();

        assertThatThrownBy(raw::advance).hasMessage("Advance must not be called when using AsyncStorageWrites");
    }

    @Test
    void asynchronousStorageIsToldByMessagesWithWhatToAnswer() {
        MemoryStorage storage = storage(ConfState.ofVoters(1L));
        RawNode raw = raw(1, storage, options -> options.asyncStorageWrites(true));
        raw.campaign();

        StorageAppend vote = only(StorageAppend.class, raw.ready().messages()).get(0);
        assertThat(vote.hardState()).isEqualTo(new HardState(1, 1, 0));
        assertThat(vote.responses()).containsExactly(new Message.VoteReply(1, 1, 1, false, 0, 0));
        store(raw, storage, vote);
        assertThat(raw.status().softState().role()).isEqualTo(RoleName.LEADER);

        StorageAppend empty = only(StorageAppend.class, raw.ready().messages()).get(0);
        assertThat(empty.hardState().isEmpty()).as("all or nothing").isTrue();
        assertThat(empty.entries()).isEqualTo(entries(1, 1));
        assertThat(empty.responses())
                .containsExactly(
                        Message.AppendReply.accepted(1, 1, 1, 1), new StorageAppendReply(1, 1, 1, 1, Snapshot.EMPTY));
        store(raw, storage, empty);

        Ready committed = raw.ready();
        assertThat(committed.committedEntries()).isEqualTo(entries(1, 1));
        assertThat(committed.messages())
                .containsExactly(
                        new StorageAppend(1, new HardState(1, 1, 1), List.of(), Snapshot.EMPTY, List.of()),
                        new StorageApply(1, entries(1, 1), List.of(new StorageApplyReply(1, entries(1, 1)))));
        raw.step(new StorageApplyReply(1, entries(1, 1)));
        assertThat(raw.status().applied()).isEqualTo(1);
        assertThat(raw.hasReady()).isFalse();
    }

    private static void store(RawNode raw, MemoryStorage storage, StorageAppend append) {
        if (!append.hardState().isEmpty()) {
            storage.setHardState(append.hardState());
        }
        if (!append.snapshot().isEmpty()) {
            storage.applySnapshot(append.snapshot());
        }
        storage.append(append.entries());
        for (Message response : append.responses()) {
            if (response.to() == 1) {
                raw.step(response);
            }
        }
        raw.checkInvariants();
    }

    @Test
    void asynchronousModeNeverAppliesWhatIsNotStored() {
        MemoryStorage storage = storage(THREE);
        RawNode raw = raw(1, storage, options -> options.asyncStorageWrites(true));
        raw.step(new Message.Append(2, 1, 1, 0, 0, entries(1, 1), 1));
        Ready ready = raw.ready();

        assertThat(ready.committedEntries()).isEmpty();
        assertThat(raw.hasReady()).isFalse();
        store(raw, storage, only(StorageAppend.class, ready.messages()).get(0));

        assertThat(raw.ready().committedEntries()).isEqualTo(entries(1, 1));
    }

    @Test
    void synchronousModeMayHandOutAnEntryToStoreAndToApplyAtOnce() {
        RawNode raw = raw(1, storage(THREE));
        raw.step(new Message.Append(2, 1, 1, 0, 0, entries(1, 1), 1));

        Ready ready = raw.ready();

        assertThat(ready.entries()).isEqualTo(entries(1, 1));
        assertThat(ready.committedEntries()).isEqualTo(entries(1, 1));
    }

    @Test
    void everyWriteAsksForTheWholeLogAsLongAsSomethingIsUnstable() {
        RawNode raw = raw(1, storage(THREE), options -> options.asyncStorageWrites(true));
        raw.step(new Message.Append(2, 1, 1, 0, 0, entries(1, 1, 1), 0));
        raw.ready();

        raw.step(new Message.Heartbeat(3, 1, 2, 0, Bytes.EMPTY));
        StorageAppend term = only(StorageAppend.class, raw.ready().messages()).get(0);

        assertThat(term.entries()).isEmpty();
        assertThat(term.responses())
                .as("the answer of term 1 will be ignored, this one will not")
                .containsExactly(new StorageAppendReply(1, 2, 1, 2, Snapshot.EMPTY));
    }

    @Test
    void aRestartHandsOutOnlyWhatIsNotApplied() {
        MemoryStorage storage = storage(THREE, 1, 1, 1, 1);
        storage.setHardState(new HardState(1, 2, 2));
        RawNode raw = raw(1, storage, options -> options.applied(1));

        Ready ready = handle(raw, storage);

        assertThat(ready.hardState().isEmpty()).as("it is stored").isTrue();
        assertThat(ready.committedEntries()).extracting(Entry::index).containsExactly(2L);
        assertThat(ready.mustSync()).isFalse();
        assertThat(raw.hasReady()).isFalse();
        assertThat(raw.status().hardState()).isEqualTo(new HardState(1, 2, 2));
    }

    @Test
    void aRestartFromASnapshotBeginsBehindIt() {
        MemoryStorage storage = new MemoryStorage();
        storage.applySnapshot(Snapshot.of(new SnapshotMetadata(2, 1, THREE)));
        storage.append(entries(3, 1));
        storage.setHardState(new HardState(1, 0, 3));
        RawNode raw = raw(1, storage);

        assertThat(raw.status().configuration()).isEqualTo(THREE);
        assertThat(handle(raw, storage).committedEntries())
                .extracting(Entry::index)
                .containsExactly(3L);
        assertThat(raw.hasReady()).isFalse();
    }

    @Test
    void aStoredStateThatContradictsTheLogIsRefused() {
        MemoryStorage storage = storage(THREE, 1, 1);
        storage.setHardState(new HardState(1, 0, 2));
        assertThatThrownBy(() -> raw(1, storage)).hasMessage("1 state.commit 2 is out of range [0, 1]");

        storage.setHardState(new HardState(1, 0, 0));
        assertThatThrownBy(() -> raw(1, storage, options -> options.applied(1))).hasMessageContaining("applied(1)");

        MemoryStorage compacted = new MemoryStorage();
        compacted.applySnapshot(Snapshot.of(new SnapshotMetadata(5, 1, THREE)));
        compacted.setHardState(new HardState(1, 0, 4));
        assertThatThrownBy(() -> raw(1, compacted)).hasMessage("1 state.commit 4 is out of range [5, 5]");
    }

    @Test
    void committedEntriesComeInPortionsOfLimitedSize() {
        MemoryStorage storage = storage(ConfState.ofVoters(1L));
        RawNode raw = single(storage, options -> options.maxCommittedSizePerReady(2048));
        for (int i = 0; i < 3; i++) {
            raw.propose(bytes(1000));
        }
        handle(raw, storage);

        List<Ready> readies = settle(raw, storage);

        assertThat(readies).extracting(ready -> ready.committedEntries().size()).containsExactly(2, 1);
    }

    @Test
    void thePortionsLimitIsOnAllThatIsBeingApplied() {
        MemoryStorage storage = storage(ConfState.ofVoters(1L));
        RawNode raw =
                raw(1, storage, options -> options.asyncStorageWrites(true).maxCommittedSizePerReady(2048));
        raw.campaign();
        raw.propose(bytes(0));
        List<StorageApply> applying = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            raw.propose(bytes(1000));
            for (Message message : raw.ready().messages()) {
                if (message instanceof StorageAppend append) {
                    store(raw, storage, append);
                } else if (message instanceof StorageApply apply) {
                    applying.add(apply);
                }
            }
        }
        long outstanding = applying.stream()
                .mapToLong(apply -> Entries.encodedSize(apply.entries()))
                .sum();
        assertThat(outstanding).as("the last entry may overshoot").isBetween(2048L, 2048L + 1010);

        applying.forEach(apply -> apply.responses().forEach(raw::step));

        assertThat(raw.ready().committedEntries()).isNotEmpty();
    }

    /** A storage that returns more or less than it is asked for must not make entries be skipped. */
    @Test
    void noEntryIsSkippedByAStorageThatIgnoresSizes() {
        MemoryStorage stored = storage(ConfState.ofVoters(1L), 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
        stored.setHardState(new HardState(1, 0, 10));
        Storage generous = new ForwardingStorage(stored) {
            @Override
            public List<Entry> entries(long low, long high, long maxSize)
                    throws CompactedException, UnavailableException {
                return super.entries(low, high, RaftConfig.NO_LIMIT);
            }
        };
        RawNode raw = raw(1, generous, options -> options.maxCommittedSizePerReady(9));

        List<Long> seen = new ArrayList<>();
        for (Ready ready : settle(raw, stored)) {
            ready.committedEntries().forEach(entry -> seen.add(entry.index()));
        }

        assertThat(seen).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L);
    }

    @Test
    void aReadIsAnsweredInAReadyOnce() {
        MemoryStorage storage = storage(ConfState.ofVoters(1L));
        RawNode raw = single(storage, options -> options);

        raw.readIndex(Bytes.of(bytes("ctx")));

        assertThat(raw.hasReady()).as("for the answer alone").isTrue();
        assertThat(handle(raw, storage).readStates()).containsExactly(new ReadState(1, Bytes.of(bytes("ctx"))));
        assertThat(raw.hasReady()).isFalse();
    }

    @Test
    void configurationChangesOfAllKindsLeadWhereTheySay() throws InvalidConfChangeException {
        MemoryStorage storage = storage(ConfState.ofVoters(1L));
        RawNode raw = single(storage, options -> options);

        raw.proposeConfChange(new ConfChange(ConfChangeType.ADD_LEARNER_NODE, 2));
        settle(raw, storage);
        assertThat(raw.status().configuration()).isEqualTo(TestServer.withLearners(List.of(1L), List.of(2L)));
        raw.proposeConfChange(auto("l3"));
        settle(raw, storage);
        raw.proposeConfChange(auto("r2 r3"));
        settle(raw, storage);
        assertThat(raw.status().configuration()).isEqualTo(ConfState.ofVoters(1L));
        raw.proposeConfChange(auto("v1"));
        settle(raw, storage);
        raw.proposeConfChange(auto("u1"));
        settle(raw, storage);
        assertThat(raw.status().configuration()).isEqualTo(ConfState.ofVoters(1L));

        assertThat(raw.applyConfChange(auto("v4"))).isEqualTo(ConfState.ofVoters(1L, 4L));
        assertThatThrownBy(() -> raw.applyConfChange(auto("r1 r4"))).isInstanceOf(InvalidConfChangeException.class);
        assertThat(raw.status().configuration()).isEqualTo(ConfState.ofVoters(1L, 4L));
    }

    @Test
    void aJointConfigurationIsLeftByTheLeaderThatComesAfter() {
        MemoryStorage storage = storage(ConfState.ofVoters(1L));
        RawNode raw = single(storage, options -> options);
        raw.proposeConfChange(auto("l2 l3"));
        handle(raw, storage);
        // The change is committed in the next Ready, and before it is applied leadership is lost.
        raw.step(new Message.Heartbeat(2, 1, 5, 0, Bytes.EMPTY));
        settle(raw, storage);
        assertThat(raw.status().configuration().autoLeave()).isTrue();

        raw.campaign();
        settle(raw, storage);

        assertThat(raw.status().configuration()).isEqualTo(TestServer.withLearners(List.of(1L), List.of(2L, 3L)));
    }

    @Test
    void statusShowsProgressOnLeadersOnly() {
        MemoryStorage storage = storage(THREE);
        RawNode raw = raw(1, storage);
        assertThat(raw.status().progress()).isEmpty();
        assertThat(raw.status().toJson())
                .isEqualTo("{\"id\":\"1\",\"term\":0,\"vote\":\"0\",\"commit\":0,\"lead\":\"0\","
                        + "\"raftState\":\"StateFollower\",\"applied\":0,\"progress\":{},\"leadtransferee\":\"0\"}");

        raw.campaign();
        settle(raw, storage);
        raw.step(new Message.VoteReply(2, 1, 1, false, 0, 0));
        settle(raw, storage);
        raw.transferLeader(3);

        Status status = raw.status();
        assertThat(status.progress()).extracting(Status.PeerProgress::id).containsExactly(1L, 2L, 3L);
        assertThat(status.transferee()).isEqualTo(3);
        assertThat(status.toJson())
                .isEqualTo("{\"id\":\"1\",\"term\":1,\"vote\":\"1\",\"commit\":0,\"lead\":\"1\","
                        + "\"raftState\":\"StateLeader\",\"applied\":0,\"progress\":{"
                        + "\"1\":{\"match\":1,\"next\":2,\"state\":\"StateReplicate\"},"
                        + "\"2\":{\"match\":0,\"next\":1,\"state\":\"StateProbe\"},"
                        + "\"3\":{\"match\":0,\"next\":1,\"state\":\"StateProbe\"}},\"leadtransferee\":\"3\"}");
    }

    @Test
    void aServersHandleReportsWhatItsTransportNotices() {
        MemoryStorage storage = storage(THREE);
        RawNode raw = raw(1, storage);
        raw.campaign();
        settle(raw, storage);
        raw.step(new Message.VoteReply(2, 1, 1, false, 0, 0));
        settle(raw, storage);
        raw.step(Message.AppendReply.accepted(2, 1, 1, 1));
        assertThat(raw.status().progress().get(1).state()).isEqualTo("StateReplicate");

        raw.reportUnreachable(2);
        assertThat(raw.status().progress().get(1).state()).isEqualTo("StateProbe");
        raw.server.leading().tracker().get(2).becomeSnapshot(1);
        raw.reportSnapshot(2, true);

        assertThat(raw.status().progress().get(1).state()).isEqualTo("StateProbe");
        assertThat(raw.status().progress().get(1).paused()).isTrue();
    }

    @Test
    void aLogGrowsWithinBoundsWhileNothingCanBeCommitted() {
        MemoryStorage storage = storage(ConfState.ofVoters(1L));
        RawNode raw = single(storage, options -> options.maxUncommittedSize(1600));
        for (int i = 0; i < 1024; i++) {
            raw.propose(bytes(100));
        }
        assertThat(raw.server.raftLog.lastIndex()).isEqualTo(17);

        settle(raw, storage);

        assertThat(raw.propose(bytes(100)).outcome()).isEqualTo(ProposalOutcome.APPENDED);
    }
}
