package dev.coracle.transport.http;

import static dev.coracle.transport.http.Outcomes.ignore;

import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Message;
import dev.coracle.raft.Snapshot;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpResponse;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A snapshot on its way to a peer, posted on a connection of its own: nothing waits behind it. It is read from the store
 * as the connection takes it, on the threads that may wait for a disk; the rest happens on the event loop.
 */
final class OutgoingSnapshot {
    private static final Logger LOG = LoggerFactory.getLogger(HttpTransport.class);

    private final Link link;
    private final TransportContext context;
    private final PeerAddress address;
    private final Message.InstallSnapshot message;
    private @Nullable Sending sending;
    private boolean ended;

    OutgoingSnapshot(Link link, PeerAddress address, Message.InstallSnapshot message) {
        this.link = link;
        this.context = link.context;
        this.address = address;
        // The data comes from the store.
        this.message = new Message.InstallSnapshot(
                message.from(),
                message.to(),
                message.term(),
                Snapshot.of(message.snapshot().metadata()));
    }

    void start() {
        context.diskExecutor.execute(this::openSource);
    }

    private void openSource() {
        try {
            SnapshotStore.Source source = context.config.snapshots.open(
                    context.config.group, message.snapshot().metadata().id());
            context.run(() -> connect(source));
        } catch (StorageException e) {
            context.run(() -> end(0, "it could not be opened: " + e.getMessage()));
        }
    }

    private void connect(SnapshotStore.Source source) {
        boolean inMessage = context.config.snapshotsInMessages;
        if (inMessage && !SnapshotMessage.holds(source.size())) {
            end(0, "its " + source.size() + " bytes are more than one message can have");
        }
        if (ended) {
            close(source);
            return;
        }
        sending = new Sending(
                source,
                inMessage
                        ? SnapshotMessage.of(context.messages, message, (int) source.size())
                        : new SnapshotMessage(context.messages.encode(message), new byte[0]));
        sending.begin();
    }

    private void close(SnapshotStore.Source source) {
        context.diskExecutor.execute(() -> {
            try {
                source.close();
            } catch (IOException e) {
                LOG.warn(
                        "snapshot {}: closing it failed: {}", message.snapshot().index(), e.toString());
            }
        });
    }

    /** Breaks it off. */
    void cancel(String reason) {
        if (sending != null) {
            sending.close();
            sending.stop();
        }
        end(0, reason);
    }

    private void end(long bytes, @Nullable String failure) {
        if (ended) {
            return;
        }
        ended = true;
        if (failure == null) {
            LOG.info("snapshot {} to {} at {}: stored there", message.snapshot().index(), link.name(), address);
            link.activate();
        } else {
            LOG.warn("snapshot {} to {} at {}: {}", message.snapshot().index(), link.name(), address, failure);
        }
        context.config.listener.snapshotSent(link.peer, bytes, failure != null);
        link.snapshotEnded(failure != null);
    }

    private final class Sending extends ClientConnection {
        private final SnapshotStore.Source source;
        private final InputStream data;
        private final SnapshotMessage envelope;
        private @Nullable Watchdog watchdog;
        private @Nullable Answer answer;
        private long sentBytes;
        private boolean reading;
        private boolean complete;
        private boolean stopped;

        Sending(SnapshotStore.Source source, SnapshotMessage envelope) {
            super(OutgoingSnapshot.this.context, OutgoingSnapshot.this.address);
            this.source = source;
            this.data = source.data();
            this.envelope = envelope;
        }

        void begin() {
            watchdog = new Watchdog(
                    context.loop,
                    context.config.snapshotStallTimeout,
                    () -> end("no progress for " + context.config.snapshotStallTimeout.toMillis() + " ms"));
            open();
        }

        @Override
        void onOpen(Channel open) {
            if (context.config.snapshotsInMessages) {
                ignore(open.write(signed(
                        post(Protocol.POST_PATH, "application/protobuf", envelope.sizeBytes(source.size())), null)));
                write(open, Unpooled.wrappedBuffer(envelope.before()));
            } else {
                ignore(open.write(signed(post(Protocol.SNAPSHOT_PATH, "application/octet-stream", -1), null)));
                ByteBuf head = open.alloc().buffer(Long.BYTES + envelope.before().length);
                write(open, head.writeLong(envelope.before().length).writeBytes(envelope.before()));
            }
            open.flush();
            readNext();
        }

        private void write(Channel open, ByteBuf bytes) {
            ignore(open.write(new DefaultHttpContent(bytes)).addListener(future -> progressed()));
        }

        private void progressed() {
            if (watchdog != null) {
                watchdog.progressed();
            }
        }

        private void readNext() {
            Channel open = channel();
            if (!reading && !complete && !stopped && open != null && open.isWritable()) {
                reading = true;
                context.diskExecutor.execute(this::read);
            }
        }

        private void read() {
            try {
                byte[] chunk = data.readNBytes(context.config.chunkBytes);
                context.run(() -> onRead(() -> onChunk(chunk)));
            } catch (IOException | RuntimeException e) {
                context.run(() -> onRead(() -> end("it could not be read: " + e)));
            }
        }

        private void onRead(Runnable next) {
            reading = false;
            if (stopped) {
                OutgoingSnapshot.this.close(source);
            } else {
                next.run();
            }
        }

        private void onChunk(byte[] chunk) {
            Channel open = channel();
            if (open == null) {
                return;
            }
            if (chunk.length > 0) {
                sentBytes += chunk.length;
                if (sentBytes <= source.size()) {
                    write(open, Unpooled.wrappedBuffer(chunk));
                    open.flush();
                    readNext();
                    return;
                }
            }
            if (sentBytes != source.size()) {
                end("it has " + sentBytes + " bytes of data or more and says that it has " + source.size());
                return;
            }
            complete = true;
            ignore(open.writeAndFlush(new DefaultLastHttpContent(Unpooled.wrappedBuffer(envelope.after()))));
            progressed();
        }

        @Override
        void onWritabilityChanged() {
            readNext();
        }

        @Override
        void onAnswer(HttpResponse head) {
            progressed();
            answer = new Answer(head);
        }

        @Override
        void onBody(ByteBuf bytes) {
            if (answer != null) {
                answer.add(bytes);
            }
        }

        @Override
        void onAnswerEnd() {
            Answer outcome = answer;
            if (outcome == null) {
                end("an answer without a beginning");
            } else if (outcome.isDone() && complete) {
                close();
                stop();
                OutgoingSnapshot.this.end(sentBytes, null);
            } else {
                link.refused(outcome);
                end(outcome.toString());
            }
        }

        @Override
        void onEnd(String trouble) {
            stop();
            link.deactivate("snapshot: " + trouble);
            OutgoingSnapshot.this.end(sentBytes, trouble);
        }

        void stop() {
            if (stopped) {
                return;
            }
            stopped = true;
            if (watchdog != null) {
                watchdog.stop();
            }
            if (!reading) {
                OutgoingSnapshot.this.close(source);
            }
        }
    }
}
