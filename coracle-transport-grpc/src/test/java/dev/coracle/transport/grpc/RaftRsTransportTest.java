package dev.coracle.transport.grpc;

import dev.coracle.codec.Dialect;
import dev.coracle.contracts.TransportContract;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.Transport;
import java.io.IOException;

/** The same between nodes that talk as raftify's do. */
class RaftRsTransportTest extends TransportContract {
    @Override
    protected Transport open(long id, String address, SnapshotStore snapshots) throws IOException {
        return GrpcTransport.bind(GrpcTransportTest.config(id, address, snapshots)
                .dialect(Dialect.RAFT_RS)
                .build());
    }

    @Override
    protected String addressOf(Transport transport) {
        return ((GrpcTransport) transport).boundAddress();
    }
}
