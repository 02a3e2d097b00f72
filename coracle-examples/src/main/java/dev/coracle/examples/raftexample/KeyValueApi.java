package dev.coracle.examples.raftexample;

import dev.coracle.node.Failure;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.RawNode;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The key-value API: PUT and GET of a key, which is the request's target as it stands, POST and DELETE of a member. Its
 * answers are those of Go's program, to the byte but for headers that say nothing of the request; what that program does
 * not answer has statuses of its own.
 */
final class KeyValueApi implements AutoCloseable {
    private static final String TEXT = "text/plain; charset=utf-8";
    private static final String BINARY = "application/octet-stream";
    private static final int LOOKED_AT_BYTES = 512;
    private static final char ESCAPE = 0x1b;

    /** RFC 9110 §5.6.7. */
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern(
                    "EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private static final int MOST_LINE_BYTES = 1 << 20;
    private static final int MOST_CONNECTIONS = 1024;
    private static final int CLOSE_MILLIS = 1000;

    private final RaftexampleNode node;
    private final RaftexampleOptions options;
    private final EventLoopGroup threads = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    private final Channel port;
    private final AtomicInteger connections = new AtomicInteger();

    /** How many requests are being answered. */
    private final Phaser open = new Phaser(1);

    KeyValueApi(RaftexampleNode node, RaftexampleOptions options) throws IOException {
        this.node = node;
        this.options = options;
        var bound = new ServerBootstrap()
                .group(threads)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel accepted) {
                        if (connections.incrementAndGet() > MOST_CONNECTIONS) {
                            ignore(accepted.close());
                        }
                        ignore(accepted.closeFuture().addListener(closed -> connections.decrementAndGet()));
                        accepted.config().setAutoRead(false);
                        accepted.pipeline()
                                .addLast(
                                        new HttpServerCodec(
                                                new HttpDecoderConfig().setMaxInitialLineLength(MOST_LINE_BYTES)),
                                        new HttpObjectAggregator(RaftexampleNode.MOST_ENTRY_BYTES),
                                        new FlowControlHandler(),
                                        new Requests());
                    }
                })
                .bind(options.port)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            ignore(threads.shutdownGracefully(0, 1, TimeUnit.SECONDS));
            throw new IOException(
                    "--port " + options.port + ": " + bound.cause().getMessage(), bound.cause());
        }
        port = bound.channel();
    }

    /** Takes no more requests, and ends when those that are open are answered; at the latest after a second. */
    @Override
    public void close() {
        ignore(port.close());
        try {
            int unused = open.awaitAdvanceInterruptibly(open.arrive(), CLOSE_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            // They are not answered.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        boolean unused = threads.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(1, TimeUnit.SECONDS);
    }

    /** One connection; its requests are answered one after the other. */
    private final class Requests extends SimpleChannelInboundHandler<FullHttpRequest> {
        private boolean waiting = true;

        @Override
        public void channelActive(ChannelHandlerContext context) {
            context.read();
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            if (waiting) {
                context.read();
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
            waiting = false;
            open.register();
            boolean staysOpen = HttpUtil.isKeepAlive(request);
            var unused = answer(request)
                    .whenComplete((response, failure) -> context.executor().execute(() -> {
                        FullHttpResponse sent = failure == null ? response : failed(failure);
                        if (!staysOpen) {
                            sent.headers().set("Connection", "close");
                        }
                        ignore(context.writeAndFlush(sent).addListener(written -> {
                            open.arriveAndDeregister();
                            if (!staysOpen) {
                                ignore(context.close());
                            }
                        }));
                        if (staysOpen) {
                            waiting = true;
                            context.read();
                        }
                    }));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            ignore(context.close());
        }
    }

    /** What fails closes the connection. */
    private static void ignore(Future<?> ignored) {}

    private CompletableFuture<FullHttpResponse> answer(FullHttpRequest request) {
        byte[] target = request.uri().getBytes(StandardCharsets.ISO_8859_1);
        byte[] body = ByteBufUtil.getBytes(request.content());
        return switch (request.method().name()) {
            case "PUT" -> put(target, body);
            case "GET" -> get(Bytes.of(target));
            case "POST" -> add(request.uri(), body);
            case "DELETE" -> remove(request.uri());
            default -> CompletableFuture.completedFuture(notAllowed());
        };
    }

    private CompletableFuture<FullHttpResponse> put(byte[] key, byte[] value) {
        if (!options.unchecked && !(GoJson.isUtf8(key) && GoJson.isUtf8(value))) {
            return refused("key and value must be UTF-8, which is all that a snapshot holds; see --unchecked");
        }
        return acknowledged(node.put(Bytes.of(key), Bytes.of(value)));
    }

    private CompletableFuture<FullHttpResponse> get(Bytes key) {
        return options.read == RaftexampleOptions.Read.LOCAL
                ? CompletableFuture.completedFuture(found(node.readLocal(key)))
                : node.read(key).thenApply(KeyValueApi::found);
    }

    private CompletableFuture<FullHttpResponse> add(String target, byte[] address) {
        Long member = member(target);
        if (member == null) {
            return refused("Failed on POST");
        }
        String url = new String(address, StandardCharsets.UTF_8);
        if (!options.unchecked && !isPeerUrl(url)) {
            return refused("address \"" + url + "\" must be a URL as in http://host:port; see --unchecked");
        }
        return acknowledged(node.change(ConfChangeType.ADD_NODE, member, Bytes.of(address)));
    }

    private CompletableFuture<FullHttpResponse> remove(String target) {
        Long member = member(target);
        return member == null
                ? refused("Failed on DELETE")
                : acknowledged(node.change(ConfChangeType.REMOVE_NODE, member, Bytes.EMPTY));
    }

    /** The id that a target names; null if it is none, or none that a member can have. */
    private static @Nullable Long member(String target) {
        Long id = GoNumbers.parse(target.substring(Math.min(1, target.length())));
        return id == null || id == RawNode.NONE || id == RawNode.APPEND_THREAD || id == RawNode.APPLY_THREAD
                ? null
                : id;
    }

    /** Go's nodes die of an address that they cannot parse, and again at each start, since it is committed. */
    private static boolean isPeerUrl(String text) {
        try {
            URI url = new URI(text);
            return "http".equals(url.getScheme())
                    && url.getHost() != null
                    && url.getPort() > 0
                    && url.getPort() < 1 << 16
                    && text.equals("http://" + url.getHost() + ":" + url.getPort());
        } catch (URISyntaxException e) {
            return false;
        }
    }

    private static CompletableFuture<FullHttpResponse> acknowledged(CompletableFuture<Void> done) {
        return done.thenApply(result -> response(HttpResponseStatus.NO_CONTENT, Bytes.EMPTY, ""));
    }

    private static CompletableFuture<FullHttpResponse> refused(String text) {
        return CompletableFuture.completedFuture(error(HttpResponseStatus.BAD_REQUEST, text));
    }

    /** What Go's program does not tell. 503 means not done, try again; 504 that nobody knows. */
    private static FullHttpResponse failed(Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        if (cause instanceof TimeoutException) {
            return error(HttpResponseStatus.GATEWAY_TIMEOUT, "it is not known whether it was, or will be, done");
        }
        if (!(cause instanceof RequestException refused)) {
            return error(HttpResponseStatus.INTERNAL_SERVER_ERROR, String.valueOf(cause));
        }
        HttpResponseStatus status = refused.kind() == Failure.Kind.TOO_LARGE
                ? HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE
                : switch (refused.kind().certainty()) {
                    case NOT_DONE -> HttpResponseStatus.CONFLICT;
                    case RETRY -> HttpResponseStatus.SERVICE_UNAVAILABLE;
                    case UNKNOWN -> HttpResponseStatus.GATEWAY_TIMEOUT;
                };
        return error(status, String.valueOf(refused.getMessage()));
    }

    private static FullHttpResponse found(@Nullable Bytes value) {
        return value == null
                ? error(HttpResponseStatus.NOT_FOUND, "Failed to GET")
                : response(HttpResponseStatus.OK, value, value.isEmpty() ? "" : isText(value) ? TEXT : BINARY);
    }

    /** Go's rule: no control character that text does not have, among the first bytes. */
    private static boolean isText(Bytes value) {
        byte[] bytes = value.array();
        for (int i = 0; i < Math.min(bytes.length, LOOKED_AT_BYTES); i++) {
            int c = bytes[i] & 0xff;
            if (c < ' ' && c != '\t' && c != '\n' && c != '\f' && c != '\r' && c != ESCAPE) {
                return false;
            }
        }
        return true;
    }

    private static FullHttpResponse notAllowed() {
        FullHttpResponse response = error(HttpResponseStatus.METHOD_NOT_ALLOWED, "Method not allowed");
        response.headers().set("Allow", List.of("PUT", "GET", "POST", "DELETE"));
        return response;
    }

    private static FullHttpResponse error(HttpResponseStatus status, String text) {
        FullHttpResponse response = response(status, Bytes.of((text + "\n").getBytes(StandardCharsets.UTF_8)), TEXT);
        response.headers().set("X-Content-Type-Options", "nosniff");
        return response;
    }

    private static FullHttpResponse response(HttpResponseStatus status, Bytes body, String type) {
        FullHttpResponse response =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, Unpooled.wrappedBuffer(body.array()));
        response.headers().set("Date", DATE.format(Instant.now()));
        if (!type.isEmpty()) {
            response.headers().set("Content-Type", type);
        }
        if (!status.equals(HttpResponseStatus.NO_CONTENT)) {
            response.headers().set("Content-Length", body.length());
        }
        return response;
    }
}
