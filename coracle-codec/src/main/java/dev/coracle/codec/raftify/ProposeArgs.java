package dev.coracle.codec.raftify;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;
import dev.coracle.raft.Bytes;
import java.io.IOException;

/**
 * Proposes an entry.
 *
 * @param msg the data of the entry
 */
public record ProposeArgs(Bytes msg) {
    /** The bytes, by the rule of proto3. */
    public static final Codec<ProposeArgs> CODEC = new Codec<>(Presence.IMPLICIT) {
        @Override
        protected void write(ProposeArgs args, ProtobufWriter out) throws IOException {
            out.bytes(1, args.msg());
        }

        @Override
        protected ProposeArgs read(ProtobufReader in) throws CodecException {
            Bytes msg = Bytes.EMPTY;
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> msg = Bytes.of(in.bytes("ProposeArgs.msg"));
                    default -> in.skip();
                }
            }
            return new ProposeArgs(msg);
        }
    };
}
