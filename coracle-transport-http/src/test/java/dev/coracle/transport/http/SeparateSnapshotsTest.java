package dev.coracle.transport.http;

import dev.coracle.node.SnapshotStore;
import dev.coracle.node.Transport;
import java.io.IOException;

/** The same between nodes that post a snapshot's data behind its message. */
class SeparateSnapshotsTest extends HttpTransportTest {
    @Override
    protected Transport open(long id, String address, SnapshotStore snapshots) throws IOException {
        return HttpTransport.bind(
                config(id, address, snapshots).snapshotsInMessages(false).build());
    }
}
