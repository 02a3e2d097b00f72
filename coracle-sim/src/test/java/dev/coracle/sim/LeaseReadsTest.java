package dev.coracle.sim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.node.RaftNode;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.Message;
import dev.coracle.raft.RawNode;
import dev.coracle.raft.RoleName;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** When a leader may answer by its lease, and when it must not: in each case another leader may have been elected. */
class LeaseReadsTest {
    private static final long SECOND = 1_000_000_000;
    private static final long TICK = SimCluster.TICK_NANOS;
    private static final long TIMEOUT = 10 * TICK;

    /** Three quarters of nine ticks. */
    private static final long LEASE = 9 * TICK / 4 * 3;

    private SimCluster cluster;
    private long leader;
    private long lastNumber;

    private void start(long seed, Long... ids) {
        cluster = new SimCluster(seed, id -> new Register(), UnaryOperator.identity());
        cluster.startFirst(ids);
        assertThat(cluster.runUntil(() -> cluster.leader() != 0, 10 * SECOND)).isTrue();
        leader = cluster.leader();
        assertThat(write(leader).isDone()).isTrue();
    }

    private long deadline() {
        return cluster.clock().nanoTime() + 2 * SECOND;
    }

    private Answer<@Nullable Object> begin(long id) {
        Answer<@Nullable Object> answer = new Answer<>();
        cluster.node(id).propose(Register.command(++lastNumber, 8), deadline(), answer);
        return answer;
    }

    private Answer<@Nullable Object> write(long id) {
        Answer<@Nullable Object> answer = begin(id);
        assertThat(cluster.runUntil(answer::hasEnded, 3 * SECOND)).isTrue();
        return answer;
    }

    private Answer<Long> leaseRead(long id) {
        Answer<Long> answer = new Answer<>();
        cluster.node(id).leaseRead(deadline(), answer);
        return answer;
    }

    /** Has a quorum confirm that the leader leads, so that it has a lease. */
    private void beginLease() {
        Answer<Long> read = new Answer<>();
        cluster.node(leader).read(deadline(), read);
        assertThat(cluster.runUntil(read::isDone, SECOND)).isTrue();
    }

    private long other(long... not) {
        return cluster.ids().stream()
                .filter(id -> {
                    for (long one : not) {
                        if (id == one) {
                            return false;
                        }
                    }
                    return true;
                })
                .findFirst()
                .orElseThrow();
    }

    private void cut(long one, long two) {
        cluster.network().cutLink(one, two);
        cluster.network().cutLink(two, one);
    }

    private static void turn(RaftNode node, long nowNanos) {
        for (int i = 0; i < 5; i++) {
            node.agents().forEach(agent -> agent.doWork(nowNanos));
        }
    }

    @Test
    void withinTheLeaseNobodyElseIsAsked() {
        start(1, 1L, 2L, 3L);
        beginLease();
        cluster.network().isolate(leader);
        Answer<Long> read = leaseRead(leader);
        assertThat(cluster.runUntil(read::hasEnded, LEASE / 3)).isTrue();
        assertThat(read.result()).isEqualTo(((Register) cluster.stateMachine(leader)).lastIndex());
        cluster.run(LEASE);
        Answer<Long> late = leaseRead(leader);
        assertThat(cluster.runUntil(late::isDone, TIMEOUT)).isFalse();
    }

    @Test
    void aLeaseBeginsWithItsRoundAndNotWithTheAnswers() {
        start(12, 1L, 2L, 3L);
        cluster.network().setDelay(3 * TICK, 3 * TICK);
        long begin = cluster.clock().nanoTime();
        beginLease();
        cluster.network().isolate(leader);
        assertThat(cluster.clock().nanoTime() - begin).isBetween(6 * TICK, LEASE);
        cluster.run(TICK);
        Answer<Long> read = leaseRead(leader);
        assertThat(cluster.runUntil(read::isDone, LEASE)).isFalse();
    }

    @Test
    void aLeaseThatIsUsedIsRenewed() {
        start(2, 1L, 2L, 3L);
        // A round takes two ticks at least.
        cluster.network().setDelay(TICK, TICK);
        beginLease();
        for (long end = cluster.clock().nanoTime() + SECOND; cluster.clock().nanoTime() - end < 0; ) {
            Answer<Long> read = leaseRead(leader);
            assertThat(cluster.runUntil(read::isDone, TICK))
                    .as("done without a round")
                    .isTrue();
        }
        cluster.network().isolate(leader);
        Answer<Long> read = leaseRead(leader);
        assertThat(cluster.runUntil(read::isDone, LEASE / 3)).isTrue();
    }

    @Test
    void anotherMemberAsksTheLeaderWhichAnswersByItsLease() {
        start(3, 1L, 2L, 3L, 4L, 5L);
        beginLease();
        long asking = other(leader);
        for (long id : cluster.ids()) {
            if (id != leader && id != asking) {
                cut(leader, id);
            }
        }
        Answer<Long> read = leaseRead(asking);
        assertThat(cluster.runUntil(read::isDone, LEASE / 2)).isTrue();
        assertThat(read.result()).isEqualTo(((Register) cluster.stateMachine(asking)).lastIndex());
        cluster.run(LEASE);
        Answer<Long> late = leaseRead(asking);
        assertThat(cluster.runUntil(late::isDone, TIMEOUT / 4)).isFalse();
    }

    @Test
    void aLeaderThatWasPausedAnswersNothingOld() {
        start(4, 1L, 2L, 3L);
        beginLease();
        long before = cluster.clock().nanoTime();
        long old = leader;
        cluster.network().isolate(old);
        cluster.pause(old, 100 * SECOND);
        assertThat(cluster.runUntil(() -> cluster.leader() != old, SECOND)).isTrue();
        assertThat(write(cluster.leader()).isDone()).isTrue();

        RaftNode paused = cluster.node(old);
        assertThat(paused.view().role()).isEqualTo(RoleName.LEADER);
        // Asked as it goes on, in a turn that began before the pause.
        Answer<Long> read = leaseRead(old);
        turn(paused, before);
        assertThat(read.isDone()).as("in the turn that was under way").isFalse();
        turn(paused, cluster.clock().nanoTime());
        assertThat(read.isDone()).as("in the next turn").isFalse();
    }

    @Test
    void whoWasSentToTakeOverMayDoSoWithinTheLease() {
        start(5, 1L, 2L, 3L);
        long target = other(leader);
        beginLease();
        long begin = cluster.clock().nanoTime();
        for (long id : cluster.ids()) {
            if (id != leader) {
                // It does not hear that it was replaced.
                cluster.network().cutLink(id, leader);
            }
        }
        cluster.node(leader).transferLeadership(target, deadline(), new Answer<>());
        assertThat(cluster.runUntil(() -> cluster.leader() == target, LEASE)).isTrue();
        Answer<@Nullable Object> written = begin(target);
        assertThat(cluster.runUntil(written::isDone, LEASE)).isTrue();
        assertThat(cluster.clock().nanoTime() - begin)
                .as("the lease would still hold")
                .isLessThan(LEASE);
        Answer<Long> read = leaseRead(leader);
        assertThat(cluster.runUntil(read::isDone, TIMEOUT)).isFalse();
    }

    @Test
    void afterATransferThatFailedThereIsNoLeaseInTheTerm() {
        start(6, 1L, 2L, 3L);
        long target = other(leader);
        cluster.run(TIMEOUT);
        cluster.network().cutLink(leader, target);
        Answer<Long> transfer = new Answer<>();
        cluster.node(leader).transferLeadership(target, deadline(), transfer);
        assertThat(cluster.runUntil(transfer::hasEnded, SECOND)).isTrue();
        cluster.network().heal();
        assertThat(cluster.leader()).isEqualTo(leader);
        // What was sent may be on its way still.
        beginLease();
        cluster.network().isolate(leader);
        Answer<Long> read = leaseRead(leader);
        assertThat(cluster.runUntil(read::isDone, LEASE)).isFalse();
    }

    @Test
    void aChangeOfTheConfigurationEndsTheLeaseUntilTheNextRound() {
        start(7, 1L, 2L, 3L);
        beginLease();
        long begin = cluster.clock().nanoTime();
        Answer<ConfState> change = new Answer<>();
        cluster.node(leader)
                .changeConfiguration(
                        ConfChangeV2.of(new ConfChangeSingle(ConfChangeType.ADD_LEARNER_NODE, 4)), deadline(), change);
        assertThat(cluster.runUntil(change::isDone, LEASE / 2)).isTrue();
        cluster.network().isolate(leader);
        Answer<Long> read = leaseRead(leader);
        assertThat(cluster.clock().nanoTime() - begin)
                .as("the lease would still hold")
                .isLessThan(LEASE);
        assertThat(cluster.runUntil(read::isDone, TIMEOUT)).isFalse();
        cluster.network().heal();
        assertThat(cluster.runUntil(() -> cluster.leader() != 0, SECOND)).isTrue();
        leader = cluster.leader();
        beginLease();
        cluster.network().isolate(leader);
        assertThat(cluster.runUntil(leaseRead(leader)::isDone, LEASE / 3)).isTrue();
    }

    @Test
    void aFollowerThatStartsAgainDoesNotForgetWhatTheLeaseRestsOn() {
        int seized = 0;
        for (long seed = 1; seed <= 30; seed++) {
            start(seed, 1L, 2L, 3L);
            long follower = other(leader);
            long rival = other(leader, follower);
            cut(leader, rival);
            cut(follower, rival);
            cluster.run(2 * TIMEOUT);
            assertThat(cluster.leader()).isEqualTo(leader);
            beginLease();
            cluster.crash(follower);
            cluster.restart(follower);
            cluster.network().heal();
            cluster.network().isolate(leader);
            long seen = 0;
            Answer<@Nullable Object> written = null;
            for (long end = cluster.clock().nanoTime() + 3 * TIMEOUT;
                    cluster.clock().nanoTime() - end < 0; ) {
                if (written == null && cluster.node(rival).view().role() == RoleName.LEADER) {
                    written = begin(rival);
                }
                if (written != null && written.isDone()) {
                    seen = (Long) written.result();
                }
                Answer<Long> read = leaseRead(leader);
                long atLeast = seen;
                cluster.step();
                if (read.isDone()) {
                    assertThat(read.result())
                            .as("an old state was read, seed %d", seed)
                            .isGreaterThanOrEqualTo(atLeast);
                }
            }
            seized += seen > 0 ? 1 : 0;
        }
        assertThat(seized).as("how often the rival was elected").isGreaterThan(5);
    }

    @Test
    void whoHearsFromALeaderDoesNotCampaign() {
        start(8, 1L, 2L, 3L);
        cluster.run(TIMEOUT);
        long follower = other(leader);
        Answer<Boolean> refused = new Answer<>();
        cluster.node(follower).campaign(deadline(), refused);
        assertThat(cluster.runUntil(refused::isDone, SECOND)).isTrue();
        assertThat(refused.result()).isFalse();
        cluster.crash(follower);
        cluster.network().isolate(leader);
        cluster.restart(follower);
        Answer<Boolean> forgotten = new Answer<>();
        cluster.node(follower).campaign(deadline(), forgotten);
        assertThat(cluster.runUntil(forgotten::isDone, SECOND)).isTrue();
        assertThat(forgotten.result()).isFalse();
        assertThat(cluster.runUntil(
                        () -> cluster.node(follower).view().role() != RoleName.FOLLOWER || cluster.leader() != leader,
                        SECOND))
                .isTrue();
    }

    @Test
    void whoForgetsItsLeaderKeepsItsPromiseToIt() {
        start(11, 1L, 2L, 3L);
        cluster.run(TIMEOUT);
        long follower = other(leader);
        long rival = other(leader, follower);
        RaftNode node = cluster.node(follower);
        turn(node, cluster.clock().nanoTime());
        long term = node.view().term();
        Answer<Boolean> forgotten = new Answer<>();
        node.forgetLeader(deadline(), forgotten);
        turn(node, cluster.clock().nanoTime());
        assertThat(forgotten.result()).isTrue();
        assertThat(node.view().leader()).isEqualTo(RawNode.NONE);
        node.inbound()
                .offer(0, Message.VoteRequest.of(false, rival, follower, term + 1, new EntryId(term, 1_000), false));
        turn(node, cluster.clock().nanoTime());
        assertThat(node.view().term()).as("it has voted").isEqualTo(term);
    }

    @Test
    void whoIsTheOnlyVoterMayCampaignAtOnce() {
        start(9, 1L);
        cluster.crash(1);
        cluster.restart(1);
        assertThat(cluster.runUntil(() -> cluster.node(1).view().applied() > 0, TIMEOUT / 2))
                .isTrue();
        Answer<Boolean> campaign = new Answer<>();
        cluster.node(1).campaign(deadline(), campaign);
        assertThat(cluster.runUntil(campaign::isDone, SECOND)).isTrue();
        assertThat(campaign.result()).isTrue();
    }

    @Test
    void timeThatPassedBeforeAHeartbeatWasTakenDoesNotCountAfterwards() {
        start(10, 1L, 2L, 3L);
        cluster.run(TIMEOUT);
        long follower = other(leader);
        long rival = other(leader, follower);
        RaftNode node = cluster.node(follower);
        turn(node, cluster.clock().nanoTime());
        long term = node.view().term();
        long before = cluster.clock().nanoTime();
        // It stands still in the middle of a turn, and takes then what the leader has just sent.
        cluster.clock().advance(5 * TIMEOUT);
        node.inbound()
                .offer(
                        0,
                        new Message.Heartbeat(
                                leader, follower, term, node.view().commit(), Bytes.EMPTY));
        turn(node, before);
        Message vote = Message.VoteRequest.of(false, rival, follower, term + 1, new EntryId(term, 1_000), false);
        turn(node, cluster.clock().nanoTime());
        node.inbound().offer(0, vote);
        turn(node, cluster.clock().nanoTime());
        assertThat(node.view().term()).as("it has voted").isEqualTo(term);
        // Nine ticks later it may have to keep its word still, ten later it need not.
        cluster.clock().advance(9 * TICK - 1);
        node.inbound().offer(0, vote);
        turn(node, cluster.clock().nanoTime());
        assertThat(node.view().term()).isEqualTo(term);
        cluster.clock().advance(TICK + 1);
        turn(node, cluster.clock().nanoTime());
        node.inbound().offer(0, vote);
        turn(node, cluster.clock().nanoTime());
        assertThat(node.view().term()).isGreaterThan(term);
    }
}
