package dev.coracle.transport.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.contracts.RecordingInbound;
import dev.coracle.contracts.TransportContract;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.Transport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

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

    @Test
    void notesTravelWithMessagesAndWithoutThem() throws Exception {
        Node a = new Node(1);
        Node b = new Node(2);
        a.meets(b);
        a.greet(b);
        a.transport.sendNote(0, 2, bytes("alone"));
        a.transport.flush();
        assertThat(RecordingInbound.next(b.inbound.notes)).isEqualTo(new RecordingInbound.Note(0, 1, "alone"));
        a.transport.send(0, heartbeat(1, 2, 7));
        a.transport.sendNote(0, 2, bytes("beside a heartbeat"));
        a.transport.send(0, heartbeat(1, 2, 8));
        a.transport.flush();
        assertThat(b.inbound.next().commit()).isEqualTo(7);
        assertThat(b.inbound.next().commit()).isEqualTo(8);
        assertThat(RecordingInbound.next(b.inbound.notes).text()).isEqualTo("beside a heartbeat");
        // Nobody is there, and nobody is told.
        a.transport.sendNote(0, 9, bytes("lost"));
        a.transport.flush();
        a.greet(b);
        assertThat(a.inbound.unreachable).isEmpty();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
