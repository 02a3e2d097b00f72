package dev.coracle.transport.grpc;

import dev.coracle.codec.CodecException;
import dev.coracle.node.SnapshotStore;
import dev.coracle.raft.Message;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.concurrent.ScheduledFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A snapshot on its way to one of our own nodes. Chunks are read from the store as the connection takes them. When that
 * breaks, another one goes on where the receiver stands, if what it has is the beginning of this very snapshot.
 */
final class StreamedSnapshot extends OutgoingSnapshot {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcTransport.class);

    /** After so many connections in a row that brought nothing across it is given up. */
    private static final int MOST_FRUITLESS = 5;

    private final Pacing pacing;
    private volatile @Nullable Sending current;

    /** How much the receiver had when it was last asked. */
    private long heldBytes = -1;

    private int fruitless;
    private String lastTrouble = "";
    private @Nullable ScheduledFuture<?> patience;

    StreamedSnapshot(
            TransportContext context,
            Message.InstallSnapshot message,
            Supplier<@Nullable String> address,
            Consumer<OutgoingSnapshot> onEnd) {
        super(context, message, address, onEnd);
        pacing = new Pacing(context.random);
    }

    @Override
    void send(SnapshotStore.Source from, String target, ManagedChannel channel) {
        ClientCall<Payload, byte[]> call =
                channel.newCall(Methods.SNAPSHOT.client, CallOptions.DEFAULT.withExecutor(context.snapshotExecutor));
        Sending sending = new Sending(from, target, channel, call);
        current = sending;
        call.start(sending, new Metadata());
        call.request(2);
        call.sendMessage(Payload.of(
                context.snapshotHeads, new SnapshotHead(context.handshakeWith(message.to()), message, from.size())));
        String reason = trouble();
        if (reason != null) {
            call.cancel(reason, null);
        }
    }

    @Override
    void disconnect(String reason) {
        Sending sending = current;
        if (sending != null) {
            sending.call.cancel(reason, null);
        }
    }

    private synchronized void onAccepted(long held, String target) {
        stopWaiting();
        if (held > heldBytes) {
            fruitless = 0;
            pacing.reset();
        } else {
            fruitless++;
        }
        heldBytes = held;
        if (held > 0) {
            LOG.info("snapshot {} to {} at {}: goes on behind {} bytes", index(), peer(), target, held);
        }
    }

    /** A connection is over, and with it the snapshot unless there is a reason to go on. */
    private void onClosed(@Nullable String failure, boolean mayGoOn) {
        current = null;
        if (failure != null && mayGoOn && trouble() == null) {
            interrupted(failure);
        } else {
            synchronized (this) {
                stopWaiting();
            }
            end(failure);
        }
    }

    private void interrupted(String text) {
        long delayMillis;
        synchronized (this) {
            if (fruitless < MOST_FRUITLESS) {
                if (patience == null) {
                    long millis = context.config.snapshotResumeTimeout.toMillis();
                    patience = context.schedule(
                            () -> cancel("it could not go on within " + millis + " ms: " + lastTrouble()), millis);
                }
                if (!text.equals(lastTrouble)) {
                    LOG.warn("snapshot {} to {}: interrupted, {}", index(), peer(), text);
                }
                lastTrouble = text;
                delayMillis = pacing.nextDelayMillis();
            } else {
                delayMillis = -1;
            }
        }
        if (delayMillis < 0) {
            end("given up after " + MOST_FRUITLESS + " connections that brought nothing across: " + text);
        } else {
            rest();
            context.later(this::start, delayMillis);
        }
    }

    private synchronized String lastTrouble() {
        return lastTrouble;
    }

    private void stopWaiting() {
        if (patience != null) {
            patience.cancel(false);
            patience = null;
        }
    }

    /** Whether it may end otherwise on another connection. */
    private static boolean isInterruption(Status status) {
        return switch (status.getCode()) {
            case UNAVAILABLE, CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED -> true;
            default -> false;
        };
    }

    /** One connection. gRPC runs its callbacks one after the other; the lock is for those whose turn the limit gives. */
    private final class Sending extends ClientCall.Listener<byte[]> {
        private final SnapshotStore.Source source;
        private final String target;
        private final ManagedChannel channel;
        private final ClientCall<Payload, byte[]> call;
        private final CRC32C checksum = new CRC32C();
        private final Watchdog watchdog;
        private InputStream data;
        private long position;

        private @Nullable Verdict verdict;
        private boolean stored;
        private boolean complete;
        private boolean closed;

        /** What stalled it, which is no reason to break it off for good. */
        private volatile @Nullable String stall;

        /** Whether the next chunk waits for its turn, or has had it. */
        private boolean asked;

        private boolean granted;

        Sending(SnapshotStore.Source source, String target, ManagedChannel channel, ClientCall<Payload, byte[]> call) {
            this.source = source;
            this.target = target;
            this.channel = channel;
            this.call = call;
            this.data = source.data();
            this.watchdog = new Watchdog(context.scheduler, context.config.snapshotStallTimeout, () -> {
                stall = "no progress for " + context.config.snapshotStallTimeout.toMillis() + " ms";
                call.cancel(stall, null);
            });
        }

        @Override
        public void onMessage(byte[] bytes) {
            watchdog.progressed();
            try {
                SnapshotAnswer answer = SnapshotAnswer.CODEC.decode(bytes);
                if (verdict != null) {
                    stored = answer.answer().verdict().isAccepted();
                    return;
                }
                verdict = answer.answer().verdict();
                if (verdict.isAccepted()) {
                    verdict = context.config.admission.admitReceiver(
                            message.to(), answer.answer().incarnation());
                }
                if (verdict.isAccepted()) {
                    onAccepted(seek(answer), target);
                    pump();
                } else {
                    cancel("refused, " + verdict);
                }
            } catch (CodecException e) {
                cancel("its answer is damaged: " + e.getMessage());
            } catch (IOException | RuntimeException e) {
                failed(e);
            }
        }

        /** Goes behind what the receiver has, and to the beginning if that is something else. */
        private synchronized long seek(SnapshotAnswer held) throws IOException {
            long wanted = held.heldBytes() <= source.size() ? held.heldBytes() : 0;
            while (position < wanted) {
                byte[] block = read(wanted);
                if (block.length == 0) {
                    break;
                }
                watchdog.progressed();
            }
            if (position != held.heldBytes() || checksum.getValue() != held.checksum()) {
                data = source.data();
                checksum.reset();
                position = 0;
            }
            return position;
        }

        @Override
        public void onReady() {
            try {
                pump();
            } catch (IOException | RuntimeException e) {
                failed(e);
            }
        }

        private void failed(Exception failure) {
            // A call that was cancelled meanwhile refuses what is sent.
            if (stall == null) {
                cancel("it could not be read: " + failure);
            }
        }

        private synchronized void pump() throws IOException {
            while (maySend() && mayPass()) {
                granted = false;
                sendNext();
                watchdog.progressed();
            }
        }

        private boolean maySend() {
            return verdict != null
                    && verdict.isAccepted()
                    && !complete
                    && !closed
                    && stall == null
                    && trouble() == null
                    && call.isReady();
        }

        /** Asks for the next chunk to pass; if it may not yet, goes on when it may. */
        private boolean mayPass() {
            long next = Math.min(context.config.chunkBytes, source.size() - position);
            if (!asked && !granted) {
                granted = context.departures.pass(next, () -> context.snapshotExecutor.execute(this::onTurn));
                asked = !granted;
            }
            return granted;
        }

        private void onTurn() {
            synchronized (this) {
                asked = false;
                granted = true;
            }
            watchdog.progressed();
            onReady();
        }

        private void sendNext() throws IOException {
            long before = position;
            byte[] chunk = read(source.size());
            if (chunk.length > 0) {
                call.sendMessage(Payload.of(SnapshotChunk.CODEC, SnapshotChunk.of(before, chunk)));
            } else if (position != source.size() || data.read() >= 0) {
                cancel("it says that it has " + source.size() + " bytes of data, and has another number");
            } else {
                complete = true;
                call.sendMessage(Payload.of(SnapshotChunk.CODEC, SnapshotChunk.end(position, checksum.getValue())));
                call.halfClose();
                // The receiver may need its time to sync; should it vanish, the connection's keep-alive notices.
                watchdog.stop();
            }
        }

        /** Reads the next chunk, but not beyond {@code end}; an empty one if there is no more. */
        private byte[] read(long end) throws IOException {
            byte[] chunk = new byte[(int) Math.min(context.config.chunkBytes, end - position)];
            int count = data.readNBytes(chunk, 0, chunk.length);
            checksum.update(chunk, 0, count);
            position += count;
            return count == chunk.length ? chunk : Arrays.copyOf(chunk, count);
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            synchronized (this) {
                closed = true;
            }
            watchdog.stop();
            channel.shutdown();
            onClosed(failure(status), isInterruption(status));
        }

        private @Nullable String failure(Status status) {
            if (status.isOk() && stored) {
                return null;
            }
            String reason = trouble();
            if (reason != null) {
                return reason;
            }
            String ending = status.isOk() ? "it ended without an answer" : CallException.text(status);
            return target + ": " + (stall == null ? ending : stall);
        }
    }
}
