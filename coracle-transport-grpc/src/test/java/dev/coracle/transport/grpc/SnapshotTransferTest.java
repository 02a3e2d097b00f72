package dev.coracle.transport.grpc;

import static dev.coracle.contracts.TransportContract.METADATA;
import static dev.coracle.contracts.TransportContract.install;
import static dev.coracle.transport.grpc.GrpcTransportTest.CLUSTER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.codec.EtcdCodec;
import dev.coracle.contracts.MemorySnapshotStore;
import dev.coracle.contracts.RecordingInbound;
import dev.coracle.node.StorageException;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.Message;
import dev.coracle.raft.Snapshot;
import dev.coracle.raft.SnapshotMetadata;
import io.grpc.Status;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Snapshots whose connections break, that come in the wrong number or too fast, and what is left of them. */
class SnapshotTransferTest {
    private static final RecordingInbound.SnapshotResult STORED = new RecordingInbound.SnapshotResult(2, false);
    private static final RecordingInbound.SnapshotResult FAILED = new RecordingInbound.SnapshotResult(2, true);
    private static final SnapshotHead.Format HEADS = new SnapshotHead.Format(EtcdCodec.INSTANCE.messages());
    private static final Duration SHORT = Duration.ofMillis(100);

    private final List<AutoCloseable> opened = new ArrayList<>();

    /** Node 1 sends. */
    private final WatchedSnapshotStore sending = new WatchedSnapshotStore();

    private final RecordingInbound sender = new RecordingInbound();

    /** Node 2 receives. */
    private final WatchedSnapshotStore receiving = new WatchedSnapshotStore();

    private final RecordingInbound receiver = new RecordingInbound();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable one : opened) {
            one.close();
        }
    }

    private static GrpcTransportConfig.Builder config(long id, MemorySnapshotStore snapshots) {
        return GrpcTransportTest.config(id, "127.0.0.1:0", snapshots);
    }

    private GrpcTransport open(GrpcTransportConfig.Builder config, RecordingInbound in) throws IOException {
        GrpcTransport transport = GrpcTransport.bind(config.build());
        opened.add(transport);
        transport.start(in);
        return transport;
    }

    private static byte[] randomData(int size) {
        long seed = 20260703;
        System.out.println("seed " + seed);
        byte[] data = new byte[size];
        new Random(seed).nextBytes(data);
        return data;
    }

    /** Somebody who sends a snapshot to node 2 by hand. */
    private RawPeer announce(GrpcTransport to, long from, long incarnation, SnapshotMetadata metadata, long size) {
        RawPeer peer = new RawPeer(to.boundAddress(), Methods.SNAPSHOT);
        opened.add(peer);
        Handshake handshake = new Handshake(Handshake.VERSION, CLUSTER, 0, from, incarnation, 2, "");
        Message message = new Message.InstallSnapshot(from, 2, 3, Snapshot.of(metadata));
        return peer.send(Payload.of(HEADS, new SnapshotHead(handshake, message, size)));
    }

    private RawPeer announce(GrpcTransport to, long size) {
        return announce(to, 1, 1001, METADATA, size);
    }

    private static SnapshotMetadata at(long index) {
        return new SnapshotMetadata(index, 3, ConfState.ofVoters(1L, 2L, 3L));
    }

    private static Payload chunk(long position, byte... data) {
        return Payload.of(SnapshotChunk.CODEC, SnapshotChunk.of(position, data));
    }

    private static Payload end(byte... data) {
        return Payload.of(SnapshotChunk.CODEC, SnapshotChunk.end(data.length, checksum(data)));
    }

    private static long checksum(byte... data) {
        CRC32C checksum = new CRC32C();
        checksum.update(data);
        return checksum.getValue();
    }

    private static void assertHolds(RawPeer peer, byte... data) throws Exception {
        assertThat(peer.snapshotAnswer())
                .isEqualTo(new SnapshotAnswer(new Answer(Verdict.ACCEPTED, 1002), data.length, checksum(data)));
    }

    /** Sends the bytes 1 and 2 of a snapshot of four, and breaks off when they are there. */
    private void sendHalf(GrpcTransport to, long from, SnapshotMetadata metadata) throws Exception {
        RawPeer peer = announce(to, from, 1000 + from, metadata, 4);
        assertHolds(peer);
        peer.send(chunk(0, (byte) 1, (byte) 2));
        receiving.awaitWritten(2);
        peer.breakOff();
    }

    @Test
    void framesHaveStableBytes() {
        assertThat(SnapshotChunk.CODEC.encode(SnapshotChunk.of(5, new byte[] {7, 8})))
                .containsExactly(0x0a, 2, 7, 8, 0x20, 5);
        assertThat(SnapshotChunk.CODEC.encode(SnapshotChunk.end(7, 9))).containsExactly(0x10, 1, 0x18, 9, 0x20, 7);
        assertThat(SnapshotAnswer.CODEC.encode(new SnapshotAnswer(new Answer(Verdict.ACCEPTED, 6), 3, 4)))
                .containsExactly(0x0a, 2, 0x18, 6, 0x10, 3, 0x18, 4);
    }

    @Test
    void aBrokenTransferGoesOnWhereItStopped() throws Exception {
        byte[] data = randomData(5_000_000);
        sending.put(METADATA, data);
        GrpcTransport b = open(config(2, receiving), receiver);
        BreakableLine line = new BreakableLine(b.boundAddress(), 2_000_000);
        opened.add(line);
        GrpcTransport a = open(config(1, sending).chunkBytes(10_000), sender);
        a.setPeer(2, line.address());
        a.send(0, install(1, 2));
        receiving.awaitWritten(1_000_000);

        line.breakOff();

        assertThat(receiver.next()).isEqualTo(install(1, 2));
        assertThat(receiving.data(METADATA.id())).isEqualTo(data);
        assertThat(receiving.created).as("sinks").hasValue(1);
        assertThat(line.passed()).as("bytes on the line").isLessThan(6_500_000);
        assertThat(RecordingInbound.next(sender.snapshots)).isEqualTo(STORED);
        a.close();
        assertThat(sender.snapshots).as("more reports").isEmpty();
    }

    @Test
    void aReceiverThatRestartsGetsItFromTheBeginning() throws Exception {
        byte[] data = randomData(5_000_000);
        sending.put(METADATA, data);
        GrpcTransport first = open(config(2, receiving), receiver);
        BreakableLine line = new BreakableLine(first.boundAddress(), 2_000_000);
        opened.add(line);
        GrpcTransport a = open(config(1, sending), sender);
        a.setPeer(2, line.address());
        a.send(0, install(1, 2));
        receiving.awaitWritten(1_000_000);

        first.close();
        assertThat(RecordingInbound.next(receiving.dropped)).isEqualTo(METADATA.id());
        WatchedSnapshotStore again = new WatchedSnapshotStore();
        GrpcTransport second = open(config(2, again), receiver);
        a.setPeer(2, second.boundAddress());
        line.close();

        assertThat(RecordingInbound.next(sender.snapshots)).isEqualTo(STORED);
        assertThat(again.data(METADATA.id())).isEqualTo(data);
    }

    @Test
    void whatIsHeldOfAnotherSnapshotOfTheSameNameIsSentAnew() throws Exception {
        byte[] data = {5, 6, 7, 8};
        sending.put(METADATA, data);
        GrpcTransport b = open(config(2, receiving), receiver);
        sendHalf(b, 1, METADATA);
        GrpcTransport a = open(config(1, sending), sender);
        a.setPeer(2, b.boundAddress());

        a.send(0, install(1, 2));

        assertThat(RecordingInbound.next(sender.snapshots)).isEqualTo(STORED);
        assertThat(receiving.data(METADATA.id())).isEqualTo(data);
        assertThat(RecordingInbound.next(receiving.dropped)).isEqualTo(METADATA.id());
    }

    @Test
    void onlyTheSameSenderGoesOnWithTheSameSnapshot() throws Exception {
        GrpcTransport b = open(config(2, receiving), receiver);
        sendHalf(b, 1, METADATA);
        assertHolds(announce(b, 1, 1001, METADATA, 4), (byte) 1, (byte) 2);
        assertHolds(announce(b, 1, 1001, METADATA, 5));
        sendHalf(b, 1, METADATA);
        assertHolds(announce(b, 1, 4711, METADATA, 4));
        sendHalf(b, 1, METADATA);
        assertHolds(announce(b, 1, 1001, at(41), 4));
        sendHalf(b, 1, METADATA);
        assertHolds(announce(b, 3, 1003, METADATA, 4));
    }

    @Test
    void aNewerConnectionForTheSameSnapshotReplacesTheOlderOne() throws Exception {
        GrpcTransport b = open(config(2, receiving), receiver);
        RawPeer older = announce(b, 4);
        assertHolds(older);
        older.send(chunk(0, (byte) 1, (byte) 2));
        receiving.awaitWritten(2);

        RawPeer newer = announce(b, 4);

        assertThat(older.end().getCode()).isEqualTo(Status.Code.ABORTED);
        assertHolds(newer, (byte) 1, (byte) 2);
        byte[] data = {1, 2, 3, 4};
        newer.send(chunk(2, (byte) 3, (byte) 4)).send(end(data));
        assertHolds(newer, data);
        assertThat(receiving.data(METADATA.id())).isEqualTo(data);
    }

    @Test
    void aGapInTheDataIsRefusedAndNothingIsKept() throws Exception {
        GrpcTransport b = open(config(2, receiving), receiver);
        RawPeer peer = announce(b, 4);
        assertHolds(peer);
        Status status = peer.send(chunk(0, (byte) 1)).send(chunk(2, (byte) 3)).end();
        assertThat(status.getCode()).isEqualTo(Status.Code.DATA_LOSS);
        assertThat(status.getDescription()).isEqualTo("SnapshotChunk.position: 2, but 1 bytes are here");
        assertThat(RecordingInbound.next(receiving.dropped)).isEqualTo(METADATA.id());
        assertHolds(announce(b, 4));
    }

    @Test
    void aSenderThatDoesNotComeBackLeavesNothing() throws Exception {
        GrpcTransport b = open(config(2, receiving).snapshotResumeTimeout(SHORT), receiver);
        sendHalf(b, 1, METADATA);
        assertThat(RecordingInbound.next(receiving.dropped)).isEqualTo(METADATA.id());
        assertHolds(announce(b, 4));
    }

    @Test
    void aNewerSnapshotTakesThePlaceOfItsSendersOlderOne() throws Exception {
        GrpcTransport b = open(config(2, receiving), receiver);
        sendHalf(b, 1, METADATA);
        assertHolds(announce(b, 1, 1001, at(41), 4));
        assertThat(RecordingInbound.next(receiving.dropped)).isEqualTo(METADATA.id());
    }

    @Test
    void oneThatWaitsGivesWayToANewerOneOfAnotherSender() throws Exception {
        GrpcTransport b = open(config(2, receiving).snapshotResumeTimeout(Duration.ofHours(1)), receiver);
        sendHalf(b, 1, METADATA);
        // Until the break is seen, it does not wait; each of these also replaces the one before it.
        for (int i = 1; i < 200 && !receiving.dropped.contains(METADATA.id()); i++) {
            assertHolds(announce(b, 3, 1003, at(METADATA.index() + i), 4));
        }
        assertThat(receiving.dropped).contains(METADATA.id());
    }

    @Test
    void oneThatWaitsMakesRoomForAnother() throws Exception {
        GrpcTransport b =
                open(config(2, receiving).maxIncomingSnapshots(1).snapshotResumeTimeout(Duration.ofHours(1)), receiver);
        sendHalf(b, 1, METADATA);
        RawPeer other;
        int attempts = 0;
        do {
            // Until the break is seen, the place is taken.
            other = announce(b, 3, 1003, at(30), 4);
            attempts++;
        } while (isRefused(other) && attempts < 200);
        assertHolds(other);
        assertThat(RecordingInbound.next(receiving.dropped)).isEqualTo(METADATA.id());
    }

    private static boolean isRefused(RawPeer peer) {
        while (peer.answers.isEmpty() && peer.end.isEmpty()) {
            Thread.onSpinWait();
        }
        return peer.answers.isEmpty();
    }

    @Test
    void closingLeavesNothing() throws Exception {
        GrpcTransport b = open(config(2, receiving), receiver);
        sendHalf(b, 1, METADATA);
        b.close();
        assertThat(RecordingInbound.next(receiving.dropped)).isEqualTo(METADATA.id());
    }

    @Test
    void aSnapshotThatIsStoredIsNotSentAgainToTellItsSender() throws Exception {
        GrpcTransport b = open(config(2, receiving), receiver);
        byte[] data = {1, 2, 3, 4};
        receiver.fill();
        RawPeer first = announce(b, 4).send(chunk(0, data)).send(end(data));
        receiver.awaitRefusals();
        first.breakOff();
        RawPeer second = announce(b, 4);
        assertHolds(second, data);

        receiver.makeRoom();

        assertHolds(second.send(end(data)), data);
        assertThat(receiver.next()).isEqualTo(install(1, 2));
        assertThat(receiving.created).hasValue(1);
    }

    @Test
    void aReceiverThatStaysAwayIsGivenUpAndReportedOnce() throws Exception {
        sending.put(METADATA, new byte[10]);
        GrpcTransport b = open(config(2, receiving), receiver);
        String address = b.boundAddress();
        b.close();
        GrpcTransport a = open(config(1, sending).snapshotResumeTimeout(SHORT), sender);
        a.setPeer(2, address);
        a.send(0, install(1, 2));
        assertThat(RecordingInbound.next(sender.snapshots)).isEqualTo(FAILED);
        a.close();
        assertThat(sender.snapshots).isEmpty();
    }

    @Test
    void aRemovedPeersSnapshotIsReportedOnceWhileItWaitsToGoOn() throws Exception {
        sending.put(METADATA, new byte[10]);
        GrpcTransport b = open(config(2, receiving), receiver);
        String address = b.boundAddress();
        b.close();
        GrpcTransport a = open(config(1, sending), sender);
        a.setPeer(2, address);
        a.send(0, install(1, 2));
        RecordingInbound.next(sender.unreachable);
        a.removePeer(2);
        assertThat(RecordingInbound.next(sender.snapshots)).isEqualTo(FAILED);
        a.close();
        assertThat(sender.snapshots).isEmpty();
    }

    @Test
    void aStoreThatThrowsIsReported() throws Exception {
        MemorySnapshotStore broken = new MemorySnapshotStore() {
            @Override
            public Source open(long group, EntryId id) throws StorageException {
                throw new IllegalStateException("thrown on purpose by a test");
            }
        };
        GrpcTransport b = open(config(2, receiving), receiver);
        GrpcTransport a = open(config(1, broken), sender);
        a.setPeer(2, b.boundAddress());
        a.send(0, install(1, 2));
        assertThat(RecordingInbound.next(sender.snapshots)).isEqualTo(FAILED);
    }

    @Test
    void aFullDiskCostsTheSnapshotAndNotTheNode() throws Exception {
        MemorySnapshotStore full = new MemorySnapshotStore() {
            @Override
            public Sink create(long group, SnapshotMetadata metadata) throws StorageException {
                Sink sink = super.create(group, metadata);
                return new Sink() {
                    @Override
                    public OutputStream data() {
                        return sink.data();
                    }

                    @Override
                    public void commit() throws IOException {
                        throw new IOException("no space left on device");
                    }

                    @Override
                    public void close() {}
                };
            }
        };
        sending.put(METADATA, new byte[10]);
        List<StorageException> failures = new ArrayList<>();
        GrpcTransport b = open(
                config(2, full).listener(new TransportListener() {
                    @Override
                    public void storageFailed(StorageException failure) {
                        failures.add(failure);
                    }
                }),
                receiver);
        GrpcTransport a = open(config(1, sending), sender);
        a.setPeer(2, b.boundAddress());
        a.send(0, install(1, 2));
        assertThat(RecordingInbound.next(sender.snapshots)).isEqualTo(FAILED);
        assertThat(failures).isEmpty();
        assertThat(receiver.messages).isEmpty();
    }

    @Test
    void onlySoManyLeaveAtOnceAndTheOthersWait() throws Exception {
        sending.put(METADATA, new byte[10]);
        GrpcTransport b = open(config(2, receiving), receiver);
        RecordingInbound third = new RecordingInbound();
        GrpcTransport c = open(config(3, new MemorySnapshotStore()), third);
        GrpcTransport a = open(config(1, sending).maxOutgoingSnapshots(1), sender);
        a.setPeer(2, b.boundAddress());
        a.setPeer(3, c.boundAddress());
        receiver.fill();
        a.send(0, install(1, 2));
        a.send(0, install(1, 3));
        receiver.awaitRefusals();
        assertThat(sending.opened).hasValue(1);
        assertThat(third.messages).isEmpty();

        receiver.makeRoom();

        assertThat(RecordingInbound.next(sender.snapshots)).isEqualTo(STORED);
        assertThat(RecordingInbound.next(sender.snapshots)).isEqualTo(new RecordingInbound.SnapshotResult(3, false));
    }

    @Test
    void oneThatWaitsForItsTurnCanBeRemoved() throws Exception {
        sending.put(METADATA, new byte[10]);
        GrpcTransport b = open(config(2, receiving), receiver);
        GrpcTransport a = open(config(1, sending).maxOutgoingSnapshots(1), sender);
        a.setPeer(2, b.boundAddress());
        a.setPeer(3, b.boundAddress());
        receiver.fill();
        a.send(0, install(1, 2));
        a.send(0, install(1, 3));
        a.removePeer(3);
        assertThat(RecordingInbound.next(sender.snapshots)).isEqualTo(new RecordingInbound.SnapshotResult(3, true));
        receiver.makeRoom();
        assertThat(RecordingInbound.next(sender.snapshots)).isEqualTo(STORED);
    }

    @Test
    void aLeaderElectedAnewDoesNotWaitForWhatItSentBefore() throws Exception {
        sending.put(METADATA, new byte[10]);
        GrpcTransport b = open(config(2, receiving), receiver);
        GrpcTransport a = open(config(1, sending), sender);
        a.setPeer(2, b.boundAddress());
        receiver.fill();
        a.send(0, install(1, 2));
        receiver.awaitRefusals();
        Message later = new Message.InstallSnapshot(1, 2, 4, Snapshot.of(METADATA));
        a.send(0, later);
        assertThat(RecordingInbound.next(sender.snapshots)).isEqualTo(FAILED);
        assertThat(RecordingInbound.next(sender.snapshots)).isEqualTo(FAILED);
        a.send(0, later);
        receiver.makeRoom();
        assertThat(RecordingInbound.next(sender.snapshots)).isEqualTo(STORED);
    }

    @Test
    void aSenderKeepsToItsLimit() throws Exception {
        sending.put(METADATA, new byte[100]);
        GrpcTransport b = open(config(2, receiving).snapshotStallTimeout(SHORT), receiver);
        GrpcTransport a = open(config(1, sending).chunkBytes(1).snapshotBytesPerSecond(1), sender);
        a.setPeer(2, b.boundAddress());
        a.send(0, install(1, 2));
        // A byte a second is not enough for this receiver.
        assertThat(RecordingInbound.next(sender.snapshots)).isEqualTo(FAILED);
        assertThat(receiving.writes).hasSizeLessThan(50);
    }

    @Test
    void aReceiverKeepsToItsLimit() throws Exception {
        GrpcTransport b = open(
                config(2, receiving).chunkBytes(1).snapshotBytesPerSecond(1).snapshotStallTimeout(SHORT), receiver);
        byte[] data = {1, 2, 3};
        RawPeer peer = announce(b, 3)
                .send(chunk(0, (byte) 1))
                .send(chunk(1, (byte) 2))
                .send(chunk(2, (byte) 3))
                .send(end(data));
        assertThat(peer.end().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        assertThat(receiving.data(METADATA.id())).isNull();
    }
}
