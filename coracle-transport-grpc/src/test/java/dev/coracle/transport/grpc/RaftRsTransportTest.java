package dev.coracle.transport.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.codec.Dialect;
import dev.coracle.contracts.TransportContract;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.Transport;
import java.io.IOException;
import org.junit.jupiter.api.Test;

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

    @Test
    void notesAreDroppedSinceRaftifysMessagesHaveNoPlaceForThem() throws Exception {
        Node a = new Node(1);
        Node b = new Node(2);
        a.meets(b);
        a.greet(b);
        a.transport.sendNote(0, 2, new byte[] {1});
        a.send(heartbeat(1, 2, 7));
        assertThat(b.inbound.next().commit()).isEqualTo(7);
        assertThat(b.inbound.notes).isEmpty();
    }
}
