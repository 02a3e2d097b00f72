package dev.coracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.codec.raftify.ChangeConfigArgs;
import dev.coracle.codec.raftify.ChangeConfigResponse;
import dev.coracle.codec.raftify.ChangeConfigResultType;
import dev.coracle.codec.raftify.Peers;
import dev.coracle.codec.raftify.ProposeArgs;
import dev.coracle.codec.raftify.RequestIdArgs;
import dev.coracle.codec.raftify.RequestIdResponse;
import dev.coracle.codec.raftify.ResultCode;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.RawNode;
import dev.coracle.transport.grpc.GrpcClient;
import dev.coracle.transport.grpc.RaftServiceClient;
import io.grpc.InsecureChannelCredentials;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** raftify's calls, served by the second member, which passes on what the leader must do. */
class RaftifyServiceTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    private Cluster cluster;
    private GrpcClient network;
    private Raft<String, Long, Journal> first;
    private Raft<String, Long, Journal> second;
    private RaftServiceClient client;

    @BeforeEach
    void open() throws Exception {
        cluster = new Cluster(directory);
        first = cluster.start("a");
        second = cluster.start("b", builder -> builder.join(first.raftAddress()));
        network = GrpcClient.open(0, InsecureChannelCredentials.create());
        client = network.raftService(second.raftAddress());
    }

    @AfterEach
    void close() {
        network.close();
        cluster.close();
    }

    @Test
    void proposedBytesAreTheUsers() {
        assertThat(client.propose(new ProposeArgs(Bytes.of("one".getBytes())), TIMEOUT)
                        .join()
                        .error())
                .isEmpty();
        assertThat(Cluster.lines(first)).containsExactly("one");
    }

    @Test
    void whatIsNoCommandDoesNotGetIntoTheLog() {
        Bytes noUtf8 = Bytes.of((byte) 0xff);
        assertThat(client.propose(new ProposeArgs(noUtf8), TIMEOUT).join().error())
                .contains("no command");
        assertThat(Cluster.lines(second)).isEmpty();
    }

    @Test
    void idsAreGivenOnce() {
        RequestIdResponse one =
                client.requestId(new RequestIdArgs("127.0.0.1:1"), TIMEOUT).join();
        RequestIdResponse two =
                client.requestId(new RequestIdArgs("127.0.0.1:1"), TIMEOUT).join();
        assertThat(one.code()).isEqualTo(ResultCode.OK);
        assertThat(one.leaderAddr()).isEqualTo((one.leaderId() == 1 ? first : second).raftAddress());
        assertThat(List.of(one.reservedId(), two.reservedId())).containsExactly(3L, 4L);
    }

    @Test
    void membersChangeAsOneAndTheJointConfigurationIsLeftByOrder() {
        List<String> addresses = Cluster.freeAddresses(2);
        ChangeConfigResponse added = client.changeConfig(
                        new ChangeConfigArgs(
                                addresses,
                                List.of(
                                        new ConfChangeSingle(ConfChangeType.ADD_LEARNER_NODE, 0),
                                        new ConfChangeSingle(ConfChangeType.ADD_LEARNER_NODE, 0))),
                        TIMEOUT)
                .join();
        assertThat(added.error()).isEmpty();
        assertThat(added.assignedIds()).containsExactly(3L, 4L);
        assertThat(added.peers().isEmpty()).isFalse();
        assertThat(first.status().configuration().isJoint()).isTrue();
        client.leaveJoint(TIMEOUT).join();
        assertThat(first.status().configuration().isJoint()).isFalse();
        assertThat(first.status().configuration().learners()).containsExactly(3L, 4L);
        ChangeConfigResponse removed = client.changeConfig(
                        new ChangeConfigArgs(
                                List.of(addresses.get(0)),
                                List.of(new ConfChangeSingle(ConfChangeType.REMOVE_NODE, 3))),
                        TIMEOUT)
                .join();
        assertThat(removed.error()).isEmpty();
        assertThat(removed.peers().isEmpty()).isFalse();
    }

    @Test
    void changesThatDoNotFitAreRejectedWithAReason() {
        ChangeConfigResponse lengths = client.changeConfig(
                        new ChangeConfigArgs(List.of(), List.of(new ConfChangeSingle(ConfChangeType.REMOVE_NODE, 2))),
                        TIMEOUT)
                .join();
        assertThat(lengths.resultType()).isEqualTo(ChangeConfigResultType.REJECTED);
        assertThat(lengths.error()).contains("addrs: 0 addresses");
        ChangeConfigResponse unknown = client.changeConfig(
                        new ChangeConfigArgs(List.of(""), List.of(new ConfChangeSingle(ConfChangeType.REMOVE_NODE, 9))),
                        TIMEOUT)
                .join();
        assertThat(unknown.resultType()).isEqualTo(ChangeConfigResultType.REJECTED);
        assertThat(unknown.error()).contains("node 9 is no member");
    }

    @Test
    void whatWouldHarmTheMembersFilesAndIdsIsRejected() {
        rejects(ConfChangeType.ADD_NODE, 0, "127.0.0.1", "host:port");
        // It would be a line of its own in the file that says who a member is.
        rejects(ConfChangeType.ADD_NODE, 0, "x\nstate=left\n:80", "control characters");
        rejects(ConfChangeType.ADD_LEARNER_NODE, 0, "x".repeat(1_000) + ":80", "at most 259");
        rejects(ConfChangeType.ADD_NODE, RawNode.APPEND_THREAD, "127.0.0.1:80", "18446744073709551615");
        rejects(ConfChangeType.ADD_NODE, RawNode.APPLY_THREAD, "127.0.0.1:80", "18446744073709551614");
        List<ConfChangeSingle> many =
                Collections.nCopies(101, new ConfChangeSingle(ConfChangeType.ADD_LEARNER_NODE, 0));
        rejects(new ChangeConfigArgs(Collections.nCopies(101, "127.0.0.1:80"), many), "at most 100");
        assertThat(first.members()).hasSize(2);
    }

    private void rejects(ConfChangeType type, long id, String address, String text) {
        rejects(new ChangeConfigArgs(List.of(address), List.of(new ConfChangeSingle(type, id))), text);
    }

    private void rejects(ChangeConfigArgs args, String text) {
        ChangeConfigResponse response = client.changeConfig(args, TIMEOUT).join();
        assertThat(response.resultType()).isEqualTo(ChangeConfigResultType.REJECTED);
        assertThat(response.error()).contains(text);
    }

    @Test
    void peersAndStateAreJson() {
        assertThat(client.getPeers(TIMEOUT).join().peersJson())
                .isEqualTo("{\"1\":{\"addr\":\"" + first.raftAddress()
                        + "\",\"initial_role\":\"Voter\",\"client_tls_config\":null},\"2\":{\"addr\":\""
                        + second.raftAddress() + "\",\"initial_role\":\"Voter\",\"client_tls_config\":null}}");
        assertThat(client.debugNode(TIMEOUT).join().resultJson())
                .startsWith("{\"node_id\":2,\"leader_id\":")
                .contains("\"conf_state\":{\"voters\":[1,2],\"learners\":[]");
    }

    @Test
    void snapshotsAreTakenByOrder() {
        first.propose("one").join();
        client.createSnapshot(TIMEOUT).join();
        assertThat(second.status().snapshotIndex()).isPositive();
    }

    @Test
    void addressesCannotBeSetFromOutside() {
        assertThatThrownBy(() -> client.setPeers(new Peers(List.of()), TIMEOUT).join())
                .hasMessageContaining("come from its log");
    }
}
