package dev.coracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.codec.Bincode;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Dialect;
import dev.coracle.codec.RaftRsConfChangeCodec;
import dev.coracle.codec.SocketAddresses;
import dev.coracle.codec.raftify.ChangeConfigArgs;
import dev.coracle.codec.raftify.ChangeConfigResponse;
import dev.coracle.codec.raftify.Peer;
import dev.coracle.codec.raftify.Peers;
import dev.coracle.codec.raftify.ProposeArgs;
import dev.coracle.codec.raftify.RequestIdArgs;
import dev.coracle.codec.raftify.RequestIdResponse;
import dev.coracle.node.FileDisk;
import dev.coracle.node.MemorySnapshotStore;
import dev.coracle.node.Transport;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.Message;
import dev.coracle.transport.grpc.GrpcClient;
import dev.coracle.transport.grpc.GrpcTransport;
import dev.coracle.transport.grpc.GrpcTransportConfig;
import dev.coracle.transport.grpc.RaftServiceClient;
import dev.coracle.wal.FileSnapshotStore;
import dev.coracle.wal.WalContents;
import dev.coracle.wal.WalLocation;
import io.grpc.InsecureChannelCredentials;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clusters of raft-rs's dialect among nodes of this framework; what nodes of raftify do in them is another test's. */
class RaftRsClusterTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    private Cluster cluster;
    private GrpcClient network;

    @BeforeEach
    void open() {
        cluster = new Cluster(directory);
        network = GrpcClient.open(0, InsecureChannelCredentials.create());
    }

    @AfterEach
    void close() {
        network.close();
        cluster.close();
    }

    private Raft<String, Long, Journal> create() throws Exception {
        return cluster.start("a", builder -> builder.dialect(Dialect.RAFT_RS));
    }

    private Raft<String, Long, Journal> join(String name, Raft<String, Long, Journal> member) throws Exception {
        return cluster.start(name, builder -> builder.join(member.raftAddress()));
    }

    @Test
    void whoJoinsLearnsTheDialectAndEveryMemberTakesRequests() throws Exception {
        Raft<String, Long, Journal> a = create();
        Raft<String, Long, Journal> b = join("b", a);
        Raft<String, Long, Journal> c = join("c", b);
        assertThat(a.propose("one").join()).isEqualTo(1);
        assertThat(b.propose("two").join()).isEqualTo(2);
        assertThat(c.propose("three").join()).isEqualTo(3);
        for (Raft<String, Long, Journal> each : List.of(a, b, c)) {
            assertThat(Cluster.lines(each)).containsExactly("one", "two", "three");
            assertThat(each.members())
                    .extracting(Member::address)
                    .containsExactly(a.raftAddress(), b.raftAddress(), c.raftAddress());
        }
        for (String name : List.of("a", "b", "c")) {
            assertThat(ClusterFile.read(new FileDisk(), cluster.directory(name)).dialect())
                    .isEqualTo(Dialect.RAFT_RS);
        }
    }

    @Test
    void entriesAreTheUsersBytesAndContextsAreThoseOfRaftify() throws Exception {
        Raft<String, Long, Journal> a = create();
        Raft<String, Long, Journal> b = join("b", a);
        a.propose("one").join();
        b.leave().join();
        cluster.stop("a");

        List<Entry> entries = entries("a");
        Entry command = entries.stream()
                .filter(entry -> entry.type() == EntryType.NORMAL && !entry.isEmpty())
                .findFirst()
                .orElseThrow();
        assertThat(command.data()).isEqualTo("one".getBytes());
        assertThat(Bincode.decodeU64(command.context())).isGreaterThan(1L << 32);
        List<ConfChangeV2> changes = new ArrayList<>();
        for (Entry entry : entries) {
            if (entry.type() != EntryType.NORMAL) {
                assertThat(entry.type()).isEqualTo(EntryType.CONF_CHANGE_V2);
                assertThat(Bincode.decodeU64(entry.context())).isGreaterThan(1L << 32);
                changes.add(RaftRsConfChangeCodec.INSTANCE.decodeV2(entry.data()));
            }
        }
        assertThat(changes).hasSize(2);
        assertThat(changes.get(0).changes()).containsExactly(new ConfChangeSingle(ConfChangeType.ADD_NODE, 2));
        assertThat(Bincode.decodeAddresses(changes.get(0).context().array()))
                .containsExactly(SocketAddresses.parse(b.raftAddress()));
        assertThat(changes.get(1).changes()).containsExactly(new ConfChangeSingle(ConfChangeType.REMOVE_NODE, 2));
        // One for each change, removals too.
        assertThat(Bincode.decodeAddresses(changes.get(1).context().array())).hasSize(1);
    }

    private List<Entry> entries(String name) throws Exception {
        FileDisk disk = new FileDisk();
        List<Entry> entries = new ArrayList<>();
        WalLocation location =
                WalLocation.find(disk, cluster.directory(name), null).orElseThrow();
        try (WalContents contents = WalContents.read(disk, location)) {
            contents.entries(1, Long.MAX_VALUE, entries::add);
        }
        return entries;
    }

    @Test
    void aSnapshotIsTheUsersBytesAlone() throws Exception {
        Raft<String, Long, Journal> a = create();
        a.propose("one").join();
        long index = a.snapshot().join();
        long term = a.status().term();
        cluster.stop("a");

        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        DataOutputStream data = new DataOutputStream(expected);
        data.writeInt(1);
        data.writeUTF("one");
        FileSnapshotStore store =
                FileSnapshotStore.open(new FileDisk(), cluster.directory("a").resolve("snap"), 0);
        try (var source = store.open(0, new dev.coracle.raft.EntryId(term, index))) {
            assertThat(source.data().readAllBytes()).isEqualTo(expected.toByteArray());
            assertThat(source.metadata().confState().voters()).containsExactly(1L);
        }
    }

    @Test
    void membersOutliveRestartsSnapshotsAndTheLossOfTheirEntries() throws Exception {
        cluster.with(builder -> builder.catchUpEntries(0));
        Raft<String, Long, Journal> a = create();
        Raft<String, Long, Journal> b = join("b", a);
        Raft<String, Long, Journal> c = join("c", a);
        String address = b.raftAddress();
        cluster.stop("b");
        // A member that b never heard of, and no entry that could tell it: the log begins behind.
        Raft<String, Long, Journal> d = join("d", a);
        a.propose("one").join();
        a.snapshot().join();
        c.snapshot().join();
        d.snapshot().join();
        a.propose("two").join();

        b = cluster.start("b", builder -> builder.raftAddress(address));
        assertThat(Cluster.lines(b)).containsExactly("one", "two");
        Raft<String, Long, Journal> again = b;
        Cluster.until(
                "b knows where d is",
                () -> again.members().stream()
                        .anyMatch(member ->
                                member.id() == d.id() && member.address().equals(d.raftAddress())));
        a.transferLeadership(d.id()).join();
        assertThat(b.propose("three").join()).isEqualTo(3);

        List<String> addresses = new ArrayList<>();
        for (String name : List.of("a", "b", "c", "d")) {
            addresses.add(cluster.get(name).raftAddress());
            cluster.stop(name);
        }
        List<Raft<String, Long, Journal>> all = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            String at = addresses.get(i);
            all.add(cluster.start(Cluster.nameOf(i + 1), builder -> builder.raftAddress(at)));
        }
        assertThat(all.get(1).propose("four").join()).isEqualTo(4);
        assertThat(all.get(1).members()).extracting(Member::address).containsExactlyElementsOf(addresses);
    }

    @Test
    void aListedClusterBeginsWithItsConfigurationAndTheFirstLeaderHasEverybodysVote() throws Exception {
        List<Member> members = new ArrayList<>(Cluster.listed(3));
        Member leader = members.get(1);
        members.set(1, new Member(leader.id(), leader.address(), Member.Role.LEADER));
        cluster.with(builder -> builder.dialect(Dialect.RAFT_RS));
        List<Raft<String, Long, Journal>> all = cluster.startListed(members);
        assertThat(all.get(0).propose("one").join()).isEqualTo(1);
        assertThat(all.get(0).status().configuration().voters()).containsExactly(1L, 2L, 3L);
        cluster.stop("a");
        // No bootstrap entries: the leader's empty one is the first.
        List<Entry> entries = entries("a");
        assertThat(entries.get(0).isEmpty()).isTrue();
        assertThat(entries.get(0).type()).isEqualTo(EntryType.NORMAL);
    }

    @Test
    void theListsLeaderHasTheVoteOfTheFirstTermAlsoAfterARestart() throws Exception {
        List<Member> members = new ArrayList<>(Cluster.listed(3));
        members.set(1, new Member(2, members.get(1).address(), Member.Role.LEADER));
        cluster.with(builder -> builder.dialect(Dialect.RAFT_RS).electionTicks(10_000));
        BlockingQueue<Message> got = new LinkedBlockingQueue<>();
        try (GrpcTransport third = GrpcTransport.bind(GrpcTransportConfig.builder()
                .id(3)
                .clusterId(1)
                .dialect(Dialect.RAFT_RS)
                .listenAddress(members.get(2).address())
                .snapshots(new MemorySnapshotStore())
                .random(bound -> 0)
                .build())) {
            third.start(new Transport.Inbound() {
                @Override
                public boolean offer(long group, Message message) {
                    return got.add(message);
                }

                @Override
                public void unreachable(long group, long peer) {}

                @Override
                public void snapshotStatus(long group, long peer, boolean failed) {}
            });
            for (int start = 0; start < 2; start++) {
                cluster.startListed(members.get(0), members);
                third.setPeer(1, members.get(0).address());
                assertThat(vote(third, got, 1)).isEqualTo(new Message.VoteReply(1, 3, 1, true, 0, 0));
                cluster.stop("a");
            }
            cluster.startListed(members.get(0), members);
            assertThat(vote(third, got, 2)).isEqualTo(new Message.VoteReply(1, 3, 2, false, 0, 0));
        }
    }

    /** Asks for a vote until it is answered. */
    private static Message vote(GrpcTransport from, BlockingQueue<Message> got, long term) throws Exception {
        got.clear();
        Message answer = null;
        long deadline = System.nanoTime() + Cluster.PATIENCE.toNanos();
        while ((answer == null || answer.term() != term) && System.nanoTime() - deadline < 0) {
            from.send(0, new Message.Vote(3, 1, term, 0, 0, false, 0, 0, 0));
            from.flush();
            answer = got.poll(500, TimeUnit.MILLISECONDS);
        }
        return answer;
    }

    @Test
    void sessionsAreRefused() throws Exception {
        Raft<String, Long, Journal> a = create();
        assertThatThrownBy(() -> a.openSession().join())
                .cause()
                .isInstanceOfSatisfying(
                        RaftException.class, e -> assertThat(e.kind()).isEqualTo(RaftException.Kind.REFUSED))
                .hasMessageContaining("has no sessions");
    }

    @Test
    void readsByLeaseAreLinearizableOnes() throws Exception {
        Raft<String, Long, Journal> a = create();
        Raft<String, Long, Journal> b = join("b", a);
        a.propose("one").join();
        assertThat(b.read(Consistency.LEASE, Journal::lines, TIMEOUT).join()).containsExactly("one");
    }

    @Test
    void anAddressThatIsAMembersIsNotGivenToAnEmptyDirectory() throws Exception {
        Raft<String, Long, Journal> a = create();
        Raft<String, Long, Journal> b = join("b", a);
        join("c", a);
        String address = b.raftAddress();
        cluster.stop("b");
        assertThatThrownBy(() -> cluster.start(
                        "other", builder -> builder.raftAddress(address).join(a.raftAddress())))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("that of node 2");
    }

    @Test
    void theDialectOfACommandsClusterIsForGood() throws Exception {
        Raft<String, Long, Journal> a = create();
        String address = a.raftAddress();
        assertThatThrownBy(() -> cluster.start(
                        "b", builder -> builder.dialect(Dialect.NATIVE).join(address)))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("dialect: NATIVE is not what");
        cluster.stop("a");
        assertThatThrownBy(() -> cluster.start("a", builder -> builder.dialect(Dialect.NATIVE)))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("dialect: NATIVE is not the dialect of the cluster there");
        assertThat(cluster.start("a").propose("one").join()).isEqualTo(1);
    }

    @Test
    void whatHasNoPlaceInTheDialectIsRefused() throws Exception {
        Raft<String, Long, Journal> a = create();
        assertThatThrownBy(() -> a.propose("").join())
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        RaftException.class, e -> assertThat(e.kind()).isEqualTo(RaftException.Kind.REFUSED))
                .hasMessageContaining("at least 1");
        assertThatThrownBy(() -> cluster.builder("x")
                        .dialect(Dialect.RAFT_RS)
                        .maxEntryBytes(8 << 20)
                        .start())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("maxEntryBytes: 8388608");
        assertThatThrownBy(() -> cluster.start(
                        "y", builder -> builder.dialect(Dialect.RAFT_RS).advertiseAddress("localhost:1234")))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("host localhost is not an address in digits");
        assertThatThrownBy(() -> cluster.builder("z").dialect(Dialect.ETCD)).hasMessageContaining("dialect: ETCD");
    }

    @Test
    void theNineCallsAreAnsweredByAMemberThatDoesNotLead() throws Exception {
        Raft<String, Long, Journal> a = create();
        Raft<String, Long, Journal> b = join("b", a);
        RaftServiceClient client = network.raftService(b.raftAddress());

        RequestIdResponse known =
                client.requestId(new RequestIdArgs(b.raftAddress()), TIMEOUT).join();
        assertThat(known.reservedId()).isEqualTo(2);
        RequestIdResponse one =
                client.requestId(new RequestIdArgs("127.0.0.1:1"), TIMEOUT).join();
        RequestIdResponse two =
                client.requestId(new RequestIdArgs("127.0.0.1:2"), TIMEOUT).join();
        assertThat(List.of(one.reservedId(), two.reservedId())).containsExactly(3L, 4L);
        assertThat(one.leaderAddr()).isEqualTo(a.raftAddress());
        assertThat(voters(one.peers())).containsExactly(1L, 2L);

        assertThat(client.propose(new ProposeArgs(Bytes.of("one".getBytes())), TIMEOUT)
                        .join()
                        .error())
                .isEmpty();
        assertThat(Cluster.lines(b)).containsExactly("one");

        ChangeConfigResponse learner = change(client, ConfChangeType.ADD_LEARNER_NODE, 9, "127.0.0.1:9");
        assertThat(learner.error()).isEmpty();
        assertThat(learner.assignedIds()).containsExactly(9L);
        assertThat(voters(learner.peers())).containsExactly(1L, 2L, 9L);
        assertThat(b.status().configuration().learners()).containsExactly(9L);
        ChangeConfigResponse removed = change(client, ConfChangeType.REMOVE_NODE, 9, "127.0.0.1:9");
        // A member of raftify that passes the answer on decodes it whatever was asked.
        assertThat(voters(removed.peers())).containsExactly(1L, 2L);
        // raftify gives ids of removed nodes away again.
        assertThat(change(client, ConfChangeType.ADD_LEARNER_NODE, 9, "127.0.0.1:99")
                        .error())
                .isEmpty();
        assertThat(change(client, ConfChangeType.REMOVE_NODE, 9, "127.0.0.1:99").error())
                .isEmpty();
        assertThat(change(client, ConfChangeType.ADD_NODE, 5, "not an address").error())
                .contains("not an address");

        assertThat(client.getPeers(TIMEOUT).join().peersJson())
                .isEqualTo("{\"1\":{\"addr\":\"" + a.raftAddress()
                        + "\",\"initial_role\":\"Voter\",\"client_tls_config\":null},\"2\":{\"addr\":\""
                        + b.raftAddress() + "\",\"initial_role\":\"Voter\",\"client_tls_config\":null}}");
        client.setPeers(new Peers(List.of(new Peer(1, a.raftAddress()))), TIMEOUT)
                .join();
        assertThatThrownBy(() -> client.setPeers(new Peers(List.of(new Peer(1, "nowhere"))), TIMEOUT)
                        .join())
                .hasMessageContaining("nowhere");
        assertThatThrownBy(() -> client.leaveJoint(TIMEOUT).join()).hasMessageContaining("not joint");
        assertThat(client.debugNode(TIMEOUT).join().resultJson()).contains("\"node_id\":2");
        client.createSnapshot(TIMEOUT).join();
        assertThat(b.status().snapshotIndex()).isPositive();
    }

    private static List<Long> voters(Bytes peers) throws CodecException {
        return List.copyOf(dev.coracle.codec.Peers.decode(peers.array()).peers().keySet());
    }

    private static ChangeConfigResponse change(RaftServiceClient client, ConfChangeType type, long id, String address) {
        return client.changeConfig(
                        new ChangeConfigArgs(List.of(address), List.of(new ConfChangeSingle(type, id))), TIMEOUT)
                .join();
    }
}
