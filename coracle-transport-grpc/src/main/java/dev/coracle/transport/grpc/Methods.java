package dev.coracle.transport.grpc;

import com.google.protobuf.CodedOutputStream;
import dev.coracle.raft.Check;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * Every method on the port. What leaves is a {@link Payload}, what arrives is bytes: they are decoded by the one who
 * handles them, so that damaged ones are answered with a text and not by gRPC's logging.
 */
final class Methods {
    /** The service of our own nodes. */
    static final String PEER_SERVICE = "coracle.Peer";

    /** raftify's service. */
    static final String RAFT_SERVICE = "raft_service.RaftService";

    /** A stream of batches to a peer, a {@link Handshake} before them; back come {@link Answer}s. */
    static final Method MESSAGES = new Method(PEER_SERVICE, "Messages", MethodType.BIDI_STREAMING);

    /** A {@link SnapshotHead} and {@link SnapshotChunk}s to a peer; back comes a {@link SnapshotAnswer} to each end. */
    static final Method SNAPSHOT = new Method(PEER_SERVICE, "Snapshot", MethodType.BIDI_STREAMING);

    /** A {@link CallRequest}; back come the bytes of the answer. */
    static final Method CALL = new Method(PEER_SERVICE, "Call", MethodType.UNARY);

    private Methods() {}

    /** One of raftify's. */
    static Method raftify(String name) {
        return new Method(RAFT_SERVICE, name, MethodType.UNARY);
    }

    /** A method as its caller and as its server see it. */
    static final class Method {
        final MethodDescriptor<Payload, byte[]> client;
        final MethodDescriptor<byte[], Payload> server;

        Method(String service, String name, MethodType type) {
            String fullName = MethodDescriptor.generateFullMethodName(service, name);
            client = MethodDescriptor.newBuilder(new Outbound(), new Inbound())
                    .setType(type)
                    .setFullMethodName(fullName)
                    .build();
            server = MethodDescriptor.newBuilder(new Inbound(), new Outbound())
                    .setType(type)
                    .setFullMethodName(fullName)
                    .build();
        }
    }

    private static final class Outbound implements MethodDescriptor.Marshaller<Payload> {
        @Override
        public InputStream stream(Payload payload) {
            return new PayloadStream(payload);
        }

        @Override
        public Payload parse(InputStream stream) {
            throw Check.unreachable("payloads only leave");
        }
    }

    private static final class Inbound implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] bytes) {
            throw Check.unreachable("bytes only arrive");
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                if (!(stream instanceof KnownLength)) {
                    // Compressed by somebody else's client; gRPC ends the stream at the size limit.
                    return stream.readAllBytes();
                }
                byte[] bytes = new byte[stream.available()];
                int read = stream.readNBytes(bytes, 0, bytes.length);
                Check.that(read == bytes.length, "%d bytes of a message of %d", read, bytes.length);
                return bytes;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** The form in which gRPC wants a payload. It drains it; reading is for whoever does not. */
    private static final class PayloadStream extends InputStream implements Drainable, KnownLength {
        private static final int BUFFER_BYTES = 4096;

        private final Payload payload;
        private @Nullable ByteArrayInputStream rest;
        private boolean drained;

        PayloadStream(Payload payload) {
            this.payload = payload;
        }

        @Override
        public int drainTo(OutputStream target) throws IOException {
            Check.that(rest == null && !drained, "a payload leaves once");
            drained = true;
            int size = payload.size();
            // What is longer than the buffer, the data of an entry for example, goes past it.
            CodedOutputStream out = CodedOutputStream.newInstance(target, Math.max(1, Math.min(size, BUFFER_BYTES)));
            payload.writeTo(out);
            out.flush();
            return size;
        }

        @Override
        public int available() {
            if (rest != null) {
                return rest.available();
            }
            return drained ? 0 : payload.size();
        }

        @Override
        public int read() throws IOException {
            return rest().read();
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            return rest().read(target, offset, length);
        }

        private ByteArrayInputStream rest() throws IOException {
            if (rest == null) {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream(payload.size());
                drainTo(bytes);
                rest = new ByteArrayInputStream(bytes.toByteArray());
            }
            return rest;
        }
    }
}
