package dev.coracle.codec;

/**
 * The entry of raftify's memstore example: puts a value under a key.
 *
 * @param key the key, an unsigned number
 * @param value the value
 */
public record MemStoreInsert(long key, String value) {
    /** The bytes, which are the data of the entry. */
    public byte[] encode() {
        return new Bincode.Writer().u32(0).u64(key).string(value).toByteArray();
    }

    /**
     * Reads the data of an entry.
     *
     * @throws CodecException if it is none
     */
    public static MemStoreInsert decode(byte[] bytes) throws CodecException {
        Bincode.Reader in = new Bincode.Reader(bytes);
        in.variant(1, "Insert");
        return new MemStoreInsert(in.u64("Insert.key"), in.string("Insert.value"));
    }
}
