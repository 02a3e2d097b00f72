package dev.coracle.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.node.Transport;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.Message;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Keeps what a transport hands in; takes nothing while its gate is closed. */
public final class RecordingInbound implements Transport.Inbound {
    /** The context of a heartbeat that only asks whether somebody is there. */
    public static final Bytes GREETING = Bytes.of((byte) 'h', (byte) 'i');

    /** The longest that a test waits for something that must happen. */
    public static final long PATIENCE_SECONDS = 30;

    /** What the transport said about a snapshot. */
    public record SnapshotResult(long peer, boolean failed) {}

    /** What came beside the messages. */
    public record Note(long group, long from, String text) {}

    /** Greetings, which tests send until there is a connection. */
    public final BlockingQueue<Message> greetings = new LinkedBlockingQueue<>();

    /** Everything else. */
    public final BlockingQueue<Message> messages = new LinkedBlockingQueue<>();

    /** What came beside them. */
    public final BlockingQueue<Note> notes = new LinkedBlockingQueue<>();

    /** Peers that could not be reached. */
    public final BlockingQueue<Long> unreachable = new LinkedBlockingQueue<>();
    /** How sending snapshots ended. */
    public final BlockingQueue<SnapshotResult> snapshots = new LinkedBlockingQueue<>();

    private volatile boolean full;
    private volatile CountDownLatch refusals = new CountDownLatch(1);

    @Override
    public boolean offer(long group, Message message) {
        if (full) {
            refusals.countDown();
            return false;
        }
        return (message.context().equals(GREETING) ? greetings : messages).add(message);
    }

    @Override
    public void offerNote(long group, long from, byte[] note) {
        notes.add(new Note(group, from, new String(note, StandardCharsets.UTF_8)));
    }

    @Override
    public void unreachable(long group, long peer) {
        unreachable.add(peer);
    }

    @Override
    public void snapshotStatus(long group, long peer, boolean failed) {
        snapshots.add(new SnapshotResult(peer, failed));
    }

    /** Takes nothing from now on. */
    public void fill() {
        refusals = new CountDownLatch(3);
        full = true;
    }

    /** Waits until something was refused a few times. */
    public void awaitRefusals() throws InterruptedException {
        assertThat(refusals.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    }

    /** Takes everything again. */
    public void makeRoom() {
        full = false;
    }

    /** The next message, waited for. */
    public Message next() throws InterruptedException {
        return next(messages);
    }

    /** The next of a queue, waited for. */
    public static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        T value = queue.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(value).as("nothing came within %d s", PATIENCE_SECONDS).isNotNull();
        return value;
    }
}
