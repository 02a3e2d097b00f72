package dev.coracle.codec.raftify;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;
import java.io.IOException;

/**
 * The members as text.
 *
 * @param peersJson a JSON object: by node id, an object of {@code addr}, {@code initial_role} and
 *     {@code client_tls_config}
 */
public record GetPeersResponse(String peersJson) {
    /** The bytes, by the rule of proto3. */
    public static final Codec<GetPeersResponse> CODEC = new Codec<>(Presence.IMPLICIT) {
        @Override
        protected void write(GetPeersResponse response, ProtobufWriter out) throws IOException {
            out.string(1, response.peersJson());
        }

        @Override
        protected GetPeersResponse read(ProtobufReader in) throws CodecException {
            String peersJson = "";
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> peersJson = in.string("GetPeersResponse.peers_json");
                    default -> in.skip();
                }
            }
            return new GetPeersResponse(peersJson);
        }
    };
}
