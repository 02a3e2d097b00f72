package dev.coracle.raft;

import static dev.coracle.raft.TestServer.storage;
import static dev.coracle.raft.TestServer.withLearners;
import static dev.coracle.raft.TextCodec.auto;
import static dev.coracle.raft.TextCodec.explicit;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Configuration changes as an application sees them: proposed, handed out, applied, and what is in force then. */
class RawNodeConfChangeTest {
    /** A node and all that it had applied: the configuration after each change, and the entries. */
    private static final class Node {
        final MemoryStorage storage;
        final RawNode raw;
        final List<ConfState> inForce = new ArrayList<>();
        final List<Entry> applied = new ArrayList<>();

        Node(MemoryStorage storage) {
            this.storage = storage;
            raw = new RawNode(TestServer.config(1, storage).build());
        }

        static Node leading() {
            Node node = new Node(storage(ConfState.ofVoters(1L)));
            node.raw.campaign();
            node.settle();
            return node;
        }

        Ready handle() {
            Ready ready = raw.ready();
            if (!ready.hardState().isEmpty()) {
                storage.setHardState(ready.hardState());
            }
            storage.append(ready.entries());
            for (Entry entry : ready.committedEntries()) {
                applied.add(entry);
                if (entry.type() != EntryType.NORMAL) {
                    inForce.add(apply(entry));
                }
            }
            raw.advance();
            raw.checkInvariants();
            return ready;
        }

        private ConfState apply(Entry entry) {
            try {
                return raw.applyConfChange(new TextCodec().decode(entry));
            } catch (ConfChangeCodec.MalformedException | InvalidConfChangeException e) {
                throw new IllegalStateException(e);
            }
        }

        void settle() {
            while (raw.hasReady()) {
                handle();
            }
        }
    }

    private static ConfState joint(
            List<Long> voters, List<Long> learners, List<Long> outgoing, List<Long> learnersNext, boolean autoLeave) {
        return new ConfState(voters, learners, outgoing, learnersNext, autoLeave);
    }

    private static ConfChangeV2 implicit(ConfChangeV2 change) {
        return new ConfChangeV2(ConfChangeTransition.JOINT_IMPLICIT, change.changes(), change.context());
    }

    /** What is proposed; the configuration when it is applied; the one after the joint configuration, or null. */
    static List<Arguments> changes() {
        List<Long> none = List.of();
        List<Long> one = List.of(1L);
        List<Long> two = List.of(1L, 2L);
        return List.of(
                Arguments.of(new ConfChange(ConfChangeType.ADD_NODE, 2).asV2(), ConfState.ofVoters(1L, 2L), null),
                Arguments.of(auto("v2"), ConfState.ofVoters(1L, 2L), null),
                Arguments.of(auto("l2"), withLearners(one, List.of(2L)), null),
                Arguments.of(explicit("l2"), joint(one, List.of(2L), one, none, false), withLearners(one, List.of(2L))),
                Arguments.of(
                        implicit(auto("l2")), joint(one, List.of(2L), one, none, true), withLearners(one, List.of(2L))),
                Arguments.of(
                        auto("v2 l1 l3"),
                        joint(List.of(2L), List.of(3L), one, one, true),
                        withLearners(List.of(2L), List.of(1L, 3L))),
                Arguments.of(
                        explicit("v2 l1 l3"),
                        joint(List.of(2L), List.of(3L), one, one, false),
                        withLearners(List.of(2L), List.of(1L, 3L))),
                Arguments.of(auto("v2 l3"), joint(two, List.of(3L), one, none, true), withLearners(two, List.of(3L))));
    }

    @ParameterizedTest
    @MethodSource("changes")
    void aChangeLeadsWhereItSaysAndOutOfTheJointConfigurationAsItSays(
            ConfChangeV2 change, ConfState first, ConfState left) {
        Node node = Node.leading();

        assertThat(node.raw.proposeConfChange(change).outcome()).isEqualTo(ProposalOutcome.APPENDED);
        node.handle();
        node.handle();
        assertThat(node.inForce).containsExactly(first);
        node.handle();
        if (first.autoLeave()) {
            assertThat(node.storage.lastIndex()).as("proposed by itself").isEqualTo(3);
        } else {
            assertThat(node.storage.lastIndex())
                    .as("nothing to leave, or when somebody says so")
                    .isEqualTo(2);
        }
        if (left == null) {
            return;
        }
        if (!first.autoLeave()) {
            Bytes context = Bytes.of(TestServer.bytes("a context is allowed"));
            ConfChangeV2 leave = new ConfChangeV2(ConfChangeTransition.AUTO, List.of(), context);
            assertThat(node.raw.proposeConfChange(leave).outcome()).isEqualTo(ProposalOutcome.APPENDED);
        }
        node.settle();
        if (first.voters().contains(2L)) {
            assertThat(node.inForce).as("server 2 has to agree").containsExactly(first);
            node.raw.step(Message.AppendReply.accepted(2, 1, 1, 3));
            node.settle();
        }

        assertThat(node.inForce).containsExactly(first, left);
        assertThat(node.raw.status().configuration()).isEqualTo(left);
        Entry leave = node.applied.get(node.applied.size() - 1);
        assertThat(leave.type()).isEqualTo(EntryType.CONF_CHANGE_V2);
        assertThat(leave.data() == null)
                .as("the automatic one has no data, which no limit can refuse")
                .isEqualTo(first.autoLeave());
    }

    @Test
    void addingAMemberAgainChangesNothingAndHindersNoOtherChange() {
        Node node = Node.leading();
        for (long id : new long[] {1, 1, 2}) {
            node.raw.proposeConfChange(new ConfChange(ConfChangeType.ADD_NODE, id));
            node.settle();
        }

        assertThat(node.inForce)
                .containsExactly(ConfState.ofVoters(1L), ConfState.ofVoters(1L), ConfState.ofVoters(1L, 2L));
        assertThat(node.applied)
                .extracting(Entry::type)
                .containsExactly(EntryType.NORMAL, EntryType.CONF_CHANGE, EntryType.CONF_CHANGE, EntryType.CONF_CHANGE);
    }

    @Test
    void aChangeThatTheApplicationCancelsLeavesTheConfigurationAndTheWayFree() throws InvalidConfChangeException {
        Node node = Node.leading();

        assertThat(node.raw.applyConfChange(auto("v0"))).isEqualTo(ConfState.ofVoters(1L));
        assertThat(node.raw.proposeConfChange(auto("l2")).outcome()).isEqualTo(ProposalOutcome.APPENDED);
        node.settle();

        assertThat(node.raw.status().configuration()).isEqualTo(withLearners(List.of(1L), List.of(2L)));
    }

    @Test
    void aClusterMayBeginWithASnapshotInStorageInsteadOfWithBootstrap() {
        MemoryStorage storage = new MemoryStorage();
        storage.applySnapshot(Snapshot.of(new SnapshotMetadata(4, 1, ConfState.ofVoters(1L))));
        Node node = new Node(storage);
        assertThat(node.raw.hasReady()).as("nothing has happened yet").isFalse();
        assertThat(node.raw.status().hardState())
                .as("without a stored hard state the snapshot is the beginning")
                .isEqualTo(new HardState(0, 0, 4));

        node.raw.campaign();
        node.settle();
        node.raw.propose(TestServer.bytes("foo"));
        node.settle();

        assertThat(node.applied)
                .containsExactly(
                        new Entry(1, 5, EntryType.NORMAL, null),
                        new Entry(1, 6, EntryType.NORMAL, TestServer.bytes("foo")));
        assertThat(node.storage.hardState()).isEqualTo(new HardState(1, 1, 6));
    }

    @Test
    void theFirstReadysAfterBootstrapAreTheseInThisOrder() {
        MemoryStorage storage = new MemoryStorage();
        Node node = new Node(storage);
        node.raw.bootstrap(List.of(new Bootstrap.Peer(1, Bytes.EMPTY)));
        Entry addsItself = new Entry(1, 1, EntryType.CONF_CHANGE, new TextCodec().encode(auto("v1")));
        assertThat(node.handle())
                .isEqualTo(new Ready(
                        null,
                        new HardState(1, 0, 1),
                        List.of(),
                        List.of(addsItself),
                        Snapshot.EMPTY,
                        List.of(addsItself),
                        List.of(),
                        true));

        node.raw.campaign();
        assertThat(node.handle())
                .as("the vote for itself")
                .isEqualTo(new Ready(
                        new SoftState(0, RoleName.CANDIDATE),
                        new HardState(2, 1, 1),
                        List.of(),
                        List.of(),
                        Snapshot.EMPTY,
                        List.of(),
                        List.of(),
                        true));
        Entry empty = new Entry(2, 2, EntryType.NORMAL, null);
        assertThat(node.handle())
                .as("leadership")
                .isEqualTo(new Ready(
                        new SoftState(1, RoleName.LEADER),
                        HardState.EMPTY,
                        List.of(),
                        List.of(empty),
                        Snapshot.EMPTY,
                        List.of(),
                        List.of(),
                        true));
        assertThat(node.handle())
                .isEqualTo(new Ready(
                        null,
                        new HardState(2, 1, 2),
                        List.of(),
                        List.of(),
                        Snapshot.EMPTY,
                        List.of(empty),
                        List.of(),
                        false));
        assertThat(node.raw.hasReady()).isFalse();
    }

    @Test
    void aLeaderThatIsForgottenIsReasonEnoughForAReady() {
        Node node = new Node(storage(ConfState.ofVoters(1L, 2L)));
        node.raw.step(new Message.Heartbeat(2, 1, 1, 0, Bytes.EMPTY));
        node.settle();

        node.raw.forgetLeader();

        assertThat(node.raw.hasReady()).isTrue();
        assertThat(node.handle().softState()).isEqualTo(new SoftState(RawNode.NONE, RoleName.FOLLOWER));
        assertThat(node.raw.hasReady()).isFalse();
    }

    @Test
    void eachMessageIsHandedOutOnce() {
        RawNode raw = new RawNode(
                TestServer.config(1, storage(ConfState.ofVoters(1L, 2L))).build());
        raw.campaign();

        assertThat(raw.ready().messages()).extracting(Message::type).containsExactly(MessageType.VOTE);
        raw.advance();

        assertThat(raw.ready().messages()).isEmpty();
    }

    @Test
    void aSyncIsNeededForATermAVoteAndEntriesButNotForACommitIndex() {
        MemoryStorage storage = storage(ConfState.ofVoters(1L, 2L, 3L));
        Node node = new Node(storage);
        node.raw.step(new Message.Heartbeat(2, 1, 1, 0, Bytes.EMPTY));
        assertThat(node.handle().mustSync()).as("a new term").isTrue();
        node.raw.step(new Message.VoteReply(3, 1, 2, true, 0, 0));
        assertThat(node.handle().hardState()).isEqualTo(new HardState(2, RawNode.NONE, 0));
        node.raw.step(Message.VoteRequest.of(false, 3, 1, 2, new EntryId(0, 0), false));
        assertThat(node.handle().mustSync()).as("a vote in the same term").isTrue();
        node.raw.step(new Message.Append(3, 1, 2, 0, 0, TestServer.entries(1, 2), 0));
        assertThat(node.handle().mustSync()).as("entries").isTrue();

        node.raw.step(new Message.Heartbeat(3, 1, 2, 1, Bytes.EMPTY));

        Ready commit = node.handle();
        assertThat(commit.hardState().commit()).isEqualTo(1);
        assertThat(commit.mustSync()).as("a commit index can be learned again").isFalse();
    }
}
