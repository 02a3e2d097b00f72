package dev.coracle.codec.raftify;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;

/** Nothing, where a call needs no argument or has no answer. */
public record Empty() {
    /** No bytes; unknown fields are skipped. */
    public static final Codec<Empty> CODEC = new Codec<>(Presence.IMPLICIT) {
        @Override
        protected void write(Empty empty, ProtobufWriter out) {}

        @Override
        protected Empty read(ProtobufReader in) throws CodecException {
            while (in.next() != 0) {
                in.skip();
            }
            return new Empty();
        }
    };
}
