package dev.coracle.examples.raftexample;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Numbers as Go's {@code ParseUint} reads them when the text says its base. */
final class GoNumbers {
    private GoNumbers() {}

    /** A number of 64 bits without sign: decimal, {@code 0x}, {@code 0o} or {@code 0}, {@code 0b}; null if it is none. */
    static @Nullable Long parse(String text) {
        int base = 10;
        String digits = text;
        String lower = text.toLowerCase(Locale.ROOT);
        if (lower.startsWith("0x") || lower.startsWith("0o") || lower.startsWith("0b")) {
            base = lower.charAt(1) == 'x' ? 16 : lower.charAt(1) == 'o' ? 8 : 2;
            digits = text.substring(2);
        } else if (text.length() > 1 && text.startsWith("0")) {
            base = 8;
            digits = text.substring(1);
        }
        // Underscores may stand between digits, and behind the mark of a base other than ten.
        if (digits.isEmpty() || digits.endsWith("_") || digits.contains("__") || (base == 10 && digits.contains("_"))) {
            return null;
        }
        String plain = digits.replace("_", "");
        if (plain.isEmpty() || plain.startsWith("+") || plain.startsWith("-")) {
            return null;
        }
        try {
            return Long.parseUnsignedLong(plain, base);
        } catch (NumberFormatException e) {
            return null;
        }
    }
}
