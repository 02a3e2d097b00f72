package dev.coracle.examples.memstore;

import dev.coracle.Codec;
import dev.coracle.codec.Bincode;
import dev.coracle.codec.CodecException;

/**
 * The command of the store: put a value at a key, whatever is there.
 *
 * @param key a u64
 * @param value any text that UTF-8 can hold
 */
record Insert(long key, String value) {
    /** The bytes that raftify's memstore has: an enum with this one variant, in bincode. */
    static final Codec<Insert> CODEC = new Codec<>() {
        @Override
        public byte[] encode(Insert insert) {
            return new Bincode.Writer()
                    .u32(0)
                    .u64(insert.key)
                    .string(insert.value)
                    .toByteArray();
        }

        @Override
        public Insert decode(byte[] bytes) {
            Bincode.Reader in = new Bincode.Reader(bytes);
            try {
                in.variant(1, "command");
                return new Insert(in.u64("key"), in.string("value"));
            } catch (CodecException e) {
                throw new IllegalArgumentException("insert: " + e.getMessage(), e);
            }
        }
    };

    @Override
    public String toString() {
        return "Insert(" + Long.toUnsignedString(key) + ", \"" + value + "\")";
    }
}
