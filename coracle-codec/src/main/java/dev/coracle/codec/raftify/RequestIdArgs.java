package dev.coracle.codec.raftify;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;
import java.io.IOException;

/**
 * Asks for an id for a node that wants to join.
 *
 * @param raftAddr where that node will listen
 */
public record RequestIdArgs(String raftAddr) {
    /** The bytes, by the rule of proto3. */
    public static final Codec<RequestIdArgs> CODEC = new Codec<>(Presence.IMPLICIT) {
        @Override
        protected void write(RequestIdArgs args, ProtobufWriter out) throws IOException {
            out.string(1, args.raftAddr());
        }

        @Override
        protected RequestIdArgs read(ProtobufReader in) throws CodecException {
            String raftAddr = "";
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> raftAddr = in.string("RequestIdArgs.raft_addr");
                    default -> in.skip();
                }
            }
            return new RequestIdArgs(raftAddr);
        }
    };
}
