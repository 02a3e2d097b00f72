package dev.coracle;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Writes the framework's own encodings: numbers of fixed width with the highest byte first, texts and bytes with their length. */
final class ByteWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    ByteWriter int8(int value) {
        out.write(value);
        return this;
    }

    ByteWriter bool(boolean value) {
        return int8(value ? 1 : 0);
    }

    ByteWriter int32(int value) {
        return int8(value >>> 24).int8(value >>> 16).int8(value >>> 8).int8(value);
    }

    ByteWriter int64(long value) {
        return int32((int) (value >>> 32)).int32((int) value);
    }

    ByteWriter bytes(byte[] value) {
        int32(value.length);
        out.writeBytes(value);
        return this;
    }

    /** Bytes without their length: what is left for the reader's {@link ByteReader#rest}. */
    ByteWriter rest(byte[] value) {
        out.writeBytes(value);
        return this;
    }

    ByteWriter text(String value) {
        return bytes(value.getBytes(StandardCharsets.UTF_8));
    }

    byte[] toByteArray() {
        return out.toByteArray();
    }
}
