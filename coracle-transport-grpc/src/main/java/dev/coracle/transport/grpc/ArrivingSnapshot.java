package dev.coracle.transport.grpc;

import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.Message;
import dev.coracle.raft.Snapshot;
import dev.coracle.raft.SnapshotMetadata;
import io.grpc.Status;
import io.grpc.StatusException;
import java.io.IOException;
import java.util.concurrent.ScheduledFuture;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What has arrived of a snapshot, over one connection or over several, one after the other. While there is none, it is
 * kept for a while for its sender to go on; then it is gone. Once it is complete, proven by its checksum and durable, its
 * message is handed in, and only then is the sender told.
 *
 * <p>The lock is held while the disk works, so that of two connections for the same snapshot only the newer one writes.
 */
final class ArrivingSnapshot {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcTransport.class);
    private static final int OFFER_RETRY_MILLIS = 5;

    private enum Stage {
        ARRIVING,
        STORED,
        HANDED_IN,
        DROPPED
    }

    private final TransportContext context;
    private final Consumer<ArrivingSnapshot> onEnd;
    private final long sender;
    private final long incarnation;
    private final SnapshotMetadata metadata;
    private final long sizeBytes;

    private final CRC32C checksum = new CRC32C();
    private SnapshotStore.@Nullable Sink sink;
    private long heldBytes;
    private long term;
    private volatile Stage stage = Stage.ARRIVING;
    private @Nullable ScheduledFuture<?> patience;

    /** The connection that it arrives on. */
    private volatile @Nullable IncomingSnapshot source;

    /** @param onEnd called once when nothing of it is kept here any more; it must not call back */
    ArrivingSnapshot(TransportContext context, SnapshotHead head, Consumer<ArrivingSnapshot> onEnd) {
        this.context = context;
        this.onEnd = onEnd;
        sender = head.handshake().node();
        incarnation = head.handshake().incarnation();
        metadata = head.message().snapshot().metadata();
        sizeBytes = head.sizeBytes();
    }

    long sender() {
        return sender;
    }

    long index() {
        return metadata.index();
    }

    /** Tells whether this is the snapshot that somebody wants to send, so that he may go on with it. */
    boolean isOf(SnapshotHead head) {
        return sender == head.handshake().node()
                && incarnation == head.handshake().incarnation()
                && metadata.equals(head.message().snapshot().metadata())
                && sizeBytes == head.sizeBytes();
    }

    /** Tells whether it waits for its sender to go on. */
    boolean isWaiting() {
        return source == null && stage != Stage.STORED;
    }

    /** Tells whether something of it is missing. */
    boolean isIncomplete() {
        return stage == Stage.ARRIVING;
    }

    /**
     * Goes on with another connection, which replaces the one before.
     *
     * @return what there is already; null if it was given up meanwhile
     */
    synchronized @Nullable SnapshotAnswer attach(IncomingSnapshot newSource, SnapshotHead head)
            throws StorageException {
        if (stage == Stage.DROPPED) {
            return null;
        }
        stopWaiting();
        IncomingSnapshot before = source;
        source = newSource;
        if (before != null) {
            before.fail(Status.ABORTED.withDescription("its sender goes on with another connection"));
        }
        term = head.message().term();
        if (stage == Stage.ARRIVING && sink == null) {
            sink = context.config.snapshots.create(context.config.group, metadata);
        }
        if (heldBytes > 0) {
            LOG.info("snapshot {} from {}: {} of {} bytes are here", index(), Link.name(sender), heldBytes, sizeBytes);
        }
        return answer();
    }

    private SnapshotAnswer answer() {
        return new SnapshotAnswer(
                new Answer(Verdict.ACCEPTED, context.config.incarnation), heldBytes, checksum.getValue());
    }

    /**
     * Takes a piece.
     *
     * @return whether all is here and durable, so that it is to be handed in
     * @throws StatusException if it is not what was announced; nothing of it is kept then
     */
    synchronized boolean take(IncomingSnapshot from, SnapshotChunk chunk)
            throws StatusException, StorageException, IOException {
        if (from != source || stage == Stage.DROPPED) {
            throw Status.ABORTED.withDescription("it was given up here").asException();
        }
        if (chunk.position() == 0 && heldBytes > 0 && stage == Stage.ARRIVING) {
            beginAnew();
        }
        if (chunk.position() != heldBytes) {
            throw damaged("SnapshotChunk.position: " + chunk.position() + ", but " + heldBytes + " bytes are here");
        }
        if (chunk.end()) {
            return complete(chunk.checksum());
        }
        Bytes data = chunk.data();
        if (data.length() > sizeBytes - heldBytes) {
            throw damaged("more data than the announced " + sizeBytes + " bytes");
        }
        SnapshotStore.Sink open = sink;
        if (open != null) {
            open.data().write(data.array(), 0, data.length());
            checksum.update(data.array(), 0, data.length());
            heldBytes += data.length();
        }
        return false;
    }

    private void beginAnew() throws StorageException {
        closeSink();
        checksum.reset();
        heldBytes = 0;
        sink = context.config.snapshots.create(context.config.group, metadata);
    }

    private boolean complete(long stated) throws StatusException, StorageException, IOException {
        if (heldBytes != sizeBytes) {
            throw damaged("SnapshotHead.size_bytes: " + sizeBytes + ", but " + heldBytes + " bytes arrived");
        }
        if (checksum.getValue() != stated) {
            throw damaged("SnapshotChunk.checksum: " + Long.toHexString(stated) + " is not that of the data, "
                    + Long.toHexString(checksum.getValue()));
        }
        SnapshotStore.Sink open = sink;
        if (open != null) {
            open.commit();
            closeSink();
            stage = Stage.STORED;
            LOG.info("snapshot {} from {}: stored", index(), Link.name(sender));
        }
        return true;
    }

    private StatusException damaged(String text) {
        drop();
        return Status.DATA_LOSS.withDescription(text).asException();
    }

    /** Hands in the message of a stored snapshot as soon as the node takes it, and tells the sender. */
    void handIn() {
        if (stage == Stage.STORED) {
            try {
                // The data was stored beside the message, whatever the sender left in it.
                if (!context.offer(
                        new Message.InstallSnapshot(sender, context.config.id, term(), Snapshot.of(metadata)))) {
                    context.later(this::handIn, OFFER_RETRY_MILLIS);
                    return;
                }
            } catch (RuntimeException e) {
                LOG.error("the node failed on a snapshot from {}", Link.name(sender), e);
                dropAndTell(Status.INTERNAL.withDescription("the node failed on it: " + e));
                return;
            }
        }
        synchronized (this) {
            if (stage == Stage.DROPPED) {
                return;
            }
            stage = Stage.HANDED_IN;
            IncomingSnapshot asking = source;
            if (asking != null) {
                asking.answer(answer());
            } else if (patience != null && patience.isDone()) {
                drop();
            }
        }
    }

    private synchronized long term() {
        return term;
    }

    /**
     * A connection has ended.
     *
     * @param told whether all that was said on it has left
     */
    synchronized void detach(IncomingSnapshot ended, boolean told) {
        if (source != ended) {
            return;
        }
        source = null;
        if (told && stage == Stage.HANDED_IN) {
            drop();
        } else if (stage != Stage.DROPPED) {
            patience = context.schedule(
                    () -> context.snapshotExecutor.execute(this::giveUp),
                    context.config.snapshotResumeTimeout.toMillis());
        }
    }

    private synchronized void giveUp() {
        if (isWaiting() && stage != Stage.DROPPED) {
            if (stage == Stage.ARRIVING) {
                LOG.warn(
                        "snapshot {} from {}: {} of {} bytes are dropped, as its sender did not go on within {} ms",
                        index(),
                        Link.name(sender),
                        heldBytes,
                        sizeBytes,
                        context.config.snapshotResumeTimeout.toMillis());
            }
            drop();
        }
    }

    /** Gives it up, whoever sends it. */
    void dropAndTell(Status reason) {
        IncomingSnapshot asking = source;
        drop();
        if (asking != null) {
            asking.fail(reason);
        }
    }

    /** Keeps nothing of it. */
    synchronized void drop() {
        if (stage != Stage.DROPPED) {
            stage = Stage.DROPPED;
            stopWaiting();
            closeSink();
            onEnd.accept(this);
        }
    }

    private void closeSink() {
        if (sink != null) {
            sink.close();
            sink = null;
        }
    }

    private void stopWaiting() {
        if (patience != null) {
            patience.cancel(false);
            patience = null;
        }
    }
}
