package dev.coracle.wal;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A second reader of segments, written for the tests from the format's description alone and sharing no code with the
 * first: it takes a segment's bytes and insists on everything that etcd writes.
 */
final class Dump {
    /** A record: its type, its checksum field, and its data in hex, or null. */
    record Line(
            int offset, int type, long checksum, @Nullable String data) {}

    private final byte[] bytes;
    private int at;

    private Dump(byte[] bytes) {
        this.bytes = bytes;
    }

    /** The records of consecutive segments whose first begins a log. */
    static List<Line> of(List<byte[]> segments) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        List<Line> lines = new ArrayList<>();
        for (byte[] segment : segments) {
            lines.addAll(new Dump(segment).read(all));
        }
        return lines;
    }

    /** {@code all} is the data of every record of the log so far. */
    private List<Line> read(ByteArrayOutputStream all) {
        List<Line> lines = new ArrayList<>();
        CRC32C crc = new CRC32C();
        crc.update(all.toByteArray());
        while (at < bytes.length) {
            int offset = at;
            long length = fixed64();
            if (length == 0) {
                break;
            }
            int recordBytes = (int) (length & 0xffffffffffffL);
            int padding = (8 - recordBytes % 8) % 8;
            if (length >>> 56 != (padding == 0 ? 0 : 0x80 | padding)) {
                throw new AssertionError("length " + Long.toHexString(length) + " at offset " + offset);
            }
            int end = at + recordBytes;
            expect(0x08);
            int type = (int) varint();
            expect(0x10);
            long checksum = varint();
            String data = null;
            if (at < end) {
                expect(0x1a);
                int dataLength = (int) varint();
                data = HexFormat.of().formatHex(bytes, at, at + dataLength);
                all.write(bytes, at, dataLength);
                crc.update(bytes, at, dataLength);
                at += dataLength;
            }
            if (at != end || crc.getValue() != checksum) {
                throw new AssertionError("record at offset " + offset + " has checksum " + checksum + ", not "
                        + crc.getValue() + ", and ends at " + at + ", not " + end);
            }
            for (int i = 0; i < padding; i++) {
                expect(0);
            }
            lines.add(new Line(offset, type, checksum, data));
        }
        return lines;
    }

    private long fixed64() {
        long value = 0;
        for (int i = 0; i < 8; i++) {
            value |= (bytes[at++] & 0xffL) << (8 * i);
        }
        return value;
    }

    private long varint() {
        long value = 0;
        int shift = 0;
        while (true) {
            byte next = bytes[at++];
            value |= (next & 0x7fL) << shift;
            shift += 7;
            if (next >= 0) {
                return value;
            }
        }
    }

    private void expect(int value) {
        if ((bytes[at++] & 0xff) != value) {
            throw new AssertionError("expected " + value + " at offset " + (at - 1));
        }
    }
}
