package dev.coracle.transport.grpc;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the first bytes of each connection and closes those that do not begin as gRPC does: port scanners, clients
 * of other protocols. gRPC would close them too, with a stack trace each; here there is one line a host, for as long as
 * it is among the last ones that were noticed. Who sends nothing at all is left to gRPC's handshake timeout.
 */
final class Doorkeeper {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcTransport.class);
    private static final int MOST_HOSTS = 1_000;

    /** What an HTTP/2 connection begins with (RFC 9113 §3.4). */
    private static final byte[] HTTP2 = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    /** A TLS record with a handshake, major version 3 (RFC 8446 §5.1). */
    private static final byte[] TLS = {22, 3};

    private final byte[] beginning;

    private final Map<String, Boolean> hosts = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > MOST_HOSTS;
        }
    };

    Doorkeeper(boolean tls) {
        beginning = tls ? TLS : HTTP2;
    }

    /** A listening socket that has it look at every connection. */
    NioServerSocketChannel newServerChannel() {
        return new NioServerSocketChannel() {
            @Override
            protected int doReadMessages(List<Object> accepted) throws Exception {
                int count = super.doReadMessages(accepted);
                for (int i = accepted.size() - Math.max(0, count); i < accepted.size(); i++) {
                    ((Channel) accepted.get(i)).pipeline().addFirst(new Look());
                }
                return count;
            }
        };
    }

    /** Tells whether the host of an address was not noticed yet. */
    synchronized boolean isNews(SocketAddress remote) {
        String host = remote instanceof InetSocketAddress address ? address.getHostString() : remote.toString();
        return hosts.put(host, true) == null;
    }

    private void turnAway(SocketAddress remote) {
        if (isNews(remote)) {
            LOG.warn("closing a connection from {} that does not speak gRPC; more from there are not logged", remote);
        } else {
            LOG.debug("closing a connection from {} that does not speak gRPC", remote);
        }
    }

    private final class Look extends ByteToMessageDecoder {
        private boolean turnedAway;

        @Override
        protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
            int length = Math.min(in.readableBytes(), beginning.length);
            for (int i = 0; i < length && !turnedAway; i++) {
                turnedAway = in.getByte(in.readerIndex() + i) != beginning[i];
            }
            if (turnedAway) {
                in.skipBytes(in.readableBytes());
                if (context.channel().isOpen()) {
                    turnAway(context.channel().remoteAddress());
                    ChannelFuture unused = context.close();
                }
            } else if (length == beginning.length) {
                // What was read so far goes on to gRPC.
                context.pipeline().remove(this);
            }
        }
    }
}
