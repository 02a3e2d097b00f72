package dev.coracle;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Reads what a {@link ByteWriter} wrote, and trusts none of it. */
final class ByteReader {
    /** The bytes are not what they should be. The text names the field and the rule. */
    static final class MalformedException extends Exception {
        private static final long serialVersionUID = 1L;

        MalformedException(String what, String rule) {
            super(what + ": " + rule);
        }
    }

    /** One of the calls that read, to be guarded. */
    private interface Read<T> {
        T from(ByteBuffer buffer);
    }

    private final ByteBuffer in;

    ByteReader(byte[] bytes) {
        in = ByteBuffer.wrap(bytes);
    }

    int int8(String what) throws MalformedException {
        return read(what, buffer -> Byte.toUnsignedInt(buffer.get()));
    }

    boolean bool(String what) throws MalformedException {
        int value = int8(what);
        require(value <= 1, what, value + " must be 0 or 1");
        return value == 1;
    }

    int int32(String what) throws MalformedException {
        return read(what, ByteBuffer::getInt);
    }

    long int64(String what) throws MalformedException {
        return read(what, ByteBuffer::getLong);
    }

    /** The number of things that follow, of which each takes at least {@code leastBytes}. */
    int count(String what, int leastBytes) throws MalformedException {
        int count = int32(what);
        require(
                count >= 0 && count <= in.remaining() / leastBytes,
                what,
                count + " do not fit the " + in.remaining() + " bytes that are left");
        return count;
    }

    byte[] bytes(String what) throws MalformedException {
        byte[] value = new byte[count(what, 1)];
        in.get(value);
        return value;
    }

    /** Everything that is left. */
    byte[] rest() {
        byte[] value = new byte[in.remaining()];
        in.get(value);
        return value;
    }

    String text(String what) throws MalformedException {
        byte[] bytes = bytes(what);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new MalformedException(what, "its " + bytes.length + " bytes are no UTF-8");
        }
    }

    /** Checks that nothing is left. */
    void end(String what) throws MalformedException {
        require(!in.hasRemaining(), what, in.remaining() + " bytes follow its end");
    }

    static void require(boolean holds, String what, String rule) throws MalformedException {
        if (!holds) {
            throw new MalformedException(what, rule);
        }
    }

    private <T> T read(String what, Read<T> read) throws MalformedException {
        try {
            return read.from(in);
        } catch (BufferUnderflowException e) {
            throw new MalformedException(what, "the bytes end in it");
        }
    }
}
