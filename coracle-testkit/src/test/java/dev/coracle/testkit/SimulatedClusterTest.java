package dev.coracle.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.Codec;
import dev.coracle.Raft;
import dev.coracle.StateMachine;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SimulatedClusterTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    /** Lines, and how many there are. */
    private static final class Journal implements StateMachine<String, Long> {
        private final List<String> lines = new ArrayList<>();

        @Override
        public Long apply(String command) {
            lines.add(command);
            return (long) lines.size();
        }

        @Override
        public PinnedState snapshot() {
            byte[] text = String.join("\n", lines).getBytes(StandardCharsets.UTF_8);
            return out -> out.write(text);
        }

        @Override
        public void restore(InputStream in) throws IOException {
            lines.clear();
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            if (!text.isEmpty()) {
                lines.addAll(List.of(text.split("\n")));
            }
        }
    }

    private final List<SimulatedCluster<?, ?>> clusters = new ArrayList<>();

    @AfterEach
    void end() {
        clusters.forEach(SimulatedCluster::close);
    }

    private SimulatedCluster<String, Long> cluster(long seed, int count) {
        SimulatedCluster<String, Long> cluster = new SimulatedCluster<>(
                seed,
                Journal::new,
                Codec.utf8(),
                Codec.int64(),
                builder -> builder.snapshotEntries(20).catchUpEntries(5).segmentBytes(16_384));
        clusters.add(cluster);
        for (int i = 0; i < count; i++) {
            cluster.addHost();
        }
        for (int i = 0; i < count; i++) {
            cluster.startFirst(i, count);
        }
        assertThat(cluster.runUntil(() -> cluster.leader() >= 0, LONG)).isTrue();
        return cluster;
    }

    private static long propose(SimulatedCluster<String, Long> cluster, int host, String command) {
        Raft<String, Long, ?> member = cluster.member(host);
        assertThat(member).isNotNull();
        CompletableFuture<Long> done = member.propose(command);
        assertThat(cluster.runUntilDone(done, LONG)).isTrue();
        return done.join();
    }

    private long script(long seed) {
        SimulatedCluster<String, Long> cluster = cluster(seed, 3);
        cluster.runUntil(
                () -> cluster.member(0) != null && cluster.member(1) != null && cluster.member(2) != null, LONG);
        for (int i = 1; i <= 30; i++) {
            assertThat(propose(cluster, i % 3, "line " + i)).isEqualTo(i);
        }
        int leader = cluster.leader();
        cluster.crash(leader);
        assertThat(cluster.runUntil(() -> cluster.leader() >= 0 && cluster.leader() != leader, LONG))
                .isTrue();
        int next = cluster.leader();
        assertThat(propose(cluster, next, "after the crash")).isEqualTo(31);
        cluster.startFirst(leader, 3);
        assertThat(cluster.runUntil(() -> cluster.member(leader) != null, LONG)).isTrue();
        assertThat(propose(cluster, leader, "back")).isEqualTo(32);

        int fourth = cluster.addHost();
        cluster.startJoining(fourth, List.of(next));
        assertThat(cluster.runUntil(() -> cluster.member(fourth) != null, LONG)).isTrue();
        assertThat(propose(cluster, fourth, "from the new one")).isEqualTo(33);
        cluster.close(next);
        assertThat(cluster.runUntil(() -> !cluster.isUp(next), LONG)).isTrue();
        assertThat(propose(cluster, fourth, "without the other one")).isEqualTo(34);
        cluster.run(Duration.ofSeconds(1));
        return cluster.trace();
    }

    @Test
    void aClusterLivesAndTheSameSeedGivesTheSameRun() {
        long first = script(7);
        assertThat(script(7)).isEqualTo(first);
        assertThat(script(8)).isNotEqualTo(first);
    }

    /** Its directory names the members of the time at which it asked to join, and its log is empty. */
    @Test
    void aJoinerCanAnswerALeaderThatJoinedAfterIt() {
        SimulatedCluster<String, Long> cluster = cluster(9, 3);
        cluster.runUntil(() -> cluster.member(cluster.leader()) != null, LONG);
        int early = cluster.addHost();
        cluster.startJoining(early, List.of(0, 1, 2));
        assertThat(cluster.runUntil(() -> cluster.node(early) != null, LONG)).isTrue();
        cluster.kill(early);

        int late = cluster.addHost();
        cluster.startJoining(late, List.of(0, 1, 2));
        assertThat(cluster.runUntil(() -> cluster.member(late) != null, LONG)).isTrue();
        Raft<String, Long, ?> newest = cluster.member(late);
        assertThat(newest).isNotNull();
        assertThat(cluster.runUntilDone(newest.transferLeadership(newest.id()), LONG))
                .isTrue();
        assertThat(cluster.leader()).isEqualTo(late);

        cluster.startJoining(early, List.of(0, 1, 2));
        assertThat(cluster.runUntil(() -> cluster.member(early) != null, LONG)).isTrue();
        assertThat(propose(cluster, early, "one")).isPositive();
    }
}
