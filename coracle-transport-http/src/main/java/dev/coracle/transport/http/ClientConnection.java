package dev.coracle.transport.http;

import static dev.coracle.transport.http.Outcomes.ignore;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.resolver.NoopAddressResolverGroup;
import io.netty.util.NetUtil;
import io.netty.util.ReferenceCountUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A connection that this node opens, with the answers that come over it. Everything happens on the event loop. */
abstract class ClientConnection extends ChannelInboundHandlerAdapter {
    static final int CHUNK_BYTES = 64 << 10;
    static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(128 << 10, 256 << 10);

    private static final int CONNECT_TIMEOUT_MILLIS = 2_000;
    private static final int MOST_HEADER_BYTES = 16 << 10;
    private static final String USER_AGENT = "coracle";

    final TransportContext context;
    final PeerAddress address;
    private @Nullable Channel channel;
    private boolean over;

    /** Within an answer that only announces another one. */
    private boolean provisional;

    ClientConnection(TransportContext context, PeerAddress address) {
        this.context = context;
        this.address = address;
    }

    /** How answers, and requests, are read. */
    static HttpDecoderConfig decoderConfig() {
        return new HttpDecoderConfig().setMaxHeaderSize(MOST_HEADER_BYTES).setMaxChunkSize(CHUNK_BYTES);
    }

    /** Connects. One of {@link #onOpen} and {@link #onEnd} follows. */
    final void open() {
        byte[] digits = NetUtil.createByteArrayFromIpAddressString(address.host());
        if (digits != null) {
            resolve(() -> InetAddress.getByAddress(digits), true);
        } else {
            // It may take long.
            context.resolver.execute(() -> resolve(() -> InetAddress.getByName(address.host()), false));
        }
    }

    private interface Lookup {
        InetAddress look() throws UnknownHostException;
    }

    private void resolve(Lookup lookup, boolean onLoop) {
        Runnable next;
        try {
            InetSocketAddress target = new InetSocketAddress(lookup.look(), address.port());
            next = () -> connect(target);
        } catch (UnknownHostException e) {
            next = () -> end("unknown host " + address.host());
        }
        if (onLoop) {
            next.run();
        } else {
            context.run(next);
        }
    }

    private void connect(InetSocketAddress target) {
        if (over) {
            return;
        }
        ChannelFuture connecting = new Bootstrap()
                .group(context.loop)
                .channel(NioSocketChannel.class)
                .resolver(NoopAddressResolverGroup.INSTANCE)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel fresh) {
                        initialize(fresh);
                    }
                })
                .connect(target);
        channel = connecting.channel();
        ignore(connecting.addListener(future -> {
            if (!future.isSuccess()) {
                end("cannot connect: " + reason(future.cause()));
            }
        }));
    }

    private void initialize(Channel fresh) {
        SslContext tls = context.config.clientTls;
        if (tls != null) {
            SslHandler handler = tls.newHandler(fresh.alloc(), address.host(), address.port());
            handler.setHandshakeTimeout(context.config.handshakeTimeout.toNanos(), TimeUnit.NANOSECONDS);
            fresh.pipeline().addLast(handler);
        }
        fresh.pipeline().addLast(new HttpClientCodec(decoderConfig(), false, false), this);
    }

    /** The connection is there: time to send a request. */
    abstract void onOpen(Channel open);

    /** An answer begins. */
    abstract void onAnswer(HttpResponse head);

    /** Bytes of the answer's body; only valid during the call. */
    abstract void onBody(ByteBuf bytes);

    /** The answer is complete. */
    abstract void onAnswerEnd();

    /** For now no more can be read. */
    void onReadComplete() {}

    /** There is room for more, or there is none. */
    void onWritabilityChanged() {}

    /** It is over. Called once, unless it was closed from this side. */
    abstract void onEnd(String trouble);

    /** Ends it, with a reason that {@link #onEnd} gets. */
    final void end(String trouble) {
        if (!over) {
            close();
            onEnd(trouble);
        }
    }

    /** Ends it; nothing is called any more. */
    final void close() {
        over = true;
        if (channel != null) {
            ignore(channel.close());
        }
    }

    final boolean isOver() {
        return over;
    }

    final @Nullable Channel channel() {
        return channel;
    }

    /** A request without a body, as Go writes one. */
    final HttpRequest get(String path) {
        return request(HttpMethod.GET, path);
    }

    /**
     * A request with a body.
     *
     * @param length its length, or -1 if it is not known before
     */
    final HttpRequest post(String path, String contentType, long length) {
        HttpRequest request = request(HttpMethod.POST, path);
        if (length < 0) {
            request.headers().set("Transfer-Encoding", "chunked");
        } else {
            request.headers().set("Content-Length", Long.toString(length));
        }
        request.headers().set("Content-Type", contentType);
        return request;
    }

    private HttpRequest request(HttpMethod method, String path) {
        HttpRequest request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, method, path);
        request.headers().set("Host", address.toString()).set("User-Agent", USER_AGENT);
        return request;
    }

    /** Adds who asks. */
    final HttpRequest signed(HttpRequest request, @Nullable Long receiver) {
        HttpHeaders headers = request.headers();
        headers.set(Protocol.CLUSTER_ID, Protocol.hex(context.config.clusterId));
        headers.set(Protocol.MIN_CLUSTER_VERSION, Protocol.LEAST_VERSION);
        if (!context.config.advertisedUrls.isEmpty()) {
            headers.set(Protocol.PEER_URLS, String.join(",", context.config.advertisedUrls));
        }
        if (receiver != null) {
            headers.set(Protocol.RAFT_TO, Protocol.hex(receiver));
        }
        headers.set(Protocol.SERVER_FROM, Protocol.hex(context.config.id));
        headers.set(Protocol.SERVER_VERSION, Protocol.VERSION);
        return request;
    }

    @Override
    public final void channelActive(ChannelHandlerContext ctx) {
        if (!over) {
            onOpen(ctx.channel());
        }
    }

    @Override
    public final void channelRead(ChannelHandlerContext ctx, Object message) {
        try {
            if (!over) {
                onObject((HttpObject) message);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    private void onObject(HttpObject object) {
        if (object.decoderResult().isFailure()) {
            end("its answer is no HTTP: " + reason(object.decoderResult().cause()));
            return;
        }
        if (object instanceof HttpResponse head) {
            provisional = head.status().codeClass() == HttpStatusClass.INFORMATIONAL;
            if (!provisional) {
                onAnswer(head);
            }
        }
        if (object instanceof HttpContent content && !provisional && !over) {
            if (content.content().isReadable()) {
                onBody(content.content());
            }
            if (object instanceof LastHttpContent && !over) {
                onAnswerEnd();
            }
        }
    }

    @Override
    public final void channelReadComplete(ChannelHandlerContext ctx) {
        if (!over) {
            onReadComplete();
        }
    }

    @Override
    public final void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (!over) {
            onWritabilityChanged();
        }
    }

    @Override
    public final void channelInactive(ChannelHandlerContext ctx) {
        end("the connection ended");
    }

    @Override
    public final void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        end(reason(cause));
    }

    static String reason(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof DecoderException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    }
}
