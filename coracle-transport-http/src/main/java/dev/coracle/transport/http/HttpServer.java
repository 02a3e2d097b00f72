package dev.coracle.transport.http;

import static dev.coracle.transport.http.Outcomes.ignore;

import dev.coracle.transport.http.Replies.Signature;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The port: who may ask for what. Statuses, texts and the order of the checks are those of etcd. */
final class HttpServer {
    private static final Logger LOG = LoggerFactory.getLogger(HttpTransport.class);

    private final TransportContext context;
    private final Peers peers;
    private final Channel listening;

    // The event loop's.
    private int connections;

    /** @throws IOException if the address cannot be bound */
    HttpServer(TransportContext context, Peers peers) throws IOException {
        this.context = context;
        this.peers = peers;
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(context.loop)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, ClientConnection.WATER_MARK)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel accepted) {
                        initialize(accepted);
                    }
                });
        ChannelFuture bound = bootstrap.bind(address()).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException(ClientConnection.reason(bound.cause()), bound.cause());
        }
        listening = bound.channel();
    }

    private InetSocketAddress address() throws UnknownHostException {
        PeerAddress address = context.config.listenAddress;
        return new InetSocketAddress(InetAddress.getByName(address.host()), address.port());
    }

    int port() {
        return ((InetSocketAddress) listening.localAddress()).getPort();
    }

    /** Takes no more connections. */
    void close() {
        ignore(listening.close());
    }

    private void initialize(Channel accepted) {
        if (connections == context.config.maxConnections) {
            LOG.warn("closing a connection from {}: there are {} already", accepted.remoteAddress(), connections);
            ignore(accepted.close());
            return;
        }
        connections++;
        ignore(accepted.closeFuture().addListener(closed -> connections--));
        SslContext tls = context.config.serverTls;
        if (tls != null) {
            SslHandler handler = tls.newHandler(accepted.alloc());
            handler.setHandshakeTimeout(context.config.handshakeTimeout.toNanos(), TimeUnit.NANOSECONDS);
            accepted.pipeline().addLast(handler);
        }
        accepted.pipeline()
                .addLast(
                        new HttpServerCodec(ClientConnection.decoderConfig()),
                        new FlowControlHandler(),
                        new ServerConnection(context, this, accepted));
    }

    /** Begins with a request; {@code null} if it is answered already. */
    @Nullable
    Exchange open(HttpRequest request, ServerConnection connection) {
        String uri = request.uri();
        int query = uri.indexOf('?');
        String path = query < 0 ? uri : uri.substring(0, query);
        if (path.startsWith(Protocol.STREAM_PREFIX)) {
            return openStream(request, path, connection);
        }
        return switch (path) {
            case Protocol.PROBING_PATH -> probe(connection);
            case Protocol.POST_PATH, Protocol.SNAPSHOT_PATH ->
                openPost(request, path.equals(Protocol.SNAPSHOT_PATH), connection);
            default -> {
                connection.answer(
                        context.replies.error(HttpResponseStatus.NOT_FOUND, "404 page not found", Signature.NONE));
                yield null;
            }
        };
    }

    private Exchange probe(ServerConnection connection) {
        return new Exchange() {
            @Override
            public void onBody(ByteBuf bytes, boolean last) {
                if (last) {
                    connection.answer(context.replies.probed());
                } else {
                    connection.more();
                }
            }
        };
    }

    private @Nullable Exchange openStream(HttpRequest request, String path, ServerConnection connection) {
        if (!request.method().equals(HttpMethod.GET)) {
            connection.answer(context.replies.wrongMethod("GET"));
            return null;
        }
        HttpHeaders headers = request.headers();
        String incompatible = incompatible(headers);
        if (incompatible != null) {
            return refuse(connection, HttpResponseStatus.PRECONDITION_FAILED, incompatible);
        }
        StreamType type = null;
        for (StreamType each : StreamType.values()) {
            if (path.startsWith(Protocol.STREAM_PREFIX + each.path + "/")) {
                type = each;
            }
        }
        String from = path.substring(path.lastIndexOf('/') + 1);
        if (type == null || path.length() != Protocol.STREAM_PREFIX.length() + type.path.length() + 1 + from.length()) {
            return refuse(connection, HttpResponseStatus.NOT_FOUND, "invalid path");
        }
        Long peer = Protocol.parseHex(from);
        if (peer == null) {
            return refuse(connection, HttpResponseStatus.NOT_FOUND, "invalid from");
        }
        if (context.config.tellRemoved && peers.isRemoved(peer)) {
            return refuse(connection, HttpResponseStatus.GONE, Protocol.REMOVED_MEMBER);
        }
        if (!peers.isMember(peer)) {
            peers.addStranger(peer, headers.get(Protocol.PEER_URLS));
            return refuse(connection, HttpResponseStatus.NOT_FOUND, Protocol.UNKNOWN_SENDER);
        }
        if (!Protocol.hex(context.config.id).equals(headers.get(Protocol.RAFT_TO))) {
            return refuse(connection, HttpResponseStatus.PRECONDITION_FAILED, Protocol.RECEIVER_MISMATCH);
        }
        String refusal = context.config.admission.refusal(peer, connection.connection());
        if (refusal != null) {
            return refuse(connection, HttpResponseStatus.PRECONDITION_FAILED, refusal);
        }
        return streamRequest(peer, type, connection);
    }

    private Exchange streamRequest(long peer, StreamType type, ServerConnection connection) {
        return new Exchange() {
            @Override
            public void onBody(ByteBuf bytes, boolean last) {
                Link link = peers.link(peer);
                if (!last) {
                    connection.more();
                } else if (link == null || !link.isMember()) {
                    refuse(connection, HttpResponseStatus.NOT_FOUND, Protocol.UNKNOWN_SENDER);
                } else {
                    connection.stream(link.writer(type));
                }
            }
        };
    }

    private @Nullable Exchange refuse(ServerConnection connection, HttpResponseStatus status, String text) {
        connection.answer(context.replies.error(status, text, Signature.CLUSTER_AND_VERSION));
        return null;
    }

    private @Nullable Exchange openPost(HttpRequest request, boolean snapshot, ServerConnection connection) {
        if (!request.method().equals(HttpMethod.POST)) {
            connection.answer(context.replies.wrongMethod("POST"));
            return null;
        }
        HttpHeaders headers = request.headers();
        String incompatible = incompatible(headers);
        if (incompatible != null) {
            connection.refuse(HttpResponseStatus.PRECONDITION_FAILED, incompatible);
            return null;
        }
        if (!context.isStarted()) {
            connection.refuse(HttpResponseStatus.SERVICE_UNAVAILABLE, "the node is starting");
            return null;
        }
        Sender sender = new Sender(context, peers, headers, connection);
        return snapshot
                ? new SnapshotPost(context, sender, connection)
                : new MessagePost(context, sender, connection, request);
    }

    private @Nullable String incompatible(HttpHeaders headers) {
        if (!Protocol.fitsCaller(headers)) {
            return Protocol.INCOMPATIBLE_VERSION;
        }
        return Protocol.hex(context.config.clusterId).equals(headers.get(Protocol.CLUSTER_ID))
                ? null
                : Protocol.CLUSTER_MISMATCH;
    }
}
