package dev.coracle.transport.http;

import dev.coracle.codec.CodecException;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Message;
import dev.coracle.raft.Snapshot;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A snapshot that is posted: its message in a frame, then its data to the end of the request. The data is written as it
 * comes, on the threads that may wait for a disk, and no more is read meanwhile. When all of it is durable the message is
 * handed in, and only then is the sender told.
 */
final class SnapshotPost implements Exchange {
    private static final Logger LOG = LoggerFactory.getLogger(HttpTransport.class);

    private final TransportContext context;
    private final Sender sender;
    private final ServerConnection connection;
    private final MessageFrames.HeadDecoder decoder;
    private Message.@Nullable InstallSnapshot head;
    private SnapshotStore.@Nullable Sink sink;
    private long dataBytes;
    private boolean writing;
    private boolean over;

    SnapshotPost(TransportContext context, Sender sender, ServerConnection connection) {
        this.context = context;
        this.sender = sender;
        this.connection = connection;
        decoder = new MessageFrames.HeadDecoder(context.messages, context.config.maxFrameBytes);
    }

    @Override
    public void onBody(ByteBuf bytes, boolean last) {
        if (head == null) {
            readHead(bytes, last);
        }
        Message.InstallSnapshot known = head;
        if (known != null && !over) {
            byte[] data = new byte[bytes.readableBytes()];
            bytes.readBytes(data);
            dataBytes += data.length;
            writing = true;
            context.diskExecutor.execute(() -> write(known, data, last));
        }
    }

    private void readHead(ByteBuf bytes, boolean last) {
        Message message;
        try {
            message = decoder.decode(bytes);
        } catch (CodecException e) {
            undecodable(e.getMessage());
            return;
        }
        if (message == null) {
            if (last) {
                undecodable("it ends within it");
            } else {
                connection.more();
            }
            return;
        }
        if (!(message instanceof Message.InstallSnapshot install)) {
            connection.refuse(HttpResponseStatus.BAD_REQUEST, "wrong raft message type");
            return;
        }
        String fault = sender.fault(message);
        if (fault == null && install.snapshot().isEmpty()) {
            fault = "Message.snapshot: its index must be above 0";
        }
        if (fault != null) {
            connection.refuse(HttpResponseStatus.BAD_REQUEST, fault);
        } else if (!context.beginSnapshot()) {
            connection.refuse(HttpResponseStatus.SERVICE_UNAVAILABLE, "too many snapshots are arriving");
        } else {
            head = install;
        }
    }

    private void undecodable(@Nullable String why) {
        connection.refuse(HttpResponseStatus.BAD_REQUEST, "failed to decode raft message (" + why + ")");
    }

    /** On a thread that may wait. There is one task at a time, and what they share is theirs. */
    private void write(Message.InstallSnapshot message, byte[] data, boolean last) {
        Runnable next;
        try {
            SnapshotStore.Sink open = sink;
            if (open == null) {
                open = context.config.snapshots.create(
                        context.config.group, message.snapshot().metadata());
                sink = open;
            }
            open.data().write(data);
            if (last) {
                open.commit();
                open.close();
                sink = null;
                next = () -> handIn(message);
            } else {
                next = () -> connection.more(context.config.snapshotStallTimeout);
            }
        } catch (StorageException e) {
            next = () -> failed(e);
        } catch (IOException | RuntimeException e) {
            next = () ->
                    failed(new StorageException("a snapshot from a peer could not be stored: " + e.getMessage(), e));
        }
        Runnable written = next;
        context.run(() -> {
            writing = false;
            if (over) {
                release();
            } else {
                written.run();
            }
        });
    }

    private void failed(StorageException failure) {
        connection.refuse(
                HttpResponseStatus.INTERNAL_SERVER_ERROR, "failed to save KV snapshot (" + failure.getMessage() + ")");
        context.config.listener.storageFailed(failure);
    }

    private void handIn(Message.InstallSnapshot message) {
        // The data was stored beside the message, whatever the sender left in it.
        Message.InstallSnapshot stored = new Message.InstallSnapshot(
                message.from(),
                message.to(),
                message.term(),
                Snapshot.of(message.snapshot().metadata()));
        sender.handIn(stored, taken -> {
            LOG.info("snapshot {} from {}: stored", message.snapshot().index(), TransportContext.name(message.from()));
            context.config.listener.snapshotReceived(message.from(), dataBytes);
        });
    }

    @Override
    public void onOver() {
        over = true;
        if (!writing) {
            release();
        }
    }

    private void release() {
        if (head != null) {
            context.endSnapshot();
        }
        SnapshotStore.Sink open = sink;
        if (open != null) {
            sink = null;
            context.diskExecutor.execute(open::close);
        }
    }
}
