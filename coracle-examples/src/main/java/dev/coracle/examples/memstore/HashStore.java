package dev.coracle.examples.memstore;

import dev.coracle.StateMachine;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The state machine: a map from u64 to text. Its snapshots have the bytes of raftify's memstore, a map in bincode: the
 * number of entries, then for each the key, the length of the value in bytes and the value; numbers as u64, little-endian.
 * Ascending by key, so that equal states have equal bytes.
 */
final class HashStore implements StateMachine<Insert, @Nullable Void> {
    private TextMap map = TextMap.EMPTY;

    // NullAway takes the type argument for one that is never null.
    @Override
    @SuppressWarnings("NullAway")
    public @Nullable Void apply(Insert command) {
        map = map.put(command.key(), command.value());
        return null;
    }

    /** The value at {@code key}, or null. */
    @Nullable
    String get(long key) {
        return map.get(key);
    }

    /** The state as it is now, which stays as it is. */
    TextMap pin() {
        return map;
    }

    @Override
    public PinnedState snapshot() {
        TextMap pinned = map;
        return out -> write(pinned, out);
    }

    /** Writes {@code map} as snapshots have it. */
    static void write(TextMap map, OutputStream out) throws IOException {
        DataOutputStream data = new DataOutputStream(new BufferedOutputStream(out));
        data.writeLong(Long.reverseBytes(map.size()));
        map.forEach((key, value) -> {
            byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
            data.writeLong(Long.reverseBytes(key));
            data.writeLong(Long.reverseBytes(bytes.length));
            data.write(bytes);
        });
        data.flush();
    }

    @Override
    public void restore(InputStream in) throws IOException {
        DataInputStream data = new DataInputStream(in);
        TextMap restored = TextMap.EMPTY;
        long count = u64(data);
        for (long i = 0; Long.compareUnsigned(i, count) < 0; i++) {
            long key = u64(data);
            restored = restored.put(key, text(data, key));
        }
        if (data.read() >= 0) {
            throw new IOException("snapshot: there are bytes after its " + Long.toUnsignedString(count) + " entries");
        }
        map = restored;
    }

    private static long u64(DataInputStream in) throws IOException {
        return Long.reverseBytes(in.readLong());
    }

    private static String text(DataInputStream in, long key) throws IOException {
        String field = "snapshot: the value at " + Long.toUnsignedString(key);
        long length = u64(in);
        if (length < 0 || length > Integer.MAX_VALUE) {
            throw new IOException(field + " has " + Long.toUnsignedString(length) + " bytes, at most "
                    + Integer.MAX_VALUE + " can be");
        }
        // Reads piece by piece: a length that lies costs no more memory than there are bytes.
        byte[] bytes = in.readNBytes((int) length);
        if (bytes.length < length) {
            throw new EOFException(field + " ends after " + bytes.length + " of " + length + " bytes");
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IOException(field + " is no UTF-8", e);
        }
    }
}
