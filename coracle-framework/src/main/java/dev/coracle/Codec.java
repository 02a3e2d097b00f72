package dev.coracle;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Values as bytes. May be called by any number of threads at once. The bytes are kept in logs and snapshots: a later
 * version must read what an earlier one wrote.
 *
 * @param <T> the values
 */
public interface Codec<T extends @Nullable Object> {
    /** The bytes of a value, in an array that nobody changes afterwards. */
    byte[] encode(T value);

    /**
     * The value of some bytes. It must not keep the array.
     *
     * @throws IllegalArgumentException if the bytes are none of a value
     */
    T decode(byte[] bytes);

    /** Texts, as UTF-8. Unpaired surrogates and bytes that are no UTF-8 are refused. */
    static Codec<String> utf8() {
        return new Codec<>() {
            @Override
            public byte[] encode(String value) {
                try {
                    ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(value));
                    byte[] copy = new byte[bytes.remaining()];
                    bytes.get(copy);
                    return copy;
                } catch (CharacterCodingException e) {
                    throw new IllegalArgumentException(
                            "text: it has an unpaired surrogate, which UTF-8 cannot hold", e);
                }
            }

            @Override
            public String decode(byte[] bytes) {
                try {
                    return StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(bytes))
                            .toString();
                } catch (CharacterCodingException e) {
                    throw new IllegalArgumentException("text: its " + bytes.length + " bytes are no UTF-8", e);
                }
            }
        };
    }

    /** Numbers of 64 bits, as eight bytes with the highest first. */
    static Codec<Long> int64() {
        return new Codec<>() {
            @Override
            public byte[] encode(Long value) {
                return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
            }

            @Override
            public Long decode(byte[] bytes) {
                if (bytes.length != Long.BYTES) {
                    throw new IllegalArgumentException("number: " + bytes.length + " bytes, must be " + Long.BYTES);
                }
                return ByteBuffer.wrap(bytes).getLong();
            }
        };
    }

    /** Bytes as they are, copied each way. */
    static Codec<byte[]> bytes() {
        return new Codec<>() {
            @Override
            public byte[] encode(byte[] value) {
                return value.clone();
            }

            @Override
            public byte[] decode(byte[] bytes) {
                return bytes.clone();
            }
        };
    }

    /** No value at all, as no bytes: for state machines whose commands have no results. */
    static Codec<@Nullable Void> nothing() {
        return new Codec<>() {
            @Override
            public byte[] encode(@Nullable Void value) {
                return new byte[0];
            }

            @Override
            @SuppressWarnings("NullAway") // The checker does not see that this codec's values may be null.
            public @Nullable Void decode(byte[] bytes) {
                if (bytes.length != 0) {
                    throw new IllegalArgumentException("nothing: " + bytes.length + " bytes, must be 0");
                }
                return null;
            }
        };
    }
}
