package dev.coracle.codec.raftify;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * The answer to {@link ProposeArgs}.
 *
 * @param error what went wrong, empty for nothing; what is not UTF-8 in it is replaced
 */
public record ProposeResponse(String error) {
    /** The bytes, by the rule of proto3. */
    public static final Codec<ProposeResponse> CODEC = new Codec<>(Presence.IMPLICIT) {
        @Override
        protected void write(ProposeResponse response, ProtobufWriter out) throws IOException {
            out.bytes(1, response.error().getBytes(StandardCharsets.UTF_8));
        }

        @Override
        protected ProposeResponse read(ProtobufReader in) throws CodecException {
            String error = "";
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> error = new String(in.bytes("ProposeResponse.error"), StandardCharsets.UTF_8);
                    default -> in.skip();
                }
            }
            return new ProposeResponse(error);
        }
    };
}
