package dev.coracle.transport.grpc;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;
import dev.coracle.raft.Bytes;
import java.io.IOException;

/**
 * A request of the framework.
 *
 * @param clusterId the cluster for which it is meant, or 0 if the caller does not know yet
 * @param from the caller's id, or 0 if it has none
 */
record CallRequest(long clusterId, long from, int kind, Bytes payload) {
    static final Codec<CallRequest> CODEC = new Codec<>(Presence.IMPLICIT) {
        @Override
        protected void write(CallRequest request, ProtobufWriter out) throws IOException {
            out.uint64(1, request.clusterId);
            out.uint64(2, request.from);
            out.uint64(3, request.kind);
            out.bytes(4, request.payload);
        }

        @Override
        protected CallRequest read(ProtobufReader in) throws CodecException {
            long clusterId = 0;
            long from = 0;
            long kind = 0;
            Bytes payload = Bytes.EMPTY;
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> clusterId = in.uint64("CallRequest.cluster_id");
                    case 2 -> from = in.uint64("CallRequest.from");
                    case 3 -> kind = in.counter("CallRequest.kind");
                    case 4 -> payload = Bytes.of(in.bytes("CallRequest.payload"));
                    default -> in.skip();
                }
            }
            if (kind > Integer.MAX_VALUE) {
                throw in.malformed("CallRequest.kind", kind + " is more than " + Integer.MAX_VALUE);
            }
            return new CallRequest(clusterId, from, (int) kind, payload);
        }
    };
}
