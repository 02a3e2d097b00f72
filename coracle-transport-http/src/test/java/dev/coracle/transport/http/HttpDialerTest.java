package dev.coracle.transport.http;

import static dev.coracle.contracts.TransportContract.METADATA;
import static dev.coracle.contracts.TransportContract.append;
import static dev.coracle.contracts.TransportContract.heartbeat;
import static dev.coracle.contracts.TransportContract.install;
import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.codec.EtcdCodec;
import dev.coracle.contracts.MemorySnapshotStore;
import dev.coracle.contracts.RecordingInbound;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.Message;
import dev.coracle.raft.Snapshot;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What a node asks its peers for, and how it bears what they answer. */
class HttpDialerTest {
    private final List<AutoCloseable> opened = new ArrayList<>();
    private final MemorySnapshotStore snapshots = new MemorySnapshotStore();
    private final RecordingInbound inbound = new RecordingInbound();
    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable one : opened) {
            one.close();
        }
    }

    private HttpTransportConfig.Builder config() {
        return HttpTransportTest.config(1, "127.0.0.1:0", snapshots).listener(new TransportListener() {
            @Override
            public void inactive(long peer, String reason) {
                told.add(reason);
            }

            @Override
            public void refused(long peer, Refusal refusal, String text) {
                told.add(refusal + " " + text);
            }
        });
    }

    private HttpTransport open(HttpTransportConfig.Builder config) throws IOException {
        HttpTransport transport = HttpTransport.bind(config.build());
        // It is closed before the peers that tests play.
        opened.add(0, transport);
        transport.start(inbound);
        return transport;
    }

    private RawServer peer() throws IOException {
        RawServer peer = new RawServer();
        opened.add(peer);
        return peer;
    }

    private static byte[] bytes(Message message) {
        return EtcdCodec.INSTANCE.messages().encode(message);
    }

    private static byte[] framed(Message message) {
        byte[] bytes = bytes(message);
        return ByteBuffer.allocate(Long.BYTES + bytes.length)
                .putLong(bytes.length)
                .put(bytes)
                .array();
    }

    private static byte[] appended(Message message) {
        byte[] frame = framed(message);
        return ByteBuffer.allocate(1 + frame.length).put((byte) 2).put(frame).array();
    }

    private void send(HttpTransport transport, Message message) {
        transport.send(0, message);
        transport.flush();
    }

    @ParameterizedTest
    @CsvSource({"APPENDS, msgapp", "MESSAGES, message"})
    void aStreamIsAskedForAsGoDoes(StreamType type, String path) throws Exception {
        RawServer peer = peer();
        HttpTransport transport = open(config().advertisedUrls(List.of("http://10.0.0.1:2380", "http://[::1]:2380")));
        transport.setPeer(0xab, "http://" + peer.address());
        assertThat(peer.askedFor(type).head)
                .isEqualTo("GET /raft/stream/" + path + "/1 HTTP/1.1\r\nHost: " + peer.address()
                        + "\r\nUser-Agent: coracle\r\nX-Etcd-Cluster-Id: 1000\r\nX-Min-Cluster-Version: 3.0.0\r\n"
                        + "X-Peerurls: http://10.0.0.1:2380,http://[::1]:2380\r\nX-Raft-To: ab\r\nX-Server-From: 1\r\n"
                        + "X-Server-Version: 3.5.0\r\n\r\n");
    }

    @Test
    void messagesComeOnBothStreams() throws Exception {
        RawServer peer = peer();
        HttpTransport transport = open(config());
        transport.setPeer(2, peer.address());
        RawServer.Request appends = peer.askedFor(StreamType.APPENDS).stream();
        RawServer.Request messages = peer.askedFor(StreamType.MESSAGES).stream();
        Message append = append(2, 1, 5, new byte[] {1});
        appends.chunk((byte) 0).chunk(appended(append));
        assertThat(inbound.next()).isEqualTo(append);
        byte[] frame = framed(heartbeat(2, 1, 4));
        messages.chunk(framed(FrameEncoder.LINK_HEARTBEAT));
        for (byte each : frame) {
            messages.chunk(each);
        }
        assertThat(inbound.next()).isEqualTo(heartbeat(2, 1, 4));
    }

    @ParameterizedTest
    @EnumSource(StreamType.class)
    void aStreamThatEndsIsAskedForAgain(StreamType type) throws Exception {
        RawServer peer = peer();
        HttpTransport transport = open(config());
        transport.setPeer(2, peer.address());
        peer.askedFor(type).stream().answer("0\r\n\r\n");
        peer.askedFor(type).stream().close();
        peer.askedFor(type).answer("HTTP/1.1 404 Not Found\r\nContent-Length: 23\r\n\r\nerror sender not found\n");
        peer.askedFor(type).answer("this is no HTTP\r\n\r\n");
        peer.askedFor(type).close();
        Message message = append(2, 1, 5, new byte[] {1});
        peer.askedFor(type).stream().chunk(type == StreamType.APPENDS ? appended(message) : framed(message));
        assertThat(inbound.next()).isEqualTo(message);
    }

    /** The other end is gone without a word, or hangs. */
    @ParameterizedTest
    @EnumSource(StreamType.class)
    void aSilentStreamIsGivenUpAndAskedForAgain(StreamType type) throws Exception {
        RawServer peer = peer();
        HttpTransport transport = open(config().silenceTimeout(Duration.ofMillis(100)));
        transport.setPeer(2, peer.address());
        // Silent before its answer, and behind it.
        peer.askedFor(type).awaitEnd();
        peer.askedFor(type).stream().awaitEnd();
        Message message = append(2, 1, 5, new byte[] {1});
        peer.askedFor(type).stream().chunk(type == StreamType.APPENDS ? appended(message) : framed(message));
        assertThat(inbound.next()).isEqualTo(message);
    }

    @Test
    void aSilentPeerIsReportedAsUnreachable() throws Exception {
        RawServer peer = peer();
        HttpTransport transport = open(config().silenceTimeout(Duration.ofMillis(100)));
        transport.setPeer(2, peer.address());
        peer.askedFor(StreamType.MESSAGES).stream().awaitEnd();
        assertThat(RecordingInbound.next(inbound.unreachable)).isEqualTo(2);
    }

    @Test
    void asLongAsThereAreSignsOfLifeAStreamLasts() throws Exception {
        RawServer peer = peer();
        HttpTransport transport = open(config().silenceTimeout(Duration.ofSeconds(2)));
        transport.setPeer(2, peer.address());
        RawServer.Request messages = peer.askedFor(StreamType.MESSAGES).stream();
        // The other stream is silent, and is asked for again and again meanwhile.
        for (int i = 0; i < 2; i++) {
            RawServer.Request silent = peer.askedFor(StreamType.APPENDS);
            Thread waiting = new Thread(() -> {
                try {
                    silent.awaitEnd();
                } catch (IOException e) {
                    // It is an end.
                }
            });
            waiting.start();
            while (waiting.isAlive()) {
                messages.chunk(framed(FrameEncoder.LINK_HEARTBEAT));
                waiting.join(100);
            }
        }
        messages.chunk(framed(heartbeat(2, 1, 4)));
        assertThat(inbound.next()).isEqualTo(heartbeat(2, 1, 4));
    }

    @Test
    void damagedFramesEndTheStreamBehindWhatWasSound() throws Exception {
        RawServer peer = peer();
        HttpTransport transport = open(config().maxFrameBytes(8_192));
        transport.setPeer(2, peer.address());
        byte[] sound = framed(heartbeat(2, 1, 4));
        List<byte[]> damaged = List.of(
                new byte[] {0, 0, 0, 0, 0, 0, 0, 1, 8},
                new byte[] {0, 0, 0, 0, 0, 0, 0x20, 1},
                new byte[] {-1, -1, -1, -1, -1, -1, -1, -1},
                framed(heartbeat(3, 1, 5)),
                framed(heartbeat(2, 3, 5)),
                framed(new Message.Heartbeat(2, 0, 3, 5, Bytes.EMPTY)),
                framed(new Message.Hup()));
        for (byte[] each : damaged) {
            RawServer.Request messages = peer.askedFor(StreamType.MESSAGES).stream();
            byte[] both = ByteBuffer.allocate(sound.length + each.length)
                    .put(sound)
                    .put(each)
                    .array();
            messages.chunk(both).awaitEnd();
            assertThat(inbound.next()).isEqualTo(heartbeat(2, 1, 4));
        }
        peer.askedFor(StreamType.APPENDS).stream().chunk((byte) 7).awaitEnd();
        assertThat(inbound.messages).isEmpty();
    }

    @Test
    void whatAGoNodePassesOnInAnothersNameIsDroppedAndTheStreamLasts() throws Exception {
        RawServer peer = peer();
        HttpTransport transport = open(config());
        transport.setPeer(2, peer.address());
        List<Entry> entries = List.of(new Entry(0, 0, EntryType.NORMAL, new byte[] {1}));
        peer.askedFor(StreamType.MESSAGES).stream()
                .chunk(framed(new Message.Propose(3, 1, entries)))
                .chunk(framed(new Message.Propose(2, 1, entries)));
        assertThat(inbound.next()).isEqualTo(new Message.Propose(2, 1, entries));
    }

    @ParameterizedTest
    @CsvSource({
        "410 Gone, removed member, REMOVED removed member",
        "412 Precondition Failed, incompatible version, VERSION incompatible version",
        "412 Precondition Failed, something else, OTHER something else",
        "404 Not Found, invalid path, OTHER invalid path",
        "500 Internal Server Error, a\tb, OTHER a?b",
    })
    void refusalsAreTold(String status, String text, String expected) throws Exception {
        RawServer peer = peer();
        HttpTransport transport = open(config());
        transport.setPeer(2, peer.address());
        peer.askedFor(StreamType.MESSAGES)
                .answer("HTTP/1.1 " + status + "\r\nContent-Length: " + (text.length() + 1) + "\r\n\r\n" + text + "\n");
        assertThat(RecordingInbound.next(told)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"X-Server-Version: 2.3.0, 2.3.0", "X-Server-Version: 3.4, 3.4", "X-Other: 1, null"})
    void aNodeOfAnotherVersionIsLeftAlone(String header, String version) throws Exception {
        RawServer peer = peer();
        HttpTransport transport = open(config());
        transport.setPeer(2, peer.address());
        peer.askedFor(StreamType.MESSAGES)
                .answer("HTTP/1.1 200 OK\r\n" + header + "\r\nTransfer-Encoding: chunked\r\n\r\n")
                .awaitEnd();
        assertThat(RecordingInbound.next(told)).isEqualTo("VERSION " + version);
    }

    @Test
    void withoutAStreamMessagesArePostedInOrderOnOneConnection() throws Exception {
        RawServer peer = peer();
        HttpTransport transport = open(config());
        transport.setPeer(2, peer.address());
        for (int i = 1; i <= 3; i++) {
            transport.send(0, heartbeat(1, 2, i));
        }
        transport.flush();
        RawServer.Request post = peer.post();
        int length = bytes(heartbeat(1, 2, 1)).length;
        assertThat(post.head)
                .isEqualTo("POST /raft HTTP/1.1\r\nHost: " + peer.address() + "\r\nUser-Agent: coracle\r\n"
                        + "Content-Length: " + length + "\r\nContent-Type: application/protobuf\r\n"
                        + "X-Etcd-Cluster-Id: 1000\r\nX-Min-Cluster-Version: 3.0.0\r\nX-Server-From: 1\r\n"
                        + "X-Server-Version: 3.5.0\r\n\r\n");
        for (int i = 1; i <= 3; i++) {
            assertThat(post.body()).isEqualTo(bytes(heartbeat(1, 2, i)));
            post.answer("HTTP/1.1 204 No Content\r\n\r\n");
            if (i < 3) {
                post.next();
            }
        }
        // A connection that the peer closed as idle loses nothing.
        post.close();
        send(transport, heartbeat(1, 2, 4));
        RawServer.Request again = peer.post();
        assertThat(again.body()).isEqualTo(bytes(heartbeat(1, 2, 4)));
        again.answer("HTTP/1.1 204 No Content\r\n\r\n");
        assertThat(inbound.unreachable).isEmpty();
    }

    @Test
    void aPostThatIsNotAnsweredIsReported() throws Exception {
        RawServer peer = peer();
        HttpTransport transport = open(config().silenceTimeout(Duration.ofMillis(200)));
        transport.setPeer(2, peer.address());
        send(transport, heartbeat(1, 2, 1));
        peer.post().awaitEnd();
        assertThat(RecordingInbound.next(inbound.unreachable)).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({
        "403 Forbidden, REMOVED",
        "500 Internal Server Error, OTHER",
        "400 Bad Request, OTHER",
        "412 Precondition, CLUSTER"
    })
    void aPostThatIsRefusedIsReported(String status, String refusal) throws Exception {
        RawServer peer = peer();
        HttpTransport transport = open(config());
        transport.setPeer(2, peer.address());
        send(transport, heartbeat(1, 2, 1));
        RawServer.Request post = peer.post();
        post.body();
        post.answer("HTTP/1.1 " + status + "\r\nContent-Length: 20\r\n\r\ncluster ID mismatch\n");
        assertThat(RecordingInbound.next(inbound.unreachable)).isEqualTo(2);
        assertThat(RecordingInbound.next(told)).isEqualTo(refusal + " cluster ID mismatch");
        // It goes on with the next one.
        send(transport, heartbeat(1, 2, 2));
        assertThat(peer.post().body()).isEqualTo(bytes(heartbeat(1, 2, 2)));
    }

    @Test
    void postsBeyondTheLimitAreDroppedAndReportedOnce() throws Exception {
        RawServer peer = peer();
        HttpTransport transport = open(config().maxPosts(3));
        transport.setPeer(2, peer.address());
        for (int i = 1; i <= 10; i++) {
            transport.send(0, heartbeat(1, 2, i));
        }
        transport.flush();
        assertThat(RecordingInbound.next(inbound.unreachable)).isEqualTo(2);
        RawServer.Request post = peer.post();
        for (int i = 1; i <= 3; i++) {
            assertThat(post.body()).isEqualTo(bytes(heartbeat(1, 2, i)));
            post.answer("HTTP/1.1 204 No Content\r\n\r\n");
            if (i < 3) {
                post.next();
            }
        }
        assertThat(inbound.unreachable).isEmpty();
    }

    @Test
    @Timeout(2 * RecordingInbound.PATIENCE_SECONDS)
    void aPeerThatReadsNothingLosesItsStream() throws Exception {
        RawServer peer = peer();
        HttpTransport transport =
                open(config().silenceTimeout(Duration.ofMillis(200)).maxQueueBytes(4 << 20));
        transport.setPeer(2, peer.address());
        RawClient lazy = new RawClient(transport.boundAddress());
        opened.add(lazy);
        lazy.request(
                "GET /raft/stream/msgapp/2",
                "X-Etcd-Cluster-Id: 1000\r\nX-Raft-To: 1\r\nX-Server-Version: 3.4.23\r\n",
                new byte[0]);
        lazy.response();
        byte[] data = new byte[1 << 20];
        // Until the sockets and the queue take no more; once the stream is given up, appends are posted.
        do {
            send(transport, append(1, 2, 1, data));
        } while (!peer.hasPost());
        assertThat(RecordingInbound.next(inbound.unreachable)).isEqualTo(2);
    }

    private void answerSnapshot(RawServer.Request post, String status) throws IOException {
        post.answer("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n");
    }

    @Test
    void aSnapshotIsPostedInOneMessage() throws Exception {
        RawServer peer = peer();
        HttpTransport transport = open(config().chunkBytes(10));
        transport.setPeer(2, peer.address());
        byte[] data = new byte[1_000];
        snapshots.put(METADATA, data);
        send(transport, install(1, 2));
        RawServer.Request post = peer.post();
        assertThat(post.head).startsWith("POST /raft HTTP/1.1\r\n").contains("Content-Type: application/protobuf\r\n");
        assertThat(post.body())
                .isEqualTo(bytes(new Message.InstallSnapshot(1, 2, 3, new Snapshot(METADATA, Bytes.of(data)))));
        // A second one while the first is under way.
        send(transport, install(1, 2));
        assertThat(RecordingInbound.next(inbound.snapshots)).isEqualTo(new RecordingInbound.SnapshotResult(2, true));
        post.answer("HTTP/1.1 204 No Content\r\n\r\n");
        assertThat(RecordingInbound.next(inbound.snapshots)).isEqualTo(new RecordingInbound.SnapshotResult(2, false));
        send(transport, install(1, 2));
        peer.post();
    }

    @Test
    void aSnapshotThatFailsIsReportedOnce() throws Exception {
        RawServer peer = peer();
        HttpTransport transport = open(config().snapshotStallTimeout(Duration.ofMillis(200)));
        transport.setPeer(2, peer.address());
        snapshots.put(METADATA, new byte[1_000]);
        RecordingInbound.SnapshotResult failed = new RecordingInbound.SnapshotResult(2, true);

        send(transport, install(1, 2));
        RawServer.Request post = peer.post();
        post.body();
        answerSnapshot(post, "500 Internal Server Error");
        assertThat(RecordingInbound.next(inbound.snapshots)).isEqualTo(failed);

        send(transport, install(1, 2));
        peer.post().close();
        assertThat(RecordingInbound.next(inbound.snapshots)).isEqualTo(failed);

        // Nobody answers.
        send(transport, install(1, 2));
        peer.post().awaitEnd();
        assertThat(RecordingInbound.next(inbound.snapshots)).isEqualTo(failed);

        send(transport, install(1, 2));
        peer.post();
        transport.removePeer(2);
        assertThat(RecordingInbound.next(inbound.snapshots)).isEqualTo(failed);
        assertThat(inbound.snapshots).isEmpty();
    }

    /** A store whose snapshots turn out to be damaged at their end. */
    private static MemorySnapshotStore damagedStore() {
        return new MemorySnapshotStore() {
            @Override
            protected InputStream read(byte[] data) {
                return new FilterInputStream(new ByteArrayInputStream(data)) {
                    @Override
                    public int read(byte[] target, int offset, int length) throws IOException {
                        int count = super.read(target, offset, length);
                        if (count < 0) {
                            throw new IOException("the checksum is wrong");
                        }
                        return count;
                    }
                };
            }
        };
    }

    @Test
    void aSnapshotThatCannotBeReadBreaksOff() throws Exception {
        MemorySnapshotStore damaged = damagedStore();
        RawServer peer = peer();
        HttpTransport transport = open(config().snapshots(damaged).snapshotsInMessages(false));
        transport.setPeer(2, peer.address());
        damaged.put(METADATA, new byte[1_000]);
        send(transport, install(1, 2));
        RawServer.Request post = peer.post();
        assertThat(post.head)
                .startsWith("POST /raft/snapshot HTTP/1.1\r\n")
                .contains("Transfer-Encoding: chunked\r\nContent-Type: application/octet-stream\r\n");
        byte[] received = post.socket.getInputStream().readAllBytes();
        assertThat(new String(received, StandardCharsets.ISO_8859_1)).doesNotContain("\r\n0\r\n\r\n");
        assertThat(RecordingInbound.next(inbound.snapshots)).isEqualTo(new RecordingInbound.SnapshotResult(2, true));
    }

    @Test
    void anEmptySnapshotThatCannotBeReadIsNotSent() throws Exception {
        MemorySnapshotStore damaged = damagedStore();
        RawServer peer = peer();
        HttpTransport transport = open(config().snapshots(damaged));
        transport.setPeer(2, peer.address());
        damaged.put(METADATA, new byte[0]);
        send(transport, install(1, 2));
        assertThat(peer.post().socket.getInputStream().readAllBytes()).isEmpty();
        assertThat(RecordingInbound.next(inbound.snapshots)).isEqualTo(new RecordingInbound.SnapshotResult(2, true));
    }
}
