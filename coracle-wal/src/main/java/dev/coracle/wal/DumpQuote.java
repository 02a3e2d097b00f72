package dev.coracle.wal;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Bytes in double quotes, as the {@code %q} of Go 1.19 prints them. */
final class DumpQuote {
    private static final int LONGEST_CHARACTER = 4;
    private static final int DELETE = 0x7f;
    private static final int FIRST_SUPPLEMENTARY = 0x10000;

    private DumpQuote() {}

    static String of(byte[] bytes) {
        StringBuilder out = new StringBuilder().append('"');
        for (int at = 0; at < bytes.length; ) {
            int length = characterLength(bytes, at);
            if (length == 0) {
                out.append(String.format(Locale.ROOT, "\\x%02x", bytes[at] & 0xff));
                at++;
            } else {
                append(out, new String(bytes, at, length, StandardCharsets.UTF_8).codePointAt(0));
                at += length;
            }
        }
        return out.append('"').toString();
    }

    private static void append(StringBuilder out, int character) {
        switch (character) {
            case '"' -> out.append("\\\"");
            case '\\' -> out.append("\\\\");
            case 0x07 -> out.append("\\a");
            case '\b' -> out.append("\\b");
            case '\f' -> out.append("\\f");
            case '\n' -> out.append("\\n");
            case '\r' -> out.append("\\r");
            case '\t' -> out.append("\\t");
            case 0x0b -> out.append("\\v");
            default -> {
                if (isPrintable(character)) {
                    out.appendCodePoint(character);
                } else if (character < ' ' || character == DELETE) {
                    out.append(String.format(Locale.ROOT, "\\x%02x", character));
                } else if (character < FIRST_SUPPLEMENTARY) {
                    out.append(String.format(Locale.ROOT, "\\u%04x", character));
                } else {
                    out.append(String.format(Locale.ROOT, "\\U%08x", character));
                }
            }
        }
    }

    /** Letters, marks, numbers, punctuation, symbols, and of the spaces the common one alone. */
    private static boolean isPrintable(int character) {
        if (LaterCharacters.contains(character)) {
            return false;
        }
        return switch (Character.getType(character)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            case Character.SPACE_SEPARATOR -> character == ' ';
            default -> true;
        };
    }

    /** How many bytes the character at a place has, 0 if they are none of UTF-8. */
    private static int characterLength(byte[] bytes, int at) {
        CharBuffer characters = CharBuffer.allocate(2);
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        for (int length = 1; length <= Math.min(LONGEST_CHARACTER, bytes.length - at); length++) {
            decoder.reset();
            characters.clear();
            ByteBuffer one = ByteBuffer.wrap(bytes, at, length);
            if (!decoder.decode(one, characters, true).isError() && characters.position() > 0) {
                return length;
            }
        }
        return 0;
    }
}
