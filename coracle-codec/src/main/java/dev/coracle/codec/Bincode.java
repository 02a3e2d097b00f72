package dev.coracle.codec;

import java.io.ByteArrayOutputStream;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Bincode 1.x, the encoding of what raftify puts into the contexts of entries and into its answers: numbers in fixed
 * width and little-endian, ports too; lengths as u64; an enum's variant as u32; an option as one byte; a struct as its
 * fields without names or count; a map ascending by key. Bytes after a value are ignored, as bincode does.
 */
public final class Bincode {
    private static final int ADDRESS_LEAST_BYTES = Integer.BYTES + 4 + Short.BYTES;

    private Bincode() {}

    /** A single u64: the context of an entry, by which a raftify node finds who waits for it. */
    public static byte[] encodeU64(long value) {
        return new Writer().u64(value).toByteArray();
    }

    /**
     * Reads a single u64.
     *
     * @throws CodecException if there are fewer than eight bytes
     */
    public static long decodeU64(byte[] bytes) throws CodecException {
        return new Reader(bytes).u64("u64");
    }

    /**
     * A list of addresses: the context of a configuration change, one for each of its changes.
     *
     * @throws IllegalArgumentException if one is a host name
     */
    public static byte[] encodeAddresses(List<InetSocketAddress> addresses) {
        Writer out = new Writer().u64(addresses.size());
        for (InetSocketAddress address : addresses) {
            out.address(address);
        }
        return out.toByteArray();
    }

    /**
     * Reads a list of addresses.
     *
     * @throws CodecException if the bytes are none
     */
    public static List<InetSocketAddress> decodeAddresses(byte[] bytes) throws CodecException {
        Reader in = new Reader(bytes);
        int count = in.count(ADDRESS_LEAST_BYTES, "addresses");
        List<InetSocketAddress> addresses = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            addresses.add(in.address("addresses"));
        }
        return Collections.unmodifiableList(addresses);
    }

    /** An unmodifiable copy whose keys ascend as unsigned numbers. */
    static <V> NavigableMap<Long, V> ascending(Map<Long, V> map) {
        NavigableMap<Long, V> copy = new TreeMap<>(Long::compareUnsigned);
        map.forEach(copy::put);
        return Collections.unmodifiableNavigableMap(copy);
    }

    /** Writes values one after the other. */
    public static final class Writer {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        /** An empty one. */
        public Writer() {}

        /** A number of 8 bytes, also a length or a count. */
        public Writer u64(long value) {
            return littleEndian(value, Long.BYTES);
        }

        /** A number of 4 bytes, also the variant of an enum. */
        public Writer u32(int value) {
            return littleEndian(value, Integer.BYTES);
        }

        /**
         * A number of 2 bytes.
         *
         * @throws IllegalArgumentException if it needs more
         */
        public Writer u16(int value) {
            if (value < 0 || value > 0xffff) {
                throw new IllegalArgumentException("u16: " + value + " is not from 0 to 65535");
            }
            return littleEndian(value, Short.BYTES);
        }

        /** A truth value, also the mark before an option that tells whether there is a value. */
        public Writer bool(boolean value) {
            return littleEndian(value ? 1 : 0, 1);
        }

        /** Bytes after their length. */
        public Writer bytes(byte[] value) {
            u64(value.length);
            out.writeBytes(value);
            return this;
        }

        /** A text after its length in bytes of UTF-8. */
        public Writer string(String value) {
            return bytes(value.getBytes(StandardCharsets.UTF_8));
        }

        /** A text that may be absent. */
        public Writer optionalString(@Nullable String value) {
            bool(value != null);
            return value == null ? this : string(value);
        }

        /**
         * An address and its port. Of a version 6 address neither the flow nor the scope is written.
         *
         * @throws IllegalArgumentException if the host is neither resolved nor an address in digits: names are not
         *     looked up here
         */
        public Writer address(InetSocketAddress value) {
            InetAddress address = SocketAddresses.host(value);
            u32(address instanceof Inet6Address ? 1 : 0);
            out.writeBytes(address.getAddress());
            return u16(value.getPort());
        }

        /** All that was written. */
        public byte[] toByteArray() {
            return out.toByteArray();
        }

        private Writer littleEndian(long value, int width) {
            for (int i = 0; i < width; i++) {
                out.write((int) (value >>> (i * Byte.SIZE)));
            }
            return this;
        }
    }

    /**
     * Reads values one after the other from bytes that nobody vouches for. Every method throws {@link CodecException}
     * with the name of the field if the bytes end early or break its rule.
     */
    public static final class Reader {
        private final ByteBuffer in;

        /** Reads {@code bytes} from the beginning. */
        public Reader(byte[] bytes) {
            this.in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }

        /** A number of 8 bytes. */
        public long u64(String field) throws CodecException {
            return need(Long.BYTES, field).getLong();
        }

        /** A number of 4 bytes without sign. */
        public long u32(String field) throws CodecException {
            return Integer.toUnsignedLong(need(Integer.BYTES, field).getInt());
        }

        /** A number of 2 bytes without sign. */
        public int u16(String field) throws CodecException {
            return Short.toUnsignedInt(need(Short.BYTES, field).getShort());
        }

        /** A truth value, also the mark before an option that tells whether there is a value. */
        public boolean bool(String field) throws CodecException {
            byte value = need(1, field).get();
            if (value != 0 && value != 1) {
                throw malformed(field, Byte.toUnsignedInt(value) + " is not 0 or 1");
            }
            return value == 1;
        }

        /** The variant of an enum, which must be below {@code count}. */
        public int variant(int count, String field) throws CodecException {
            long variant = u32(field);
            if (variant >= count) {
                throw malformed(field, "variant " + variant + " is not from 0 to " + (count - 1));
            }
            return (int) variant;
        }

        /**
         * The number of elements that follow.
         *
         * @param leastBytes how many bytes one element has at least; more elements than can follow are refused, before
         *     a list is allocated for them
         */
        public int count(int leastBytes, String field) throws CodecException {
            long count = u64(field);
            int most = in.remaining() / leastBytes;
            if (count < 0 || count > most) {
                throw malformed(
                        field,
                        Long.toUnsignedString(count) + " of at least " + leastBytes + " bytes are more than the "
                                + in.remaining() + " bytes left");
            }
            return (int) count;
        }

        /** Bytes after their length, copied once. */
        public byte[] bytes(String field) throws CodecException {
            byte[] bytes = new byte[count(1, field)];
            in.get(bytes);
            return bytes;
        }

        /** A text after its length, which must be UTF-8. */
        public String string(String field) throws CodecException {
            return ProtobufReader.utf8(bytes(field), field, in.position());
        }

        /** A text that may be absent. */
        public @Nullable String optionalString(String field) throws CodecException {
            return bool(field) ? string(field) : null;
        }

        /** An address and its port. */
        public InetSocketAddress address(String field) throws CodecException {
            boolean version6 = variant(2, field) == 1;
            byte[] octets = new byte[version6 ? 16 : 4];
            need(octets.length, field).get(octets);
            int port = u16(field);
            try {
                // The general factory would turn a version 6 address that stands for a version 4 one into the latter.
                InetAddress address =
                        version6 ? Inet6Address.getByAddress(null, octets, -1) : InetAddress.getByAddress(octets);
                return new InetSocketAddress(address, port);
            } catch (UnknownHostException e) {
                throw malformed(field, octets.length + " octets are no address");
            }
        }

        private ByteBuffer need(int bytes, String field) throws CodecException {
            if (in.remaining() < bytes) {
                throw malformed(field, bytes + " bytes are more than the " + in.remaining() + " bytes left");
            }
            return in;
        }

        private CodecException malformed(String field, String complaint) {
            return new CodecException(field, in.position(), complaint);
        }
    }
}
