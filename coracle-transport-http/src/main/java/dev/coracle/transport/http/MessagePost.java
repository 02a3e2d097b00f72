package dev.coracle.transport.http;

import dev.coracle.codec.CodecException;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Message;
import dev.coracle.raft.MessageType;
import dev.coracle.raft.Snapshot;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import java.io.IOException;
import java.util.Arrays;

/**
 * A message that is posted. A snapshot may come within it, with its data: that is stored durably before the message is
 * handed in. Only a snapshot may be longer than a frame, and only one such at a time is kept in memory.
 */
final class MessagePost implements Exchange {
    private static final int LEAST_BUFFER_BYTES = 1 << 10;
    private static final byte TYPE_TAG = 8;

    private final TransportContext context;
    private final Sender sender;
    private final ServerConnection connection;
    private final long announcedBytes;
    private byte[] body = {};
    private int bodyBytes;
    private boolean isLong;
    private boolean isSnapshot;
    private boolean storing;
    private boolean over;

    MessagePost(TransportContext context, Sender sender, ServerConnection connection, HttpRequest request) {
        this.context = context;
        this.sender = sender;
        this.connection = connection;
        announcedBytes = HttpUtil.getContentLength(request, 0L);
    }

    @Override
    public void onBody(ByteBuf bytes, boolean last) throws CodecException {
        long total = Math.max(announcedBytes, (long) bodyBytes + bytes.readableBytes());
        if (total > Math.max(context.config.maxFrameBytes, context.config.maxSnapshotMessageBytes)) {
            tooLong(total);
            return;
        }
        append(bytes, (int) total);
        if (total > context.config.maxFrameBytes && !isLong && bodyBytes >= 2 && !mayBeLong(total)) {
            return;
        }
        if (last) {
            process();
        } else {
            connection.more();
        }
    }

    private void append(ByteBuf bytes, int total) {
        int length = bytes.readableBytes();
        if (body.length < bodyBytes + length) {
            long doubled = Math.max(LEAST_BUFFER_BYTES, 2L * body.length);
            body = Arrays.copyOf(body, Math.max(bodyBytes + length, (int) Math.min(doubled, total)));
        }
        bytes.readBytes(body, bodyBytes, length);
        bodyBytes += length;
    }

    /** Takes the place of the one long message, which every version of etcd begins with its type. */
    private boolean mayBeLong(long total) {
        if (body[0] != TYPE_TAG || body[1] != MessageType.INSTALL_SNAPSHOT.ordinal()) {
            tooLong(total);
            return false;
        }
        if (context.longMessage) {
            connection.refuse(HttpResponseStatus.SERVICE_UNAVAILABLE, "another snapshot is arriving");
            return false;
        }
        context.longMessage = true;
        isLong = true;
        return true;
    }

    private void tooLong(long total) {
        connection.refuse(
                HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE,
                "a message of " + total + " bytes is more than the limit of "
                        + (isLong ? context.config.maxSnapshotMessageBytes : context.config.maxFrameBytes));
    }

    private void process() {
        Message message;
        try {
            message = context.messages.decode(body, 0, bodyBytes);
        } catch (CodecException e) {
            connection.refuse(HttpResponseStatus.BAD_REQUEST, "error unmarshalling raft message");
            return;
        }
        body = new byte[0];
        String fault = sender.fault(message);
        if (fault != null) {
            connection.refuse(HttpResponseStatus.BAD_REQUEST, fault);
        } else if (message instanceof Message.InstallSnapshot install) {
            store(install);
        } else {
            handIn(message);
        }
    }

    private void handIn(Message message) {
        sender.handIn(message, taken -> context.config.listener.received(taken.from(), bodyBytes));
    }

    private void store(Message.InstallSnapshot message) {
        if (message.snapshot().isEmpty()) {
            connection.refuse(HttpResponseStatus.BAD_REQUEST, "Message.snapshot: its index must be above 0");
        } else if (!context.beginSnapshot()) {
            connection.refuse(HttpResponseStatus.SERVICE_UNAVAILABLE, "too many snapshots are arriving");
        } else {
            isSnapshot = true;
            storing = true;
            context.diskExecutor.execute(() -> write(message));
        }
    }

    private void write(Message.InstallSnapshot message) {
        Snapshot snapshot = message.snapshot();
        Runnable next;
        try (SnapshotStore.Sink sink = context.config.snapshots.create(context.config.group, snapshot.metadata())) {
            sink.data().write(snapshot.data().array());
            sink.commit();
            int bytes = snapshot.data().length();
            // The data is stored: the node gets the rest.
            Message.InstallSnapshot stored = new Message.InstallSnapshot(
                    message.from(), message.to(), message.term(), Snapshot.of(snapshot.metadata()));
            next = () -> sender.handIn(stored, taken -> context.config.listener.snapshotReceived(taken.from(), bytes));
        } catch (StorageException e) {
            next = () -> connection.fail(Sender.NOT_PROCESSED);
            context.config.listener.storageFailed(e);
        } catch (IOException | RuntimeException e) {
            next = () -> connection.fail(Sender.NOT_PROCESSED);
            context.config.listener.storageFailed(
                    new StorageException("a snapshot from a peer could not be stored: " + e.getMessage(), e));
        }
        Runnable stored = next;
        context.run(() -> {
            storing = false;
            if (over) {
                release();
            } else {
                stored.run();
            }
        });
    }

    @Override
    public void onOver() {
        over = true;
        body = new byte[0];
        if (!storing) {
            release();
        }
    }

    private void release() {
        if (isLong) {
            context.longMessage = false;
        }
        if (isSnapshot) {
            context.endSnapshot();
        }
    }
}
