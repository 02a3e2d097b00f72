package dev.coracle.transport.grpc;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;
import dev.coracle.raft.Message;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What comes before a snapshot's data: who sends it, the message that it belongs to, the number of bytes. */
record SnapshotHead(Handshake handshake, Message message, long sizeBytes) {
    /** Heads with one dialect's messages. */
    static final class Format extends Codec<SnapshotHead> {
        private final Codec<Message> codec;

        Format(Codec<Message> codec) {
            super(Presence.IMPLICIT);
            this.codec = codec;
        }

        @Override
        protected void write(SnapshotHead head, ProtobufWriter out) throws IOException {
            out.message(1, Handshake.CODEC, head.handshake);
            out.message(2, codec, head.message);
            out.uint64(3, head.sizeBytes);
        }

        @Override
        protected SnapshotHead read(ProtobufReader in) throws CodecException {
            @Nullable Handshake handshake = null;
            @Nullable Message message = null;
            long sizeBytes = 0;
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> handshake = in.message(Handshake.CODEC, "SnapshotHead.handshake");
                    case 2 -> message = in.message(codec, "SnapshotHead.message");
                    case 3 -> sizeBytes = in.counter("SnapshotHead.size_bytes");
                    default -> in.skip();
                }
            }
            if (handshake == null) {
                throw in.malformed("SnapshotHead.handshake", "it must be there");
            }
            if (message == null) {
                throw in.malformed("SnapshotHead.message", "it must be there");
            }
            return new SnapshotHead(handshake, message, sizeBytes);
        }
    }
}
