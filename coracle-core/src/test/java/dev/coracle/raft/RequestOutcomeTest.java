package dev.coracle.raft;

import static dev.coracle.raft.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Whoever asks for something impossible is told so, and nothing has changed. */
class RequestOutcomeTest {
    private static RawNode node(UnaryOperator<RaftConfig.Builder> options, ConfState members) {
        return new RawNode(
                options.apply(TestServer.config(1, TestServer.storage(members))).build());
    }

    private static RawNode node(Long... voters) {
        return node(options -> options, ConfState.ofVoters(voters));
    }

    private static RawNode leader(Long... voters) {
        RawNode raw = node(voters);
        raw.campaign();
        work(raw);
        for (long voter : voters) {
            if (voter != 1) {
                raw.step(new Message.VoteReply(voter, 1, 1, false, 0, 0));
            }
        }
        work(raw);
        assertThat(raw.status().softState().role()).isEqualTo(RoleName.LEADER);
        return raw;
    }

    private static void work(RawNode raw) {
        while (raw.hasReady()) {
            Ready ready = raw.ready();
            ((MemoryStorage) raw.server.config.storage).append(ready.entries());
            raw.advance();
        }
    }

    @Test
    void anElection() throws InvalidConfChangeException {
        assertThat(node(1L, 2L).campaign()).isEqualTo(RequestOutcome.ACCEPTED);
        assertThat(node(2L, 3L).campaign()).isEqualTo(RequestOutcome.NOT_PROMOTABLE);
        assertThat(leader(1L, 2L).campaign()).isEqualTo(RequestOutcome.IS_LEADER);

        MemoryStorage storage = TestServer.storage(ConfState.ofVoters(1L, 2L), 1, 1);
        byte[] change = new TextCodec().encode(ConfChangeV2.of(new ConfChangeSingle(ConfChangeType.REMOVE_NODE, 2)));
        storage.append(List.of(new Entry(1, 2, EntryType.CONF_CHANGE_V2, change)));
        storage.setHardState(new HardState(1, RawNode.NONE, 2));
        RawNode behind = new RawNode(TestServer.config(1, storage).build());
        assertThat(behind.campaign()).isEqualTo(RequestOutcome.PENDING_CHANGE);
    }

    @Test
    void aTransfer() {
        RawNode raw = leader(1L, 2L, 3L);
        assertThat(raw.transferLeader(9)).isEqualTo(RequestOutcome.NOT_MEMBER);
        assertThat(raw.transferLeader(1)).isEqualTo(RequestOutcome.IS_LEADER);
        assertThat(raw.transferLeader(2)).isEqualTo(RequestOutcome.ACCEPTED);
        assertThat(raw.transferLeader(2)).isEqualTo(RequestOutcome.ALREADY_PENDING);
        assertThat(raw.propose(bytes("a")).outcome()).isEqualTo(ProposalOutcome.DROPPED_TRANSFERRING);
        assertThat(raw.transferLeader(1)).as("gives it up").isEqualTo(RequestOutcome.IS_LEADER);
        assertThat(raw.propose(bytes("a")).outcome()).isEqualTo(ProposalOutcome.APPENDED);

        RawNode follower = node(1L, 2L);
        assertThat(follower.transferLeader(1)).isEqualTo(RequestOutcome.NO_LEADER);
        follower.step(new Message.Heartbeat(2, 1, 1, 0, Bytes.EMPTY));
        assertThat(follower.transferLeader(1)).isEqualTo(RequestOutcome.FORWARDED);
        follower.campaign();
        assertThat(follower.transferLeader(1)).as("a candidate").isEqualTo(RequestOutcome.NO_LEADER);
    }

    @Test
    void aTransferToALearner() {
        RawNode raw = node(options -> options, TestServer.withLearners(List.of(1L), List.of(2L)));
        raw.campaign();
        work(raw);

        assertThat(raw.transferLeader(2)).isEqualTo(RequestOutcome.IS_LEARNER);
    }

    @Test
    void aRead() {
        RawNode raw = leader(1L, 2L);
        for (int i = 0; i < Leader.MAX_WAITING_READS; i++) {
            assertThat(raw.readIndex(Bytes.EMPTY)).isEqualTo(RequestOutcome.ACCEPTED);
        }
        assertThat(raw.readIndex(Bytes.EMPTY)).isEqualTo(RequestOutcome.TOO_MANY);

        RawNode follower = node(1L, 2L);
        assertThat(follower.readIndex(Bytes.EMPTY)).isEqualTo(RequestOutcome.NO_LEADER);
        follower.step(new Message.Heartbeat(2, 1, 1, 0, Bytes.EMPTY));
        assertThat(follower.readIndex(Bytes.EMPTY)).isEqualTo(RequestOutcome.FORWARDED);
        follower.campaign();
        assertThat(follower.readIndex(Bytes.EMPTY)).isEqualTo(RequestOutcome.NO_LEADER);
    }

    @Test
    void forgettingTheLeader() {
        RawNode follower = node(1L, 2L);
        assertThat(follower.forgetLeader()).isEqualTo(RequestOutcome.NO_LEADER);
        follower.step(new Message.Heartbeat(2, 1, 1, 0, Bytes.EMPTY));
        assertThat(follower.forgetLeader()).isEqualTo(RequestOutcome.ACCEPTED);
        assertThat(follower.status().softState().leader()).isEqualTo(RawNode.NONE);
        assertThat(leader(1L, 2L).forgetLeader()).isEqualTo(RequestOutcome.IS_LEADER);

        RawNode leased = node(
                options -> options.checkQuorum(true).readOnlyOption(ReadOnlyOption.LEASE_BASED),
                ConfState.ofVoters(1L, 2L));
        leased.step(new Message.Heartbeat(2, 1, 1, 0, Bytes.EMPTY));
        assertThat(leased.forgetLeader()).isEqualTo(RequestOutcome.LEASE);
    }

    @Test
    void aPing() {
        RawNode raw = leader(1L, 2L, 3L);
        assertThat(raw.ping()).isEqualTo(RequestOutcome.ACCEPTED);
        assertThat(raw.ready().messages()).hasSize(2).allMatch(Message.Heartbeat.class::isInstance);
        assertThat(node(1L, 2L).ping()).isEqualTo(RequestOutcome.NOT_LEADER);
    }

    @Test
    void anotherWindow() {
        RawNode raw = leader(1L, 2L);
        assertThat(raw.adjustMaxInflightMessages(2, 0)).isEqualTo(RequestOutcome.ACCEPTED);
        assertThat(raw.adjustMaxInflightMessages(9, 1)).isEqualTo(RequestOutcome.NOT_MEMBER);
        assertThat(node(1L, 2L).adjustMaxInflightMessages(2, 1)).isEqualTo(RequestOutcome.NOT_LEADER);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> raw.adjustMaxInflightMessages(2, -1))
                .withMessageContaining("maxMessages: -1");
    }

    @Test
    void switchesThatCannotBe() {
        RawNode raw = node(
                options -> options.checkQuorum(true).readOnlyOption(ReadOnlyOption.LEASE_BASED),
                ConfState.ofVoters(1L, 2L));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> raw.setCheckQuorum(false))
                .withMessageContaining("LEASE_BASED needs checkQuorum");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> raw.setMaxCommittedSizePerReady(0))
                .withMessageContaining("maxCommittedSizePerReady: 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> raw.setMaxUnpersistedApply(-1))
                .withMessageContaining("maxUnpersistedApply: -1");
    }

    @Test
    void switchingTheCheckOfTheQuorum() {
        RawNode raw = leader(1L, 2L);
        tick(raw, 2 * TestServer.ELECTION_TICKS);
        assertThat(raw.status().softState().role()).isEqualTo(RoleName.LEADER);

        raw.setCheckQuorum(true);
        tick(raw, 2 * TestServer.ELECTION_TICKS);

        assertThat(raw.status().softState().role()).isEqualTo(RoleName.FOLLOWER);
    }

    private static void tick(RawNode raw, int times) {
        for (int i = 0; i < times; i++) {
            raw.tick();
        }
    }

    @Test
    void aTickTellsWhetherThereIsSomethingToDo() {
        RawNode raw = node(1L, 2L);
        raw.setElectionTimeout(2);

        assertThat(raw.tick()).isFalse();
        assertThat(raw.tick()).isTrue();
    }

    @Test
    void whatIsOfTheTerm() {
        RawNode raw = leader(1L, 2L);
        assertThat(raw.hasCommittedInTerm()).isFalse();

        raw.step(Message.AppendReply.accepted(2, 1, 1, 1));
        assertThat(raw.hasCommittedInTerm()).isTrue();
        assertThat(raw.hasAppliedInTerm()).isFalse();

        work(raw);
        assertThat(raw.hasAppliedInTerm()).isTrue();
        assertThat(raw.status().unstableSize()).isZero();
    }

    @Test
    void aSnapshotWithAnImpossibleConfigurationIsIgnored() {
        RawNode raw = node(1L, 2L);
        ConfState impossible = new ConfState(List.of(1L), List.of(1L), List.of(), List.of(), false);

        raw.step(new Message.InstallSnapshot(2, 1, 1, Snapshot.of(new SnapshotMetadata(5, 1, impossible))));

        assertThat(raw.status().hardState().commit()).isZero();
        assertThat(raw.status().configuration()).isEqualTo(ConfState.ofVoters(1L, 2L));
    }
}
