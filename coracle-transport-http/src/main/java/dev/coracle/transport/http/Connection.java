package dev.coracle.transport.http;

import java.net.SocketAddress;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * Where a request comes from.
 *
 * @param remote the other end
 * @param session its TLS session, with the peer's certificates if it had to show some; {@code null} without TLS
 */
public record Connection(SocketAddress remote, @Nullable SSLSession session) {}
