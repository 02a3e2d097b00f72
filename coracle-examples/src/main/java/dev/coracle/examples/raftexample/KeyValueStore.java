package dev.coracle.examples.raftexample;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.GobKeyValue;
import dev.coracle.node.StateMachine;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The map that the log drives. Changed by the applier's thread alone; anybody may look. */
final class KeyValueStore implements StateMachine {
    /** Hears what was applied, on the applier's thread. */
    interface Listener {
        /** An entry is applied; {@code tag} is what stands behind the key and its value. */
        void applied(byte[] tag);

        /** A change of the configuration is in force. */
        void configurationChanged(ConfChangeV2 change);
    }

    /** A key or a value may be as long as an entry, which is bounded when it is proposed. */
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNameLength(Integer.MAX_VALUE)
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .build();

    private final Listener listener;
    private Map<Bytes, Bytes> values = new HashMap<>();

    KeyValueStore(Listener listener) {
        this.listener = listener;
    }

    synchronized @Nullable Bytes get(Bytes key) {
        return values.get(key);
    }

    @Override
    public @Nullable Object apply(long index, long term, byte[] data) {
        GobKeyValue.Decoded decoded;
        try {
            decoded = GobKeyValue.decode(data);
        } catch (CodecException e) {
            throw new IllegalStateException("entry " + index + " is no key and value: " + e.getMessage(), e);
        }
        synchronized (this) {
            values.put(decoded.keyValue().key(), decoded.keyValue().value());
        }
        listener.applied(Arrays.copyOfRange(data, decoded.end(), data.length));
        return null;
    }

    @Override
    public void configurationChanged(long index, ConfChangeV2 change, ConfState configuration) {
        listener.configurationChanged(change);
    }

    @Override
    public PinnedSnapshot snapshot() {
        Map<Bytes, Bytes> pinned;
        synchronized (this) {
            pinned = new HashMap<>(values);
        }
        return new PinnedSnapshot() {
            @Override
            public void writeTo(OutputStream out) throws IOException {
                GoJson.write(pinned, out);
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public void restore(SnapshotMetadata metadata, InputStream data) throws IOException {
        Map<Bytes, Bytes> restored = new HashMap<>();
        try (JsonParser json = JSON.createParser(data)) {
            require(json.nextToken() == JsonToken.START_OBJECT, metadata);
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                Bytes key = utf8(json.currentName());
                require(json.nextToken() == JsonToken.VALUE_STRING, metadata);
                restored.put(key, utf8(json.getText()));
            }
            require(json.currentToken() == JsonToken.END_OBJECT, metadata);
        }
        synchronized (this) {
            values = restored;
        }
    }

    private static void require(boolean holds, SnapshotMetadata metadata) throws IOException {
        if (!holds) {
            throw new IOException("snapshot " + metadata.index() + " is no JSON object of strings");
        }
    }

    private static Bytes utf8(String text) {
        return Bytes.of(text.getBytes(StandardCharsets.UTF_8));
    }
}
