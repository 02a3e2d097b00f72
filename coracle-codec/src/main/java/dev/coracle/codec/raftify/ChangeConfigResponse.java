package dev.coracle.codec.raftify;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;
import dev.coracle.raft.Bytes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The answer to {@link ChangeConfigArgs}.
 *
 * @param resultType how it ended; a success of raftify means nothing before {@code error} was looked at
 * @param assignedIds the ids that the changes were for
 * @param peers the members afterwards ({@link dev.coracle.codec.Peers}); raftify panics if a member's answer has none,
 *     and leaves them out itself after a removal
 * @param error what went wrong, empty for nothing; what is not UTF-8 in it is replaced
 */
public record ChangeConfigResponse(
        ChangeConfigResultType resultType, List<Long> assignedIds, Bytes peers, String error) {
    /** The bytes, by the rule of proto3. */
    public static final Codec<ChangeConfigResponse> CODEC = new Codec<>(Presence.IMPLICIT) {
        @Override
        protected void write(ChangeConfigResponse response, ProtobufWriter out) throws IOException {
            out.uint64(1, response.resultType().ordinal());
            out.uint64s(2, response.assignedIds());
            out.bytes(3, response.peers());
            out.bytes(4, response.error().getBytes(StandardCharsets.UTF_8));
        }

        @Override
        protected ChangeConfigResponse read(ProtobufReader in) throws CodecException {
            ChangeConfigResultType resultType = ChangeConfigResultType.SUCCESS;
            List<Long> assignedIds = new ArrayList<>();
            Bytes peers = Bytes.EMPTY;
            String error = "";
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 ->
                        resultType = in.constant(ChangeConfigResultType.values(), "ChangeConfigResponse.result_type");
                    case 2 -> in.uint64s(assignedIds, "ChangeConfigResponse.assigned_ids");
                    case 3 -> peers = Bytes.of(in.bytes("ChangeConfigResponse.peers"));
                    case 4 -> error = new String(in.bytes("ChangeConfigResponse.error"), StandardCharsets.UTF_8);
                    default -> in.skip();
                }
            }
            return new ChangeConfigResponse(resultType, assignedIds, peers, error);
        }
    };

    /** Copies the list. */
    public ChangeConfigResponse {
        assignedIds = List.copyOf(assignedIds);
    }
}
