package dev.coracle.codec;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import dev.coracle.raft.Bytes;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes the fields of one protobuf message, or only counts their bytes: a {@link Codec} states its fields once, and
 * size and bytes cannot disagree. Fields must come in ascending order of their numbers, as every generator writes them.
 */
public final class ProtobufWriter {
    private final Presence presence;
    private final @Nullable CodedOutputStream out;
    private long size;

    /** Counts the messages within this one before they are written, one after the other. */
    private @Nullable ProtobufWriter counter;

    /** Writes to {@code out}, or counts if it is {@code null}. */
    ProtobufWriter(Presence presence, @Nullable CodedOutputStream out) {
        this.presence = presence;
        this.out = out;
    }

    /** The bytes counted so far. */
    long size() {
        return size;
    }

    /** A number of up to 64 bits, without sign. */
    public void uint64(int number, long value) throws IOException {
        if (value == 0 && presence == Presence.IMPLICIT) {
            return;
        }
        if (out == null) {
            size += CodedOutputStream.computeUInt64Size(number, value);
        } else {
            out.writeUInt64(number, value);
        }
    }

    /** A number with sign, negative ones in ten bytes (protobuf's int64). */
    public void int64(int number, long value) throws IOException {
        uint64(number, value);
    }

    /** A truth value. */
    public void bool(int number, boolean value) throws IOException {
        uint64(number, value ? 1 : 0);
    }

    /** Bytes; {@code null} is not written. */
    public void bytes(int number, byte @Nullable [] value) throws IOException {
        if (value == null || (value.length == 0 && presence == Presence.IMPLICIT)) {
            return;
        }
        if (out == null) {
            size += CodedOutputStream.computeByteArraySize(number, value);
        } else {
            out.writeByteArray(number, value);
        }
    }

    /** Bytes that are not written if there are none. */
    public void bytes(int number, Bytes value) throws IOException {
        if (!value.isEmpty()) {
            bytes(number, value.array());
        }
    }

    /** A text. */
    public void string(int number, String value) throws IOException {
        if (!value.isEmpty() || presence == Presence.EXPLICIT) {
            element(number, value);
        }
    }

    /** Any number of texts, also empty ones. */
    public void strings(int number, List<String> values) throws IOException {
        for (String value : values) {
            element(number, value);
        }
    }

    /** Any number of numbers. */
    public void uint64s(int number, List<Long> values) throws IOException {
        if (presence == Presence.EXPLICIT) {
            for (long value : values) {
                uint64(number, value);
            }
        } else if (!values.isEmpty()) {
            int length = 0;
            for (long value : values) {
                length = Math.addExact(length, CodedOutputStream.computeUInt64SizeNoTag(value));
            }
            head(number, length);
            for (long value : values) {
                if (out == null) {
                    size += CodedOutputStream.computeUInt64SizeNoTag(value);
                } else {
                    out.writeUInt64NoTag(value);
                }
            }
        }
    }

    /** A message within this one, written even if it is empty. */
    public <T> void message(int number, Codec<T> codec, T value) throws IOException {
        if (out == null) {
            long before = size;
            codec.writeWithin(value, this);
            head(number, Math.toIntExact(size - before));
            return;
        }
        if (counter == null) {
            counter = new ProtobufWriter(presence, null);
        }
        counter.size = 0;
        codec.writeWithin(value, counter);
        head(number, Math.toIntExact(counter.size));
        codec.writeWithin(value, this);
    }

    /** A writer to the same place whose fields follow another rule. */
    ProtobufWriter with(Presence other) {
        return new ProtobufWriter(other, out);
    }

    /** Whether fields are written by this rule. */
    boolean follows(Presence rule) {
        return presence == rule;
    }

    /** Counts what another counter has counted; nothing if both write. */
    void add(ProtobufWriter other) {
        size += other.size;
    }

    private void element(int number, String value) throws IOException {
        if (out == null) {
            size += CodedOutputStream.computeStringSize(number, value);
        } else {
            out.writeString(number, value);
        }
    }

    private void head(int number, int length) throws IOException {
        if (out == null) {
            size += CodedOutputStream.computeTagSize(number) + CodedOutputStream.computeUInt32SizeNoTag(length);
        } else {
            out.writeTag(number, WireFormat.WIRETYPE_LENGTH_DELIMITED);
            out.writeUInt32NoTag(length);
        }
    }
}
