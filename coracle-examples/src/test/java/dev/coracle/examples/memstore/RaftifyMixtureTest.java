package dev.coracle.examples.memstore;

import static dev.coracle.examples.memstore.RaftifyMixture.Kind.JAVA;
import static dev.coracle.examples.memstore.RaftifyMixture.Kind.RUST;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.coracle.examples.Await;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Nodes of raftify and of ours in one cluster, each a process, under writes and {@code kill -9}, as far as raftify bears
 * it. Runs where cargo can build the program in {@code src/test/rust}, and says so where not.
 */
@Tag("long")
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class RaftifyMixtureTest {
    /** How many writes go through each member in turn; a follower misses three times as many. */
    private static final int WRITES = Integer.getInteger("coracle.interop.raftify.writes", 1_000);

    private static @Nullable Path program;

    @TempDir
    Path folder;

    private interface Scenario {
        void play(RaftifyMixture cluster) throws Exception;
    }

    @BeforeAll
    static void build() throws Exception {
        program = RaftifyProgram.build();
        assumeTrue(program != null, "NOT TESTED WITH RUST NODES, see the output");
    }

    private void play(Scenario scenario, String... common) throws Exception {
        try (RaftifyMixture cluster = new RaftifyMixture(program, folder, common)) {
            scenario.play(cluster);
            cluster.pass();
        }
    }

    @Test
    void onDiskEachLeadsTakesWritesIsKilledAndMissesMany() throws Exception {
        play(cluster -> {
            cluster.startListed(new RaftifyMixture.Kind[] {JAVA, RUST, RUST}, "leader");
            // Through each in turn, with one of ours in the lead and one of theirs.
            for (long through = 1; through <= 3; through++) {
                cluster.write(through, (through - 1) * WRITES, WRITES, "v" + through);
            }
            cluster.compareMaps();

            for (long id = 1; id <= 3; id++) {
                cluster.moveLeadershipTo(id);
                for (long through = 1; through <= 3; through++) {
                    cluster.write(through, 0, 50, "leader-" + id + "-" + through);
                }
                cluster.kill(id);
                assertThat(cluster.awaitLeader()).isNotEqualTo(id);
                for (long through = 1; through <= 3; through++) {
                    if (through != id) {
                        cluster.write(through, 50, 50, "without-" + id + "-" + through);
                    }
                }
                cluster.restart(id);
                cluster.awaitLeader();
                cluster.compareMaps();
            }

            // From theirs to ours: whoever of them leads has cut its log.
            cluster.moveLeadershipTo(2);
            cluster.kill(1);
            cluster.write(2, 0, 3 * WRITES, "missed-by-java");
            cluster.compareMaps();
            cluster.cutLog(2);
            cluster.cutLog(3);
            cluster.restart(1);
            cluster.compareMaps();
            assertThat(Long.parseLong(cluster.node(1).ok("first-index"))).isGreaterThan(3 * WRITES);

            // From ours to theirs; again, if one of theirs has come to lead before, which has all entries still.
            boolean sent = false;
            for (int round = 0; round < 5 && !sent; round++) {
                cluster.moveLeadershipTo(1);
                cluster.kill(3);
                cluster.write(1, 0, 3 * WRITES, "missed-by-rust-" + round);
                cluster.node(1).ok("snapshot");
                cluster.restart(3);
                cluster.compareMaps();
                sent = cluster.node(1).hasLogged("to node 3: stored there")
                        && cluster.node(3).hasLogged("Restoring state machine and snapshot metadata");
                // What it had before stays in its storage, and would be applied again after a restart.
                cluster.cutLog(3);
            }
            assertThat(sent).isTrue();

            for (long id = 1; id <= 3; id++) {
                cluster.kill(id);
            }
            for (long id = 1; id <= 3; id++) {
                cluster.restart(id);
            }
            cluster.awaitLeader();
            cluster.writeEverythingAgain();
            cluster.compareMaps();
        });
    }

    @Test
    void inMemoryWhoIsKilledIsReplaced() throws Exception {
        play(cluster -> {
            cluster.create(RUST, false);
            long java = cluster.join(JAVA, 1, true);
            long rust = cluster.join(RUST, java, false);
            long[] each = {1, java, rust};
            for (int i = 0; i < each.length; i++) {
                cluster.write(each[i], (long) i * WRITES, WRITES, "v" + i);
            }
            cluster.compareMaps();
            for (long id : each) {
                cluster.moveLeadershipTo(id);
                for (long through : each) {
                    cluster.write(through, 0, 50, "leader-" + id + "-" + through);
                }
            }

            // One that keeps nothing must not come back under its id. The new one gets a snapshot from ours.
            cluster.kill(rust);
            cluster.moveLeadershipTo(java);
            cluster.remove(rust, java);
            cluster.write(1, 0, 3 * WRITES, "missed");
            cluster.node(java).ok("snapshot");
            long newcomer = cluster.join(RUST, java, false);
            assertThat(newcomer).isNotEqualTo(rust);
            cluster.compareMaps();

            // And ours one from theirs.
            cluster.moveLeadershipTo(1);
            cluster.kill(java);
            cluster.write(newcomer, 0, 3 * WRITES, "missed-by-java");
            cluster.compareMaps();
            cluster.cutLog(1);
            cluster.cutLog(newcomer);
            cluster.restart(java);
            cluster.compareMaps();

            cluster.writeEverythingAgain();
            cluster.compareMaps();
        });
    }

    @Test
    void membersOfBothKindsComeAndGoUnderLeadersOfBoth() throws Exception {
        play(cluster -> {
            cluster.create(RUST, true);
            long java2 = cluster.join(JAVA, 1, true);
            cluster.write(1, 0, 100, "rust");
            cluster.write(java2, 100, 100, "java");
            long rust3 = cluster.join(RUST, 1, true);
            cluster.moveLeadershipTo(java2);
            long rust4 = cluster.join(RUST, java2, true);
            long java5 = cluster.join(JAVA, rust3, true);
            for (long through : new long[] {1, java2, rust3, rust4, java5}) {
                cluster.write(through, through * 100, 100, "five");
            }
            cluster.compareMaps();

            // A leader of ours removes one of each kind, by the word of one of each kind; then a leader of theirs does.
            cluster.remove(rust3, java5);
            cluster.remove(java5, 1);
            cluster.write(rust4, 0, 50, "three");
            cluster.moveLeadershipTo(1);
            long java6 = cluster.join(JAVA, 1, true);
            cluster.remove(rust4, java6);
            cluster.remove(java6, 1);
            cluster.write(java2, 50, 50, "two");
            cluster.compareMaps();
        });
    }

    @Test
    void learnersOfBothKindsHaveTheData() throws Exception {
        play(cluster -> {
            cluster.startListed(
                    new RaftifyMixture.Kind[] {JAVA, RUST, RUST, JAVA}, "leader", "voter", "learner", "learner");
            String[] roles = {"voter", "voter", "learner", "learner"};
            cluster.write(1, 0, 100, "by-ours");
            cluster.write(3, 100, 100, "through-a-learner-of-theirs");
            cluster.write(4, 200, 100, "through-a-learner-of-ours");
            cluster.compareMaps();
            cluster.moveLeadershipTo(2);
            cluster.write(4, 300, 100, "by-theirs");
            cluster.compareMaps();
            cluster.kill(3);
            cluster.kill(4);
            cluster.write(1, 400, 100, "missed");
            cluster.restart(3, roles);
            cluster.restart(4, roles);
            cluster.compareMaps();
            // Both come to vote.
            for (long id = 3; id <= 4; id++) {
                cluster.node(1).ok("voters");
                cluster.node(2).ok("change add " + id + " " + cluster.address(id));
            }
            Await.until("all to vote", () -> cluster.node(4).ok("voters").equals("[1, 2, 3, 4]"));
            cluster.moveLeadershipTo(3);
            cluster.write(4, 500, 100, "by-who-learned");
            cluster.compareMaps();
        });
    }

    /** Both show a certificate and want one; raftify looks at no name in it, and ours, by default, at none either. */
    @Test
    void withTlsToo() throws Exception {
        Path tls = TlsFiles.write(folder);
        // A node of raftify makes a connection, and with it a handshake, for each write that it passes on.
        play(
                cluster -> {
                    cluster.startListed(new RaftifyMixture.Kind[] {JAVA, RUST, RUST}, "leader");
                    for (long through = 1; through <= 3; through++) {
                        cluster.write(through, through * 20, 20, "through-" + through);
                    }
                    cluster.moveLeadershipTo(2);
                    long java = cluster.join(JAVA, 3, true);
                    for (long through : new long[] {1, 2, 3, java}) {
                        cluster.write(through, through * 20 - 10, 20, "again-" + through);
                    }
                    cluster.moveLeadershipTo(java);
                    long rust = cluster.join(RUST, 1, true);
                    cluster.write(rust, 0, 20, "by-the-last");
                    cluster.compareMaps();
                },
                "--tls",
                tls.toString());
    }
}
