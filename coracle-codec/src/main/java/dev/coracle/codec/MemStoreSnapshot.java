package dev.coracle.codec;

import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * The snapshot of raftify's memstore example: the whole map.
 *
 * @param values the values by key, ascending as unsigned numbers; unmodifiable
 */
public record MemStoreSnapshot(NavigableMap<Long, String> values) {
    /** A key and the length of its value. */
    private static final int VALUE_LEAST_BYTES = 2 * Long.BYTES;

    /** Copies the map. */
    public MemStoreSnapshot {
        values = Bincode.ascending(values);
    }

    /** The bytes, which are the data of the snapshot. */
    public byte[] encode() {
        Bincode.Writer out = new Bincode.Writer().u64(values.size());
        values.forEach((key, value) -> out.u64(key).string(value));
        return out.toByteArray();
    }

    /**
     * Reads the data of a snapshot, in whatever order the keys come.
     *
     * @throws CodecException if it is none
     */
    public static MemStoreSnapshot decode(byte[] bytes) throws CodecException {
        Bincode.Reader in = new Bincode.Reader(bytes);
        int count = in.count(VALUE_LEAST_BYTES, "values");
        NavigableMap<Long, String> values = new TreeMap<>(Long::compareUnsigned);
        for (int i = 0; i < count; i++) {
            values.put(in.u64("values.key"), in.string("values.value"));
        }
        return new MemStoreSnapshot(values);
    }
}
