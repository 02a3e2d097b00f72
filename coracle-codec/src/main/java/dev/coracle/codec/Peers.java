package dev.coracle.codec;

import java.net.InetSocketAddress;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The members of a raftify cluster, as its answers carry them in bincode.
 *
 * @param peers the members by node id, ascending; unmodifiable
 * @param tls how the sender reaches others by TLS, if it does
 */
public record Peers(
        NavigableMap<Long, Peer> peers, @Nullable TlsConfig tls) {
    private static final InitialRole[] ROLES = InitialRole.values();

    /** Key, shortest address, role, absent TLS. */
    private static final int PEER_LEAST_BYTES = Long.BYTES + 10 + Integer.BYTES + 1;

    /**
     * One member.
     *
     * @param address where it listens, in digits
     * @param initialRole what it started as
     * @param tls how it is reached by TLS, if it is
     */
    public record Peer(
            InetSocketAddress address,
            InitialRole initialRole,
            @Nullable TlsConfig tls) {}

    /** Copies the map. */
    public Peers {
        peers = Bincode.ascending(peers);
    }

    /** Members that are reached without TLS. */
    public static Peers of(Map<Long, Peer> peers) {
        return new Peers(Bincode.ascending(peers), null);
    }

    /**
     * The bytes, ascending by node id.
     *
     * @throws IllegalArgumentException if an address is a host name
     */
    public byte[] encode() {
        Bincode.Writer out = new Bincode.Writer().u64(peers.size());
        peers.forEach((id, peer) -> {
            out.u64(id).address(peer.address).u32(peer.initialRole.ordinal());
            TlsConfig.write(peer.tls, out);
        });
        TlsConfig.write(tls, out);
        return out.toByteArray();
    }

    /**
     * Reads members in whatever order they come.
     *
     * @throws CodecException if the bytes are none
     */
    public static Peers decode(byte[] bytes) throws CodecException {
        Bincode.Reader in = new Bincode.Reader(bytes);
        int count = in.count(PEER_LEAST_BYTES, "peers");
        NavigableMap<Long, Peer> peers = new TreeMap<>(Long::compareUnsigned);
        for (int i = 0; i < count; i++) {
            long id = in.u64("peers.node_id");
            InetSocketAddress address = in.address("peers.addr");
            InitialRole role = ROLES[in.variant(ROLES.length, "peers.initial_role")];
            peers.put(id, new Peer(address, role, TlsConfig.read(in, "peers.client_tls_config")));
        }
        return new Peers(peers, TlsConfig.read(in, "tls_config"));
    }
}
