package dev.coracle.transport.grpc;

import com.google.protobuf.CodedOutputStream;
import dev.coracle.codec.Codec;
import java.io.IOException;

/** Bytes on their way out, written only when gRPC takes them, straight into its buffers. */
interface Payload {
    /** Nothing. */
    Payload EMPTY = of(new byte[0]);

    /** The exact number of bytes. */
    int size();

    /** Writes them. */
    void writeTo(CodedOutputStream out) throws IOException;

    /** A value in its codec's bytes. */
    static <T> Payload of(Codec<T> codec, T value) {
        return of(codec, value, codec.sizeOf(value));
    }

    /** A value in its codec's bytes, whose number is known already. */
    static <T> Payload of(Codec<T> codec, T value, int size) {
        return new Payload() {
            @Override
            public int size() {
                return size;
            }

            @Override
            public void writeTo(CodedOutputStream out) throws IOException {
                codec.writeTo(value, out);
            }
        };
    }

    /** Bytes as they are; they must not be changed afterwards. */
    static Payload of(byte[] bytes) {
        return new Payload() {
            @Override
            public int size() {
                return bytes.length;
            }

            @Override
            public void writeTo(CodedOutputStream out) throws IOException {
                out.writeRawBytes(bytes);
            }
        };
    }
}
