package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import java.util.SortedMap;

/**
 * What a node needs to join.
 *
 * @param clusterId the cluster
 * @param id the id that is the node's from now on
 * @param leader who gave it
 * @param peers where the members listen, by id
 */
record Ticket(long clusterId, long id, long leader, SortedMap<Long, String> peers) {
    void write(ByteWriter out) {
        out.int64(clusterId).int64(id).int64(leader).int32(peers.size());
        peers.forEach((peer, address) -> out.int64(peer).text(address));
    }

    static Ticket read(ByteReader in) throws MalformedException {
        long clusterId = in.int64("clusterId");
        long id = in.int64("id");
        long leader = in.int64("leader");
        SortedMap<Long, String> peers = ClusterFile.byId();
        for (int i = in.count("peers", 12); i > 0; i--) {
            peers.put(in.int64("peer"), in.text("address"));
        }
        return new Ticket(clusterId, id, leader, peers);
    }
}
