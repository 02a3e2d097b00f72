package dev.coracle.transport.http;

import static dev.coracle.transport.http.Outcomes.ignore;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One of the two streams on which messages go to a peer, as long as the peer has asked for it. Whatever waits when the
 * connection has room leaves together. When it is lost, so is what waits.
 */
final class StreamWriter {
    private static final Logger LOG = LoggerFactory.getLogger(HttpTransport.class);

    private static final int BATCH_BYTES = 256 << 10;
    private static final int LEAST_BUFFER_BYTES = 256;
    private static final int SIGNS_OF_LIFE = 3;

    private final Link link;
    private final TransportContext context;
    private final StreamType type;
    private final ArrayDeque<Queued> queue = new ArrayDeque<>();
    private volatile @Nullable Attached current;

    StreamWriter(Link link, StreamType type) {
        this.link = link;
        this.context = link.context;
        this.type = type;
    }

    /** Any thread may call; only on the event loop it stays true. */
    boolean isAttached() {
        return current != null;
    }

    /** The peer has asked for it. An older connection is a leftover of one that broke. */
    void attach(Channel channel) {
        Attached older = current;
        if (older != null) {
            older.endOrderly();
            link.dropAll(queue);
        }
        current = new Attached(channel);
        LOG.debug("stream {} to {}: open", type.path, link.name());
        link.activate();
    }

    /** A connection is gone. */
    void detached(Channel channel) {
        Attached attached = current;
        if (attached != null && attached.channel.equals(channel)) {
            lost(attached, "the connection ended");
        }
    }

    private void lost(Attached attached, String trouble) {
        attached.stop();
        current = null;
        link.deactivate("stream " + type.path + " to it: " + trouble);
        link.dropAll(queue);
        // What left last may not have arrived.
        link.drop();
    }

    /** Ends it in an orderly way, after what the connection takes at once. */
    void finish() {
        Attached attached = current;
        if (attached != null) {
            pump();
            current = null;
            attached.endOrderly();
        }
        link.dropAll(queue);
    }

    void add(Queued queued) {
        queue.add(queued);
    }

    /** Sends what there is room for. */
    void pump() {
        Attached attached = current;
        if (attached == null || queue.isEmpty()) {
            return;
        }
        while (!queue.isEmpty() && attached.channel.isWritable()) {
            attached.write(nextBatch(attached));
        }
        attached.channel.flush();
        if (queue.isEmpty()) {
            link.caughtUp();
        }
    }

    private ByteBuf nextBatch(Attached attached) {
        Queued first = queue.remove();
        // A frame's own bytes are a few, but for an append's entries, whose lengths take more room there.
        ByteBuf batch = attached.channel.alloc().buffer(first.sizeBytes() + LEAST_BUFFER_BYTES);
        Queued next = first;
        do {
            attached.encoder.encode(next.message(), next.sizeBytes(), batch);
            link.release(next);
            next = batch.readableBytes() < BATCH_BYTES ? queue.poll() : null;
        } while (next != null);
        context.config.listener.sent(link.peer, batch.readableBytes());
        return batch;
    }

    /** The connection may have room again. */
    void writabilityChanged(Channel channel) {
        Attached attached = current;
        if (attached != null && attached.channel.equals(channel)) {
            pump();
        }
    }

    /** One connection. */
    private final class Attached {
        final Channel channel;
        final FrameEncoder encoder = type.newEncoder();
        private final Future<?> beating;
        private final ChannelFutureListener onWritten = this::written;
        private int writing;
        private int beatsWithoutProgress;

        Attached(Channel channel) {
            this.channel = channel;
            long period = Math.max(1, context.config.silenceTimeout.toNanos() / SIGNS_OF_LIFE);
            beating = context.loop.scheduleAtFixedRate(this::beat, period, period, TimeUnit.NANOSECONDS);
        }

        void write(ByteBuf bytes) {
            writing++;
            ignore(channel.write(new DefaultHttpContent(bytes)).addListener(onWritten));
        }

        private void written(ChannelFuture future) {
            writing--;
            beatsWithoutProgress = 0;
        }

        private void beat() {
            if (writing == 0) {
                beatsWithoutProgress = 0;
            } else if (++beatsWithoutProgress > SIGNS_OF_LIFE) {
                lost(this, "it reads nothing");
                ignore(channel.close());
                return;
            }
            if (channel.isWritable()) {
                ByteBuf bytes = channel.alloc().buffer(LEAST_BUFFER_BYTES);
                encoder.encodeLinkHeartbeat(bytes);
                write(bytes);
                channel.flush();
            }
        }

        void stop() {
            beating.cancel(false);
        }

        void endOrderly() {
            stop();
            ignore(channel.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT).addListener(ChannelFutureListener.CLOSE));
            // Whoever reads nothing does not see the end either.
            ignore(context.later(() -> ignore(channel.close()), context.config.silenceTimeout.toNanos()));
        }
    }
}
