package dev.coracle.transport.grpc;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.ServerTransportFilter;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notes connections that ended without a single call: port scanners, clients of other protocols. One line a host, for as
 * long as it is remembered among the last ones; the rest only with debug logging.
 */
final class ConnectionLog extends ServerTransportFilter {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcTransport.class);
    private static final int MOST_HOSTS = 1_000;
    private static final Attributes.Key<AtomicBoolean> CALLED = Attributes.Key.create("coracle-called");

    private final Map<String, Boolean> hosts = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > MOST_HOSTS;
        }
    };

    /** A call was made on the connection. */
    static void called(Attributes attributes) {
        AtomicBoolean called = attributes.get(CALLED);
        if (called != null) {
            called.set(true);
        }
    }

    @Override
    public Attributes transportReady(Attributes attributes) {
        return attributes.toBuilder().set(CALLED, new AtomicBoolean()).build();
    }

    @Override
    public void transportTerminated(Attributes attributes) {
        AtomicBoolean called = attributes == null ? null : attributes.get(CALLED);
        if (called == null || called.get()) {
            return;
        }
        SocketAddress remote = attributes.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
        if (isNews(remote)) {
            LOG.warn("a connection from {} ended without a call; further ones from there are not logged", remote);
        } else {
            LOG.debug("a connection from {} ended without a call", remote);
        }
    }

    /** Tells whether nothing was logged yet for the host of an address. */
    synchronized boolean isNews(SocketAddress remote) {
        String host = remote instanceof InetSocketAddress address ? address.getHostString() : String.valueOf(remote);
        return hosts.put(host, true) == null;
    }
}
