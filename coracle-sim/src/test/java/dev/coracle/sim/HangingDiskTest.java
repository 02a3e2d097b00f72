package dev.coracle.sim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.node.NodeConfig;
import dev.coracle.raft.RoleName;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Nodes whose disk takes a write and does not come back. */
class HangingDiskTest {
    private static final long SECOND = 1_000_000_000;
    private static final long ELECTION_TIMEOUT = 10 * SimCluster.TICK_NANOS;

    private final List<Answer<?>> answers = new ArrayList<>();
    private long lastNumber;
    private SimCluster cluster;
    private long leader;

    private void start(UnaryOperator<NodeConfig.Builder> settings) {
        cluster = new SimCluster(23, id -> new Register(), settings);
        cluster.startFirst(1L, 2L, 3L);
        assertThat(cluster.runUntil(() -> cluster.leader() != 0, 10 * SECOND)).isTrue();
        leader = cluster.leader();
        write(leader);
    }

    private Answer<@Nullable Object> propose(long id) {
        Answer<@Nullable Object> answer = new Answer<>();
        cluster.node(id)
                .propose(Register.command(++lastNumber, 8), cluster.clock().nanoTime() + SECOND, answer);
        answers.add(answer);
        return answer;
    }

    private void write(long id) {
        Answer<@Nullable Object> answer = propose(id);
        assertThat(cluster.runUntil(answer::hasEnded, 2 * SECOND)).isTrue();
        assertThat(answer.failure()).isNull();
    }

    /** Proposes in each moment for so long. */
    private void proposeFor(long nanos) {
        long end = cluster.clock().nanoTime() + nanos;
        while (cluster.clock().nanoTime() < end) {
            propose(leader);
            cluster.step();
        }
    }

    private void read(long id) {
        Answer<Long> read = new Answer<>();
        cluster.node(id).read(cluster.clock().nanoTime() + SECOND, read);
        assertThat(cluster.runUntil(read::hasEnded, ELECTION_TIMEOUT / 2)).isTrue();
        assertThat(read.failure()).isNull();
    }

    private long term(long id) {
        return cluster.node(id).view().term();
    }

    private RoleName role(long id) {
        return cluster.node(id).view().role();
    }

    private List<Long> others() {
        return cluster.ids().stream().filter(id -> id != leader).toList();
    }

    /** Whatever was promised holds, and the node whose disk is back is one like any other. */
    private void recovers() {
        cluster.network().heal();
        cluster.run(3 * SECOND);
        assertThat(answers).allMatch(Answer::hasEnded);
        write(cluster.leader());
        cluster.run(SECOND);
        List<Long> numbers = ((Register) cluster.stateMachine(leader)).numbers();
        for (long id : others()) {
            assertThat(((Register) cluster.stateMachine(id)).numbers()).isEqualTo(numbers);
        }
    }

    @Test
    void aLeaderHandsLeadershipToAFollowerThatHasItsLog() {
        start(UnaryOperator.identity());
        long term = term(leader);
        cluster.stallDisk(leader, 3 * SECOND);

        proposeFor(2 * ELECTION_TIMEOUT);
        assertThat(role(leader)).as("it may still come back").isEqualTo(RoleName.LEADER);
        proposeFor(ELECTION_TIMEOUT / 2);

        assertThat(others()).contains(cluster.leader());
        assertThat(term(cluster.leader()))
                .as("by one election, without a timeout")
                .isEqualTo(term + 1);
        assertThat(role(leader)).isEqualTo(RoleName.FOLLOWER);
        write(cluster.leader());
        recovers();
    }

    @Test
    void aLeaderThatNobodySucceedsStepsDown() {
        start(config -> config.checkQuorum(false));
        long term = term(leader);
        cluster.stallDisk(leader, 3 * SECOND);
        cluster.network().isolate(leader);

        proposeFor(3 * ELECTION_TIMEOUT);
        assertThat(role(leader)).as("the transfer has its time").isEqualTo(RoleName.LEADER);
        proposeFor(ELECTION_TIMEOUT / 2);

        assertThat(role(leader)).isEqualTo(RoleName.FOLLOWER);
        assertThat(term(leader)).isEqualTo(term + 1);
        recovers();
    }

    @Test
    void aNodeAloneLeadsOn() {
        cluster = new SimCluster(23, id -> new Register(), UnaryOperator.identity());
        cluster.startFirst(1L);
        assertThat(cluster.runUntil(() -> cluster.leader() == 1, 10 * SECOND)).isTrue();
        leader = 1;
        write(1);
        long term = term(1);
        cluster.stallDisk(1, 2 * SECOND);

        propose(1);
        cluster.run(SECOND);

        assertThat(role(1)).isEqualTo(RoleName.LEADER);
        recovers();
        assertThat(term(1)).isEqualTo(term);
    }

    /** Of its two followers one is away and one stores nothing, so all depends on its heartbeats being answered. */
    @Test
    void heartbeatsAndReadsDoNotWaitForAFollowersDisk() {
        start(config -> config.maxOutstandingWrites(8).maxInflightMessages(64));
        long term = term(leader);
        long away = others().get(0);
        long hanging = others().get(1);
        cluster.stallDisk(hanging, 5 * SECOND);
        cluster.network().isolate(away);

        for (int i = 0; i < 20; i++) {
            proposeFor(ELECTION_TIMEOUT);
            read(leader);
        }

        assertThat(role(leader)).isEqualTo(RoleName.LEADER);
        assertThat(term(leader)).isEqualTo(term);
        read(leader);
        recovers();
    }

    @Test
    void heartbeatsAndReadsDoNotWaitForTheLeadersDisk() {
        start(config -> config.maxOutstandingWrites(8));
        long term = term(leader);
        cluster.stallDisk(leader, 3 * ELECTION_TIMEOUT / 2);
        for (int i = 0; i < 100; i++) {
            propose(leader);
        }
        // What has no place in the queue of the disk is not in the way of reads either.
        read(leader);
        cluster.run(ELECTION_TIMEOUT);

        assertThat(role(leader)).isEqualTo(RoleName.LEADER);
        assertThat(term(leader)).isEqualTo(term);
        recovers();
    }

    /** It could not make its vote durable, and would only push the terms up. */
    @Test
    void aFollowerDoesNotCampaign() {
        start(config -> config.preVote(false));
        long term = term(leader);
        long hanging = others().get(0);
        cluster.stallDisk(hanging, 5 * SECOND);
        proposeFor(ELECTION_TIMEOUT);
        cluster.run(2 * ELECTION_TIMEOUT);
        cluster.network().isolate(hanging);
        cluster.run(2 * SECOND);

        assertThat(role(hanging)).isEqualTo(RoleName.FOLLOWER);
        assertThat(term(hanging)).isEqualTo(term);
        recovers();
    }
}
