package dev.coracle.transport.grpc;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;
import java.io.IOException;

/**
 * What the opener of a stream says first: who it is and whom it wants.
 *
 * @param version the protocol's version, {@link #VERSION} here
 * @param clusterId the cluster
 * @param group the group within it
 * @param node the opener's id
 * @param incarnation the identity of the opener's data directory
 * @param receiver the id of the node that it wants
 * @param address where the opener listens, {@code host:port}; empty if it does not say
 */
public record Handshake(
        int version, long clusterId, long group, long node, long incarnation, long receiver, String address) {
    /** The version of our protocol. */
    public static final int VERSION = 1;

    /** "Coracle" and a zero byte: whoever says something else means another protocol. */
    private static final long MAGIC = 0x43_6f_72_61_63_6c_65_00L;

    static final Codec<Handshake> CODEC = new Codec<>(Presence.IMPLICIT) {
        @Override
        protected void write(Handshake handshake, ProtobufWriter out) throws IOException {
            out.uint64(1, MAGIC);
            out.uint64(2, handshake.version);
            out.uint64(3, handshake.clusterId);
            out.uint64(4, handshake.group);
            out.uint64(5, handshake.node);
            out.uint64(6, handshake.incarnation);
            out.uint64(7, handshake.receiver);
            out.string(8, handshake.address);
        }

        @Override
        protected Handshake read(ProtobufReader in) throws CodecException {
            long magic = 0;
            long version = 0;
            long clusterId = 0;
            long group = 0;
            long node = 0;
            long incarnation = 0;
            long receiver = 0;
            String address = "";
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> magic = in.uint64("Handshake.magic");
                    case 2 -> version = in.counter("Handshake.version");
                    case 3 -> clusterId = in.uint64("Handshake.cluster_id");
                    case 4 -> group = in.uint64("Handshake.group");
                    case 5 -> node = in.uint64("Handshake.node");
                    case 6 -> incarnation = in.uint64("Handshake.incarnation");
                    case 7 -> receiver = in.uint64("Handshake.receiver");
                    case 8 -> address = in.string("Handshake.address");
                    default -> in.skip();
                }
            }
            if (magic != MAGIC) {
                throw in.malformed("Handshake.magic", Long.toHexString(magic) + " is not " + Long.toHexString(MAGIC));
            }
            return new Handshake(
                    (int) Math.min(version, Integer.MAX_VALUE), clusterId, group, node, incarnation, receiver, address);
        }
    };
}
