package dev.coracle.examples.memstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.coracle.Codec;
import dev.coracle.Member;
import dev.coracle.Raft;
import dev.coracle.RaftBuilder;
import dev.coracle.codec.Dialect;
import dev.coracle.codec.MemStoreInsert;
import dev.coracle.codec.raftify.ChangeConfigArgs;
import dev.coracle.codec.raftify.ChangeConfigResponse;
import dev.coracle.codec.raftify.Peer;
import dev.coracle.codec.raftify.Peers;
import dev.coracle.codec.raftify.ProposeArgs;
import dev.coracle.codec.raftify.RequestIdArgs;
import dev.coracle.codec.raftify.RequestIdResponse;
import dev.coracle.examples.Await;
import dev.coracle.examples.Ports;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.transport.grpc.GrpcClient;
import dev.coracle.transport.grpc.RaftServiceClient;
import io.grpc.InsecureChannelCredentials;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Clusters of nodes of raftify, the Rust framework, and of ours: real processes of the one, ours in this one. Runs where
 * cargo can build the program in {@code src/test/rust}, and says so where not.
 */
@Tag("long")
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class RaftifyInteropTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    private static @Nullable Path program;

    @TempDir
    Path folder;

    private final List<RaftifyNode> rust = new ArrayList<>();
    private final List<Raft<Insert, @Nullable Void, HashStore>> java = new ArrayList<>();
    private boolean passed;

    @BeforeAll
    static void build() throws Exception {
        program = RaftifyProgram.build();
        assumeTrue(program != null, "NOT TESTED WITH RUST NODES, see the output");
    }

    @AfterEach
    void close(TestInfo test) {
        if (!passed) {
            System.out.println("What the nodes of raftify said in " + test.getDisplayName() + ":");
            rust.forEach(node -> System.out.println(node + ":\n" + node.log()));
        }
        rust.forEach(RaftifyNode::close);
        java.forEach(Raft::close);
    }

    // ---- nodes

    private RaftifyNode rust(String address, String... arguments) throws Exception {
        RaftifyNode node = RaftifyNode.start(program, folder, address, arguments);
        rust.add(node);
        return node;
    }

    private RaftifyNode ready(String... arguments) throws Exception {
        RaftifyNode node = rust(Ports.addresses(1).get(0), arguments);
        node.awaitReady();
        // It drops what it is asked before it knows a leader.
        Await.until(node + " knows a leader", () -> !node.ok("leader").equals("0"));
        return node;
    }

    private Raft<Insert, @Nullable Void, HashStore> java(
            String name, Consumer<RaftBuilder<Insert, @Nullable Void, HashStore>> more) throws Exception {
        RaftBuilder<Insert, @Nullable Void, HashStore> builder = Raft.builder(
                        new HashStore(), Insert.CODEC, Codec.nothing())
                .raftAddress("127.0.0.1:0")
                .dataDirectory(folder.resolve(name))
                .tickInterval(Duration.ofMillis(50))
                .heartbeatTicks(2)
                .segmentBytes(64 << 10)
                .requestTimeout(TIMEOUT);
        more.accept(builder);
        Raft<Insert, @Nullable Void, HashStore> raft = builder.start();
        java.add(raft);
        return raft;
    }

    private static void put(Raft<Insert, @Nullable Void, HashStore> raft, long key, String value) {
        raft.propose(new Insert(key, value)).join();
        assertThat(raft.read(store -> store.get(key)).join()).isEqualTo(value);
    }

    /** What a node of raftify would say of this state. */
    private static String digest(Raft<Insert, @Nullable Void, HashStore> raft) throws IOException {
        return LedMemstore.digest(raft.read(dev.coracle.Consistency.STALE, HashStore::pin, TIMEOUT)
                .join());
    }

    private static void sameEverywhere(
            long size, List<Raft<Insert, @Nullable Void, HashStore>> ours, List<RaftifyNode> theirs) throws Exception {
        String[] expected = new String[1];
        Await.until("all nodes have the same " + size + " values", () -> {
            expected[0] = digest(ours.get(0));
            boolean same = expected[0].startsWith(size + " ");
            for (Raft<Insert, @Nullable Void, HashStore> each : ours) {
                same &= digest(each).equals(expected[0]);
            }
            for (RaftifyNode each : theirs) {
                same &= each.ok("digest").equals(expected[0]);
            }
            return same;
        });
    }

    private static long leaderOf(Raft<Insert, @Nullable Void, HashStore> raft) {
        return raft.leader().map(Member::id).orElse(0L);
    }

    // ---- what they do together

    @Test
    void oursJoinClustersOfTheirs() throws Exception {
        RaftifyNode one = ready();
        one.ok("put 1 one");
        Raft<Insert, @Nullable Void, HashStore> two = java("two", builder -> builder.join(one.address()));
        assertThat(two.id()).isEqualTo(2);
        // A ticket from ours, which passes on to their leader, and gives theirs what it needs.
        RaftifyNode three = ready("--join", two.raftAddress());
        one.ok("put 2 two");
        three.ok("put 3 three");
        put(two, 4, "four");
        sameEverywhere(4, List.of(two), List.of(one, three));

        // Ours leads, and theirs pass on to it.
        two.transferLeadership(2).join();
        Await.until(
                "theirs follow",
                () -> one.ok("leader").equals("2") && three.ok("leader").equals("2"));
        one.ok("put 5 five");
        three.ok("put 6 six");
        put(two, 7, "seven");
        sameEverywhere(7, List.of(two), List.of(one, three));

        // Back to theirs, and ours restarts meanwhile.
        two.transferLeadership(3).join();
        String address = two.raftAddress();
        two.close();
        Await.until("the others know their leader", () -> one.ok("leader").equals("3"));
        one.ok("put 8 eight");
        Raft<Insert, @Nullable Void, HashStore> again = java("two", builder -> builder.raftAddress(address));
        put(again, 9, "nine");
        sameEverywhere(9, List.of(again), List.of(one, three));

        // The leader is killed; ours and the other one elect.
        three.close();
        Await.until("a new leader", () -> leaderOf(again) == 1 || leaderOf(again) == 2);
        put(again, 10, "ten");
        sameEverywhere(10, List.of(again), List.of(one));
        passed = true;
    }

    @Test
    void theirsJoinClustersOfOurs() throws Exception {
        Raft<Insert, @Nullable Void, HashStore> one =
                java("one", builder -> builder.dialect(Dialect.RAFT_RS).catchUpEntries(0));
        for (int key = 1; key <= 100; key++) {
            one.propose(new Insert(key, "before")).join();
        }
        // A snapshot of ours: the log begins behind.
        one.snapshot().join();
        RaftifyNode two = ready("--join", one.raftAddress());
        sameEverywhere(100, List.of(one), List.of(two));
        RaftifyNode three = ready("--join", two.address());
        two.ok("put 101 two");
        three.ok("put 102 three");
        sameEverywhere(102, List.of(one), List.of(two, three));

        // While ours is down theirs take a fourth in, and with it a snapshot: the log begins behind, and nothing says
        // where the fourth is.
        one.transferLeadership(2).join();
        String address = one.raftAddress();
        one.close();
        Await.until(
                "theirs lead",
                () -> three.ok("leader").equals("2") && two.ok("leader").equals("2"));
        // (By a snapshot theirs came to lead, which does not list itself: only the ticket's text says where it is.)
        Raft<Insert, @Nullable Void, HashStore> four = java("four", builder -> builder.join(three.address()));
        two.ok("put 103 four");
        Raft<Insert, @Nullable Void, HashStore> again = java("one", builder -> builder.raftAddress(address));
        sameEverywhere(103, List.of(again, four), List.of(two, three));
        Await.until(
                "ours knows where the fourth is",
                () -> again.members().stream()
                        .anyMatch(member -> member.id() == 4 && member.address().equals(four.raftAddress())));
        put(again, 104, "again");

        // Ours removes one of theirs and one of ours, and leaves. (Nobody tells who is removed by a leader of theirs.)
        again.remove(3).join();
        three.close();
        again.remove(4).join();
        four.close();
        Await.until("two are left", () -> again.members().size() == 2);
        put(again, 105, "two");
        again.leave().join();
        Await.until("theirs is alone", () -> !two.ok("peers").contains(address));
        two.ok("put 106 alone");
        passed = true;
    }

    @Test
    void aListedClusterOnDiskOutlivesRestartsOfEach() throws Exception {
        List<String> addresses = Ports.addresses(3);
        String peers = "1=" + addresses.get(0) + "=leader,2=" + addresses.get(1) + ",3=" + addresses.get(2);
        List<Member> members = List.of(
                new Member(1, addresses.get(0), Member.Role.LEADER),
                Member.voter(2, addresses.get(1)),
                Member.voter(3, addresses.get(2)));
        Raft<Insert, @Nullable Void, HashStore> two = java(
                "two",
                builder -> builder.dialect(Dialect.RAFT_RS)
                        .raftAddress(addresses.get(1))
                        .members(members));
        RaftifyNode three = rust(addresses.get(2), "--id", "3", "--peers", peers, "--dir", "three");
        RaftifyNode one = rust(addresses.get(0), "--id", "1", "--peers", peers, "--dir", "one");
        one.awaitReady();
        three.awaitReady();
        Await.until(
                "all know the leader",
                () -> leaderOf(two) == 1 && three.ok("leader").equals("1"));
        one.ok("put 1 one");
        put(two, 2, "two");
        three.ok("put 3 three");

        // A leader in its list would lead again without asking for votes: from now on it is a voter.
        String voters = peers.replace("=leader", "");
        three.close();
        put(two, 4, "four");
        RaftifyNode threeAgain = rust(addresses.get(2), "--id", "3", "--peers", voters, "--dir", "three");
        threeAgain.awaitReady();
        sameEverywhere(4, List.of(two), List.of(one, threeAgain));

        two.transferLeadership(2).join();
        one.close();
        put(two, 5, "five");
        RaftifyNode oneAgain = rust(addresses.get(0), "--id", "1", "--peers", voters, "--dir", "one");
        oneAgain.awaitReady();
        two.close();
        Await.until(
                "one of theirs leads",
                () -> !threeAgain.ok("leader").equals("2")
                        && !threeAgain.ok("leader").equals("0")
                        && oneAgain.ok("leader").equals(threeAgain.ok("leader")));
        oneAgain.ok("put 6 six");
        Raft<Insert, @Nullable Void, HashStore> twoAgain =
                java("two", builder -> builder.raftAddress(addresses.get(1)).members(members));
        put(twoAgain, 7, "seven");
        sameEverywhere(7, List.of(twoAgain), List.of(oneAgain, threeAgain));
        passed = true;
    }

    @Test
    void eachOfTheNineCallsIsAnsweredBothWays() throws Exception {
        RaftifyNode one = ready("--dir", "one");
        Raft<Insert, @Nullable Void, HashStore> two = java("two", builder -> builder.join(one.address()));

        // Their client, at ours that follows and at ours that leads.
        for (int round = 0; round < 2; round++) {
            String at = "call " + two.raftAddress() + " ";
            String leader = round == 0 ? one.address() : two.raftAddress();
            int leaderId = round + 1;
            // Theirs gives the highest id of a member and one; ours none that any member ever had.
            assertThat(one.ok(at + "RequestId 127.0.0.1:9"))
                    .startsWith("0 " + (round == 0 ? 3 : 10) + " " + leaderId + " " + leader + " {")
                    .contains("\"2\":{\"addr\":\"" + two.raftAddress() + "\"");
            assertThat(one.ok(at + "ChangeConfig add-learner 9 127.0.0.1:9"))
                    .startsWith("0 [9]  {")
                    .contains("\"9\":{\"addr\":\"127.0.0.1:9\",\"initial_role\":\"Learner\"");
            assertThat(two.status().configuration().learners()).containsExactly(9L);
            assertThat(one.ok(at + "ChangeConfig remove 9 127.0.0.1:9"))
                    .startsWith("0 [9]  {")
                    .doesNotContain("\"9\"");
            one.ok(at + "Propose " + (round + 1) + " round");
            assertThat(one.ok(at + "GetPeers")).contains("\"1\":{\"addr\":\"" + one.address() + "\"");
            one.ok(at + "SetPeers 1 " + one.address());
            assertThat(one.answer(at + "LeaveJoint")).startsWith("error").contains("not joint");
            assertThat(one.ok(at + "DebugNode")).contains("\"node_id\":2", "\"leader_id\":" + leaderId);
            one.ok(at + "CreateSnapshot");
            assertThat(two.status().snapshotIndex()).isPositive();
            // Their own way to a leader of ours, for proposals and changes.
            one.ok("put " + (round + 3) + " own");
            one.ok("change add-learner 8 127.0.0.1:8");
            one.ok("change remove 8 127.0.0.1:8");
            if (round == 0) {
                two.transferLeadership(2).join();
                Await.until("theirs follows", () -> one.ok("leader").equals("2"));
            }
        }
        sameEverywhere(4, List.of(two), List.of(one));

        // Our client, at theirs.
        try (GrpcClient network = GrpcClient.open(0, InsecureChannelCredentials.create())) {
            RaftServiceClient client = network.raftService(one.address());
            RequestIdResponse ticket =
                    client.requestId(new RequestIdArgs("127.0.0.1:9"), TIMEOUT).join();
            assertThat(List.of(ticket.reservedId(), ticket.leaderId())).containsExactly(11L, 2L);
            two.transferLeadership(1).join();
            Await.until("theirs leads", () -> one.ok("leader").equals("1"));
            assertThat(client.requestId(new RequestIdArgs("127.0.0.1:9"), TIMEOUT)
                            .join()
                            .reservedId())
                    .isEqualTo(3);
            Bytes command = Bytes.of(new MemStoreInsert(5, "ours").encode());
            assertThat(client.propose(new ProposeArgs(command), TIMEOUT).join().error())
                    .isEmpty();
            ChangeConfigResponse change = client.changeConfig(
                            new ChangeConfigArgs(
                                    List.of("127.0.0.1:7"),
                                    List.of(new ConfChangeSingle(ConfChangeType.ADD_LEARNER_NODE, 7))),
                            TIMEOUT)
                    .join();
            assertThat(change.error()).isEmpty();
            Await.until(
                    "ours has the learner",
                    () -> two.status().configuration().learners().contains(7L));
            assertThat(client.getPeers(TIMEOUT).join().peersJson()).contains("\"7\":", two.raftAddress());
            assertThat(client.debugNode(TIMEOUT).join().resultJson()).contains("\"node_id\":1");
            two.remove(7).join();
            client.createSnapshot(TIMEOUT).join();
            client.setPeers(new Peers(List.of(new Peer(1, one.address()), new Peer(2, two.raftAddress()))), TIMEOUT)
                    .join();
            client.leaveJoint(TIMEOUT).join();
        }
        sameEverywhere(5, List.of(two), List.of(one));
        passed = true;
    }
}
