package dev.coracle.examples.raftexample;

import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeType;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
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
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The key-value API: PUT and GET of a key, which is the request's target as it stands, POST and DELETE of a member. */
final class KeyValueApi implements AutoCloseable {
    private static final String TEXT = "text/plain; charset=utf-8";
    private static final int MOST_BODY_BYTES = 16 << 20;
    private static final int MOST_LINE_BYTES = 1 << 20;

    private final RaftexampleNode node;
    private final RaftexampleOptions options;
    private final EventLoopGroup threads = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());

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
                        accepted.config().setAutoRead(false);
                        accepted.pipeline()
                                .addLast(
                                        new HttpServerCodec(
                                                new HttpDecoderConfig().setMaxInitialLineLength(MOST_LINE_BYTES)),
                                        new HttpObjectAggregator(MOST_BODY_BYTES),
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
    }

    @Override
    public void close() {
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
            boolean staysOpen = HttpUtil.isKeepAlive(request);
            var unused = answer(request)
                    .whenComplete((response, failure) -> context.executor().execute(() -> {
                        FullHttpResponse sent = failure == null
                                ? response
                                : error(HttpResponseStatus.INTERNAL_SERVER_ERROR, String.valueOf(failure.getMessage()));
                        if (!staysOpen) {
                            sent.headers().set("Connection", "close");
                            ignore(context.writeAndFlush(sent).addListener(ChannelFutureListener.CLOSE));
                        } else {
                            ignore(context.writeAndFlush(sent));
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
        Bytes key = Bytes.of(request.uri().getBytes(StandardCharsets.ISO_8859_1));
        Bytes body = Bytes.of(ByteBufUtil.getBytes(request.content()));
        return switch (request.method().name()) {
            case "PUT" -> acknowledged(node.put(key, body));
            case "GET" -> get(key);
            case "POST" -> change(ConfChangeType.ADD_NODE, request.uri(), body, "Failed on POST");
            case "DELETE" -> change(ConfChangeType.REMOVE_NODE, request.uri(), Bytes.EMPTY, "Failed on DELETE");
            default -> CompletableFuture.completedFuture(notAllowed());
        };
    }

    private CompletableFuture<FullHttpResponse> get(Bytes key) {
        return options.read == RaftexampleOptions.Read.LOCAL
                ? CompletableFuture.completedFuture(found(node.readLocal(key)))
                : node.read(key)
                        .thenApply(KeyValueApi::found)
                        .exceptionally(failure -> error(HttpResponseStatus.SERVICE_UNAVAILABLE, text(failure)));
    }

    private CompletableFuture<FullHttpResponse> change(
            ConfChangeType type, String target, Bytes context, String complaint) {
        Long member = GoNumbers.parse(target.substring(Math.min(1, target.length())));
        return member == null
                ? CompletableFuture.completedFuture(error(HttpResponseStatus.BAD_REQUEST, complaint))
                : acknowledged(node.change(type, member, context));
    }

    private CompletableFuture<FullHttpResponse> acknowledged(CompletableFuture<Void> done) {
        if (options.ack == RaftexampleOptions.Ack.PROPOSED) {
            return CompletableFuture.completedFuture(response(HttpResponseStatus.NO_CONTENT, Bytes.EMPTY, ""));
        }
        return done.thenApply(result -> response(HttpResponseStatus.NO_CONTENT, Bytes.EMPTY, ""))
                .exceptionally(failure -> error(HttpResponseStatus.SERVICE_UNAVAILABLE, text(failure)));
    }

    private static String text(Throwable failure) {
        Throwable cause = failure.getCause() == null ? failure : failure.getCause();
        return cause.getMessage() == null ? "it is not known in time whether it was done" : cause.getMessage();
    }

    private static FullHttpResponse found(@Nullable Bytes value) {
        return value == null
                ? error(HttpResponseStatus.NOT_FOUND, "Failed to GET")
                : response(HttpResponseStatus.OK, value, value.isEmpty() ? "" : TEXT);
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
        if (!type.isEmpty()) {
            response.headers().set("Content-Type", type);
        }
        if (!status.equals(HttpResponseStatus.NO_CONTENT)) {
            response.headers().set("Content-Length", body.length());
        }
        return response;
    }
}
