package dev.coracle.codec;

import java.util.HexFormat;

/** Bytes as the specifications print them: two digits each, spaces anywhere. */
public final class Hex {
    private Hex() {}

    /** The bytes that {@code text} prints. */
    public static byte[] bytes(String text) {
        return HexFormat.of().parseHex(text.replaceAll("\\s", ""));
    }

    /** Prints bytes in pairs of digits. */
    public static String text(byte[] bytes) {
        return HexFormat.ofDelimiter(" ").formatHex(bytes);
    }
}
