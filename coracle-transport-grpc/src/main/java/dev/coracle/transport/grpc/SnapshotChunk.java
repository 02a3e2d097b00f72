package dev.coracle.transport.grpc;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;
import dev.coracle.raft.Bytes;
import java.io.IOException;

/**
 * A piece of a snapshot's data, or its end.
 *
 * @param end whether this is the end, which carries no data
 * @param checksum at the end, the CRC32C of all data
 * @param position how many bytes of data come before it: as many as the receiver has, or none if it is to begin anew
 */
record SnapshotChunk(Bytes data, boolean end, long checksum, long position) {
    static final Codec<SnapshotChunk> CODEC = new Codec<>(Presence.IMPLICIT) {
        @Override
        protected void write(SnapshotChunk chunk, ProtobufWriter out) throws IOException {
            out.bytes(1, chunk.data);
            out.bool(2, chunk.end);
            out.uint64(3, chunk.checksum);
            out.uint64(4, chunk.position);
        }

        @Override
        protected SnapshotChunk read(ProtobufReader in) throws CodecException {
            Bytes data = Bytes.EMPTY;
            boolean end = false;
            long checksum = 0;
            long position = 0;
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> data = Bytes.of(in.bytes("SnapshotChunk.data"));
                    case 2 -> end = in.bool("SnapshotChunk.end");
                    case 3 -> checksum = in.uint64("SnapshotChunk.checksum");
                    case 4 -> position = in.counter("SnapshotChunk.position");
                    default -> in.skip();
                }
            }
            return new SnapshotChunk(data, end, checksum, position);
        }
    };

    static SnapshotChunk of(long position, byte[] data) {
        return new SnapshotChunk(Bytes.of(data), false, 0, position);
    }

    static SnapshotChunk end(long position, long checksum) {
        return new SnapshotChunk(Bytes.EMPTY, true, checksum, position);
    }
}
