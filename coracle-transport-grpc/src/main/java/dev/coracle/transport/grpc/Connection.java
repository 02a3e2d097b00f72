package dev.coracle.transport.grpc;

import io.grpc.Attributes;
import io.grpc.Grpc;
import java.net.SocketAddress;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * Where a call comes from.
 *
 * @param remote the other end, {@code null} if it is unknown
 * @param session its TLS session, with the peer's certificates if it had to show some; {@code null} without TLS
 */
public record Connection(
        @Nullable SocketAddress remote, @Nullable SSLSession session) {
    static Connection of(Attributes attributes) {
        return new Connection(
                attributes.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR), attributes.get(Grpc.TRANSPORT_ATTR_SSL_SESSION));
    }
}
