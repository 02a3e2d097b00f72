package dev.coracle.wal;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A segment's name.
 *
 * @param sequence its number, from 0 without gaps
 * @param index the index that was expected next when the segment was begun: one more than that of the last record
 */
record SegmentName(long sequence, long index) {
    static final SegmentName FIRST = new SegmentName(0, 0);

    /** What the names of segments end with. */
    static final String SUFFIX = ".wal";

    private static final int HEX = 16;
    private static final Pattern PATTERN = Pattern.compile("([0-9a-f]{16})-([0-9a-f]{16})\\.wal");

    /** The name that {@code fileName} is, or null if it is none. */
    static @Nullable SegmentName parse(String fileName) {
        Matcher matcher = PATTERN.matcher(fileName);
        return matcher.matches()
                ? new SegmentName(
                        Long.parseUnsignedLong(matcher.group(1), HEX), Long.parseUnsignedLong(matcher.group(2), HEX))
                : null;
    }

    String fileName() {
        return String.format(Locale.ROOT, "%016x-%016x%s", sequence, index, SUFFIX);
    }
}
