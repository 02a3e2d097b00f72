package dev.coracle.transport.http;

import static dev.coracle.transport.http.Outcomes.ignore;

import dev.coracle.codec.CodecException;
import dev.coracle.transport.http.Replies.Signature;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection that somebody opened to this node. Requests are taken one after the other; the next one is not read
 * before the one at hand is answered, nor more of a body than is asked for. Everything happens on the event loop.
 */
final class ServerConnection extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(HttpTransport.class);

    /** How long a connection may be idle between two requests; etcd has the same limit for a request. */
    private static final Duration IDLE = Duration.ofMinutes(5);

    private final TransportContext context;
    private final HttpServer server;
    private final Channel channel;

    /** What the request at hand is for; {@code null} before one, and once it is answered. */
    private @Nullable Exchange exchange;

    /** The answer to the request at hand. */
    private @Nullable ChannelFuture answer;

    private boolean requestEnded;
    private boolean staysOpen;

    /** What the connection has become, if it was asked for a stream. */
    private @Nullable StreamWriter stream;

    private @Nullable Future<?> deadline;

    /** Whether something was asked for and has not come. */
    private boolean wanting;

    ServerConnection(TransportContext context, HttpServer server, Channel channel) {
        this.context = context;
        this.server = server;
        this.channel = channel;
    }

    /** Where it comes from. */
    Connection connection() {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        return new Connection(
                channel.remoteAddress(), tls == null ? null : tls.engine().getSession());
    }

    boolean isOpen() {
        return channel.isActive();
    }

    /** Reads on; the connection is closed if nothing comes for so long. */
    void more(Duration limit) {
        clearDeadline();
        deadline = context.later(
                () -> {
                    LOG.debug("closing the connection from {}: nothing came", channel.remoteAddress());
                    ignore(channel.close());
                },
                limit.toNanos());
        read();
    }

    private void read() {
        wanting = true;
        channel.read();
    }

    /** Reads on. */
    void more() {
        more(context.config.silenceTimeout);
    }

    private void clearDeadline() {
        if (deadline != null) {
            deadline.cancel(false);
            deadline = null;
        }
    }

    /** Answers the request at hand. */
    void answer(FullHttpResponse response) {
        if (answer != null || !isOpen()) {
            response.release();
            return;
        }
        if (!staysOpen) {
            response.headers().set("Connection", "close");
        }
        answer = channel.writeAndFlush(response);
        over();
        if (requestEnded) {
            nextRequest();
        } else {
            // The rest is read and forgotten: were it left there, the system could lose the answer with it.
            more();
        }
    }

    /** Answers with a status and a text, and the headers of posts. */
    void refuse(HttpResponseStatus status, String text) {
        answer(context.replies.error(status, text, Signature.CLUSTER));
    }

    /** Answers that the node failed on it, and closes the connection as Go does. */
    void fail(String text) {
        staysOpen = false;
        refuse(HttpResponseStatus.INTERNAL_SERVER_ERROR, text);
    }

    /** Answers with an endless stream. */
    void stream(StreamWriter writer) {
        exchange = null;
        if (isOpen()) {
            answer = channel.writeAndFlush(context.replies.stream());
            stream = writer;
            writer.attach(channel);
            // Nothing is expected but the end.
            read();
        }
    }

    private void nextRequest() {
        ChannelFuture last = answer;
        answer = null;
        if (staysOpen) {
            more(IDLE);
        } else if (last != null) {
            ignore(last.addListener(ChannelFutureListener.CLOSE));
        }
    }

    private void over() {
        if (exchange != null) {
            Exchange ended = exchange;
            exchange = null;
            ended.onOver();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        more(context.config.handshakeTimeout);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        wanting = false;
        try {
            onObject((HttpObject) message);
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (wanting) {
            // What was read held no whole part of a request.
            channel.read();
        }
    }

    private void onObject(HttpObject object) {
        if (stream != null || object.decoderResult().isFailure()) {
            LOG.debug("closing the connection from {}: it does not keep to the protocol", channel.remoteAddress());
            ignore(channel.close());
        } else if (object instanceof HttpRequest request) {
            requestEnded = false;
            staysOpen = HttpUtil.isKeepAlive(request);
            exchange = server.open(request, this);
            if (exchange != null) {
                more();
            }
        } else if (answer != null) {
            onSurplus(object instanceof LastHttpContent);
        } else if (exchange != null && object instanceof HttpContent content) {
            onBody(exchange, content);
        }
    }

    /** Once the request is answered. The deadline is not put off by what comes. */
    private void onSurplus(boolean last) {
        if (last) {
            requestEnded = true;
            nextRequest();
        } else {
            read();
        }
    }

    private void onBody(Exchange current, HttpContent content) {
        clearDeadline();
        requestEnded = content instanceof LastHttpContent;
        try {
            current.onBody(content.content(), requestEnded);
        } catch (CodecException e) {
            refuse(HttpResponseStatus.BAD_REQUEST, String.valueOf(e.getMessage()));
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (stream != null) {
            stream.writabilityChanged(channel);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        clearDeadline();
        over();
        if (stream != null) {
            stream.detached(channel);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("closing the connection from {}: {}", channel.remoteAddress(), cause.toString());
        ignore(channel.close());
    }
}
