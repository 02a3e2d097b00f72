package dev.coracle.codec;

import com.google.protobuf.CodedOutputStream;
import dev.coracle.raft.Check;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * The protobuf encoding of one type. A codec has no state; what it decodes shares nothing with the bytes it came from.
 *
 * <p>Absent fields are zero, unknown ones are skipped, and of a field that occurs twice the last one counts.
 *
 * @param <T> the type, immutable
 */
public abstract class Codec<T> {
    private final Presence presence;

    /** A codec that writes fields by the given rule. */
    protected Codec(Presence presence) {
        this.presence = presence;
    }

    /** States the fields in ascending order of their numbers. Called once to count and once to write. */
    protected abstract void write(T value, ProtobufWriter out) throws IOException;

    /** Reads fields until {@link ProtobufReader#next()} is 0. */
    protected abstract T read(ProtobufReader in) throws CodecException;

    /**
     * The number of bytes of a value.
     *
     * @throws IllegalArgumentException if the dialect cannot say it
     * @throws ArithmeticException if it is more than an array can hold
     */
    public final int sizeOf(T value) {
        ProtobufWriter counter = new ProtobufWriter(presence, null);
        try {
            write(value, counter);
        } catch (IOException e) {
            throw Check.unreachable("counting writes nothing: " + e.getMessage());
        }
        return Math.toIntExact(counter.size());
    }

    /**
     * Writes a value, without a length before it.
     *
     * @throws IllegalArgumentException if the dialect cannot say it
     * @throws IOException what the stream throws
     */
    public final void writeTo(T value, CodedOutputStream out) throws IOException {
        write(value, new ProtobufWriter(presence, out));
    }

    /** Writes, or counts, a value within another one, whose fields may follow another rule. */
    final void writeWithin(T value, ProtobufWriter outer) throws IOException {
        if (outer.follows(presence)) {
            write(value, outer);
        } else {
            ProtobufWriter inner = outer.with(presence);
            write(value, inner);
            outer.add(inner);
        }
    }

    /**
     * The bytes of a value.
     *
     * @throws IllegalArgumentException if the dialect cannot say it
     */
    public final byte[] encode(T value) {
        byte[] bytes = new byte[sizeOf(value)];
        write(value, CodedOutputStream.newInstance(bytes));
        return bytes;
    }

    /**
     * Writes a value into {@code target} and returns the number of bytes, {@link #sizeOf}.
     *
     * @throws IndexOutOfBoundsException if they do not fit; nothing is written then
     */
    public final int write(T value, byte[] target, int offset) {
        int size = sizeOf(value);
        Objects.checkFromIndexSize(offset, size, target.length);
        write(value, CodedOutputStream.newInstance(target, offset, size));
        return size;
    }

    /**
     * Writes a value at the position of {@code target} and moves the position behind it.
     *
     * @throws IndexOutOfBoundsException if it does not fit; nothing is written then
     */
    public final void write(T value, ByteBuffer target) {
        Objects.checkFromIndexSize(0, sizeOf(value), target.remaining());
        write(value, CodedOutputStream.newInstance(target));
    }

    /**
     * Reads a value from all of {@code bytes}.
     *
     * @throws CodecException if they are none
     */
    public final T decode(byte[] bytes) throws CodecException {
        return read(new ProtobufReader(bytes, 0, bytes.length));
    }

    /**
     * Reads a value from a range of {@code bytes}.
     *
     * @throws CodecException if they are none
     */
    public final T decode(byte[] bytes, int offset, int length) throws CodecException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        return read(new ProtobufReader(bytes, offset, length));
    }

    /**
     * Reads a value from the remaining bytes of {@code source}, whose position stays.
     *
     * @throws CodecException if they are none
     */
    public final T decode(ByteBuffer source) throws CodecException {
        return read(new ProtobufReader(source));
    }

    /**
     * Reads a value from the remaining bytes of {@code source}, whose position stays, unless there are too many.
     *
     * @param limitBytes the most bytes that are read; a longer source is refused before anything is allocated
     * @throws CodecException if there are more, or if they are none
     */
    public final T decode(ByteBuffer source, int limitBytes) throws CodecException {
        if (source.remaining() > limitBytes) {
            throw new CodecException("size", 0, source.remaining() + " bytes are more than the limit of " + limitBytes);
        }
        return decode(source);
    }

    private void write(T value, CodedOutputStream out) {
        try {
            writeTo(value, out);
            out.flush();
        } catch (IOException e) {
            throw Check.unreachable("the size was counted and there was room: " + e.getMessage());
        }
    }
}
