package dev.coracle;

import static dev.coracle.Cluster.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.node.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdentityTest {
    @TempDir
    Path directory;

    private Cluster cluster;

    @BeforeEach
    void open() {
        cluster = new Cluster(directory);
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    private static void delete(Path tree) throws IOException {
        try (Stream<Path> paths = Files.walk(tree)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private static void refuses(StartException.Kind kind, ThrowingCallable start, String... texts) {
        assertThatThrownBy(start).isInstanceOfSatisfying(StartException.class, refusal -> {
            assertThat(refusal.kind()).isEqualTo(kind);
            assertThat(refusal).hasMessageContainingAll(texts);
        });
    }

    @Test
    void aListedMemberWhoseDirectoryWasEmptiedIsRefusedByName() throws Exception {
        List<Member> members = Cluster.listed(3);
        cluster.startListed(members).get(0).propose("one").join();
        cluster.stop("c");
        delete(cluster.directory("c"));
        refuses(
                StartException.Kind.IDENTITY,
                () -> cluster.startListed(members.get(2), members),
                "node 3",
                "emptied or replaced",
                "join");
        // What it was told to do works.
        Raft<String, Long, Journal> again = cluster.start(
                "d",
                builder -> builder.raftAddress(members.get(2).address())
                        .join(members.get(0).address()));
        assertThat(again.id()).isEqualTo(4);
        assertThat(Cluster.lines(again)).containsExactly("one");
    }

    @Test
    void aListedMemberIsRefusedEvenBeforeItsFirstEntry() throws Exception {
        List<Member> members = Cluster.listed(2);
        cluster.startListed(members);
        until("both take part", () -> cluster.get("b").leader().isPresent());
        cluster.stop("b");
        delete(cluster.directory("b"));
        refuses(StartException.Kind.IDENTITY, () -> cluster.startListed(members.get(1), members), "node 2");
    }

    @Test
    void aListedMemberWaitsForAMajorityOfTheOthers() throws Exception {
        List<Member> members = Cluster.listed(3);
        Raft<String, Long, Journal> first = cluster.startListed(members.get(0), members);
        Raft<String, Long, Journal> second = cluster.startListed(members.get(1), members);
        assertThatThrownBy(() -> first.propose("early", Duration.ofMillis(300)).join())
                .cause()
                .isInstanceOfSatisfying(RaftException.class, failure -> {
                    assertThat(failure.kind()).isEqualTo(RaftException.Kind.NO_LEADER);
                    assertThat(failure.certainty()).isEqualTo(RaftException.Certainty.RETRY);
                });
        assertThat(first.leader()).isEmpty();
        cluster.startListed(members.get(2), members);
        assertThat(first.propose("one").join()).isEqualTo(1);
        assertThat(second.propose("two").join()).isEqualTo(2);
    }

    @Test
    void incarnationsGetIntoTheLog() throws Exception {
        List<Raft<String, Long, Journal>> rafts = new ArrayList<>(cluster.startListed(Cluster.listed(3)));
        rafts.get(0).propose("one").join();
        until(
                "all are recorded",
                () -> rafts.stream()
                        .allMatch(raft -> raft.engine().replica().membership().tables().members().values().stream()
                                .allMatch(known -> known.incarnation() != 0)));
    }

    @Test
    void aListedLearnerGetsTheLogWithoutAVote() throws Exception {
        List<String> addresses = Cluster.freeAddresses(3);
        List<Member> members = List.of(
                new Member(1, addresses.get(0), Member.Role.LEARNER),
                new Member(2, addresses.get(1), Member.Role.LEADER),
                new Member(3, addresses.get(2), Member.Role.VOTER));
        List<Raft<String, Long, Journal>> rafts = cluster.startListed(members);
        assertThat(rafts.get(0).propose("one").join()).isEqualTo(1);
        assertThat(Cluster.lines(rafts.get(0))).containsExactly("one");
        assertThat(rafts.get(0).status().configuration().learners()).containsExactly(1L);
        assertThat(rafts.get(0).members().get(0).role()).isEqualTo(Member.Role.LEARNER);
    }

    @Test
    void aDirectoryBelongsToOneNode() throws Exception {
        cluster.start("a");
        refuses(StartException.Kind.IN_USE, () -> cluster.builder("a").start(), "in use");
        assertThat(cluster.get("a").propose("one").join()).isEqualTo(1);
    }

    @Test
    void anAddressBelongsToOneNode() throws Exception {
        Raft<String, Long, Journal> first = cluster.start("a");
        refuses(
                StartException.Kind.ADDRESS,
                () -> cluster.start("b", builder -> builder.raftAddress(first.raftAddress())),
                first.raftAddress());
        // Nothing is left behind that keeps it from starting elsewhere.
        cluster.start("b").propose("one").join();
    }

    @Test
    void whatContradictsTheDirectoryIsRefused() throws Exception {
        cluster.start("a").propose("one").join();
        cluster.stop("a");
        refuses(
                StartException.Kind.CONTRADICTION,
                () -> cluster.start("a", builder -> builder.clusterName("other")),
                "\"other\"",
                "\"default\"");
        refuses(StartException.Kind.CONTRADICTION, () -> cluster.start("a", builder -> builder.id(7)), "7", "1");
        // A start mode that does not count any more is none.
        assertThat(cluster.start("a", builder -> builder.join("127.0.0.1:1")).id())
                .isEqualTo(1);
    }

    @Test
    void anEmptyDirectoryIsRefusedIfDataIsRequired() throws Exception {
        refuses(
                StartException.Kind.NO_DATA,
                () -> cluster.start("a", builder -> builder.requireData(true)),
                "requireData");
        cluster.start("a");
        cluster.stop("a");
        cluster.start("a", builder -> builder.requireData(true));
    }

    @Test
    void aDirectoryWithoutItsLogIsRefused() throws Exception {
        cluster.start("a").propose("one").join();
        cluster.stop("a");
        delete(cluster.directory("a").resolve("wal"));
        assertThatThrownBy(() -> cluster.start("a"))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("wal")
                .hasMessageContaining("missing");
    }

    @Test
    void nothingIsWrittenToADirectoryThatWasClosed() throws Exception {
        cluster.start("a");
        cluster.stop("a");
        DataDirectory opened = DataDirectory.open(World.real().disk(), cluster.directory("a"));
        opened.close();
        assertThatThrownBy(() -> opened.change(file -> file.withAddress("elsewhere:1")))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("closed");
        cluster.start("a").propose("one").join();
    }

    @Test
    void aLogWithoutItsFileIsRefused() throws Exception {
        cluster.start("a").propose("one").join();
        cluster.stop("a");
        Files.delete(cluster.directory("a").resolve("cluster"));
        assertThatThrownBy(() -> cluster.start("a"))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("cluster");
    }

    @Test
    void aDamagedFileIsRefused() throws Exception {
        cluster.start("a");
        cluster.stop("a");
        Path file = cluster.directory("a").resolve("cluster");
        Files.writeString(file, Files.readString(file).replace("node-id=1", "node-id=2"));
        assertThatThrownBy(() -> cluster.start("a"))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("checksum");
    }
}
