package dev.coracle.examples.raftexample;

import dev.coracle.raft.Bytes;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** JSON as Go's {@code json.Marshal} writes a map of strings: sorted, without spaces, safe within HTML. */
final class GoJson {
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private GoJson() {}

    static void write(Map<Bytes, Bytes> values, OutputStream target) throws IOException {
        List<Map.Entry<Bytes, Bytes>> sorted = new ArrayList<>(values.entrySet());
        sorted.sort(
                (a, b) -> Arrays.compareUnsigned(a.getKey().array(), b.getKey().array()));
        OutputStream out = new BufferedOutputStream(target, 64 << 10);
        out.write('{');
        for (int i = 0; i < sorted.size(); i++) {
            if (i > 0) {
                out.write(',');
            }
            string(sorted.get(i).getKey().array(), out);
            out.write(':');
            string(sorted.get(i).getValue().array(), out);
        }
        out.write('}');
        out.flush();
    }

    /** Whether bytes are text that is written and read again as it is. */
    static boolean isUtf8(byte[] bytes) {
        for (int i = 0; i < bytes.length; ) {
            int length = bytes[i] >= 0 ? 1 : sequenceLength(bytes, i);
            if (length == 0) {
                return false;
            }
            i += length;
        }
        return true;
    }

    private static void string(byte[] bytes, OutputStream out) throws IOException {
        out.write('"');
        for (int i = 0; i < bytes.length; ) {
            int first = bytes[i] & 0xff;
            if (first < 0x80) {
                ascii(first, out);
                i++;
                continue;
            }
            int length = sequenceLength(bytes, i);
            if (length == 0) {
                out.write("\\ufffd".getBytes(StandardCharsets.US_ASCII));
                i++;
            } else if (first == 0xe2 && bytes[i + 1] == (byte) 0x80 && (bytes[i + 2] & 0xfe) == 0xa8) {
                out.write(("\\u202" + (char) HEX[bytes[i + 2] & 0xf]).getBytes(StandardCharsets.US_ASCII));
                i += length;
            } else {
                out.write(bytes, i, length);
                i += length;
            }
        }
        out.write('"');
    }

    private static void ascii(int c, OutputStream out) throws IOException {
        switch (c) {
            case '"', '\\' -> {
                out.write('\\');
                out.write(c);
            }
            case '\n' -> out.write("\\n".getBytes(StandardCharsets.US_ASCII));
            case '\r' -> out.write("\\r".getBytes(StandardCharsets.US_ASCII));
            case '\t' -> out.write("\\t".getBytes(StandardCharsets.US_ASCII));
            default -> {
                if (c < 0x20 || c == '<' || c == '>' || c == '&') {
                    out.write("\\u00".getBytes(StandardCharsets.US_ASCII));
                    out.write(HEX[c >> 4]);
                    out.write(HEX[c & 0xf]);
                } else {
                    out.write(c);
                }
            }
        }
    }

    /** The length of the UTF-8 sequence that begins here, or 0 if none does. */
    private static int sequenceLength(byte[] bytes, int at) {
        int first = bytes[at] & 0xff;
        int length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
        if (first < 0xc2 || first > 0xf4 || at + length > bytes.length) {
            return 0;
        }
        for (int i = 1; i < length; i++) {
            if ((bytes[at + i] & 0xc0) != 0x80) {
                return 0;
            }
        }
        int second = bytes[at + 1] & 0xff;
        boolean legal = switch (first) {
            case 0xe0 -> second >= 0xa0;
            case 0xed -> second < 0xa0;
            case 0xf0 -> second >= 0x90;
            case 0xf4 -> second < 0x90;
            default -> true;
        };
        return legal ? length : 0;
    }
}
