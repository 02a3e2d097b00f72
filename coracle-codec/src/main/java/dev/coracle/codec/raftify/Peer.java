package dev.coracle.codec.raftify;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;
import java.io.IOException;

/**
 * A member in {@link Peers}.
 *
 * @param nodeId its id
 * @param addr where it listens
 */
public record Peer(long nodeId, String addr) {
    /** The bytes, by the rule of proto3. */
    public static final Codec<Peer> CODEC = new Codec<>(Presence.IMPLICIT) {
        @Override
        protected void write(Peer peer, ProtobufWriter out) throws IOException {
            out.uint64(1, peer.nodeId());
            out.string(2, peer.addr());
        }

        @Override
        protected Peer read(ProtobufReader in) throws CodecException {
            long nodeId = 0;
            String addr = "";
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> nodeId = in.uint64("Peer.node_id");
                    case 2 -> addr = in.string("Peer.addr");
                    default -> in.skip();
                }
            }
            return new Peer(nodeId, addr);
        }
    };
}
