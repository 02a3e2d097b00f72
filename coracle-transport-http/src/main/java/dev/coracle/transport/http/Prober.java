package dev.coracle.transport.http;

import static dev.coracle.transport.http.Outcomes.ignore;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Ticker;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Asks a peer now and then whether it is there, only to tell how long it takes. */
final class Prober {
    private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(4);
    private static final int OK = 200;

    private final Link link;
    private final TransportContext context;
    private @Nullable Future<?> next;
    private @Nullable Probe current;

    Prober(Link link) {
        this.link = link;
        this.context = link.context;
    }

    void start() {
        if (next == null) {
            next = context.later(this::probe, INTERVAL_NANOS);
        }
    }

    void stop() {
        if (next != null) {
            next.cancel(false);
        }
        if (current != null) {
            current.close();
        }
    }

    private void probe() {
        if (current != null) {
            current.close();
        }
        PeerAddress address = link.address();
        if (address != null) {
            current = new Probe(address);
            current.open();
        }
        next = context.later(this::probe, INTERVAL_NANOS);
    }

    private final class Probe extends ClientConnection {
        private long sentNanos;

        Probe(PeerAddress address) {
            super(link.context, address);
        }

        @Override
        void onOpen(Channel open) {
            sentNanos = Ticker.systemTicker().nanoTime();
            ignore(open.write(get(Protocol.PROBING_PATH)));
            ignore(open.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT));
        }

        @Override
        void onAnswer(HttpResponse head) {
            if (head.status().code() == OK) {
                context.config.listener.roundTrip(
                        link.peer, Ticker.systemTicker().nanoTime() - sentNanos);
            }
        }

        @Override
        void onBody(ByteBuf bytes) {}

        @Override
        void onAnswerEnd() {
            close();
        }

        @Override
        void onEnd(String trouble) {}
    }
}
