package dev.coracle.transport.http;

import dev.coracle.contracts.TransportContract;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.Transport;
import java.io.IOException;
import java.time.Instant;

class HttpTransportTest extends TransportContract {
    static final long CLUSTER = 0x1000;
    static final Instant NOW = Instant.parse("2026-11-21T22:23:25.538275330Z");

    static HttpTransportConfig.Builder config(long id, String address, SnapshotStore snapshots) {
        return HttpTransportConfig.builder()
                .id(id)
                .clusterId(CLUSTER)
                .listenAddress(address)
                .snapshots(snapshots)
                .clock(() -> NOW);
    }

    @Override
    protected Transport open(long id, String address, SnapshotStore snapshots) throws IOException {
        return HttpTransport.bind(config(id, address, snapshots).build());
    }

    @Override
    protected String addressOf(Transport transport) {
        return ((HttpTransport) transport).boundAddress();
    }

    @Override
    protected boolean isSettled(Transport transport, long peer) {
        return ((HttpTransport) transport).isStreaming(peer);
    }
}
