package dev.coracle.transport.grpc;

import static dev.coracle.contracts.TransportContract.METADATA;
import static dev.coracle.contracts.TransportContract.append;
import static dev.coracle.contracts.TransportContract.heartbeat;
import static dev.coracle.contracts.TransportContract.install;
import static dev.coracle.transport.grpc.GrpcTransportTest.CLUSTER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.codec.Codec;
import dev.coracle.codec.Dialect;
import dev.coracle.codec.EtcdCodec;
import dev.coracle.contracts.MemorySnapshotStore;
import dev.coracle.contracts.RecordingInbound;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Message;
import dev.coracle.raft.SnapshotMetadata;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What our own nodes say to each other, and what becomes of those who say something else. */
class GrpcPeerTest {
    private static final Codec<Message> MESSAGES = EtcdCodec.INSTANCE.messages();
    private static final Codec<Batch> BATCHES = new Batch.Format(MESSAGES, 100);
    private static final Codec<SnapshotHead> HEADS = new SnapshotHead.Format(MESSAGES);

    private final List<AutoCloseable> opened = new ArrayList<>();
    private final MemorySnapshotStore snapshots = new MemorySnapshotStore();
    private final RecordingInbound inbound = new RecordingInbound();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable one : opened) {
            one.close();
        }
    }

    private GrpcTransportConfig.Builder config(long id) {
        return GrpcTransportTest.config(id, "127.0.0.1:0", snapshots);
    }

    private GrpcTransport open(GrpcTransportConfig.Builder config, RecordingInbound in) throws IOException {
        GrpcTransport transport = GrpcTransport.bind(config.build());
        opened.add(transport);
        transport.start(in);
        return transport;
    }

    private RawPeer peer(GrpcTransport transport, Methods.Method method) {
        RawPeer peer = new RawPeer(transport.boundAddress(), method);
        opened.add(peer);
        return peer;
    }

    private static Handshake handshake() {
        return new Handshake(Handshake.VERSION, CLUSTER, 0, 2, 1002, 1, "");
    }

    private static Payload hello(Handshake handshake) {
        return Payload.of(Handshake.CODEC, handshake);
    }

    private static Payload batch(Message... messages) {
        return Payload.of(BATCHES, new Batch(0, List.of(messages), List.of()));
    }

    /** Records the refusals that a transport hears. */
    private static final class Refusals implements TransportListener {
        final BlockingQueue<String> texts = new LinkedBlockingQueue<>();
        final BlockingQueue<Long> connected = new LinkedBlockingQueue<>();

        @Override
        public void connected(long peer, long incarnation) {
            connected.add(incarnation);
        }

        @Override
        public void refused(long peer, RefusalCode code, String text) {
            texts.add(peer + " " + code + " " + text);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "2, 77, 0, 2, 1, VERSION, 'version: it is 1 here, the caller has 2'",
        "1, 78, 0, 2, 1, CLUSTER, 'cluster: it is 77 here, the caller has 78'",
        "1, 77, 5, 2, 1, GROUP, 'group: it is 0 here, the caller has 5'",
        "1, 77, 0, 2, 3, RECEIVER, 'this is node 1, the caller wants node 3'",
        "1, 77, 0, 1, 1, INCARNATION, 'another node has the id of this one, 1'",
        "1, 77, 0, 6, 1, REMOVED, 'node 6 was removed from the cluster'",
        "1, 77, 0, 8, 1, IDENTITY, 'no certificate for 8'",
    })
    void whoeverDiffersIsToldWhatDiffers(
            int version, long cluster, long group, long node, long receiver, RefusalCode code, String text)
            throws Exception {
        GrpcTransport transport = open(
                config(1).admission(new Admission() {
                    @Override
                    public Verdict admit(Handshake handshake, Connection connection) {
                        return handshake.node() == 8
                                ? Verdict.refused(RefusalCode.IDENTITY, "no certificate for 8")
                                : Verdict.ACCEPTED;
                    }
                }),
                inbound);
        transport.removePeer(6);
        Handshake handshake = new Handshake(version, cluster, group, node, 4711, receiver, "");
        RawPeer messages = peer(transport, Methods.MESSAGES).send(hello(handshake));
        assertThat(messages.answer().verdict()).isEqualTo(Verdict.refused(code, text));
        assertThat(messages.end().isOk()).isTrue();

        Message.InstallSnapshot install = install(node, 1);
        RawPeer snapshot =
                peer(transport, Methods.SNAPSHOT).send(Payload.of(HEADS, new SnapshotHead(handshake, install, 0)));
        assertThat(snapshot.snapshotAnswer().answer().verdict()).isEqualTo(Verdict.refused(code, text));
    }

    @Test
    void aNodeOfTheOtherDialectIsTurnedAway() throws Exception {
        GrpcTransport transport = open(config(1).dialect(Dialect.RAFT_RS), inbound);
        RawPeer peer = peer(transport, Methods.MESSAGES).send(hello(handshake()));
        assertThat(peer.answer().verdict().code()).isEqualTo(RefusalCode.DIALECT);
    }

    @Test
    void refusalsAreToldOnceAndOnlyChangesAgain() throws Exception {
        GrpcTransport b = open(config(2), new RecordingInbound());
        Refusals refusals = new Refusals();
        GrpcTransport a = open(config(1).clusterId(78).listener(refusals), inbound);
        a.setPeer(2, b.boundAddress());
        assertThat(RecordingInbound.next(refusals.texts))
                .isEqualTo("2 CLUSTER cluster: it is 77 here, the caller has 78");
        // Each failed attempt is followed by another: once the right node is there, it is found.
        GrpcTransport right = open(config(2).clusterId(78), new RecordingInbound());
        a.setPeer(2, right.boundAddress());
        assertThat(RecordingInbound.next(refusals.connected)).isEqualTo(1002);
        assertThat(refusals.texts).isEmpty();
    }

    @Test
    void aRemovedNodeHearsOfItWhereverItStands() throws Exception {
        Refusals refusals = new Refusals();
        GrpcTransport a = open(config(1).listener(refusals), inbound);
        GrpcTransport b = open(config(2), new RecordingInbound());
        a.setPeer(2, b.boundAddress());
        RecordingInbound.next(refusals.connected);
        b.removePeer(1);
        assertThat(RecordingInbound.next(refusals.texts)).isEqualTo("2 REMOVED node 1 was removed from the cluster");
        b.setPeer(1, a.boundAddress());
        RecordingInbound.next(refusals.connected);
    }

    @Test
    void aReceiverWithAnUnknownDataDirectoryIsRefused() throws Exception {
        GrpcTransport b = open(config(2), new RecordingInbound());
        Refusals refusals = new Refusals();
        GrpcTransport a = open(
                config(1).listener(refusals).admission(new Admission() {
                    @Override
                    public Verdict admitReceiver(long node, long incarnation) {
                        return Verdict.refused(RefusalCode.INCARNATION, "incarnation " + incarnation);
                    }
                }),
                inbound);
        a.setPeer(2, b.boundAddress());
        assertThat(RecordingInbound.next(refusals.texts)).isEqualTo("2 INCARNATION incarnation 1002");
    }

    @Test
    void anAcceptedStreamTellsTheIncarnationAndShowsSignsOfLife() throws Exception {
        GrpcTransport transport = open(config(1).silenceTimeout(Duration.ofMillis(200)), inbound);
        RawPeer peer = peer(transport, Methods.MESSAGES).send(hello(handshake()));
        assertThat(peer.answer()).isEqualTo(new Answer(Verdict.ACCEPTED, 1001));
        assertThat(peer.answer().verdict()).isEqualTo(Verdict.ACCEPTED);
        assertThat(peer.answer().verdict()).isEqualTo(Verdict.ACCEPTED);
    }

    @Test
    void aPeerThatFallsSilentIsGivenUpAndDialledAgain() throws Exception {
        Refusals refusals = new Refusals();
        // The receiver's signs of life come every quarter of an hour, the sender waits a moment only.
        GrpcTransport b = open(config(2).silenceTimeout(Duration.ofHours(1)), new RecordingInbound());
        GrpcTransport a = open(config(1).listener(refusals).silenceTimeout(Duration.ofMillis(300)), inbound);
        a.setPeer(2, b.boundAddress());
        RecordingInbound.next(refusals.connected);
        assertThat(RecordingInbound.next(inbound.unreachable)).isEqualTo(2);
        RecordingInbound.next(refusals.connected);
    }

    @Test
    void aStreamOfTheSameNodeReplacesTheOlderOne() throws Exception {
        GrpcTransport transport = open(config(1), inbound);
        RawPeer older = peer(transport, Methods.MESSAGES).send(hello(handshake()));
        older.answer();
        RawPeer newer = peer(transport, Methods.MESSAGES).send(hello(handshake()));
        newer.answer();
        assertThat(older.end().getDescription()).isEqualTo("node 2 opened a newer stream");
        newer.send(batch(heartbeat(2, 1, 5)));
        assertThat(inbound.next().commit()).isEqualTo(5);
    }

    @Test
    void streamsOfPeersAreLetInOnceTheNodeWasStarted() throws Exception {
        GrpcTransport transport = GrpcTransport.bind(config(1).build());
        opened.add(transport);
        RawPeer early = peer(transport, Methods.MESSAGES).send(hello(handshake()));
        assertThat(early.end().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        transport.start(inbound);
        assertThat(peer(transport, Methods.MESSAGES)
                        .send(hello(handshake()))
                        .answer()
                        .verdict())
                .isEqualTo(Verdict.ACCEPTED);
    }

    private void assertStreamEnds(Payload afterHandshake, String text) throws Exception {
        GrpcTransport transport = open(config(1).maxFrameMessages(3), inbound);
        RawPeer peer = peer(transport, Methods.MESSAGES).send(hello(handshake()));
        peer.answer();
        Status status = peer.send(afterHandshake).end();
        assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(status.getDescription()).contains(text);
        assertThat(inbound.messages).isEmpty();
    }

    @Test
    void aMessageInAnothersNameEndsTheStream() throws Exception {
        assertStreamEnds(batch(heartbeat(2, 1, 0), heartbeat(3, 1, 0)), "Message.from: 3 is not the sender 2");
    }

    @Test
    void aMessageToAnotherNodeEndsTheStream() throws Exception {
        assertStreamEnds(batch(heartbeat(2, 9, 0)), "Message.to: 9 is not this node, 1");
    }

    @Test
    void anOrderThatNeverLeavesANodeEndsTheStream() throws Exception {
        assertStreamEnds(batch(new Message.Hup()), "Message.type: MsgHup never leaves a node");
    }

    @Test
    void aSnapshotWithoutItsDataEndsTheStream() throws Exception {
        assertStreamEnds(batch(install(2, 1)), "MsgSnap travels with its data only");
    }

    @Test
    void aBatchOfAnotherGroupEndsTheStream() throws Exception {
        assertStreamEnds(
                Payload.of(BATCHES, new Batch(4, List.of(heartbeat(2, 1, 0)), List.of())),
                "Batch.group: 4 is not that of the handshake, 0");
    }

    @Test
    void tooManyMessagesInABatchEndTheStream() throws Exception {
        Message one = heartbeat(2, 1, 0);
        assertStreamEnds(batch(one, one, one, one), "more than 3 messages");
    }

    @Test
    void tooManyNotesInABatchEndTheStream() throws Exception {
        byte[] note = {1};
        assertStreamEnds(
                Payload.of(BATCHES, new Batch(0, List.of(), List.of(note, note, note, note))), "more than 3 notes");
    }

    @Test
    void damagedBytesEndTheStream() throws Exception {
        assertStreamEnds(Payload.of(new byte[] {0x12, 0x7f, 1}), "Batch.messages");
    }

    @Test
    void somethingElseThanAHandshakeEndsTheStream() throws Exception {
        GrpcTransport transport = open(config(1), inbound);
        Status status =
                peer(transport, Methods.MESSAGES).send(new byte[] {8, 1}).end();
        assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(status.getDescription()).contains("Handshake.magic");
    }

    @Test
    void aStreamWithoutAHandshakeEnds() throws Exception {
        GrpcTransport transport = open(config(1).handshakeTimeout(Duration.ofMillis(100)), inbound);
        Status status = peer(transport, Methods.MESSAGES).end();
        assertThat(status.getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        assertThat(status.getDescription()).isEqualTo("no handshake within 100 ms");
    }

    @Test
    void aFrameAboveTheLimitEndsTheStream() throws Exception {
        GrpcTransport transport = open(config(1).maxFrameBytes(1 << 20).chunkBytes(1 << 10), inbound);
        RawPeer peer = peer(transport, Methods.MESSAGES).send(hello(handshake()));
        peer.answer();
        peer.send(batch(append(2, 1, 5, new byte[1 << 20])));
        assertThat(peer.end().isOk()).isFalse();
        assertThat(inbound.messages).isEmpty();
    }

    @Test
    void theLongestEntryFitsAndALongerOneIsNotSent() throws Exception {
        RecordingInbound receiving = new RecordingInbound();
        GrpcTransport b = open(config(2).maxFrameBytes(1 << 20).chunkBytes(1 << 10), receiving);
        Refusals refusals = new Refusals();
        GrpcTransport a =
                open(config(1).maxFrameBytes(1 << 20).chunkBytes(1 << 10).listener(refusals), inbound);
        a.setPeer(2, b.boundAddress());
        RecordingInbound.next(refusals.connected);
        a.send(0, append(1, 2, 5, new byte[1 << 20]));
        assertThat(RecordingInbound.next(inbound.unreachable)).isEqualTo(2);
        a.send(0, append(1, 2, Long.MAX_VALUE, new byte[a.maxEntryBytes()]));
        a.flush();
        assertThat(receiving.next().entries().get(0).payloadSize()).isEqualTo(a.maxEntryBytes());
    }

    @Test
    void aFullQueueDropsAndReportsOnce() throws Exception {
        RecordingInbound receiving = new RecordingInbound();
        GrpcTransport b = open(config(2), receiving);
        Refusals refusals = new Refusals();
        int limit = 1 << 20;
        GrpcTransport a = open(config(1).maxQueueBytes(limit).listener(refusals), inbound);
        a.setPeer(2, b.boundAddress());
        RecordingInbound.next(refusals.connected);
        receiving.fill();
        byte[] data = new byte[64 << 10];
        long sent = 0;
        while (inbound.unreachable.isEmpty()) {
            a.send(0, append(1, 2, ++sent, data));
            a.flush();
            assertThat(sent * data.length).as("bytes that somebody holds").isLessThan(16 << 20);
        }
        for (int i = 0; i < 100; i++) {
            a.send(0, append(1, 2, ++sent, data));
            a.flush();
        }
        receiving.makeRoom();
        // Small enough for what is left in the queue, whatever it holds.
        a.send(0, append(1, 2, sent + 1, new byte[0]));
        a.flush();

        // The sockets may take a frame more at any time, which ends one row of drops and lets another begin.
        long before = 0;
        long dropped = 0;
        int rows = 0;
        while (before <= sent) {
            long index = receiving.next().index() + 1;
            assertThat(index).as("in their order").isGreaterThan(before);
            dropped += index - before - 1;
            rows += index == before + 1 ? 0 : 1;
            before = index;
        }
        assertThat(dropped).isPositive();
        assertThat(inbound.unreachable.size()).as("reports").isBetween(1, rows);
    }

    private RawPeer announce(GrpcTransport transport, long size) {
        return peer(transport, Methods.SNAPSHOT)
                .send(Payload.of(HEADS, new SnapshotHead(handshake(), install(2, 1), size)));
    }

    private RawPeer snapshot(GrpcTransport transport, long size) throws Exception {
        RawPeer peer = announce(transport, size);
        assertHolds(peer, new byte[0]);
        return peer;
    }

    private static void assertHolds(RawPeer peer, byte... data) throws Exception {
        assertThat(peer.snapshotAnswer())
                .isEqualTo(new SnapshotAnswer(new Answer(Verdict.ACCEPTED, 1001), data.length, checksum(data)));
    }

    private static Payload chunk(long position, byte... data) {
        return Payload.of(SnapshotChunk.CODEC, SnapshotChunk.of(position, data));
    }

    private static Payload end(long position, byte... data) {
        return Payload.of(SnapshotChunk.CODEC, SnapshotChunk.end(position, checksum(data)));
    }

    private static long checksum(byte... data) {
        CRC32C checksum = new CRC32C();
        checksum.update(data);
        return checksum.getValue();
    }

    private void assertDataLoss(RawPeer peer, String text) throws Exception {
        Status status = peer.end();
        assertThat(status.getCode()).isEqualTo(Status.Code.DATA_LOSS);
        assertThat(status.getDescription()).contains(text);
        assertThat(snapshots.data(METADATA.id())).isNull();
        assertThat(inbound.messages).isEmpty();
    }

    @Test
    void aSoundSnapshotIsAccepted() throws Exception {
        GrpcTransport transport = open(config(1), inbound);
        byte[] data = {1, 2, 3, 4};
        RawPeer peer = snapshot(transport, 4)
                .send(chunk(0, (byte) 1, (byte) 2))
                .send(chunk(2, (byte) 3, (byte) 4))
                .send(end(4, data))
                .finish();
        assertHolds(peer, data);
        assertThat(peer.end().isOk()).isTrue();
        assertThat(snapshots.data(METADATA.id())).containsExactly(1, 2, 3, 4);
        assertThat(inbound.next()).isEqualTo(install(2, 1));
    }

    @Test
    void damagedSnapshotDataIsRefused() throws Exception {
        GrpcTransport transport = open(config(1), inbound);
        assertDataLoss(
                snapshot(transport, 2).send(chunk(0, (byte) 1, (byte) 2)).send(end(2, (byte) 1, (byte) 3)),
                "SnapshotChunk.checksum");
    }

    @Test
    void missingSnapshotDataIsRefused() throws Exception {
        GrpcTransport transport = open(config(1), inbound);
        assertDataLoss(
                snapshot(transport, 3).send(chunk(0, (byte) 1, (byte) 2)).send(end(2, (byte) 1, (byte) 2)),
                "SnapshotHead.size_bytes: 3, but 2 bytes arrived");
    }

    @Test
    void surplusSnapshotDataIsRefused() throws Exception {
        GrpcTransport transport = open(config(1), inbound);
        assertDataLoss(
                snapshot(transport, 1).send(chunk(0, (byte) 1, (byte) 2)), "more data than the announced 1 bytes");
    }

    @Test
    void aSnapshotThatEndsEarlyIsRefused() throws Exception {
        GrpcTransport transport = open(config(1), inbound);
        assertDataLoss(snapshot(transport, 2).send(chunk(0, (byte) 1)).finish(), "it ended before its end");
    }

    @Test
    void aSnapshotThatStallsIsGivenUp() throws Exception {
        GrpcTransport transport = open(config(1).snapshotStallTimeout(Duration.ofMillis(200)), inbound);
        Status status = snapshot(transport, 2).send(chunk(0, (byte) 1)).end();
        assertThat(status.getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        assertThat(status.getDescription()).isEqualTo("no progress for 200 ms");
    }

    @Test
    void onlySoManySnapshotsArriveAtOnce() throws Exception {
        GrpcTransport transport = open(config(1).maxIncomingSnapshots(1), inbound);
        RawPeer first = snapshot(transport, 2);
        Handshake other = new Handshake(Handshake.VERSION, CLUSTER, 0, 3, 1003, 1, "");
        RawPeer second =
                peer(transport, Methods.SNAPSHOT).send(Payload.of(HEADS, new SnapshotHead(other, install(3, 1), 2)));
        assertThat(second.end().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        first.send(chunk(0, (byte) 1, (byte) 2)).send(end(2, (byte) 1, (byte) 2));
        assertHolds(first, (byte) 1, (byte) 2);
    }

    @Test
    void aSnapshotThatCannotBeStoredIsReportedToBothSides() throws Exception {
        BlockingQueue<StorageException> failures = new LinkedBlockingQueue<>();
        SnapshotStore broken = new MemorySnapshotStore() {
            @Override
            public Sink create(long group, SnapshotMetadata metadata) throws StorageException {
                throw new StorageException("the disk is gone");
            }
        };
        GrpcTransport transport = open(
                config(1).snapshots(broken).listener(new TransportListener() {
                    @Override
                    public void storageFailed(StorageException failure) {
                        failures.add(failure);
                    }
                }),
                inbound);
        assertThat(announce(transport, 2).end().getDescription()).contains("the disk is gone");
        assertThat(RecordingInbound.next(failures)).hasMessage("the disk is gone");
    }

    @Test
    void aSnapshotThatCannotBeReadToItsEndIsReported() throws Exception {
        MemorySnapshotStore damaged = new MemorySnapshotStore() {
            @Override
            protected InputStream read(byte[] data) {
                return new FilterInputStream(new ByteArrayInputStream(data)) {
                    private int left = 600_000;

                    @Override
                    public int read(byte[] target, int offset, int length) throws IOException {
                        if (left == 0) {
                            throw new IOException("bad checksum");
                        }
                        int read = super.read(target, offset, Math.min(left, length));
                        left -= read;
                        return read;
                    }
                };
            }
        };
        damaged.put(METADATA, new byte[1_000_000]);
        RecordingInbound receiving = new RecordingInbound();
        GrpcTransport b = open(config(2), receiving);
        GrpcTransport a = open(config(1).snapshots(damaged), inbound);
        a.setPeer(2, b.boundAddress());
        a.send(0, install(1, 2));
        assertThat(RecordingInbound.next(inbound.snapshots)).isEqualTo(new RecordingInbound.SnapshotResult(2, true));
        assertThat(receiving.messages).isEmpty();
        assertThat(snapshots.data(METADATA.id())).isNull();
    }

    @Test
    void aSnapshotIsReportedWhenItsReceiverVanishesAndASecondOneIsNotStarted() throws Exception {
        MemorySnapshotStore sending = new MemorySnapshotStore();
        sending.put(METADATA, new byte[1_000_000]);
        RecordingInbound receiving = new RecordingInbound();
        GrpcTransport b = open(config(2), receiving);
        GrpcTransport a = open(config(1).snapshots(sending).snapshotResumeTimeout(Duration.ofMillis(500)), inbound);
        a.setPeer(2, b.boundAddress());
        receiving.fill();
        a.send(0, install(1, 2));
        receiving.awaitRefusals();
        a.send(0, install(1, 2));
        assertThat(RecordingInbound.next(inbound.snapshots)).isEqualTo(new RecordingInbound.SnapshotResult(2, true));
        b.close();
        assertThat(RecordingInbound.next(inbound.snapshots)).isEqualTo(new RecordingInbound.SnapshotResult(2, true));
    }

    @Test
    void garbageOnThePortIsClosedAndOthersAreServed() throws Exception {
        GrpcTransport transport = open(config(1), inbound);
        HostPort address = HostPort.parse(transport.boundAddress(), "address");
        long seed = 42;
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        for (int i = 0; i < 20; i++) {
            byte[] garbage = new byte[1 + random.nextInt(2_000)];
            random.nextBytes(garbage);
            try (Socket socket = new Socket(InetAddress.getByName(address.host()), address.port())) {
                socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(RecordingInbound.PATIENCE_SECONDS));
                assertClosed(socket, garbage);
            }
        }
        assertThat(peer(transport, Methods.MESSAGES)
                        .send(hello(handshake()))
                        .answer()
                        .verdict())
                .isEqualTo(Verdict.ACCEPTED);
    }

    @Test
    void aConnectionThatSaysNothingIsClosed() throws Exception {
        GrpcTransport transport = open(config(1).handshakeTimeout(Duration.ofMillis(200)), inbound);
        HostPort address = HostPort.parse(transport.boundAddress(), "address");
        try (Socket socket = new Socket(InetAddress.getByName(address.host()), address.port())) {
            socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(RecordingInbound.PATIENCE_SECONDS));
            assertClosed(socket, new byte[0]);
        }
    }

    private static void assertClosed(Socket socket, byte[] garbage) {
        try {
            socket.getOutputStream().write(garbage);
            // Whatever the server says, it ends; a read that times out would throw.
            while (socket.getInputStream().read() >= 0) {}
        } catch (IOException e) {
            // A reset is an end too.
            assertThat(e).isNotInstanceOf(SocketTimeoutException.class);
        }
    }

    @Test
    void aCallbackThatThrowsEndsTheStreamAndNotTheTransport() throws Exception {
        GrpcTransport transport = open(
                config(1).admission(new Admission() {
                    @Override
                    public Verdict admit(Handshake handshake, Connection connection) {
                        if (handshake.node() == 8) {
                            throw new IllegalStateException("thrown on purpose by a test");
                        }
                        return Verdict.ACCEPTED;
                    }
                }),
                inbound);
        Handshake unlucky = new Handshake(Handshake.VERSION, CLUSTER, 0, 8, 1008, 1, "");
        assertThat(peer(transport, Methods.MESSAGES).send(hello(unlucky)).end().getCode())
                .isEqualTo(Status.Code.INTERNAL);
        assertThat(peer(transport, Methods.MESSAGES)
                        .send(hello(handshake()))
                        .answer()
                        .verdict())
                .isEqualTo(Verdict.ACCEPTED);
    }

    @Test
    void aListenerThatThrowsCostsTheConnectionAndNotTheLink() throws Exception {
        RecordingInbound receiving = new RecordingInbound();
        GrpcTransport b = open(config(2), receiving);
        CountDownLatch attempts = new CountDownLatch(2);
        GrpcTransport a = open(
                config(1).listener(new TransportListener() {
                    @Override
                    public void connected(long peer, long incarnation) {
                        attempts.countDown();
                        if (attempts.getCount() > 0) {
                            throw new IllegalStateException("thrown on purpose by a test");
                        }
                    }
                }),
                inbound);
        a.setPeer(2, b.boundAddress());
        assertThat(attempts.await(RecordingInbound.PATIENCE_SECONDS, TimeUnit.SECONDS))
                .isTrue();
        a.send(0, heartbeat(1, 2, 6));
        a.flush();
        assertThat(receiving.next().commit()).isEqualTo(6);
    }

    @Test
    void eachHostIsNewsOnce() throws Exception {
        Doorkeeper doorkeeper = new Doorkeeper(false);
        assertThat(doorkeeper.isNews(InetSocketAddress.createUnresolved("127.0.0.1", 1)))
                .isTrue();
        assertThat(doorkeeper.isNews(InetSocketAddress.createUnresolved("127.0.0.1", 2)))
                .isFalse();
        assertThat(doorkeeper.isNews(InetSocketAddress.createUnresolved("127.0.0.2", 1)))
                .isTrue();
    }

    @Test
    void closingLeavesNoThreads() throws Exception {
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        GrpcTransport a = open(config(1), inbound);
        RecordingInbound receiving = new RecordingInbound();
        Refusals refusals = new Refusals();
        GrpcTransport b = open(config(2).listener(refusals), receiving);
        a.setPeer(2, b.boundAddress());
        b.setPeer(1, a.boundAddress());
        RecordingInbound.next(refusals.connected);
        b.send(0, heartbeat(2, 1, 0));
        b.flush();
        inbound.next();
        a.call(b.boundAddress(), 1, new byte[0], Duration.ofSeconds(10))
                .exceptionally(failure -> new byte[0])
                .get();
        a.close();
        b.close();
        Set<Thread> after = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> !before.contains(thread))
                .collect(Collectors.toSet());
        for (Thread thread : after) {
            thread.join(TimeUnit.SECONDS.toMillis(RecordingInbound.PATIENCE_SECONDS));
            assertThat(thread.isAlive()).as(thread.getName()).isFalse();
        }
    }

    @Test
    void aPortInUseIsNamed() throws Exception {
        GrpcTransport a = open(config(1), inbound);
        assertThatThrownBy(() -> GrpcTransport.bind(
                        config(2).listenAddress(a.boundAddress()).build()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("listenAddress " + a.boundAddress() + ": Address already in use");
    }
}
