package dev.coracle.codec.raftify;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;
import java.io.IOException;

/**
 * The state of a node as text.
 *
 * @param resultJson a JSON object
 */
public record DebugNodeResponse(String resultJson) {
    /** The bytes, by the rule of proto3. */
    public static final Codec<DebugNodeResponse> CODEC = new Codec<>(Presence.IMPLICIT) {
        @Override
        protected void write(DebugNodeResponse response, ProtobufWriter out) throws IOException {
            out.string(1, response.resultJson());
        }

        @Override
        protected DebugNodeResponse read(ProtobufReader in) throws CodecException {
            String resultJson = "";
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> resultJson = in.string("DebugNodeResponse.result_json");
                    default -> in.skip();
                }
            }
            return new DebugNodeResponse(resultJson);
        }
    };
}
