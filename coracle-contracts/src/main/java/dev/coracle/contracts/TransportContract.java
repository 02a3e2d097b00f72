package dev.coracle.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.node.SnapshotStore;
import dev.coracle.node.Transport;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.Message;
import dev.coracle.raft.MessageType;
import dev.coracle.raft.Snapshot;
import dev.coracle.raft.SnapshotMetadata;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What every transport does, whatever carries it. */
public abstract class TransportContract {
    /** Of the snapshot that {@link #install} is about. */
    public static final SnapshotMetadata METADATA = new SnapshotMetadata(40, 3, ConfState.ofVoters(1L, 2L, 3L));

    private final List<Transport> opened = new ArrayList<>();

    /** For subclasses. */
    protected TransportContract() {}

    /** Opens the transport of a node on loopback; port 0 for one that the system chooses. */
    protected abstract Transport open(long id, String address, SnapshotStore snapshots) throws Exception;

    /** Where a transport listens. */
    protected abstract String addressOf(Transport transport);

    /** Whether messages to a peer go the way on which they keep their order, once it is there. */
    protected boolean isSettled(Transport transport, long peer) {
        return true;
    }

    @AfterEach
    void closeAll() {
        opened.forEach(Transport::close);
    }

    /** A node of the test. */
    protected final class Node {
        /** What it got. */
        public final RecordingInbound inbound = new RecordingInbound();

        /** Its transport. */
        public final Transport transport;

        final long id;
        final MemorySnapshotStore snapshots;

        Node(long id, String address, MemorySnapshotStore snapshots) throws Exception {
            this.id = id;
            this.snapshots = snapshots;
            transport = open(id, address, snapshots);
            opened.add(transport);
            transport.start(inbound);
        }

        /** One on a port that the system chooses. */
        public Node(long id) throws Exception {
            this(id, "127.0.0.1:0", new MemorySnapshotStore());
        }

        String address() {
            return addressOf(transport);
        }

        /** Each learns where the other is. */
        public void meets(Node other) {
            transport.setPeer(other.id, other.address());
            other.transport.setPeer(id, address());
        }

        /** Sends all at once. */
        public void send(Message... messages) {
            for (Message message : messages) {
                transport.send(0, message);
            }
            transport.flush();
        }

        /** Sends until something arrives: what is sent before there is a connection may be lost. */
        public void greet(Node other) throws InterruptedException {
            do {
                send(new Message.Heartbeat(id, other.id, 3, 0, RecordingInbound.GREETING));
            } while (other.inbound.greetings.poll(20, TimeUnit.MILLISECONDS) == null
                    || !isSettled(transport, other.id));
            inbound.unreachable.clear();
        }
    }

    /** A heartbeat, told from others by its commit index. */
    public static Message.Heartbeat heartbeat(long from, long to, long commit) {
        return new Message.Heartbeat(from, to, 3, commit, Bytes.EMPTY);
    }

    /** An append of one entry. */
    public static Message.Append append(long from, long to, long index, byte[] data) {
        return new Message.Append(
                from, to, 3, 3, index - 1, List.of(new Entry(3, index, EntryType.NORMAL, data)), index - 1);
    }

    /** The message of a snapshot, whose data is in the store. */
    public static Message.InstallSnapshot install(long from, long to) {
        return new Message.InstallSnapshot(from, to, 3, Snapshot.of(METADATA));
    }

    @Test
    void messagesArriveInOrderAndUnchanged() throws Exception {
        Node a = new Node(1);
        Node b = new Node(2);
        a.meets(b);
        a.greet(b);
        b.greet(a);
        List<Message> sent = new ArrayList<>();
        for (long i = 1; i <= 300; i++) {
            sent.add(append(1, 2, i, ("entry " + i).getBytes(StandardCharsets.UTF_8)));
        }
        a.send(sent.subList(0, 100).toArray(Message[]::new));
        a.send(sent.subList(100, 101).toArray(Message[]::new));
        a.send(sent.subList(101, 300).toArray(Message[]::new));
        b.send(Message.AppendReply.accepted(2, 1, 3, 300));
        for (Message message : sent) {
            assertThat(b.inbound.next()).isEqualTo(message);
        }
        assertThat(a.inbound.next()).isEqualTo(Message.AppendReply.accepted(2, 1, 3, 300));
    }

    @Test
    void threeNodesReachEachOther() throws Exception {
        List<Node> nodes = List.of(new Node(1), new Node(2), new Node(3));
        nodes.get(0).meets(nodes.get(1));
        nodes.get(0).meets(nodes.get(2));
        nodes.get(1).meets(nodes.get(2));
        for (Node from : nodes) {
            for (Node to : nodes) {
                if (from != to) {
                    from.greet(to);
                }
            }
        }
    }

    @Test
    void aPeerThatIsNotKnownIsUnreachable() throws Exception {
        Node a = new Node(1);
        a.send(heartbeat(1, 9, 0));
        assertThat(RecordingInbound.next(a.inbound.unreachable)).isEqualTo(9);
        a.send(install(1, 9));
        assertThat(RecordingInbound.next(a.inbound.snapshots)).isEqualTo(new RecordingInbound.SnapshotResult(9, true));
    }

    @Test
    void aPeerThatIsNotThereIsUnreachableAndFoundWhenItComes() throws Exception {
        Node a = new Node(1);
        Node b = new Node(2);
        String address = b.address();
        b.transport.close();
        a.transport.setPeer(2, address);
        a.send(heartbeat(1, 2, 0));
        assertThat(RecordingInbound.next(a.inbound.unreachable)).isEqualTo(2);
        Node restarted = new Node(2, address, new MemorySnapshotStore());
        a.meets(restarted);
        a.greet(restarted);
    }

    @Test
    void aPeerThatRestartsIsReportedAndFoundAgain() throws Exception {
        Node a = new Node(1);
        Node b = new Node(2);
        a.meets(b);
        a.greet(b);
        String address = b.address();
        b.transport.close();
        a.send(heartbeat(1, 2, 0));
        assertThat(RecordingInbound.next(a.inbound.unreachable)).isEqualTo(2);
        Node restarted = new Node(2, address, new MemorySnapshotStore());
        a.meets(restarted);
        a.greet(restarted);
    }

    @Test
    void aPeerThatMovesIsFoundAtItsNewAddress() throws Exception {
        Node a = new Node(1);
        Node b = new Node(2);
        a.meets(b);
        a.greet(b);
        b.transport.close();
        Node moved = new Node(2);
        a.meets(moved);
        a.greet(moved);
    }

    @Test
    void nothingIsSentToAPeerThatWasRemoved() throws Exception {
        Node a = new Node(1);
        Node b = new Node(2);
        a.meets(b);
        a.greet(b);
        a.transport.removePeer(2);
        a.send(heartbeat(1, 2, 7));
        assertThat(RecordingInbound.next(a.inbound.unreachable)).isEqualTo(2);
        a.meets(b);
        a.greet(b);
        assertThat(b.inbound.messages).noneMatch(message -> message.commit() == 7);
    }

    @Test
    void aFullNodeHoldsUpTheSenderAndLosesNothing() throws Exception {
        Node a = new Node(1);
        Node b = new Node(2);
        a.meets(b);
        a.greet(b);
        b.inbound.fill();
        int count = 2_000;
        byte[] data = new byte[8 << 10];
        for (int i = 1; i <= count; i++) {
            a.send(append(1, 2, i, data));
        }
        b.inbound.awaitRefusals();
        assertThat(b.inbound.messages).isEmpty();
        b.inbound.makeRoom();
        for (int i = 1; i <= count; i++) {
            assertThat(b.inbound.next().index()).isEqualTo(i - 1);
        }
        assertThat(a.inbound.unreachable).isEmpty();
    }

    @Test
    void aSnapshotIsStoredBeforeItsMessageArrives() throws Exception {
        Node a = new Node(1);
        Node b = new Node(2);
        a.meets(b);
        a.greet(b);
        long seed = 20260101;
        System.out.println("seed " + seed);
        byte[] data = new byte[5_000_003];
        new Random(seed).nextBytes(data);
        a.snapshots.put(METADATA, data);
        a.send(install(1, 2));
        Message arrived = b.inbound.next();
        assertThat(arrived).isEqualTo(install(1, 2));
        assertThat(b.snapshots.data(METADATA.id())).isEqualTo(data);
        assertThat(RecordingInbound.next(a.inbound.snapshots)).isEqualTo(new RecordingInbound.SnapshotResult(2, false));
    }

    @Test
    void anEmptySnapshotIsStored() throws Exception {
        Node a = new Node(1);
        Node b = new Node(2);
        a.meets(b);
        a.greet(b);
        a.snapshots.put(METADATA, new byte[0]);
        a.send(install(1, 2));
        assertThat(b.inbound.next().type()).isEqualTo(MessageType.INSTALL_SNAPSHOT);
        assertThat(b.snapshots.data(METADATA.id())).isEmpty();
        assertThat(RecordingInbound.next(a.inbound.snapshots)).isEqualTo(new RecordingInbound.SnapshotResult(2, false));
    }

    @Test
    void aSnapshotWaitsUntilTheNodeTakesItsMessage() throws Exception {
        Node a = new Node(1);
        Node b = new Node(2);
        a.meets(b);
        a.greet(b);
        a.snapshots.put(METADATA, new byte[] {1, 2, 3});
        b.inbound.fill();
        a.send(install(1, 2));
        b.inbound.awaitRefusals();
        assertThat(a.inbound.snapshots).isEmpty();
        b.inbound.makeRoom();
        assertThat(b.inbound.next().type()).isEqualTo(MessageType.INSTALL_SNAPSHOT);
        assertThat(RecordingInbound.next(a.inbound.snapshots)).isEqualTo(new RecordingInbound.SnapshotResult(2, false));
    }

    @Test
    void aSnapshotThatIsNotThereIsReported() throws Exception {
        Node a = new Node(1);
        Node b = new Node(2);
        a.meets(b);
        a.greet(b);
        a.send(install(1, 2));
        assertThat(RecordingInbound.next(a.inbound.snapshots)).isEqualTo(new RecordingInbound.SnapshotResult(2, true));
        assertThat(b.inbound.messages).isEmpty();
    }

    @Test
    void closingTwiceIsTheSameAsOnce() throws Exception {
        Node a = new Node(1);
        a.transport.close();
        a.transport.close();
        a.send(heartbeat(1, 2, 0));
        assertThat(a.inbound.messages).isEmpty();
    }
}
