package dev.coracle.transport.http;

import static dev.coracle.transport.http.Outcomes.ignore;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Posts single messages to a peer that has not opened the stream for them: one after the other on one connection, which
 * keeps their order. A message that fails is lost.
 */
final class Poster {
    private static final String CONTENT_TYPE = "application/protobuf";

    /** A connection that nobody has used for so long may be about to be closed at the other end: etcd waits 5 s. */
    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final Link link;
    private final TransportContext context;
    private final TroubleLog troubles;
    private final ArrayDeque<Queued> queue = new ArrayDeque<>();
    private @Nullable Sender current;

    Poster(Link link) {
        this.link = link;
        this.context = link.context;
        troubles = new TroubleLog("posts to " + link.name());
    }

    void add(Queued queued) {
        if (queue.size() < context.config.maxPosts) {
            queue.add(queued);
        } else {
            link.release(queued);
            link.drop();
        }
    }

    /** Sends the next message, unless one is under way. */
    void pump() {
        if (queue.isEmpty()) {
            return;
        }
        if (current != null) {
            current.sendNext();
            return;
        }
        PeerAddress address = link.address();
        if (address == null) {
            link.dropAll(queue);
        } else {
            current = new Sender(address);
            current.open();
        }
    }

    /** Breaks off, and drops what waits. */
    void disconnect() {
        if (current != null) {
            current.abandon();
            current = null;
        }
        link.dropAll(queue);
    }

    private final class Sender extends ClientConnection {
        private @Nullable Channel open;
        private @Nullable Queued underWay;
        private @Nullable Answer answer;
        private boolean staysOpen;
        private int sentBefore;
        private @Nullable Future<?> timer;

        Sender(PeerAddress address) {
            super(link.context, address);
        }

        @Override
        void onOpen(Channel fresh) {
            open = fresh;
            sendNext();
        }

        void sendNext() {
            Channel to = open;
            if (to == null || underWay != null) {
                return;
            }
            Queued next = queue.poll();
            if (next == null) {
                setTimer(IDLE_NANOS, this::retire);
                return;
            }
            underWay = next;
            setTimer(
                    context.config.silenceTimeout.toNanos(),
                    () -> end("no answer within " + context.config.silenceTimeout.toMillis() + " ms"));
            ByteBuf body = to.alloc().buffer(next.sizeBytes());
            FrameEncoder.write(context.messages, next.message(), next.sizeBytes(), body);
            ignore(to.write(signed(post(Protocol.POST_PATH, CONTENT_TYPE, next.sizeBytes()), null)));
            ignore(to.writeAndFlush(new DefaultLastHttpContent(body)));
        }

        private void setTimer(long nanos, Runnable task) {
            stopTimer();
            timer = context.later(task, nanos);
        }

        private void stopTimer() {
            if (timer != null) {
                timer.cancel(false);
            }
        }

        void abandon() {
            stopTimer();
            close();
            if (underWay != null) {
                link.release(underWay);
                underWay = null;
                link.drop();
            }
        }

        private void retire() {
            stopTimer();
            close();
            if (current == this) {
                current = null;
            }
        }

        @Override
        void onAnswer(HttpResponse head) {
            answer = new Answer(head);
            staysOpen = HttpUtil.isKeepAlive(head);
        }

        @Override
        void onBody(ByteBuf bytes) {
            if (answer != null) {
                answer.add(bytes);
            }
        }

        @Override
        void onAnswerEnd() {
            Queued sent = underWay;
            Answer outcome = answer;
            if (sent == null || outcome == null) {
                end("an answer to nothing");
                return;
            }
            underWay = null;
            answer = null;
            sentBefore++;
            link.release(sent);
            if (outcome.isDone()) {
                troubles.healthy();
                link.activate();
                context.config.listener.sent(link.peer, sent.sizeBytes());
            } else {
                troubles.note(outcome.toString());
                link.refused(outcome);
                link.drop();
            }
            if (!staysOpen || !outcome.isDone()) {
                retire();
            }
            if (queue.isEmpty() && outcome.isDone()) {
                link.caughtUp();
            }
            if (isOver()) {
                pump();
            } else {
                sendNext();
            }
        }

        @Override
        void onEnd(String trouble) {
            stopTimer();
            if (current == this) {
                current = null;
            }
            Queued lost = underWay;
            underWay = null;
            if (lost == null && open != null) {
                // The peer closed an idle connection.
                pump();
                return;
            }
            if (lost != null && sentBefore > 0 && answer == null) {
                // The peer may have closed it as idle while the message was leaving; that it may come twice does no
                // harm.
                queue.addFirst(lost);
                pump();
                return;
            }
            if (lost != null) {
                link.release(lost);
                link.drop();
            }
            troubles.note(trouble);
            link.deactivate("post: " + trouble);
            link.dropAll(queue);
        }
    }
}
