package dev.coracle.transport.http;

import static dev.coracle.contracts.TransportContract.METADATA;
import static dev.coracle.contracts.TransportContract.append;
import static dev.coracle.contracts.TransportContract.heartbeat;
import static dev.coracle.contracts.TransportContract.install;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.codec.EtcdCodec;
import dev.coracle.contracts.MemorySnapshotStore;
import dev.coracle.contracts.RecordingInbound;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.Message;
import dev.coracle.raft.Snapshot;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a node answers to whom, word for word, and what becomes of those who break the rules. */
class HttpPeerTest {
    private static final String FIT = "X-Etcd-Cluster-Id: 1000\r\n";
    private static final String SIGNED =
            FIT + "X-Min-Cluster-Version: 3.0.0\r\nX-Raft-To: 1\r\nX-Server-From: 2\r\nX-Server-Version: 3.4.23\r\n";
    private static final byte[] NOTHING = {};

    private final List<AutoCloseable> opened = new ArrayList<>();
    private final MemorySnapshotStore snapshots = new MemorySnapshotStore();
    private final RecordingInbound inbound = new RecordingInbound();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable one : opened) {
            one.close();
        }
    }

    private HttpTransportConfig.Builder config(long id) {
        return HttpTransportTest.config(id, "127.0.0.1:0", snapshots);
    }

    private HttpTransport open(HttpTransportConfig.Builder config, RecordingInbound in) throws IOException {
        HttpTransport transport = HttpTransport.bind(config.build());
        opened.add(transport);
        transport.start(in);
        return transport;
    }

    private HttpTransport open() throws IOException {
        return open(config(1), inbound);
    }

    private RawClient client(HttpTransport transport) throws IOException {
        RawClient client = new RawClient(transport.boundAddress());
        opened.add(client);
        return client;
    }

    private static byte[] bytes(Message message) {
        return EtcdCodec.INSTANCE.messages().encode(message);
    }

    private static byte[] join(byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteBuffer joined = ByteBuffer.allocate(length);
        for (byte[] part : parts) {
            joined.put(part);
        }
        return joined.array();
    }

    private static byte[] framed(byte[] message) {
        return join(ByteBuffer.allocate(Long.BYTES).putLong(message.length).array(), message);
    }

    /** Records what a transport tells. */
    private static final class Told implements TransportListener {
        final BlockingQueue<String> texts = new LinkedBlockingQueue<>();

        @Override
        public void active(long peer) {
            texts.add(peer + " active");
        }

        @Override
        public void inactive(long peer, String reason) {
            texts.add(peer + " inactive");
        }

        @Override
        public void refused(long peer, Refusal refusal, String text) {
            texts.add(peer + " " + refusal + " " + text);
        }

        @Override
        public void storageFailed(StorageException failure) {
            texts.add("storage " + failure.getMessage());
        }

        void await(String text) throws InterruptedException {
            String next = RecordingInbound.next(texts);
            while (!next.equals(text)) {
                next = RecordingInbound.next(texts);
            }
        }
    }

    private static String pair(String name, String value) {
        return value == null || value.isEmpty() ? "" : name + ": " + value + "\r\n";
    }

    @ParameterizedTest
    @CsvSource({
        // method and path, cluster, version, least version, receiver, status, body
        "POST /raft/stream/msgapp/2, 1000, 3.4.23, 3.0.0, 1, 405, Method Not Allowed",
        "GET /raft/stream/msgapp/2, 1000, 2.9.9, 3.0.0, 1, 412, incompatible version",
        "GET /raft/stream/msgapp/2, 1000, , , 1, 412, incompatible version",
        "GET /raft/stream/msgapp/2, 1000, 3.4, 3.0.0, 1, 412, incompatible version",
        "GET /raft/stream/msgapp/2, 1000, 3.4.23, 3.6.0, 1, 412, incompatible version",
        "GET /raft/stream/msgapp/2, 1001, 3.4.23, 3.0.0, 1, 412, cluster ID mismatch",
        "GET /raft/stream/msgapp/2, 01000, 3.4.23, 3.0.0, 1, 412, cluster ID mismatch",
        "GET /raft/stream/msgapp/2, , 3.4.23, 3.0.0, 1, 412, cluster ID mismatch",
        "GET /raft/stream/other/2, 1000, 3.4.23, 3.0.0, 1, 404, invalid path",
        "GET /raft/stream/msgapp, 1000, 3.4.23, 3.0.0, 1, 404, invalid path",
        "GET /raft/stream/msgapp/2/2, 1000, 3.4.23, 3.0.0, 1, 404, invalid path",
        "GET /raft/stream/msgapp/, 1000, 3.4.23, 3.0.0, 1, 404, invalid from",
        "GET /raft/stream/msgapp/xyz, 1000, 3.4.23, 3.0.0, 1, 404, invalid from",
        "GET /raft/stream/msgapp/10000000000000000, 1000, 3.4.23, 3.0.0, 1, 404, invalid from",
        "GET /raft/stream/msgapp/9, 1000, 3.4.23, 3.0.0, 1, 404, error sender not found",
        "GET /raft/stream/message/6, 1000, 3.4.23, 3.0.0, 1, 404, error sender not found",
        "GET /raft/stream/message/2, 1000, 3.4.23, 3.0.0, 3, 412, to field mismatch",
        "GET /raft/stream/message/2, 1000, 3.4.23, , , 412, to field mismatch",
        "GET /raft/stream/message/8, 1000, 99.0.0, 3.5.9, 1, 412, no certificate for 8",
    })
    void whoeverDoesNotFitGetsNoStream(
            String request, String cluster, String version, String least, String receiver, int status, String text)
            throws Exception {
        HttpTransport transport =
                open(config(1).admission((node, connection) -> node == 8 ? "no certificate for 8" : null), inbound);
        transport.setPeer(2, "127.0.0.1:1");
        transport.setPeer(6, "127.0.0.1:1");
        transport.removePeer(6);
        transport.setPeer(8, "127.0.0.1:1");
        RawClient client = client(transport);
        String headers = pair("X-Etcd-Cluster-Id", cluster)
                + pair("X-Server-Version", version)
                + pair("X-Min-Cluster-Version", least)
                + pair("X-Raft-To", receiver);
        client.request(request, headers, NOTHING);
        RawClient.Response response = client.response();
        assertThat(response.status()).isEqualTo(status);
        assertThat(response.body()).isEqualTo(text + "\n");
        assertThat(response.header("X-Server-Version")).isEqualTo(status == 405 ? "" : "3.5.0");
        assertThat(response.header("X-Etcd-Cluster-Id")).isEqualTo(status == 405 ? "" : "1000");
        assertThat(response.header("Allow")).isEqualTo(status == 405 ? "GET" : "");
        // The connection goes on.
        client.request("GET /raft/probing", "", NOTHING);
        assertThat(client.response().status()).isEqualTo(200);
    }

    @Test
    void aProbeIsAnsweredAsGoDoes() throws Exception {
        RawClient client = client(open());
        client.request("GET /raft/probing", "", NOTHING);
        RawClient.Response response = client.response();
        assertThat(response.head())
                .isEqualTo("HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 22:23:25 GMT\r\nContent-Length: 50\r\n"
                        + "Content-Type: text/plain; charset=utf-8\r\n\r\n");
        assertThat(response.body()).isEqualTo("{\"OK\":true,\"Now\":\"2026-11-21T22:23:25.53827533Z\"}\n");
    }

    @Test
    void anUnknownPathIsNotFound() throws Exception {
        RawClient client = client(open());
        client.request("GET /members", "", NOTHING);
        RawClient.Response response = client.response();
        assertThat(response.status()).isEqualTo(404);
        assertThat(response.body()).isEqualTo("404 page not found\n");
    }

    @ParameterizedTest
    @CsvSource({"msgapp", "message"})
    void aStreamBeginsAtOnceAndShowsSignsOfLife(String type) throws Exception {
        HttpTransport transport = open(config(1).silenceTimeout(Duration.ofMillis(300)), inbound);
        transport.setPeer(2, "127.0.0.1:1");
        RawClient client = client(transport);
        client.request("GET /raft/stream/" + type + "/2", SIGNED, NOTHING);
        assertThat(client.response().head())
                .isEqualTo("HTTP/1.1 200 OK\r\nX-Etcd-Cluster-Id: 1000\r\nX-Server-Version: 3.5.0\r\n"
                        + "Date: Sat, 21 Nov 2026 22:23:25 GMT\r\nTransfer-Encoding: chunked\r\n\r\n");
        byte[] expected = type.equals("msgapp") ? new byte[1] : framed(bytes(heartbeat(0, 0, 0)));
        if (type.equals("message")) {
            // It has no term either.
            expected = framed(bytes(FrameEncoder.LINK_HEARTBEAT));
        }
        for (int i = 0; i < 4; i++) {
            assertThat(client.chunk()).isEqualTo(expected);
        }
    }

    @Test
    void appendsGoByTheirOwnStreamAndTheRestByTheOther() throws Exception {
        HttpTransport transport = open();
        transport.setPeer(2, "127.0.0.1:1");
        RawClient appends = client(transport);
        appends.request("GET /raft/stream/msgapp/2", SIGNED, NOTHING).response();
        RawClient messages = client(transport);
        messages.request("GET /raft/stream/message/2", SIGNED, NOTHING).response();
        Message.Append append = append(1, 2, 5, new byte[] {1});
        transport.send(0, append);
        transport.send(0, heartbeat(1, 2, 4));
        transport.flush();
        assertThat(appends.chunk()).isEqualTo(join(new byte[] {2}, framed(bytes(append))));
        assertThat(messages.chunk()).isEqualTo(framed(bytes(heartbeat(1, 2, 4))));
        // Without its own stream an append takes the other one.
        appends.close();
        Message.Append next = append(1, 2, 6, new byte[] {2});
        RecordingInbound.next(inbound.unreachable);
        transport.send(0, next);
        transport.flush();
        assertThat(messages.chunk()).isEqualTo(framed(bytes(next)));
    }

    @Test
    void aNewStreamReplacesTheOldOneWhichEndsInAnOrderlyWay() throws Exception {
        HttpTransport transport = open();
        transport.setPeer(2, "127.0.0.1:1");
        RawClient older = client(transport);
        older.request("GET /raft/stream/message/2", SIGNED, NOTHING).response();
        RawClient newer = client(transport);
        newer.request("GET /raft/stream/message/2", SIGNED, NOTHING).response();
        assertThat(older.chunk()).isEmpty();
        assertThat(older.ends()).isTrue();
        transport.send(0, heartbeat(1, 2, 4));
        transport.flush();
        assertThat(newer.chunk()).isEqualTo(framed(bytes(heartbeat(1, 2, 4))));
        transport.removePeer(2);
        assertThat(newer.chunk()).isEmpty();
        assertThat(newer.ends()).isTrue();
    }

    @Test
    void aRemovedMemberIsToldSoOnlyIfThatIsWanted() throws Exception {
        HttpTransport transport = open(config(1).tellRemoved(true), inbound);
        transport.setPeer(2, "127.0.0.1:1");
        transport.removePeer(2);
        RawClient client = client(transport);
        client.request("GET /raft/stream/message/2", SIGNED, NOTHING);
        RawClient.Response response = client.response();
        assertThat(response.status()).isEqualTo(410);
        assertThat(response.body()).isEqualTo("removed member\n");
        client.request("POST /raft", SIGNED, bytes(heartbeat(2, 1, 3)));
        assertThat(client.response().status()).isEqualTo(400);
        transport.setPeer(2, "127.0.0.1:1");
        client.request("POST /raft", SIGNED, bytes(heartbeat(2, 1, 3)));
        assertThat(client.response().status()).isEqualTo(204);
    }

    @Test
    void aNodeHearsWhyItIsRefused() throws Exception {
        Told told = new Told();
        HttpTransport b = open(config(2).tellRemoved(true), new RecordingInbound());
        HttpTransport a = open(config(1).listener(told), inbound);
        a.setPeer(2, b.boundAddress());
        told.await("2 UNKNOWN_SENDER error sender not found");
        b.setPeer(1, a.boundAddress());
        told.await("2 active");
        b.removePeer(1);
        told.await("2 REMOVED removed member");
        HttpTransport stranger = open(config(2).clusterId(0x1001), new RecordingInbound());
        stranger.setPeer(1, a.boundAddress());
        a.setPeer(2, stranger.boundAddress());
        told.await("2 CLUSTER cluster ID mismatch");
        HttpTransport wrong = open(config(3), new RecordingInbound());
        wrong.setPeer(1, a.boundAddress());
        a.setPeer(2, wrong.boundAddress());
        told.await("2 RECEIVER to field mismatch");
    }

    @Test
    void aPostedMessageIsHandedIn() throws Exception {
        RawClient client = client(open());
        // Membership is no condition, and neither are the headers that only inform.
        client.request("POST /raft", FIT + "X-Server-Version: 3.4.23\r\n", bytes(heartbeat(7, 1, 3)));
        assertThat(client.response().head())
                .isEqualTo("HTTP/1.1 204 No Content\r\nX-Etcd-Cluster-Id: 1000\r\n"
                        + "Date: Sat, 21 Nov 2026 22:23:25 GMT\r\n\r\n");
        assertThat(inbound.next()).isEqualTo(heartbeat(7, 1, 3));
        client.request("POST /raft", SIGNED, bytes(append(2, 1, 5, new byte[100_000])));
        assertThat(client.response().status()).isEqualTo(204);
        assertThat(inbound.next().entries()).hasSize(1);
    }

    @Test
    void aPostedMessageMayComeInChunks() throws Exception {
        RawClient client = client(open());
        byte[] message = bytes(heartbeat(2, 1, 3));
        client.send("POST /raft HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + SIGNED + "\r\n");
        for (byte each : message) {
            client.send("1\r\n").send(each).send("\r\n");
        }
        client.send("0\r\n\r\n");
        assertThat(client.response().status()).isEqualTo(204);
        assertThat(inbound.next()).isEqualTo(heartbeat(2, 1, 3));
    }

    @Test
    void requestsThatComeTogetherAreAnsweredInOrder() throws Exception {
        RawClient client = client(open());
        byte[] post = bytes(heartbeat(2, 1, 3));
        client.send(join(
                ("POST /raft HTTP/1.1\r\nContent-Length: " + post.length + "\r\n" + SIGNED + "\r\n")
                        .getBytes(StandardCharsets.ISO_8859_1),
                post,
                "GET /raft/probing HTTP/1.1\r\n\r\nGET /other HTTP/1.1\r\nConnection: close\r\n\r\n"
                        .getBytes(StandardCharsets.ISO_8859_1)));
        assertThat(client.response().status()).isEqualTo(204);
        assertThat(client.response().status()).isEqualTo(200);
        RawClient.Response last = client.response();
        assertThat(last.status()).isEqualTo(404);
        assertThat(last.header("Connection")).isEqualTo("close");
        assertThat(client.ends()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "GET /raft, 405, 'Method Not Allowed'",
        "GET /raft/snapshot, 405, 'Method Not Allowed'",
    })
    void postsAreNotToBeGot(String request, int status, String text) throws Exception {
        RawClient client = client(open());
        client.request(request, SIGNED, NOTHING);
        RawClient.Response response = client.response();
        assertThat(response.status()).isEqualTo(status);
        assertThat(response.header("Allow")).isEqualTo("POST");
        assertThat(response.body()).isEqualTo(text + "\n");
    }

    private void checkPost(HttpTransport transport, String path, String headers, byte[] body, int status, String text)
            throws Exception {
        RawClient client = client(transport);
        client.request("POST " + path, headers, body);
        RawClient.Response response = client.response();
        assertThat(response.body()).isEqualTo(text + "\n");
        assertThat(response.status()).isEqualTo(status);
        assertThat(response.header("X-Etcd-Cluster-Id")).isEqualTo("1000");
        assertThat(response.header("X-Server-Version")).isEmpty();
        // The connection goes on, and nothing was handed in.
        client.request("POST /raft", SIGNED, bytes(heartbeat(2, 1, 77)));
        assertThat(client.response().status()).isEqualTo(204);
        assertThat(inbound.next().commit()).isEqualTo(77);
    }

    @Test
    void aPostThatBreaksARuleIsRefusedAndHarmsNobody() throws Exception {
        HttpTransport transport = open(
                config(1).maxFrameBytes(8_192).admission((node, connection) -> node == 8 ? "not 8" : null), inbound);
        transport.setPeer(6, "127.0.0.1:1");
        transport.removePeer(6);
        byte[] sound = bytes(heartbeat(2, 1, 3));
        checkPost(transport, "/raft", FIT, sound, 412, "incompatible version");
        String other = SIGNED.replace("1000", "1001");
        checkPost(transport, "/raft", other, sound, 412, "cluster ID mismatch");
        checkPost(transport, "/raft/snapshot", other, sound, 412, "cluster ID mismatch");
        checkPost(transport, "/raft", SIGNED, new byte[] {8}, 400, "error unmarshalling raft message");
        checkPost(transport, "/raft", SIGNED, NOTHING, 400, "Message.type: MsgHup never leaves a node");
        checkPost(transport, "/raft", SIGNED, bytes(heartbeat(3, 1, 3)), 400, "Message.from: 3 is not the sender 2");
        checkPost(transport, "/raft", SIGNED, bytes(heartbeat(2, 3, 3)), 400, "Message.to: 3 is not this node, 1");
        String from1 = SIGNED.replace("From: 2", "From: 1");
        checkPost(transport, "/raft", from1, bytes(heartbeat(1, 1, 3)), 400, "Message.from: 1 is not the sender 1");
        String from6 = SIGNED.replace("From: 2", "From: 6");
        checkPost(transport, "/raft", from6, bytes(heartbeat(6, 1, 3)), 400, "removed member");
        String from8 = SIGNED.replace("From: 2", "From: 8");
        checkPost(transport, "/raft", from8, bytes(heartbeat(8, 1, 3)), 400, "not 8");
        byte[] tooLong = bytes(append(2, 1, 5, new byte[8_192]));
        checkPost(
                transport,
                "/raft",
                SIGNED,
                tooLong,
                413,
                "a message of " + tooLong.length + " bytes is more than the limit of 8192");
        checkPost(transport, "/raft/snapshot", SIGNED, framed(sound), 400, "wrong raft message type");
        checkPost(
                transport,
                "/raft/snapshot",
                SIGNED,
                new byte[] {127, 0, 0, 0, 0, 0, 0, 0},
                400,
                "failed to decode raft message (message at byte 0: length 9151314442816847872 is more than the 8192"
                        + " bytes that the frame may still have)");
        checkPost(
                transport,
                "/raft/snapshot",
                SIGNED,
                new byte[] {0, 0},
                400,
                "failed to decode raft message (it ends within it)");
        Message.InstallSnapshot empty = new Message.InstallSnapshot(2, 1, 3, Snapshot.EMPTY);
        checkPost(
                transport,
                "/raft/snapshot",
                SIGNED,
                framed(bytes(empty)),
                400,
                "Message.snapshot: its index must be above 0");
        checkPost(transport, "/raft", SIGNED, bytes(empty), 400, "Message.snapshot: its index must be above 0");
        assertThat(inbound.messages).isEmpty();
    }

    @Test
    void aPostWaitsUntilThereIsRoom() throws Exception {
        HttpTransport transport = open();
        inbound.fill();
        RawClient client = client(transport);
        client.request("POST /raft", SIGNED, bytes(heartbeat(2, 1, 3)));
        inbound.awaitRefusals();
        inbound.makeRoom();
        assertThat(client.response().status()).isEqualTo(204);
        assertThat(inbound.next()).isEqualTo(heartbeat(2, 1, 3));
    }

    @Test
    void aPostToANodeThatStaysFullFails() throws Exception {
        HttpTransport transport = open(config(1).silenceTimeout(Duration.ofMillis(50)), inbound);
        inbound.fill();
        RawClient client = client(transport);
        client.request("POST /raft", SIGNED, bytes(heartbeat(2, 1, 3)));
        assertThat(client.response().status()).isEqualTo(503);
    }

    @Test
    void aSnapshotComesWithItsDataInTheMessageOrBehindIt() throws Exception {
        HttpTransport transport = open(config(1).maxFrameBytes(8_192).maxSnapshotMessageBytes(2_000_000), inbound);
        long seed = 20261127;
        System.out.println("seed " + seed);
        byte[] data = new byte[1_000_003];
        new Random(seed).nextBytes(data);
        RawClient client = client(transport);
        Message whole = new Message.InstallSnapshot(2, 1, 3, new Snapshot(METADATA, Bytes.of(data)));
        client.request("POST /raft", SIGNED, bytes(whole));
        assertThat(client.response().status()).isEqualTo(204);
        assertThat(inbound.next()).isEqualTo(install(2, 1));
        assertThat(snapshots.data(METADATA.id())).isEqualTo(data);

        byte[] other = {1, 2, 3};
        client.request("POST /raft/snapshot", SIGNED, join(framed(bytes(install(2, 1))), other));
        assertThat(client.response().status()).isEqualTo(204);
        assertThat(inbound.next()).isEqualTo(install(2, 1));
        assertThat(snapshots.data(METADATA.id())).isEqualTo(other);

        byte[] longer =
                bytes(new Message.InstallSnapshot(2, 1, 3, new Snapshot(METADATA, Bytes.of(new byte[2_000_000]))));
        client.request("POST /raft", SIGNED, longer);
        assertThat(client.response().status()).isEqualTo(413);
        assertThat(snapshots.data(METADATA.id())).isEqualTo(other);
    }

    @Test
    void aSnapshotThatBreaksOffIsDropped() throws Exception {
        HttpTransport transport = open();
        RawClient client = client(transport);
        byte[] head = framed(bytes(install(2, 1)));
        client.send("POST /raft/snapshot HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + SIGNED + "\r\n");
        client.send(Integer.toHexString(head.length + 3) + "\r\n")
                .send(head)
                .send((byte) 1, (byte) 2, (byte) 3)
                .send("\r\nthis is no chunk\r\n");
        assertThat(client.ends()).isTrue();
        RawClient second = client(transport);
        second.send("POST /raft/snapshot HTTP/1.1\r\nContent-Length: 100000\r\n" + SIGNED + "\r\n")
                .send(head)
                .send((byte) 1)
                .close();
        // Whoever comes next finds the place free again, four times.
        for (int i = 0; i < 5; i++) {
            RawClient next = client(transport);
            next.request("POST /raft/snapshot", SIGNED, head);
            assertThat(next.response().status()).isEqualTo(204);
            inbound.next();
        }
        assertThat(snapshots.data(METADATA.id())).isEmpty();
    }

    @Test
    void aSnapshotThatCannotBeStoredIsAnsweredAndTold() throws Exception {
        Told told = new Told();
        MemorySnapshotStore broken = new MemorySnapshotStore() {
            @Override
            public SnapshotStore.Sink create(long group, SnapshotMetadata metadata) throws StorageException {
                throw new StorageException("the disk is on fire");
            }
        };
        HttpTransport transport = open(config(1).snapshots(broken).listener(told), inbound);
        RawClient client = client(transport);
        client.request("POST /raft/snapshot", SIGNED, framed(bytes(install(2, 1))));
        RawClient.Response response = client.response();
        assertThat(response.status()).isEqualTo(500);
        assertThat(response.body()).isEqualTo("failed to save KV snapshot (the disk is on fire)\n");
        told.await("storage the disk is on fire");
        client.request("POST /raft", SIGNED, bytes(install(2, 1)));
        assertThat(client.response().body()).isEqualTo("error processing raft message\n");
        assertThat(client.ends()).isTrue();
        told.await("storage the disk is on fire");
        assertThat(inbound.messages).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"hello\r\n\r\n", "\0\0\0\0\0\0\0\0\r\n\r\n", "GET /raft/probing HTTP/1.1\r\nno header\r\n\r\n"})
    void whoeverSpeaksNoHttpIsTurnedAway(String text) throws Exception {
        RawClient client = client(open());
        client.send(text);
        assertThat(client.ends()).isTrue();
    }

    @Test
    void aHeadWithoutEndIsTurnedAway() throws Exception {
        HttpTransport transport = open();
        RawClient client = client(transport);
        String line = "X-Filler: " + "x".repeat(1_000) + "\r\n";
        assertThatThrownBy(() -> {
                    client.send("GET /raft/probing HTTP/1.1\r\n");
                    for (int i = 0; i < 100_000; i++) {
                        client.send(line);
                    }
                })
                .isInstanceOf(IOException.class);
    }

    @Test
    void whoeverSaysNothingIsTurnedAway() throws Exception {
        RawClient client = client(
                open(config(1).handshakeTimeout(Duration.ofMillis(50)).silenceTimeout(Duration.ofMillis(50)), inbound));
        assertThat(client.ends()).isTrue();
    }

    @Test
    void whoeverStopsWithinARequestIsTurnedAway() throws Exception {
        RawClient client = client(open(config(1).silenceTimeout(Duration.ofMillis(50)), inbound));
        client.send("POST /raft HTTP/1.1\r\nContent-Length: 100\r\n" + SIGNED + "\r\n")
                .send((byte) 8);
        assertThat(client.ends()).isTrue();
    }

    @Test
    void connectionsBeyondTheLimitAreTurnedAway() throws Exception {
        HttpTransport transport = open(config(1).maxConnections(2), inbound);
        RawClient first = client(transport);
        RawClient second = client(transport);
        second.request("GET /raft/probing", "", NOTHING).response();
        assertThat(client(transport).ends()).isTrue();
        first.request("GET /raft/probing", "", NOTHING);
        assertThat(first.response().status()).isEqualTo(200);
    }

    @Test
    void everyTypeOfMessageTravels() throws Exception {
        HttpTransport a = open();
        RecordingInbound in = new RecordingInbound();
        HttpTransport b = open(config(2), in);
        a.setPeer(2, b.boundAddress());
        b.setPeer(1, a.boundAddress());
        Message greeting = new Message.Heartbeat(1, 2, 3, 0, RecordingInbound.GREETING);
        do {
            a.send(0, greeting);
            a.flush();
        } while (in.greetings.poll(20, TimeUnit.MILLISECONDS) == null || !a.isStreaming(2));
        List<Message> sent = FramesTest.messages();
        sent.forEach(message -> a.send(0, message));
        a.flush();
        List<Message> received = new ArrayList<>();
        while (received.size() < sent.size()) {
            received.add(in.next());
        }
        // Appends have a stream of their own: each stream keeps its order.
        assertThat(received).containsExactlyInAnyOrderElementsOf(sent);
        for (boolean appends : new boolean[] {true, false}) {
            Predicate<Message> onOneStream = message -> (message instanceof Message.Append) == appends;
            assertThat(received.stream().filter(onOneStream))
                    .containsExactlyElementsOf(sent.stream().filter(onOneStream).toList());
        }
        assertThat(a.isActive(2)).isTrue();
        assertThat(a.isActive(3)).isFalse();
    }

    @Test
    void aStrangerThatTellsWhereItIsGetsAnswers() throws Exception {
        HttpTransport a = open();
        RecordingInbound in = new RecordingInbound();
        HttpTransport b = open(config(2), in);
        RawClient client = client(a);
        client.request(
                "POST /raft",
                SIGNED + "X-PeerURLs: http://" + b.boundAddress() + ",http://other:1\r\n",
                bytes(heartbeat(2, 1, 3)));
        assertThat(client.response().status()).isEqualTo(204);
        a.send(0, new Message.HeartbeatReply(1, 2, 3, Bytes.EMPTY, 0));
        a.flush();
        assertThat(in.next().from()).isEqualTo(1);
        // It gets no streams.
        client.request("GET /raft/stream/message/2", SIGNED, NOTHING);
        assertThat(client.response().body()).isEqualTo("error sender not found\n");
    }
}
