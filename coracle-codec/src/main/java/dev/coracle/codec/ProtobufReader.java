package dev.coracle.codec;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import dev.coracle.raft.Check;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Reads protobuf fields from bytes that nobody vouches for. A {@link Codec} calls {@link #next()} until it is 0 and
 * reads or skips each field; a field it asks for must have the wire type it asks for. Groups are refused: none of the
 * schemas ever had one. Lengths are compared with the bytes that are left before anything is allocated. Every method
 * throws {@link CodecException} with the name of the field if the bytes end early or break its rule.
 */
public final class ProtobufReader {
    /** By how much the tenth byte of a number is shifted, of which only one bit is left. */
    private static final int LAST_SHIFT = 63;

    private static final long HIGHEST_FIELD_NUMBER = (1 << 29) - 1;

    private final CodedInputStream in;
    private int wireType;

    ProtobufReader(byte[] bytes, int offset, int length) {
        this(CodedInputStream.newInstance(bytes, offset, length), length);
    }

    ProtobufReader(ByteBuffer source) {
        this(CodedInputStream.newInstance(source), source.remaining());
    }

    private ProtobufReader(CodedInputStream in, int length) {
        this.in = in;
        try {
            // So that the number of bytes that are left is known at every depth.
            in.pushLimit(length);
        } catch (IOException e) {
            throw Check.fail("%d bytes are not readable: %s", length, e.getMessage());
        }
    }

    /** The number of the next field, or 0 at the end of the message. */
    public int next() throws CodecException {
        if (in.getBytesUntilLimit() == 0) {
            return 0;
        }
        long tag = varint("tag");
        long number = tag >>> 3;
        wireType = (int) tag & 7;
        if (number == 0 || number > HIGHEST_FIELD_NUMBER) {
            throw malformed("tag", "field number " + number + " is not from 1 to " + HIGHEST_FIELD_NUMBER);
        }
        return (int) number;
    }

    /** Skips the field at hand, as readers do with one that they do not know. */
    public void skip() throws CodecException {
        switch (wireType) {
            case WireFormat.WIRETYPE_VARINT -> varint("unknown field");
            case WireFormat.WIRETYPE_FIXED64 -> skip(Long.BYTES);
            case WireFormat.WIRETYPE_FIXED32 -> skip(Integer.BYTES);
            case WireFormat.WIRETYPE_LENGTH_DELIMITED -> skip(length("unknown field"));
            default -> throw malformed("unknown field", "wire type " + wireType + " is not 0, 1, 2 or 5");
        }
    }

    /** A number of 64 bits without sign, such as an id. */
    public long uint64(String field) throws CodecException {
        expect(WireFormat.WIRETYPE_VARINT, field);
        return varint(field);
    }

    /** A number with sign (protobuf's int64). */
    public long int64(String field) throws CodecException {
        return uint64(field);
    }

    /** A number that must be below 2^63, such as a term or an index. */
    public long counter(String field) throws CodecException {
        long value = uint64(field);
        requireCounter(value, field);
        return value;
    }

    /** Refuses what {@link #counter} would refuse, where only a later field tells what a number is. */
    void requireCounter(long value, String field) throws CodecException {
        if (value < 0) {
            throw malformed(field, Long.toUnsignedString(value) + " is not below 2^63");
        }
    }

    /** A truth value: every number but 0 is true. */
    public boolean bool(String field) throws CodecException {
        return uint64(field) != 0;
    }

    /** The constant whose position in {@code constants} is the number on the wire. */
    public <E> E constant(E[] constants, String field) throws CodecException {
        long value = uint64(field);
        if (value < 0 || value >= constants.length) {
            throw malformed(field, value + " is not from 0 to " + (constants.length - 1));
        }
        return constants[(int) value];
    }

    /** Bytes, copied once. */
    public byte[] bytes(String field) throws CodecException {
        expect(WireFormat.WIRETYPE_LENGTH_DELIMITED, field);
        int length = length(field);
        try {
            return in.readRawBytes(length);
        } catch (IOException e) {
            throw malformed(field, "unreadable: " + e.getMessage());
        }
    }

    /** A text, which must be UTF-8. */
    public String string(String field) throws CodecException {
        return utf8(bytes(field), field, in.getTotalBytesRead());
    }

    /** One or, packed, several of repeated numbers, which are added to {@code values}. */
    public void uint64s(List<Long> values, String field) throws CodecException {
        if (wireType != WireFormat.WIRETYPE_LENGTH_DELIMITED) {
            values.add(uint64(field));
            return;
        }
        int outer = enter(field);
        while (in.getBytesUntilLimit() > 0) {
            values.add(varint(field));
        }
        in.popLimit(outer);
    }

    /** A message within this one. */
    public <T> T message(Codec<T> codec, String field) throws CodecException {
        expect(WireFormat.WIRETYPE_LENGTH_DELIMITED, field);
        int outer = enter(field);
        T value = codec.read(this);
        Check.that(in.getBytesUntilLimit() == 0, "a codec left %d bytes unread", in.getBytesUntilLimit());
        in.popLimit(outer);
        return value;
    }

    /** The exception for what was just read, to be thrown by the caller. */
    public CodecException malformed(String field, String complaint) {
        return new CodecException(field, in.getTotalBytesRead(), complaint);
    }

    static String utf8(byte[] bytes, String field, int offset) throws CodecException {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new CodecException(field, offset, bytes.length + " bytes are not UTF-8");
        }
    }

    private void expect(int expected, String field) throws CodecException {
        if (wireType != expected) {
            throw malformed(field, "wire type " + wireType + " is not " + expected);
        }
    }

    private int enter(String field) throws CodecException {
        int length = length(field);
        try {
            return in.pushLimit(length);
        } catch (IOException e) {
            throw malformed(field, "length " + length + " is unreadable: " + e.getMessage());
        }
    }

    private int length(String field) throws CodecException {
        long length = varint(field);
        int left = in.getBytesUntilLimit();
        if (length < 0 || length > left) {
            throw malformed(
                    field, "length " + Long.toUnsignedString(length) + " is more than the " + left + " bytes left");
        }
        return (int) length;
    }

    /** Not the stream's own: its fast path takes ten bytes that say that an eleventh follows. */
    private long varint(String field) throws CodecException {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            byte next = nextByte(field);
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                if (shift == LAST_SHIFT && next > 1) {
                    break;
                }
                return value;
            }
        }
        throw malformed(field, "a number of more than 64 bits");
    }

    private byte nextByte(String field) throws CodecException {
        try {
            return in.readRawByte();
        } catch (IOException e) {
            throw malformed(field, "the bytes end within a number");
        }
    }

    private void skip(int length) throws CodecException {
        try {
            in.skipRawBytes(length);
        } catch (IOException e) {
            throw malformed("unknown field", "the bytes end within " + length + " bytes to be skipped");
        }
    }
}
