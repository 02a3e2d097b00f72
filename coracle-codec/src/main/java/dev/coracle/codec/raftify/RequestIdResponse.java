package dev.coracle.codec.raftify;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;
import dev.coracle.raft.Bytes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * The answer to {@link RequestIdArgs}.
 *
 * @param code whether there is an id
 * @param leaderId the leader
 * @param leaderAddr where the leader listens
 * @param reservedId the id for the new node
 * @param peers the members ({@link dev.coracle.codec.Peers})
 * @param error what went wrong, empty for nothing; what is not UTF-8 in it is replaced
 */
public record RequestIdResponse(
        ResultCode code, long leaderId, String leaderAddr, long reservedId, Bytes peers, String error) {
    /** The bytes, by the rule of proto3. */
    public static final Codec<RequestIdResponse> CODEC = new Codec<>(Presence.IMPLICIT) {
        @Override
        protected void write(RequestIdResponse response, ProtobufWriter out) throws IOException {
            out.uint64(1, response.code().ordinal());
            out.uint64(2, response.leaderId());
            out.string(3, response.leaderAddr());
            out.uint64(4, response.reservedId());
            out.bytes(5, response.peers());
            out.bytes(6, response.error().getBytes(StandardCharsets.UTF_8));
        }

        @Override
        protected RequestIdResponse read(ProtobufReader in) throws CodecException {
            ResultCode code = ResultCode.OK;
            long leaderId = 0;
            String leaderAddr = "";
            long reservedId = 0;
            Bytes peers = Bytes.EMPTY;
            String error = "";
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> code = in.constant(ResultCode.values(), "RequestIdResponse.code");
                    case 2 -> leaderId = in.uint64("RequestIdResponse.leader_id");
                    case 3 -> leaderAddr = in.string("RequestIdResponse.leader_addr");
                    case 4 -> reservedId = in.uint64("RequestIdResponse.reserved_id");
                    case 5 -> peers = Bytes.of(in.bytes("RequestIdResponse.peers"));
                    case 6 -> error = new String(in.bytes("RequestIdResponse.error"), StandardCharsets.UTF_8);
                    default -> in.skip();
                }
            }
            return new RequestIdResponse(code, leaderId, leaderAddr, reservedId, peers, error);
        }
    };
}
