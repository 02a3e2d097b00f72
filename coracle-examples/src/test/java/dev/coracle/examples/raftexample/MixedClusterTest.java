package dev.coracle.examples.raftexample;

import static dev.coracle.examples.raftexample.Member.Kind.GO;
import static dev.coracle.examples.raftexample.Member.Kind.JAVA;
import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.examples.Ports;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/**
 * Our raftexample and Go's in one cluster: real processes on real directories.
 *
 * <p>A Go node of etcd 3.4 that is started with a snapshot on its disk takes part in everything and never opens its API
 * again: its store waits for the end of a list of snapshots that always has one more. It is looked at through its
 * directories. For the same reason it dies of its next snapshot, 10,000 entries later; no test writes so many to one.
 */
@Tag("long")
class MixedClusterTest {
    /** How many writes go through each member in turn; a follower misses three times as many. */
    private static final int WRITES = Integer.getInteger("coracle.interop.writes", 10_000);

    @TempDir
    private Path directory;

    private Path logs = Path.of("target");

    private interface Scenario {
        void play(MixedCluster cluster) throws Exception;
    }

    @BeforeAll
    static void needsGo() throws Exception {
        GoProgram.binary();
    }

    @BeforeEach
    void name(TestInfo test) {
        logs = Path.of("target", "interop", test.getTestMethod().orElseThrow().getName());
    }

    private void play(int size, Scenario scenario) throws Exception {
        try (MixedCluster cluster = new MixedCluster(directory, logs, size)) {
            try {
                scenario.play(cluster);
            } catch (Throwable failure) {
                cluster.printOutputs();
                throw failure;
            }
        }
    }

    @Test
    void eachMemberLeadsTakesWritesAndIsKilled() throws Exception {
        play(3, cluster -> {
            Member java = cluster.member(1);
            cluster.start(1, JAVA);
            cluster.start(2, GO);
            cluster.start(3, GO);
            cluster.awaitLeader();
            for (long id = 1; id <= 3; id++) {
                cluster.moveLeadershipTo(id);
                for (long through = 1; through <= 3; through++) {
                    cluster.write(cluster.member(through), java, 0, 100);
                }
                Member.Kind kind = cluster.member(id).isJava() ? JAVA : GO;
                cluster.member(id).kill();
                Member next = cluster.awaitLeader();
                assertThat(next.id).isNotEqualTo(id);
                for (Member through : cluster.running()) {
                    cluster.write(through, through, 100, 200);
                }
                cluster.start(id, kind);
                cluster.awaitCaughtUp(cluster.member(id), next);
                cluster.writeOne(cluster.member(id), next);
            }
            for (Member member : cluster.running()) {
                member.kill();
            }
            cluster.start(1, JAVA);
            cluster.start(2, GO);
            cluster.start(3, GO);
            cluster.awaitLeader();
            for (Member member : cluster.running()) {
                cluster.write(member, java, 200, 300);
            }
            cluster.writeEverythingAgain(java, java);
            cluster.compareMaps(java);
        });
    }

    /** A Go node ignores whoever leads in an older term, so its own, higher one must not be ignored for ever. */
    @Test
    void aGoNodeThatCampaignedAloneComesBack() throws Exception {
        play(3, cluster -> {
            Member alone = cluster.member(3);
            cluster.start(1, JAVA);
            cluster.start(2, JAVA);
            cluster.start(3, GO);
            cluster.awaitLeader();
            cluster.writeOne(alone, cluster.member(1));
            alone.kill();
            // On a port where nobody looks for it, among peers that are not there.
            alone.start(
                    GO,
                    List.of(
                            "http://127.0.0.1:" + Ports.free(),
                            "http://127.0.0.1:" + Ports.free(),
                            "http://127.0.0.1:" + Ports.free()),
                    false);
            cluster.await(
                    alone + " to have campaigned a few times",
                    () -> alone.output().split("became candidate").length > 4);
            alone.kill();
            cluster.write(cluster.member(2), cluster.member(1), 0, 100);
            cluster.start(3, GO);
            cluster.awaitCaughtUp(alone, cluster.member(1));
            cluster.writeOne(alone, cluster.member(2));
            cluster.compareMaps(cluster.member(1));
        });
    }

    @Test
    void membersOfBothKindsComeAndGo() throws Exception {
        play(2, cluster -> {
            Member go1 = cluster.member(1);
            Member java2 = cluster.member(2);
            cluster.start(1, GO);
            cluster.start(2, JAVA);
            cluster.awaitLeader();
            cluster.write(go1, java2, 0, 100);

            // Each kind joins a leader of the other, added through a Go node and through one of ours.
            cluster.moveLeadershipTo(1);
            Member java3 = cluster.add(go1, JAVA);
            cluster.moveLeadershipTo(2);
            Member go4 = cluster.add(java2, GO);
            for (Member through : cluster.running()) {
                cluster.write(through, java2, 0, 100);
            }
            cluster.moveLeadershipTo(4);
            cluster.writeOne(java3, java2);
            cluster.moveLeadershipTo(3);
            cluster.writeOne(go4, java2);

            // A follower and the leader of each kind are removed, by the other kind.
            cluster.remove(go4, java2);
            cluster.remove(java3, go1);
            cluster.writeOne(java3, java3);
            Member java5 = cluster.add(go4, JAVA);
            cluster.moveLeadershipTo(5);
            cluster.remove(go4, java5);
            cluster.awaitLeader();
            cluster.writeOne(java3, java3);
            Member java6 = cluster.add(go4, JAVA);
            cluster.moveLeadershipTo(4);
            cluster.remove(java6, go4);
            cluster.awaitLeader();
            cluster.write(java6, java3, 0, 100);

            // Who is left goes on after a restart of everything.
            java3.kill();
            java6.kill();
            cluster.start(3, JAVA);
            cluster.start(6, JAVA);
            cluster.awaitLeader();
            cluster.writeEverythingAgain(java6, java3);
            cluster.compareMaps(java6);
        });
    }

    @Test
    void directoriesAreHandedOverAndBackInTheMiddleOfWrites() throws Exception {
        play(3, cluster -> {
            cluster.start(1, GO);
            cluster.start(2, GO);
            cluster.start(3, JAVA);
            cluster.awaitLeader();
            // The one who takes the writes is always ours and never the one that is replaced.
            replace(cluster, 1, JAVA, 3);
            replace(cluster, 2, JAVA, 3);
            replace(cluster, 3, GO, 1);
            replace(cluster, 1, GO, 2);
            replace(cluster, 3, JAVA, 2);
            replace(cluster, 2, GO, 3);
            Member java = cluster.member(3);
            cluster.writeEverythingAgain(java, java);
            cluster.compareMaps(java);
        });
    }

    private static void replace(MixedCluster cluster, long id, Member.Kind kind, long writer) throws Exception {
        Member replaced = cluster.member(id);
        try (MixedCluster.BackgroundWriter writes = cluster.new BackgroundWriter(cluster.member(writer))) {
            writes.awaitProgress();
            if (id % 2 == 0) {
                replaced.kill();
            } else {
                replaced.terminate();
            }
            writes.awaitProgress();
            cluster.start(id, kind);
            cluster.awaitCaughtUp(replaced, cluster.member(writer));
            writes.awaitProgress();
        }
        if (kind == JAVA) {
            cluster.writeOne(replaced, replaced);
        }
    }

    @Test
    void whoMissedTooMuchGetsASnapshotFromTheOtherLanguage() throws Exception {
        play(3, cluster -> {
            Member java = cluster.member(1);
            cluster.start(1, JAVA);
            cluster.start(2, GO);
            cluster.start(3, GO);
            cluster.awaitLeader();
            for (long id = 1; id <= 3; id++) {
                cluster.writeMany(cluster.member(id), java, WRITES);
            }

            // From Go: of the three only Go nodes are left, which were never restarted and answer.
            cluster.moveLeadershipTo(3);
            java.kill();
            cluster.writeMany(cluster.member(3), cluster.member(3), WRITES);
            cluster.writeMany(cluster.member(3), cluster.member(3), WRITES);
            cluster.writeMany(cluster.member(3), cluster.member(3), WRITES);
            cluster.start(1, JAVA);
            cluster.awaitCaughtUp(java, cluster.member(3));
            cluster.await(
                    java + " to have restored a snapshot", () -> java.output().contains("restored snapshot"));
            cluster.writeOne(java, java);

            // To Go.
            Member go = cluster.member(2);
            cluster.moveLeadershipTo(1);
            go.kill();
            cluster.writeMany(java, java, WRITES);
            cluster.writeMany(java, java, WRITES);
            cluster.writeMany(java, java, WRITES);
            assertThat(cluster.leader()).isEqualTo(java);
            cluster.start(2, GO);
            cluster.awaitCaughtUp(go, java);
            cluster.await(
                    go + " to have restored a snapshot", () -> go.output().contains("finished publishing snapshot"));

            for (Member member : cluster.running()) {
                member.kill();
            }
            cluster.start(1, JAVA);
            cluster.start(2, GO);
            cluster.start(3, GO);
            cluster.awaitLeader();
            cluster.writeEverythingAgain(java, java);
            cluster.compareMaps(java);
        });
    }
}
