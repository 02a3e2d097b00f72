package dev.coracle.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.node.Failure;
import dev.coracle.node.NodeConfig;
import dev.coracle.node.NodeStatus;
import dev.coracle.node.StateMachine;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChange;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeTransition;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.raft.Message;
import dev.coracle.raft.RawNode;
import dev.coracle.raft.RoleName;
import dev.coracle.raft.Snapshot;
import dev.coracle.raft.SnapshotMetadata;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a node does in one situation after the other, in simulated clusters. */
class NodeTest {
    private static final long SECOND = 1_000_000_000;

    private long lastNumber;

    private static SimCluster cluster(UnaryOperator<NodeConfig.Builder> settings, Long... ids) {
        SimCluster cluster = new SimCluster(17, id -> new Register(), settings);
        cluster.startFirst(ids);
        return cluster;
    }

    private static SimCluster cluster(Long... ids) {
        return cluster(UnaryOperator.identity(), ids);
    }

    private static long electLeader(SimCluster cluster) {
        assertThat(cluster.runUntil(() -> cluster.leader() != 0, 10 * SECOND))
                .as("a leader")
                .isTrue();
        return cluster.leader();
    }

    private static long deadline(SimCluster cluster, long nanos) {
        return cluster.clock().nanoTime() + nanos;
    }

    private Answer<@Nullable Object> propose(SimCluster cluster, long id) {
        Answer<@Nullable Object> answer = new Answer<>();
        cluster.node(id).propose(Register.command(++lastNumber, 8), deadline(cluster, SECOND), answer);
        return answer;
    }

    private void proposeAndWait(SimCluster cluster, int count) {
        for (int i = 0; i < count; i++) {
            Answer<@Nullable Object> answer = propose(cluster, cluster.leader());
            assertThat(cluster.runUntil(answer::hasEnded, 2 * SECOND)).isTrue();
            assertThat(answer.failure()).isNull();
        }
    }

    private static <T> T await(SimCluster cluster, Answer<T> answer) {
        assertThat(cluster.runUntil(answer::hasEnded, 20 * SECOND)).as("an end").isTrue();
        assertThat(answer.failure()).isNull();
        return answer.result();
    }

    private static <T extends @Nullable Object> Failure awaitFailure(SimCluster cluster, Answer<T> answer) {
        assertThat(cluster.runUntil(answer::hasEnded, 20 * SECOND)).as("an end").isTrue();
        Failure failure = answer.failure();
        assertThat(failure).isNotNull();
        return failure;
    }

    private static Register register(SimCluster cluster, long id) {
        return (Register) cluster.stateMachine(id);
    }

    private static NodeStatus status(SimCluster cluster, long id) {
        Answer<NodeStatus> answer = new Answer<>();
        cluster.node(id).status(deadline(cluster, SECOND), answer);
        return await(cluster, answer);
    }

    private static long follower(SimCluster cluster) {
        return cluster.ids().stream()
                .filter(id -> id != cluster.leader())
                .findFirst()
                .orElseThrow();
    }

    // ---- requests

    @Test
    void aProposalIsDoneWithWhatTheStateMachineReturned() {
        SimCluster cluster = cluster(1L, 2L, 3L);
        long leader = electLeader(cluster);
        Answer<@Nullable Object> answer = propose(cluster, leader);
        // Three configuration entries of the start, the leader's empty one, then this.
        assertThat(await(cluster, answer)).isEqualTo(5L);
        assertThat(cluster.runUntil(
                        () -> register(cluster, follower(cluster)).numbers().equals(List.of(1L)), SECOND))
                .isTrue();
    }

    @Test
    void aNodeAloneLeadsAndAnswers() {
        SimCluster cluster = cluster(7L);
        long leader = electLeader(cluster);
        assertThat(leader).isEqualTo(7);
        proposeAndWait(cluster, 3);
        Answer<Long> read = new Answer<>();
        cluster.node(7).read(deadline(cluster, SECOND), read);
        assertThat(await(cluster, read)).isEqualTo(register(cluster, 7).lastIndex());
    }

    @Test
    void aFollowerNamesTheLeader() {
        SimCluster cluster = cluster(1L, 2L, 3L);
        long leader = electLeader(cluster);
        cluster.run(SECOND / 10);
        Failure failure = awaitFailure(cluster, propose(cluster, follower(cluster)));
        assertThat(failure.kind()).isEqualTo(Failure.Kind.NOT_LEADER);
        assertThat(failure.leader()).isEqualTo(leader);
        assertThat(failure.certainty()).isEqualTo(Failure.Certainty.RETRY);
    }

    @Test
    void aProposalWaitsForALeaderUntilItsDeadline() {
        SimCluster cluster = cluster(1L, 2L, 3L);
        Answer<@Nullable Object> early = propose(cluster, 1);
        Answer<@Nullable Object> tooEarly = new Answer<>();
        cluster.node(1).propose(Register.command(99, 8), deadline(cluster, 20_000_000), tooEarly);
        assertThat(awaitFailure(cluster, tooEarly).kind()).isEqualTo(Failure.Kind.NO_LEADER);
        long leader = electLeader(cluster);
        cluster.runUntil(early::hasEnded, SECOND);
        if (leader == 1) {
            assertThat(early.isDone()).isTrue();
        } else {
            assertThat(early.kind()).isEqualTo(Failure.Kind.NOT_LEADER);
        }
    }

    @Test
    void withoutAQuorumAProposalEndsUnknownAtItsDeadline() {
        SimCluster cluster = cluster(1L, 2L, 3L);
        long leader = electLeader(cluster);
        proposeAndWait(cluster, 1);
        cluster.network().isolate(leader);
        Answer<@Nullable Object> soon = new Answer<>();
        cluster.node(leader).propose(Register.command(100, 8), deadline(cluster, 50_000_000), soon);
        Answer<@Nullable Object> late = new Answer<>();
        cluster.node(leader).propose(Register.command(101, 8), deadline(cluster, SECOND), late);
        assertThat(awaitFailure(cluster, soon).kind()).isEqualTo(Failure.Kind.TIMED_OUT);
        Failure failure = awaitFailure(cluster, late);
        assertThat(cluster.node(leader).view().role()).isNotEqualTo(RoleName.LEADER);
        assertThat(failure.kind()).isEqualTo(Failure.Kind.UNKNOWN);
        assertThat(failure.certainty()).isEqualTo(Failure.Certainty.UNKNOWN);
    }

    @Test
    void aProposalThatAnotherLeadersEntryReplacesIsLostForCertain() {
        SimCluster cluster = cluster(1L, 2L, 3L);
        long old = electLeader(cluster);
        proposeAndWait(cluster, 1);
        cluster.network().isolate(old);
        Answer<@Nullable Object> answer = new Answer<>();
        cluster.node(old).propose(Register.command(100, 8), deadline(cluster, 20 * SECOND), answer);
        assertThat(cluster.runUntil(() -> cluster.leader() != old && cluster.leader() != 0, 5 * SECOND))
                .isTrue();
        proposeAndWait(cluster, 3);
        cluster.network().heal();
        assertThat(awaitFailure(cluster, answer).kind()).isEqualTo(Failure.Kind.LOST);
    }

    @Test
    void theFateOfAProposalWhosePlaceASnapshotSkipsIsUnknown() {
        SimCluster cluster = cluster(config -> config.snapshotEntries(5).catchUpEntries(0), 1L, 2L, 3L);
        long old = electLeader(cluster);
        proposeAndWait(cluster, 1);
        cluster.network().isolate(old);
        Answer<@Nullable Object> answer = new Answer<>();
        cluster.node(old).propose(Register.command(100, 8), deadline(cluster, 20 * SECOND), answer);
        assertThat(cluster.runUntil(() -> cluster.leader() != old && cluster.leader() != 0, 5 * SECOND))
                .isTrue();
        proposeAndWait(cluster, 30);
        cluster.network().heal();
        assertThat(awaitFailure(cluster, answer).kind()).isEqualTo(Failure.Kind.UNKNOWN);
        assertThat(answer.failure().text()).contains("snapshot");
    }

    @Test
    void tooMuchIsAnsweredByOverloaded() {
        SimCluster cluster = cluster(
                config -> config.requestCapacity(4).maxPendingBytes(2_000).maxProposalBytes(1_000), 1L, 2L, 3L);
        long leader = electLeader(cluster);
        List<Answer<@Nullable Object>> answers = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            answers.add(propose(cluster, leader));
        }
        // Four fit into the queue; the others know at once.
        assertThat(answers)
                .filteredOn(Answer::hasEnded)
                .hasSize(6)
                .allMatch(answer -> answer.kind() == Failure.Kind.OVERLOADED);
        cluster.run(SECOND);
        assertThat(answers).filteredOn(Answer::isDone).hasSize(4);

        Answer<@Nullable Object> large = new Answer<>();
        Answer<@Nullable Object> second = new Answer<>();
        cluster.node(leader).propose(new byte[1_000], deadline(cluster, SECOND), large);
        cluster.node(leader).propose(new byte[1_000], deadline(cluster, SECOND), second);
        assertThat(second.kind()).isEqualTo(Failure.Kind.OVERLOADED);
        cluster.run(SECOND);
        assertThat(large.isDone()).isTrue();
        assertThat(status(cluster, leader).openRequestBytes())
                .as("only the question itself")
                .isEqualTo(128);
    }

    @Test
    void aProposalThatIsTooLargeIsRefused() {
        SimCluster cluster = cluster(config -> config.maxProposalBytes(100), 1L);
        electLeader(cluster);
        Answer<@Nullable Object> answer = new Answer<>();
        cluster.node(1).propose(new byte[101], deadline(cluster, SECOND), answer);
        assertThat(answer.kind()).isEqualTo(Failure.Kind.TOO_LARGE);
        assertThat(answer.failure().text()).contains("101", "maxProposalBytes 100");
    }

    @Test
    void aLeaderWithAFullDiskRefusesProposalsAndStillLeads() {
        SimCluster cluster = cluster(1L, 2L, 3L);
        long leader = electLeader(cluster);
        cluster.log(leader).setSpace(false);
        assertThat(awaitFailure(cluster, propose(cluster, leader)).kind()).isEqualTo(Failure.Kind.NO_SPACE);
        cluster.run(2 * SECOND);
        assertThat(cluster.leader()).isEqualTo(leader);
        cluster.log(leader).setSpace(true);
        proposeAndWait(cluster, 1);
    }

    @Test
    void aClosedNodeEndsWhatIsOpenAndTakesNothing() {
        SimCluster cluster = cluster(1L, 2L, 3L);
        long leader = electLeader(cluster);
        cluster.network().isolate(leader);
        Answer<@Nullable Object> inLog = propose(cluster, leader);
        Answer<Long> read = new Answer<>();
        cluster.node(leader).read(deadline(cluster, SECOND), read);
        cluster.run(20_000_000);
        Answer<@Nullable Object> queued = propose(cluster, leader);
        cluster.node(leader).close();
        cluster.run(20_000_000);
        assertThat(inLog.kind()).isEqualTo(Failure.Kind.UNKNOWN);
        assertThat(read.kind()).isEqualTo(Failure.Kind.STOPPED);
        assertThat(queued.kind()).isEqualTo(Failure.Kind.STOPPED);
        assertThat(propose(cluster, leader).kind()).isEqualTo(Failure.Kind.STOPPED);
        assertThat(cluster.node(leader).failure()).isNull();
    }

    // ---- failures

    @Test
    void aStorageFailureStopsTheNodeAndFailsItsRequests() {
        SimCluster cluster = cluster(1L, 2L, 3L);
        long leader = electLeader(cluster);
        List<Throwable> heard = new ArrayList<>();
        cluster.node(leader).onFailure(heard::add);
        // Until nothing is left to be written but the proposal.
        cluster.run(SECOND / 2);
        cluster.log(leader).breakDown();
        Answer<@Nullable Object> answer = propose(cluster, leader);
        assertThat(awaitFailure(cluster, answer).kind()).isEqualTo(Failure.Kind.UNKNOWN);
        assertThat(heard).singleElement().isInstanceOf(StorageException.class);
        assertThat(cluster.node(leader).hasStopped()).isTrue();
        assertThat(cluster.runUntil(() -> cluster.leader() != 0 && cluster.leader() != leader, 5 * SECOND))
                .isTrue();
        proposeAndWait(cluster, 1);
    }

    @Test
    void anExceptionOutOfTheStateMachineStopsTheNode() {
        SimCluster cluster = new SimCluster(
                3,
                id -> new StateMachine() {
                    @Override
                    public Object apply(long index, long term, byte[] data) {
                        throw new IllegalStateException("cannot apply " + index);
                    }

                    @Override
                    public PinnedSnapshot snapshot() {
                        throw new UnsupportedOperationException();
                    }

                    @Override
                    public void restore(SnapshotMetadata metadata, InputStream data) {}
                },
                UnaryOperator.identity());
        cluster.startFirst(1L);
        electLeader(cluster);
        Answer<@Nullable Object> answer = propose(cluster, 1);
        assertThat(awaitFailure(cluster, answer).kind()).isEqualTo(Failure.Kind.UNKNOWN);
        assertThat(cluster.node(1).failure()).hasMessageStartingWith("cannot apply");
    }

    @Test
    void whatMakesNoSenseIsRefusedAndHarmsNobody() {
        SimCluster cluster = cluster(1L, 2L, 3L);
        long leader = electLeader(cluster);
        long follower = follower(cluster);
        var inbound = cluster.node(follower).inbound();
        assertThat(inbound.offer(0, new Message.Hup())).isTrue();
        assertThat(inbound.offer(1, new Message.TimeoutNow(leader, follower, 9)))
                .isTrue();
        assertThat(inbound.offer(0, new Message.TimeoutNow(leader, 77, 9))).isTrue();
        assertThat(inbound.offer(0, new Message.TimeoutNow(follower, follower, 9)))
                .isTrue();
        assertThat(inbound.offer(0, new Message.TimeoutNow(-1, follower, 9))).isTrue();
        assertThat(inbound.offer(0, new Message.InstallSnapshot(leader, follower, 9, Snapshot.EMPTY)))
                .isTrue();
        assertThat(inbound.offer(
                        0,
                        new Message.Append(
                                leader,
                                follower,
                                9,
                                1,
                                4,
                                List.of(Entry.normal(null).at(1, 6)),
                                0)))
                .isTrue();
        // An answer of somebody unknown, which the core drops.
        assertThat(inbound.offer(0, Message.AppendReply.accepted(55, follower, 1, 1)))
                .isTrue();
        assertThat(cluster.node(follower).refusedMessages()).isEqualTo(7);
        cluster.run(SECOND);
        assertThat(cluster.leader()).isEqualTo(leader);
        proposeAndWait(cluster, 1);
    }

    // ---- restarts and snapshots

    @Test
    void aClusterThatLosesAllPowerComesBackWithEverything() {
        SimCluster cluster = cluster(config -> config.snapshotEntries(10).catchUpEntries(3), 1L, 2L, 3L);
        electLeader(cluster);
        proposeAndWait(cluster, 25);
        for (int round = 0; round < 3; round++) {
            for (long id : cluster.ids()) {
                cluster.crash(id);
            }
            cluster.run(SECOND / 10);
            for (long id : cluster.ids()) {
                cluster.restart(id);
            }
            electLeader(cluster);
            proposeAndWait(cluster, 1);
            cluster.run(SECOND);
            for (long id : cluster.ids()) {
                assertThat(register(cluster, id).numbers()).hasSize(26 + round).isSorted();
                assertThat(register(cluster, id).restores()).isEqualTo(1);
            }
        }
    }

    @Test
    void aFirstStartThatIsCutOffIsBegunAgain() {
        for (long seed = 1; seed <= 40; seed++) {
            SimCluster cluster = new SimCluster(seed, id -> new Register(), UnaryOperator.identity());
            cluster.startFirst(1L, 2L, 3L);
            for (long id : cluster.ids()) {
                cluster.log(id).crashAfter((int) (seed % 5));
            }
            assertThat(cluster.runUntil(() -> cluster.ids().stream().noneMatch(cluster::isRunning), SECOND))
                    .as("all crashed in their first write, seed " + seed)
                    .isTrue();
            cluster.ids().forEach(cluster::restart);
            electLeader(cluster);
            proposeAndWait(cluster, 1);
        }
    }

    @Test
    void aTermThatOnlyTheEntriesTellIsTakenFromThem() throws StorageException {
        SimCluster cluster = cluster(1L);
        electLeader(cluster);
        proposeAndWait(cluster, 1);
        cluster.crash(1);
        SimLogStore log = cluster.log(1);
        long next = log.recover(0).lastIndex() + 1;
        log.append(0, HardState.EMPTY, List.of(new Entry(50, next, EntryType.NORMAL, null)));
        log.sync();
        cluster.restart(1);
        assertThat(cluster.node(1).view().term()).isEqualTo(50);
        electLeader(cluster);
        assertThat(cluster.node(1).view().term()).isEqualTo(51);
    }

    @Test
    void aNodeThatIsFarBehindCatchesUpThroughASnapshot() {
        SimCluster cluster = cluster(config -> config.snapshotEntries(20).catchUpEntries(5), 1L, 2L, 3L);
        electLeader(cluster);
        long behind = follower(cluster);
        cluster.crash(behind);
        proposeAndWait(cluster, 100);
        cluster.restart(behind);
        assertThat(cluster.runUntil(() -> register(cluster, behind).numbers().size() == 100, 5 * SECOND))
                .isTrue();
        assertThat(register(cluster, behind).restores()).isEqualTo(1);
        assertThat(register(cluster, behind).configuration().voters()).containsExactlyInAnyOrder(1L, 2L, 3L);
        proposeAndWait(cluster, 1);
        cluster.run(SECOND);
        assertThat(register(cluster, behind).numbers()).hasSize(101);
    }

    @Test
    void aNodeThatIsFarBehindIsServedFromTheDisk() {
        SimCluster cluster = cluster(config -> config.logCacheBytes(1).maxSizePerMessage(200), 1L, 2L, 3L);
        electLeader(cluster);
        long behind = follower(cluster);
        cluster.crash(behind);
        proposeAndWait(cluster, 200);

        cluster.restart(behind);

        assertThat(cluster.runUntil(() -> register(cluster, behind).numbers().size() == 200, 5 * SECOND))
                .isTrue();
        assertThat(register(cluster, behind).restores()).isZero();
    }

    @Test
    void aNodeThatIsALittleBehindNeedsNoSnapshot() {
        SimCluster cluster = cluster(config -> config.snapshotEntries(20).catchUpEntries(100), 1L, 2L, 3L);
        electLeader(cluster);
        long behind = follower(cluster);
        cluster.crash(behind);
        proposeAndWait(cluster, 60);
        cluster.restart(behind);
        assertThat(cluster.runUntil(() -> register(cluster, behind).numbers().size() == 60, 5 * SECOND))
                .isTrue();
        assertThat(register(cluster, behind).restores()).isZero();
    }

    @Test
    void aSnapshotOnRequestIsDurableAndOldOnesGo() {
        SimCluster cluster = cluster(config -> config.keptSnapshots(2).catchUpEntries(0), 1L);
        Answer<SnapshotMetadata> tooEarly = new Answer<>();
        cluster.node(1).snapshot(deadline(cluster, SECOND), tooEarly);
        electLeader(cluster);
        for (int i = 0; i < 4; i++) {
            proposeAndWait(cluster, 3);
            Answer<SnapshotMetadata> answer = new Answer<>();
            Answer<SnapshotMetadata> companion = new Answer<>();
            cluster.node(1).snapshot(deadline(cluster, SECOND), answer);
            cluster.node(1).snapshot(deadline(cluster, SECOND), companion);
            SnapshotMetadata taken = await(cluster, answer);
            assertThat(await(cluster, companion)).isEqualTo(taken);
            assertThat(taken.index()).isEqualTo(register(cluster, 1).lastIndex());
            assertThat(taken.confState()).isEqualTo(ConfState.ofVoters(1L));
            NodeStatus status = status(cluster, 1);
            assertThat(status.snapshot()).isEqualTo(taken);
            assertThat(status.firstIndex()).isEqualTo(taken.index() + 1);
            assertThat(status.snapshotting()).isFalse();
        }
        cluster.run(SECOND / 10);
        assertThat(cluster.snapshots(1).list(0)).hasSize(2);
        assertThat(register(cluster, 1).openPins()).isZero();
        Answer<SnapshotMetadata> again = new Answer<>();
        cluster.node(1).snapshot(deadline(cluster, SECOND), again);
        assertThat(await(cluster, again)).isEqualTo(status(cluster, 1).snapshot());
    }

    @Test
    void aFollowerGetsWhatFollowsItsSnapshotThoughNewerOnesAreTakenMeanwhile() {
        SimCluster cluster = cluster(config -> config.snapshotEntries(20).catchUpEntries(0), 1L, 2L, 3L);
        long leader = electLeader(cluster);
        long behind = follower(cluster);
        cluster.crash(behind);
        proposeAndWait(cluster, 50);
        cluster.restart(behind);
        assertThat(cluster.runUntil(() -> !cluster.snapshots(behind).list(0).isEmpty(), SECOND))
                .as("a snapshot that arrived")
                .isTrue();
        cluster.stallDisk(behind, 5 * SECOND);
        proposeAndWait(cluster, 100);
        assertThat(status(cluster, leader).firstIndex())
                .as("the first entry behind the snapshot")
                .isEqualTo(cluster.snapshots(behind).list(0).get(0).index() + 1);

        cluster.stallDisk(behind, 0);

        assertThat(cluster.runUntil(() -> register(cluster, behind).numbers().size() == 150, 5 * SECOND))
                .isTrue();
        assertThat(register(cluster, behind).restores()).isEqualTo(1);
        assertThat(cluster.runUntil(
                        () -> status(cluster, leader).firstIndex()
                                == status(cluster, leader).snapshot().index() + 1,
                        SECOND))
                .as("the log compacted after all")
                .isTrue();
    }

    @Test
    void theLogIsNotKeptForAFollowerBeyondItsLimit() {
        SimCluster cluster =
                cluster(config -> config.snapshotEntries(20).snapshotBytes(400).catchUpEntries(0), 1L, 2L, 3L);
        long leader = electLeader(cluster);
        long behind = follower(cluster);
        cluster.crash(behind);
        proposeAndWait(cluster, 50);
        cluster.restart(behind);
        assertThat(cluster.runUntil(() -> !cluster.snapshots(behind).list(0).isEmpty(), SECOND))
                .isTrue();
        long received = cluster.snapshots(behind).list(0).get(0).index();
        cluster.stallDisk(behind, 5 * SECOND);

        proposeAndWait(cluster, 400);

        assertThat(status(cluster, leader).firstIndex()).isGreaterThan(received + 200);
        cluster.stallDisk(behind, 0);
        assertThat(cluster.runUntil(() -> register(cluster, behind).numbers().size() == 450, 5 * SECOND))
                .isTrue();
    }

    @Test
    void aSnapshotIsTakenAfterAWhileIfSomethingWasApplied() {
        SimCluster cluster = cluster(config -> config.snapshotIntervalNanos(2 * SECOND), 1L);
        electLeader(cluster);
        proposeAndWait(cluster, 1);
        cluster.run(SECOND);
        assertThat(cluster.snapshots(1).list(0)).isEmpty();
        cluster.run(3 * SECOND / 2);
        long first = status(cluster, 1).snapshot().index();
        assertThat(first).isEqualTo(register(cluster, 1).lastIndex());
        cluster.run(10 * SECOND);
        assertThat(cluster.snapshots(1).list(0)).as("nothing was applied since").hasSize(1);

        proposeAndWait(cluster, 1);

        cluster.run(SECOND / 2);
        assertThat(status(cluster, 1).snapshot().index())
                .as("the interval is over already")
                .isEqualTo(first + 1);
        proposeAndWait(cluster, 1);
        cluster.run(SECOND);
        assertThat(status(cluster, 1).snapshot().index()).isEqualTo(first + 1);
    }

    @Test
    void aSnapshotThatFindsNoRoomFailsAndTheNodeGoesOn() {
        SimCluster cluster = cluster(config -> config.snapshotEntries(10), 1L);
        electLeader(cluster);
        cluster.snapshots(1).setFull(true);
        proposeAndWait(cluster, 3);
        Answer<SnapshotMetadata> answer = new Answer<>();
        cluster.node(1).snapshot(deadline(cluster, SECOND), answer);
        Failure failure = awaitFailure(cluster, answer);
        assertThat(failure.kind()).isEqualTo(Failure.Kind.SNAPSHOT_FAILED);
        assertThat(failure.text()).contains("no space left");
        cluster.snapshots(1).setFull(false);
        proposeAndWait(cluster, 12);
        assertThat(cluster.runUntil(() -> !cluster.snapshots(1).list(0).isEmpty(), SECOND))
                .isTrue();
        assertThat(register(cluster, 1).openPins()).isZero();
    }

    // ---- reads

    @Test
    void aReadOnAFollowerSeesWhatWasWrittenBefore() {
        SimCluster cluster = cluster(1L, 2L, 3L);
        electLeader(cluster);
        long follower = follower(cluster);
        for (int i = 1; i <= 20; i++) {
            proposeAndWait(cluster, 1);
            int written = i;
            Answer<Long> read = new Answer<>() {
                @Override
                public void done(Long index) {
                    super.done(index);
                    assertThat(register(cluster, follower).numbers()).hasSize(written);
                }
            };
            cluster.node(follower).read(deadline(cluster, 5 * SECOND), read);
            await(cluster, read);
        }
        assertThat(cluster.node(follower).failure()).isNull();
    }

    @Test
    void aLeaderThatWasCutOffAnswersNoRead() {
        SimCluster cluster = cluster(1L, 2L, 3L);
        long old = electLeader(cluster);
        proposeAndWait(cluster, 1);
        cluster.network().isolate(old);
        Answer<Long> read = new Answer<>();
        Answer<Long> stale = new Answer<>();
        cluster.node(old).read(deadline(cluster, SECOND), read);
        cluster.node(old).staleRead(deadline(cluster, SECOND), stale);
        assertThat(await(cluster, stale)).isEqualTo(register(cluster, old).lastIndex());
        assertThat(awaitFailure(cluster, read).certainty()).isEqualTo(Failure.Certainty.RETRY);
    }

    @Test
    void aReadWhoseQuestionWasLostIsAskedAgain() {
        SimCluster cluster = cluster(1L, 2L, 3L);
        electLeader(cluster);
        long follower = follower(cluster);
        proposeAndWait(cluster, 1);
        cluster.run(SECOND / 10);
        cluster.network().cutLink(follower, cluster.leader());
        Answer<Long> read = new Answer<>();
        cluster.node(follower).read(deadline(cluster, 5 * SECOND), read);
        cluster.run(30_000_000);
        assertThat(read.hasEnded()).isFalse();
        cluster.network().heal();
        assertThat(await(cluster, read)).isEqualTo(register(cluster, follower).lastIndex());
    }

    // ---- leadership

    @Test
    void leadershipIsHandedOver() {
        SimCluster cluster = cluster(1L, 2L, 3L);
        long leader = electLeader(cluster);
        proposeAndWait(cluster, 1);
        long target = follower(cluster);
        Answer<Long> answer = new Answer<>();
        cluster.node(leader).transferLeadership(target, deadline(cluster, SECOND), answer);
        assertThat(await(cluster, answer)).isEqualTo(target);
        assertThat(cluster.leader()).isEqualTo(target);
        proposeAndWait(cluster, 1);
    }

    @Test
    void aTransferToADeadOrUnknownNodeIsGivenUp() {
        SimCluster cluster = cluster(1L, 2L, 3L);
        long leader = electLeader(cluster);
        proposeAndWait(cluster, 1);
        long target = follower(cluster);
        cluster.crash(target);
        proposeAndWait(cluster, 1);
        Answer<Long> toDead = new Answer<>();
        cluster.node(leader).transferLeadership(target, deadline(cluster, 5 * SECOND), toDead);
        cluster.run(10_000_000);
        assertThat(awaitFailure(cluster, propose(cluster, leader)).kind()).isEqualTo(Failure.Kind.TRANSFERRING);
        assertThat(awaitFailure(cluster, toDead).kind()).isEqualTo(Failure.Kind.REFUSED_TRANSFER);
        Answer<Long> toUnknown = new Answer<>();
        cluster.node(leader).transferLeadership(99, deadline(cluster, 5 * SECOND), toUnknown);
        assertThat(awaitFailure(cluster, toUnknown).kind()).isEqualTo(Failure.Kind.REFUSED_TRANSFER);
        proposeAndWait(cluster, 1);
    }

    @Test
    void aLeaderStepsDownOnlyFromTheTermThatIsNamed() {
        SimCluster cluster = cluster(1L, 2L, 3L);
        long leader = electLeader(cluster);
        long term = cluster.node(leader).view().term();
        Answer<Long> other = new Answer<>();
        cluster.node(leader).stepDown(term - 1, deadline(cluster, SECOND), other);
        assertThat(awaitFailure(cluster, other).kind()).isEqualTo(Failure.Kind.NOT_LEADER);
        Answer<Long> own = new Answer<>();
        cluster.node(leader).stepDown(term, deadline(cluster, SECOND), own);
        assertThat(await(cluster, own)).isEqualTo(term + 1);
        assertThat(cluster.node(leader).view().role()).isEqualTo(RoleName.FOLLOWER);
        electLeader(cluster);
        proposeAndWait(cluster, 1);
    }

    @Test
    void aCampaignMakesANewLeader() {
        SimCluster cluster = cluster(config -> config.checkQuorum(false).preVote(false), 1L, 2L, 3L);
        electLeader(cluster);
        proposeAndWait(cluster, 1);
        long wanted = follower(cluster);
        cluster.run(SECOND / 10);
        Answer<Boolean> answer = new Answer<>();
        cluster.node(wanted).campaign(deadline(cluster, SECOND), answer);
        assertThat(await(cluster, answer)).isTrue();
        assertThat(cluster.runUntil(() -> cluster.leader() == wanted, SECOND)).isTrue();
    }

    /** Without leases, which keep it from that: {@link LeaseReadsTest}. */
    @Test
    void whoForgetsItsLeaderVotesForAnotherOneAtOnce() {
        for (boolean forgets : new boolean[] {false, true}) {
            SimCluster cluster =
                    cluster(config -> config.checkQuorum(true).preVote(true).clock(null), 1L, 2L, 3L);
            long leader = electLeader(cluster);
            proposeAndWait(cluster, 1);
            cluster.run(SECOND / 10);
            long wanted = leader % 3 + 1;
            long other = wanted % 3 + 1;
            cluster.network().isolate(leader);
            if (forgets) {
                Answer<Boolean> forgotten = new Answer<>();
                cluster.node(other).forgetLeader(deadline(cluster, SECOND), forgotten);
                assertThat(await(cluster, forgotten)).isTrue();
                assertThat(cluster.node(other).view().leader()).isEqualTo(RawNode.NONE);
            }
            cluster.node(wanted).campaign(deadline(cluster, SECOND), new Answer<>());
            assertThat(cluster.runUntil(() -> cluster.leader() == wanted, 5 * SimCluster.TICK_NANOS))
                    .as("elected within half an election timeout, if the other one forgets: %s", forgets)
                    .isEqualTo(forgets);
        }
    }

    @Test
    void whoLeadsOrKnowsNoLeaderHasNoneToForget() {
        SimCluster cluster = cluster(1L, 2L, 3L);
        Answer<Boolean> before = new Answer<>();
        cluster.node(1).forgetLeader(deadline(cluster, SECOND), before);
        assertThat(await(cluster, before)).isFalse();
        long leader = electLeader(cluster);
        Answer<Boolean> ofLeader = new Answer<>();
        cluster.node(leader).forgetLeader(deadline(cluster, SECOND), ofLeader);
        assertThat(await(cluster, ofLeader)).isFalse();
        long follower = follower(cluster);
        Answer<Boolean> ofFollower = new Answer<>();
        cluster.node(follower).forgetLeader(deadline(cluster, SECOND), ofFollower);
        assertThat(await(cluster, ofFollower)).isTrue();
        // Until the next word of it.
        assertThat(cluster.runUntil(() -> cluster.node(follower).view().leader() == leader, SECOND))
                .isTrue();
        proposeAndWait(cluster, 1);
    }

    // ---- configuration

    private static Answer<ConfState> change(SimCluster cluster, ConfChangeV2 change) {
        Answer<ConfState> answer = new Answer<>();
        cluster.node(cluster.leader()).changeConfiguration(change, deadline(cluster, 5 * SECOND), answer);
        return answer;
    }

    private static ConfChangeV2 single(ConfChangeType type, long id) {
        return ConfChangeV2.of(new ConfChangeSingle(type, id));
    }

    @Test
    void membersAreAddedAndRemoved() {
        SimCluster cluster = cluster(config -> config.snapshotEntries(10).catchUpEntries(2), 1L, 2L, 3L);
        electLeader(cluster);
        proposeAndWait(cluster, 30);
        cluster.startJoiner(4);
        ConfState withLearner = await(cluster, change(cluster, single(ConfChangeType.ADD_LEARNER_NODE, 4)));
        assertThat(withLearner.learners()).containsExactly(4L);
        assertThat(cluster.runUntil(() -> register(cluster, 4).numbers().size() == 30, 5 * SECOND))
                .isTrue();
        assertThat(register(cluster, 4).restores()).isEqualTo(1);
        ConfState promoted = await(cluster, change(cluster, single(ConfChangeType.ADD_NODE, 4)));
        assertThat(promoted.voters()).containsExactlyInAnyOrder(1L, 2L, 3L, 4L);

        long removed = cluster.leader();
        ConfState without = await(cluster, change(cluster, single(ConfChangeType.REMOVE_NODE, removed)));
        assertThat(without.contains(removed)).isFalse();
        assertThat(cluster.runUntil(() -> cluster.leader() != 0 && cluster.leader() != removed, 5 * SECOND))
                .as("a leader after the removed one stepped down")
                .isTrue();
        proposeAndWait(cluster, 5);
        cluster.run(SECOND);
        for (long id : cluster.ids()) {
            if (id != removed) {
                assertThat(register(cluster, id).numbers()).hasSize(35);
                assertThat(register(cluster, id).configuration().isEquivalentTo(without))
                        .isTrue();
            }
        }
    }

    @Test
    void twoMembersAreReplacedAtOnceThroughAJointConfiguration() {
        SimCluster cluster = cluster(1L, 2L, 3L);
        long leader = electLeader(cluster);
        proposeAndWait(cluster, 3);
        cluster.startJoiner(4);
        cluster.startJoiner(5);
        List<Long> leaving =
                cluster.ids().stream().filter(id -> id <= 3 && id != leader).toList();
        ConfState joint = await(
                cluster,
                change(
                        cluster,
                        ConfChangeV2.of(
                                new ConfChangeSingle(ConfChangeType.ADD_NODE, 4),
                                new ConfChangeSingle(ConfChangeType.ADD_NODE, 5),
                                new ConfChangeSingle(ConfChangeType.REMOVE_NODE, leaving.get(0)),
                                new ConfChangeSingle(ConfChangeType.REMOVE_NODE, leaving.get(1)))));
        assertThat(joint.isJoint()).isTrue();
        assertThat(cluster.runUntil(
                        () -> !register(cluster, leader).configuration().isJoint(), 5 * SECOND))
                .as("the joint configuration is left by itself")
                .isTrue();
        leaving.forEach(cluster::crash);
        proposeAndWait(cluster, 3);
        assertThat(cluster.runUntil(() -> register(cluster, 5).numbers().size() == 6, SECOND))
                .isTrue();
        assertThat(register(cluster, leader).configuration().voters()).containsExactlyInAnyOrder(leader, 4L, 5L);
    }

    @Test
    void changesThatDoNotFitAreRefusedOnEveryNodeAlike() {
        SimCluster cluster = cluster(1L, 2L, 3L);
        long leader = electLeader(cluster);
        proposeAndWait(cluster, 1);
        Answer<ConfState> first = change(cluster, single(ConfChangeType.ADD_LEARNER_NODE, 9));
        Answer<ConfState> second = change(cluster, single(ConfChangeType.ADD_LEARNER_NODE, 8));
        assertThat(awaitFailure(cluster, second).kind()).isEqualTo(Failure.Kind.CHANGE_PENDING);
        ConfState after = await(cluster, first);
        assertThat(after.learners()).containsExactly(9L);
        assertThat(awaitFailure(cluster, change(cluster, ConfChangeV2.LEAVE_JOINT))
                        .kind())
                .isEqualTo(Failure.Kind.REFUSED_CONFIG);

        // Fits nowhere, which shows only when it is applied.
        Failure noVoters = awaitFailure(
                cluster,
                change(
                        cluster,
                        new ConfChangeV2(
                                ConfChangeTransition.JOINT_IMPLICIT,
                                List.of(
                                        new ConfChangeSingle(ConfChangeType.REMOVE_NODE, 1),
                                        new ConfChangeSingle(ConfChangeType.REMOVE_NODE, 2),
                                        new ConfChangeSingle(ConfChangeType.REMOVE_NODE, 3)),
                                Bytes.EMPTY)));
        assertThat(noVoters.kind()).isEqualTo(Failure.Kind.REFUSED_CONFIG);
        assertThat(noVoters.text()).contains("removed all voters");
        proposeAndWait(cluster, 2);
        cluster.run(SECOND);
        for (long id : cluster.ids()) {
            assertThat(cluster.node(id).failure()).isNull();
            assertThat(status(cluster, id).raft().configuration().isEquivalentTo(after))
                    .isTrue();
        }
        assertThat(cluster.leader()).isEqualTo(leader);
    }

    @Test
    void theOlderFormOfAChangeIsTakenToo() {
        SimCluster cluster = cluster(1L, 2L, 3L);
        electLeader(cluster);
        proposeAndWait(cluster, 1);
        Answer<ConfState> answer = new Answer<>();
        cluster.node(cluster.leader())
                .changeConfiguration(
                        new ConfChange(ConfChangeType.ADD_LEARNER_NODE, 6), deadline(cluster, SECOND), answer);
        assertThat(await(cluster, answer).learners()).containsExactly(6L);
    }

    @Test
    void aConfigurationSurvivesARestartFromASnapshot() {
        SimCluster cluster = cluster(config -> config.snapshotEntries(5).catchUpEntries(0), 1L, 2L, 3L);
        electLeader(cluster);
        proposeAndWait(cluster, 2);
        ConfState after = await(cluster, change(cluster, single(ConfChangeType.ADD_LEARNER_NODE, 9)));
        proposeAndWait(cluster, 20);
        cluster.run(SECOND);
        for (long id : cluster.ids()) {
            cluster.crash(id);
            cluster.restart(id);
        }
        electLeader(cluster);
        proposeAndWait(cluster, 1);
        for (long id : cluster.ids()) {
            assertThat(status(cluster, id).raft().configuration().isEquivalentTo(after))
                    .isTrue();
            assertThat(register(cluster, id).configuration().isEquivalentTo(after))
                    .isTrue();
        }
    }

    // ---- limits

    @Test
    void aNodeWhoseDiskStandsStillStandsStillToo() {
        SimCluster cluster = cluster(config -> config.maxOutstandingWrites(2), 1L, 2L, 3L);
        long leader = electLeader(cluster);
        proposeAndWait(cluster, 1);
        cluster.stallDisk(leader, 3 * SECOND);
        List<Answer<@Nullable Object>> answers = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            answers.add(propose(cluster, leader));
            cluster.step();
        }
        assertThat(cluster.runUntil(() -> cluster.leader() != leader && cluster.leader() != 0, 2 * SECOND))
                .as("the others elect a leader")
                .isTrue();
        cluster.run(4 * SECOND);
        assertThat(answers).allMatch(Answer::hasEnded);
        electLeader(cluster);
        proposeAndWait(cluster, 1);
    }

    @Test
    void aCandidateAsksForVotesOnlyOnceItsOwnIsDurable() {
        SimCluster cluster = cluster(1L, 2L, 3L);
        long leader = electLeader(cluster);
        proposeAndWait(cluster, 1);
        cluster.run(SECOND);
        long target = follower(cluster);
        cluster.stallDisk(target, 6 * SimCluster.TICK_NANOS);
        cluster.node(leader).transferLeadership(target, deadline(cluster, SECOND), new Answer<Long>());
        cluster.run(5 * SimCluster.TICK_NANOS);
        assertThat(cluster.node(target).view().role()).isEqualTo(RoleName.CANDIDATE);
        assertThat(cluster.node(leader).view().term())
                .as("what the others heard of the new term")
                .isLessThan(cluster.node(target).view().term());
        assertThat(cluster.runUntil(() -> cluster.leader() == target, 5 * SimCluster.TICK_NANOS))
                .isTrue();
    }

    @Test
    void noReportIsLostWhenThereAreMoreThanOneTurnTakes() {
        SimCluster cluster = cluster(1L, 2L, 5_000L);
        long leader = electLeader(cluster);
        if (leader == 5_000) {
            cluster.node(leader).transferLeadership(1, deadline(cluster, SECOND), new Answer<Long>());
            assertThat(cluster.runUntil(() -> cluster.leader() == 1, SECOND)).isTrue();
        }
        proposeAndWait(cluster, 1);
        cluster.run(SECOND);
        long reporter = cluster.leader();
        cluster.network().cutLink(5_000, reporter);
        cluster.run(2 * SimCluster.TICK_NANOS);
        assertThat(progress(cluster, reporter, 5_000)).isEqualTo("StateReplicate");
        for (long id = 100; id < 100 + 1024; id++) {
            cluster.node(reporter).inbound().unreachable(0, id);
        }
        cluster.node(reporter).inbound().unreachable(0, 5_000);
        cluster.run(SimCluster.TICK_NANOS);
        assertThat(progress(cluster, reporter, 5_000)).isEqualTo("StateProbe");
    }

    @Test
    void aNodeIsNotMadeOverALogThatCannotHoldItsProposals() {
        SimLogStore log = new SimLogStore(new SimSnapshotStore());
        log.setMaxEntryBytes(1_000);
        SimCluster cluster =
                new SimCluster(17, id -> log, id -> new Register(), config -> config.maxProposalBytes(1_001));
        assertThatThrownBy(() -> cluster.startFirst(1L))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("maxProposalBytes: 1001 must not exceed the maxEntryBytes of the log, 1000");
    }

    @Test
    void aConfigurationChangeThatIsTooLongIsRefusedBeforeItReachesAnyLog() {
        SimCluster cluster = cluster(config -> config.maxProposalBytes(1_000), 1L);
        long leader = electLeader(cluster);
        Bytes context = Bytes.of(new byte[1_000]);
        Answer<ConfState> older = new Answer<>();
        Answer<ConfState> newer = new Answer<>();
        ConfChange change = new ConfChange(0, ConfChangeType.ADD_NODE, 2, context);
        cluster.node(leader).changeConfiguration(change, deadline(cluster, SECOND), older);
        cluster.node(leader).changeConfiguration(change.asV2(), deadline(cluster, SECOND), newer);
        assertThat(older.kind()).isEqualTo(Failure.Kind.TOO_LARGE);
        assertThat(newer.kind()).isEqualTo(Failure.Kind.TOO_LARGE);
    }

    private static String progress(SimCluster cluster, long leader, long id) {
        return status(cluster, leader).raft().progress().stream()
                .filter(peer -> peer.id() == id)
                .findFirst()
                .orElseThrow()
                .state();
    }
}
