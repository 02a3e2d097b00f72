package dev.coracle.codec;

import dev.coracle.raft.Bytes;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What etcd's raftexample writes into its log: a key and its value, both any bytes, in Go's gob encoding. Each entry
 * describes its own type: a struct {@code kv} of two strings, {@code Key} and {@code Val}.
 */
public record GobKeyValue(Bytes key, Bytes value) {
    /** The description of the type, as Go 1.19 writes it. */
    private static final byte[] TYPE =
            HexFormat.of().parseHex("20ff8103010102" + "6b7601ff8200010201034b657901" + "0c00010356616c010c000000");

    private static final int TYPE_ID = 65;
    private static final int STRING_ID = 6;
    private static final int MOST_FIELDS = 1_000;

    /** What was read, and where it ended: Go ignores what follows. */
    public record Decoded(GobKeyValue keyValue, int end) {}

    /** The bytes of an entry. */
    public byte[] encode() {
        Writer body = new Writer();
        body.integer(TYPE_ID);
        int last = -1;
        if (!key.isEmpty()) {
            body.unsigned(0 - last).string(key);
            last = 0;
        }
        if (!value.isEmpty()) {
            body.unsigned(1 - last).string(value);
        }
        body.unsigned(0);
        Writer all = new Writer();
        all.bytes.writeBytes(TYPE);
        all.unsigned(body.bytes.size()).bytes.writeBytes(body.bytes.toByteArray());
        return all.bytes.toByteArray();
    }

    /**
     * Reads an entry, whatever number its type has and in whatever order its fields come.
     *
     * @throws CodecException if it is none
     */
    public static Decoded decode(byte[] bytes) throws CodecException {
        Reader in = new Reader(bytes);
        Map<Long, List<Field>> types = new HashMap<>();
        while (true) {
            int end = in.length("message");
            long id = in.integer("type");
            if (id < 0) {
                in.defineType(-id, types);
                in.position = end;
            } else {
                List<Field> fields = types.get(id);
                if (fields == null) {
                    throw in.malformed("type", id + " was not described as a struct before");
                }
                GobKeyValue value = in.keyValue(fields);
                return new Decoded(value, Math.max(end, in.position));
            }
        }
    }

    private record Field(String name, long type) {}

    private static final class Writer {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Writer unsigned(long value) {
            if (value >= 0 && value < 0x80) {
                bytes.write((int) value);
                return this;
            }
            int count = (Long.SIZE - Long.numberOfLeadingZeros(value) + 7) / 8;
            bytes.write(-count);
            for (int i = count - 1; i >= 0; i--) {
                bytes.write((int) (value >>> (8 * i)));
            }
            return this;
        }

        Writer integer(long value) {
            return unsigned(value < 0 ? (~value << 1) | 1 : value << 1);
        }

        void string(Bytes value) {
            unsigned(value.length()).bytes.writeBytes(value.array());
        }
    }

    private static final class Reader {
        private final byte[] bytes;
        private int position;

        Reader(byte[] bytes) {
            this.bytes = bytes;
        }

        CodecException malformed(String field, String complaint) {
            return new CodecException(field, position, complaint);
        }

        private int next(String field) throws CodecException {
            if (position == bytes.length) {
                throw malformed(field, "the bytes end within a number");
            }
            return bytes[position++] & 0xff;
        }

        long unsigned(String field) throws CodecException {
            int first = next(field);
            if (first < 0x80) {
                return first;
            }
            int count = 0x100 - first;
            if (count > Long.BYTES) {
                throw malformed(field, "a number of " + count + " bytes");
            }
            long value = 0;
            for (int i = 0; i < count; i++) {
                value = (value << 8) | next(field);
            }
            return value;
        }

        long integer(String field) throws CodecException {
            long value = unsigned(field);
            return (value & 1) != 0 ? ~(value >>> 1) : value >>> 1;
        }

        /** Reads a length and returns where what it measures ends. */
        int length(String field) throws CodecException {
            long length = unsigned(field);
            if (length < 0 || length > bytes.length - position) {
                throw malformed(
                        field,
                        "length " + Long.toUnsignedString(length) + " is more than the " + (bytes.length - position)
                                + " bytes left");
            }
            return position + (int) length;
        }

        Bytes string(String field) throws CodecException {
            int end = length(field);
            Bytes value = Bytes.of(Arrays.copyOfRange(bytes, position, end));
            position = end;
            return value;
        }

        private String name(String field) throws CodecException {
            return new String(string(field).array(), StandardCharsets.UTF_8);
        }

        /** The number of a struct's next field, or -1 at its end. */
        private int nextField(int last, String field) throws CodecException {
            long delta = unsigned(field);
            if (delta == 0) {
                return -1;
            }
            if (delta < 0 || delta > MOST_FIELDS) {
                throw malformed(field, "its next field is " + Long.toUnsignedString(delta) + " further on");
            }
            return last + (int) delta;
        }

        /** Reads the description of a type; of one that is no struct nothing is noted. */
        void defineType(long id, Map<Long, List<Field>> types) throws CodecException {
            int kind = nextField(-1, "wireType");
            if (kind != 2) {
                return;
            }
            List<Field> fields = List.of();
            for (int at = nextField(-1, "structType"); at >= 0; at = nextField(at, "structType")) {
                switch (at) {
                    case 0 -> field();
                    case 1 -> fields = fields();
                    default -> throw malformed("structType", "it has no field " + at);
                }
            }
            types.put(id, fields);
        }

        private List<Field> fields() throws CodecException {
            long count = unsigned("structType.Field");
            if (count < 0 || count > MOST_FIELDS) {
                throw malformed("structType.Field", Long.toUnsignedString(count) + " fields");
            }
            List<Field> fields = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                fields.add(field());
            }
            return fields;
        }

        /** A name and an id, as types and fields have them. */
        private Field field() throws CodecException {
            String name = "";
            long type = 0;
            for (int at = nextField(-1, "fieldType"); at >= 0; at = nextField(at, "fieldType")) {
                switch (at) {
                    case 0 -> name = name("fieldType.Name");
                    case 1 -> type = integer("fieldType.Id");
                    default -> throw malformed("fieldType", "it has no field " + at);
                }
            }
            return new Field(name, type);
        }

        GobKeyValue keyValue(List<Field> fields) throws CodecException {
            Bytes key = Bytes.EMPTY;
            Bytes value = Bytes.EMPTY;
            for (int at = nextField(-1, "kv"); at >= 0; at = nextField(at, "kv")) {
                @Nullable Field field = at < fields.size() ? fields.get(at) : null;
                if (field == null || field.type != STRING_ID) {
                    throw malformed("kv", "field " + at + " is no string");
                }
                Bytes read = string("kv." + field.name);
                switch (field.name) {
                    case "Key" -> key = read;
                    case "Val" -> value = read;
                    default -> {}
                }
            }
            return new GobKeyValue(key, value);
        }
    }
}
