package dev.coracle.transport.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.node.Transport;
import dev.coracle.raft.Message;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Keeps what a transport hands in; takes nothing while its gate is closed. */
final class RecordingInbound implements Transport.Inbound {
    /** The longest that a test waits for something that must happen. */
    static final long PATIENCE_SECONDS = 30;

    record SnapshotResult(long peer, boolean failed) {}

    record Note(long group, long from, String text) {}

    final BlockingQueue<Message> messages = new LinkedBlockingQueue<>();
    final BlockingQueue<Note> notes = new LinkedBlockingQueue<>();
    final BlockingQueue<Long> unreachable = new LinkedBlockingQueue<>();
    final BlockingQueue<SnapshotResult> snapshots = new LinkedBlockingQueue<>();
    private volatile boolean full;
    private volatile CountDownLatch refusals = new CountDownLatch(1);

    @Override
    public boolean offer(long group, Message message) {
        if (full) {
            refusals.countDown();
            return false;
        }
        return messages.add(message);
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

    void fill() {
        refusals = new CountDownLatch(3);
        full = true;
    }

    /** Waits until something was refused a few times. */
    void awaitRefusals() throws InterruptedException {
        assertThat(refusals.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    }

    void makeRoom() {
        full = false;
    }

    Message next() throws InterruptedException {
        return next(messages);
    }

    static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        T value = queue.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(value).as("nothing came within %d s", PATIENCE_SECONDS).isNotNull();
        return value;
    }
}
