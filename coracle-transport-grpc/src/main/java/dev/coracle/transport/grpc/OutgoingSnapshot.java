package dev.coracle.transport.grpc;

import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Message;
import dev.coracle.raft.Snapshot;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A snapshot on its way to another node, on connections of its own: heartbeats do not wait behind it. It stays open, and
 * so readable, until its end, which is reported exactly once.
 */
abstract class OutgoingSnapshot {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcTransport.class);

    final TransportContext context;
    final Message.InstallSnapshot message;
    private final Supplier<@Nullable String> address;
    private final Consumer<OutgoingSnapshot> onEnd;

    private SnapshotStore.@Nullable Source source;

    /** Why it is broken off; the first reason counts. */
    private @Nullable String trouble;

    /** Whether nobody works for it: it waits for its turn, or to go on. */
    private boolean idle = true;

    private boolean ended;

    /**
     * Prepares for sending.
     *
     * @param address where the receiver is to be found; asked at each attempt
     * @param onEnd called once at the end, before the result is reported
     */
    OutgoingSnapshot(
            TransportContext context,
            Message.InstallSnapshot message,
            Supplier<@Nullable String> address,
            Consumer<OutgoingSnapshot> onEnd) {
        this.context = context;
        // The data goes beside the message.
        this.message = new Message.InstallSnapshot(
                message.from(),
                message.to(),
                message.term(),
                Snapshot.of(message.snapshot().metadata()));
        this.address = address;
        this.onEnd = onEnd;
    }

    /** Sends over a fresh connection, on a thread that may wait for a disk. The end of the connection is told. */
    abstract void send(SnapshotStore.Source from, String target, ManagedChannel channel);

    /** Breaks off the connection; nothing happens if there is none. */
    abstract void disconnect(String reason);

    /** Sends, first or again. */
    final void start() {
        context.snapshotExecutor.execute(this::attempt);
    }

    /** Breaks it off. Any thread may call. */
    final void cancel(String reason) {
        boolean atOnce;
        synchronized (this) {
            if (trouble == null) {
                trouble = reason;
            }
            atOnce = idle;
        }
        if (atOnce) {
            end(reason);
        } else {
            disconnect(reason);
        }
    }

    /** Why it is broken off, or null. */
    final synchronized @Nullable String trouble() {
        return trouble;
    }

    private void attempt() {
        synchronized (this) {
            if (ended) {
                return;
            }
            idle = false;
        }
        try {
            SnapshotStore.Source open = source;
            if (open == null) {
                open = context.config.snapshots.open(
                        context.config.group, message.snapshot().metadata().id());
                source = open;
            }
            String target = address.get();
            if (target == null) {
                end("its address is not known");
            } else if (trouble() != null) {
                end(trouble());
            } else {
                send(open, target, context.network.openChannel(target));
            }
        } catch (StorageException e) {
            end("it could not be opened: " + e.getMessage());
        } catch (RuntimeException e) {
            LOG.error("snapshot {} to {}: failed", index(), peer(), e);
            end("it failed: " + e);
        }
    }

    /** Nobody works for it until {@link #start} is called again. */
    final void rest() {
        String reason;
        synchronized (this) {
            idle = true;
            reason = trouble;
        }
        if (reason != null) {
            end(reason);
        }
    }

    /** It has ended; the first who says so counts. */
    final void end(@Nullable String failure) {
        synchronized (this) {
            if (ended) {
                return;
            }
            ended = true;
        }
        if (failure == null) {
            LOG.info("snapshot {} to {}: stored there", index(), peer());
        } else {
            LOG.warn("snapshot {} to {}: {}", index(), peer(), failure);
        }
        closeSource();
        onEnd.accept(this);
        context.snapshotStatus(message.to(), failure != null);
    }

    private void closeSource() {
        SnapshotStore.Source open = source;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                LOG.warn("snapshot {}: closing it failed: {}", index(), e.toString());
            }
        }
    }

    final long index() {
        return message.snapshot().index();
    }

    final String peer() {
        return Link.name(message.to());
    }
}
