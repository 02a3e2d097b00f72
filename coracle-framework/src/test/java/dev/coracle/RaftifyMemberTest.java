package dev.coracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.codec.Bincode;
import dev.coracle.codec.Dialect;
import dev.coracle.codec.raftify.ChangeConfigArgs;
import dev.coracle.codec.raftify.ChangeConfigResponse;
import dev.coracle.codec.raftify.ChangeConfigResultType;
import dev.coracle.node.FileDisk;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.transport.grpc.GrpcClient;
import io.grpc.InsecureChannelCredentials;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Members of ours in clusters whose others behave as nodes of raftify do, on any machine. */
class RaftifyMemberTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    private final List<FakeRaftify> fakes = new ArrayList<>();
    private Cluster cluster;

    @BeforeEach
    void open() {
        // A join may take six times as long.
        cluster = new Cluster(directory).with(builder -> builder.requestTimeout(TIMEOUT));
    }

    @AfterEach
    void close() {
        cluster.close();
        fakes.forEach(FakeRaftify::close);
        fakes.forEach(fake -> assertThat(fake.fault()).isNull());
    }

    private FakeRaftify raftify() throws Exception {
        FakeRaftify created = FakeRaftify.create();
        fakes.add(created);
        return created;
    }

    private FakeRaftify raftify(long id, String address, Map<Long, String> members) throws Exception {
        FakeRaftify started = FakeRaftify.start(id, address, members);
        fakes.add(started);
        return started;
    }

    private Raft<String, Long, Journal> join(String name, FakeRaftify member) throws Exception {
        return cluster.start(name, builder -> builder.join(member.address()));
    }

    private static void same(Raft<String, Long, Journal> ours, FakeRaftify theirs, String... lines) {
        Cluster.until(
                "the same lines",
                () -> stale(ours).equals(List.of(lines)) && theirs.lines().equals(stale(ours)));
    }

    private static List<String> stale(Raft<String, Long, Journal> raft) {
        return raft.read(Consistency.STALE, Journal::lines, TIMEOUT).join();
    }

    private static StopReason.Kind endOf(Raft<String, Long, Journal> raft) {
        Cluster.until("its end", () -> raft.stopped().isDone());
        return raft.stopped().join().kind();
    }

    @Test
    void aJoinerGetsTheStateTheEntriesBehindItAndAnswersToItsProposals() throws Exception {
        FakeRaftify one = raftify();
        for (String line : List.of("a", "b", "c")) {
            one.propose(line);
        }
        Raft<String, Long, Journal> two = join("a", one);
        assertThat(two.id()).isEqualTo(2);
        assertThat(one.configuration().voters()).containsExactly(1L, 2L);
        // The change that took it in has cut the log.
        assertThat(two.status().firstIndex()).isGreaterThan(1);
        one.propose("d");
        assertThat(two.propose("e").join()).isEqualTo(5);
        same(two, one, "a", "b", "c", "d", "e");
        Entry last = one.applied().get(one.applied().size() - 1);
        // No number that a node of raftify counts up to: it would take the entry for its own.
        assertThat(Bincode.decodeU64(last.context())).isGreaterThan(1L << 32);
        assertThat(Cluster.lines(two)).hasSize(5);
        assertThat(two.members())
                .extracting(Member::address, Member::role)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(one.address(), Member.Role.LEADER),
                        org.assertj.core.groups.Tuple.tuple(two.raftAddress(), Member.Role.VOTER));
    }

    @Test
    void aJoinerOfAWholeLogGetsItsEntries() throws Exception {
        FakeRaftify one = raftify().withoutCompaction();
        one.propose("a");
        one.propose("b");
        Raft<String, Long, Journal> two = join("a", one);
        same(two, one, "a", "b");
        assertThat(two.status().firstIndex()).isEqualTo(1);
    }

    @Test
    void whatIsMissedWhileItIsDownComesAfterARestart() throws Exception {
        FakeRaftify one = raftify();
        Raft<String, Long, Journal> two = join("a", one);
        FakeRaftify three =
                raftify(3, Cluster.freeAddresses(1).get(0), Map.of(1L, one.address(), 2L, two.raftAddress()));
        one.change(ConfChangeType.ADD_NODE, 3, three.address());
        String address = two.raftAddress();
        cluster.stop("a");
        one.propose("a");
        // With this one the log begins behind what it has.
        one.change(ConfChangeType.ADD_LEARNER_NODE, 4, "127.0.0.1:9");
        one.propose("b");
        Raft<String, Long, Journal> again = cluster.start("a", builder -> builder.raftAddress(address));
        same(again, one, "a", "b");
        assertThat(again.propose("c").join()).isEqualTo(3);
        same(again, three, "a", "b", "c");
        assertThat(again.status().configuration().learners()).containsExactly(4L);
    }

    @Test
    void aRefusedJoinIsTold() throws Exception {
        FakeRaftify one = raftify();
        // What raftify calls a success has a text all the same; it may go better later.
        one.refuseChanges(new ChangeConfigResponse(
                ChangeConfigResultType.SUCCESS, List.of(), Bytes.EMPTY, "there is something in the way"));
        assertThatThrownBy(() -> cluster.start(
                        "a", builder -> builder.join(one.address()).requestTimeout(Duration.ofSeconds(1))))
                .isInstanceOfSatisfying(
                        StartException.class, e -> assertThat(e.kind()).isEqualTo(StartException.Kind.UNREACHABLE))
                .hasMessageContaining("there is something in the way");
        one.refuseChanges(new ChangeConfigResponse(
                ChangeConfigResultType.REJECTED, List.of(), Bytes.EMPTY, "never, and not by you"));
        assertThatThrownBy(() -> join("b", one))
                .isInstanceOfSatisfying(
                        StartException.class, e -> assertThat(e.kind()).isEqualTo(StartException.Kind.REFUSED))
                .hasMessageContaining("never, and not by you");
        assertThat(one.configuration().voters()).containsExactly(1L);
        // The first one's directory remembers its id, and goes on with it.
        one.refuseChanges(null);
        Raft<String, Long, Journal> again = join("a", one);
        assertThat(again.propose("a").join()).isEqualTo(1);
    }

    @Test
    void aLeaderThatChangesIsFollowed() throws Exception {
        FakeRaftify one = raftify();
        String address = Cluster.freeAddresses(1).get(0);
        FakeRaftify two = raftify(2, address, Map.of(1L, one.address()));
        one.change(ConfChangeType.ADD_NODE, 2, address);
        // A ticket from who does not lead.
        Cluster.until("it follows", () -> two.leader() == 1);
        Raft<String, Long, Journal> three = join("c", two);
        assertThat(three.id()).isEqualTo(3);
        assertThat(three.propose("a").join()).isEqualTo(1);
        Cluster.handOver(three, 2);
        assertThat(three.propose("b").join()).isEqualTo(2);
        two.transferTo(3);
        Cluster.until("ours leads", () -> three.leader().map(Member::id).orElse(0L) == 3);
        assertThat(three.propose("c").join()).isEqualTo(3);
        Cluster.handOver(three, 1);
        assertThat(three.propose("d").join()).isEqualTo(4);
        one.close();
        // What is handed to a leader that is dying may be lost, and nobody knows.
        Cluster.until("another one leads", () -> three.leader().map(Member::id).orElse(1L) != 1);
        assertThat(three.propose("e").join()).isEqualTo(5);
        same(three, two, "a", "b", "c", "d", "e");
        // Entries of ours are such as raftify's nodes can apply: each with a number.
        for (Entry entry : two.applied()) {
            if (entry.type() != EntryType.NORMAL || !entry.isEmpty()) {
                assertThat(Bincode.decodeU64(entry.context())).isNotNegative();
            }
        }
    }

    @Test
    void itLeaves() throws Exception {
        FakeRaftify one = raftify();
        Raft<String, Long, Journal> two = join("a", one);
        two.propose("a").join();
        two.leave().join();
        assertThat(endOf(two)).isEqualTo(StopReason.Kind.LEFT);
        Cluster.until("one is alone", () -> one.configuration().voters().equals(List.of(1L)));
        one.propose("b");
    }

    @Test
    void whoIsRemovedAndNeverToldEndsAllTheSame() throws Exception {
        FakeRaftify one = raftify();
        Raft<String, Long, Journal> two = join("b", one);
        Raft<String, Long, Journal> three = join("c", one);
        three.propose("a").join();
        one.forgetEarly();
        one.change(ConfChangeType.REMOVE_NODE, 2, two.raftAddress());
        assertThat(endOf(two)).isEqualTo(StopReason.Kind.REMOVED);
        assertThat(two.stopped().join().text()).contains("do not know it");
        // Its own log says nothing of it: the next start finds out again, and the directory is not given up.
        Raft<String, Long, Journal> again = cluster.start("b", builder -> builder.raftAddress(two.raftAddress()));
        assertThat(endOf(again)).isEqualTo(StopReason.Kind.REMOVED);
        assertThat(three.propose("b").join()).isEqualTo(2);
    }

    @Test
    void whoHearsOfNoLeaderAndIsAMemberStillWaits() throws Exception {
        FakeRaftify one = raftify();
        Raft<String, Long, Journal> two = join("b", one);
        Raft<String, Long, Journal> three = join("c", one);
        three.propose("a").join();
        one.mute(true);
        cluster.stop("c");
        Cluster.until("it has asked", () -> one.asked() > 1);
        assertThat(two.stopped().isDone()).isFalse();
        one.mute(false);
        cluster.start("c", builder -> builder.raftAddress(three.raftAddress()));
        assertThat(two.propose("b").join()).isEqualTo(2);
    }

    @Test
    void aLogInWhichTheOnlyVoterOfTheTicketWasOnceRemovedIsReplayed() throws Exception {
        FakeRaftify one = raftify().withoutCompaction();
        String address = Cluster.freeAddresses(1).get(0);
        FakeRaftify two = raftify(2, address, Map.of(1L, one.address())).withoutCompaction();
        one.change(ConfChangeType.ADD_NODE, 2, address);
        one.propose("a");
        Cluster.until("two has it", () -> two.lines().size() == 1);
        one.change(ConfChangeType.REMOVE_NODE, 2, address);
        one.change(ConfChangeType.ADD_NODE, 2, address);
        one.transferTo(2);
        Cluster.until("two leads", () -> two.leader() == 2);
        // A leader takes no change before it has applied what was there when it was elected, and says nothing.
        two.propose("b");
        two.change(ConfChangeType.REMOVE_NODE, 1, one.address());
        one.close();
        // It begins with the ticket's voters, {2}, and then its log takes 2 away.
        Raft<String, Long, Journal> three = join("c", two);
        assertThat(three.propose("c").join()).isEqualTo(3);
        same(three, two, "a", "b", "c");
        assertThat(three.status().configuration().voters()).containsExactly(2L, 3L);
        assertThat(three.status().firstIndex()).isEqualTo(1);
    }

    @Test
    void whoWasRemovedStaysSoAfterEverybodyRestarted() throws Exception {
        cluster.with(builder -> builder.catchUpEntries(0));
        Raft<String, Long, Journal> a = cluster.start("a", builder -> builder.dialect(Dialect.RAFT_RS));
        Raft<String, Long, Journal> b = cluster.start("b", builder -> builder.join(a.raftAddress()));
        Raft<String, Long, Journal> c = cluster.start("c", builder -> builder.join(a.raftAddress()));
        List<String> addresses = List.of(a.raftAddress(), b.raftAddress(), c.raftAddress());
        a.propose("one").join();
        cluster.stop("c");
        a.remove(3).join();
        a.propose("two").join();
        // No entry says it any more, and no snapshot does.
        a.snapshot().join();
        b.snapshot().join();
        cluster.stop("a");
        cluster.stop("b");
        for (String name : List.of("a", "b")) {
            ClusterFile file = ClusterFile.read(new FileDisk(), cluster.directory(name));
            assertThat(file.past().removed()).containsExactly(3L);
            assertThat(file.past().nextId()).isEqualTo(4);
        }
        Raft<String, Long, Journal> again = cluster.start("c", builder -> builder.raftAddress(addresses.get(2)));
        Raft<String, Long, Journal> one = cluster.start("a", builder -> builder.raftAddress(addresses.get(0)));
        cluster.start("b", builder -> builder.raftAddress(addresses.get(1)));
        assertThat(one.propose("three").join()).isEqualTo(3);
        assertThat(endOf(again)).isEqualTo(StopReason.Kind.REMOVED);
        // And its id is not given to anybody.
        Raft<String, Long, Journal> d = cluster.start("d", builder -> builder.join(one.raftAddress()));
        assertThat(d.id()).isEqualTo(4);
    }

    @Test
    void anIdThatIsAMembersIsNotGivenToAnotherAddress() throws Exception {
        Raft<String, Long, Journal> a = cluster.start("a", builder -> builder.dialect(Dialect.RAFT_RS));
        Raft<String, Long, Journal> b = cluster.start("b", builder -> builder.join(a.raftAddress()));
        try (GrpcClient network = GrpcClient.open(0, InsecureChannelCredentials.create())) {
            ChangeConfigResponse other = add(network, a, 2, "127.0.0.1:9");
            assertThat(other.resultType()).isEqualTo(ChangeConfigResultType.REJECTED);
            assertThat(other.error()).contains("node 2 is a member at " + b.raftAddress());
            // Who asks twice is told yes twice.
            assertThat(add(network, a, 2, b.raftAddress()).error()).isEmpty();
        }
        assertThat(b.propose("one").join()).isEqualTo(1);
    }

    private static ChangeConfigResponse add(
            GrpcClient network, Raft<String, Long, Journal> at, long id, String address) {
        return network.raftService(at.raftAddress())
                .changeConfig(
                        new ChangeConfigArgs(
                                List.of(address), List.of(new ConfChangeSingle(ConfChangeType.ADD_NODE, id))),
                        TIMEOUT)
                .join();
    }

    @Test
    void commandsThatNoLeaderTakesAreToldAsSuch() throws Exception {
        cluster.with(builder -> builder.requestTimeout(Duration.ofSeconds(2)));
        FakeRaftify one = raftify();
        Raft<String, Long, Journal> two = join("b", one);
        two.propose("a").join();
        one.close();
        assertThatThrownBy(() -> two.propose("b").join())
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOf(RaftException.class);
    }
}
