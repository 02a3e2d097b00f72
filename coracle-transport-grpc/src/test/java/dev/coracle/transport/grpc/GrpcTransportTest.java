package dev.coracle.transport.grpc;

import dev.coracle.contracts.TransportContract;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.Transport;
import java.io.IOException;

class GrpcTransportTest extends TransportContract {
    static final long CLUSTER = 77;

    static GrpcTransportConfig.Builder config(long id, String address, SnapshotStore snapshots) {
        return GrpcTransportConfig.builder()
                .id(id)
                .clusterId(CLUSTER)
                .incarnation(1000 + id)
                .listenAddress(address)
                .snapshots(snapshots)
                .random(bound -> bound / 2);
    }

    @Override
    protected Transport open(long id, String address, SnapshotStore snapshots) throws IOException {
        return GrpcTransport.bind(config(id, address, snapshots).build());
    }

    @Override
    protected String addressOf(Transport transport) {
        return ((GrpcTransport) transport).boundAddress();
    }
}
