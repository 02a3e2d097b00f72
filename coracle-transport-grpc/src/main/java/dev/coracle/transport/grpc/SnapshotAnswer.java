package dev.coracle.transport.grpc;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;
import java.io.IOException;

/**
 * The answer to a {@link SnapshotHead}, with what the receiver has of that snapshot already; and the same once more when
 * the snapshot is stored and the node has its message.
 *
 * @param answer accepted, or what differs
 * @param heldBytes how many bytes of the data are there, from the first on
 * @param checksum the CRC32C of those
 */
record SnapshotAnswer(Answer answer, long heldBytes, long checksum) {
    static final Codec<SnapshotAnswer> CODEC = new Codec<>(Presence.IMPLICIT) {
        @Override
        protected void write(SnapshotAnswer held, ProtobufWriter out) throws IOException {
            out.message(1, Answer.CODEC, held.answer);
            out.uint64(2, held.heldBytes);
            out.uint64(3, held.checksum);
        }

        @Override
        protected SnapshotAnswer read(ProtobufReader in) throws CodecException {
            Answer answer = null;
            long heldBytes = 0;
            long checksum = 0;
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> answer = in.message(Answer.CODEC, "SnapshotAnswer.answer");
                    case 2 -> heldBytes = in.counter("SnapshotAnswer.held_bytes");
                    case 3 -> checksum = in.uint64("SnapshotAnswer.checksum");
                    default -> in.skip();
                }
            }
            if (answer == null) {
                throw in.malformed("SnapshotAnswer.answer", "it must be there");
            }
            return new SnapshotAnswer(answer, heldBytes, checksum);
        }
    };
}
