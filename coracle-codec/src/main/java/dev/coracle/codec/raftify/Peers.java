package dev.coracle.codec.raftify;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The members that replace those a node knows; all of them become voters. Not what the answers carry, which is
 * {@link dev.coracle.codec.Peers}.
 *
 * @param peers the members
 */
public record Peers(List<Peer> peers) {
    /** The bytes, by the rule of proto3. */
    public static final Codec<Peers> CODEC = new Codec<>(Presence.IMPLICIT) {
        @Override
        protected void write(Peers peers, ProtobufWriter out) throws IOException {
            for (Peer peer : peers.peers()) {
                out.message(1, Peer.CODEC, peer);
            }
        }

        @Override
        protected Peers read(ProtobufReader in) throws CodecException {
            List<Peer> peers = new ArrayList<>();
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> peers.add(in.message(Peer.CODEC, "Peers.peers"));
                    default -> in.skip();
                }
            }
            return new Peers(peers);
        }
    };

    /** Copies the list. */
    public Peers {
        peers = List.copyOf(peers);
    }
}
