package dev.coracle.wal;

/**
 * Protobuf's numbers of variable length: seven bits a byte, the lowest first, and a mark on each byte but the last. As a
 * word, the first byte is the lowest, so that it can be stored at once.
 */
final class Varints {
    /** What {@link #shortSize} and {@link #shortWord} take: less than this. */
    static final int SHORT = 1 << 14;

    private static final int MARK = 0x80;
    private static final long MARKS = 0x80808080808080L;

    private Varints() {}

    /** How many bytes a number takes: nine 64ths do what a division by seven does. */
    static int size(long value) {
        return (10 * Long.SIZE - 9 * Long.numberOfLeadingZeros(value | 1)) >>> 6;
    }

    /** A number of at most eight bytes, of which it takes {@code size}. */
    static long word(long value, int size) {
        long sevens = (value & 0xfffffffL) | (value & 0xfffffff0000000L) << 4;
        sevens = (sevens & 0x3fff00003fffL) | (sevens & 0xfffc0000fffc000L) << 2;
        sevens = (sevens & 0x7f007f007f007fL) | (sevens & 0x3f803f803f803f80L) << 1;
        return sevens | (MARKS & ((1L << (Byte.SIZE * (size - 1))) - 1));
    }

    /** The size of a short number. */
    static int shortSize(int value) {
        return value < MARK ? 1 : 2;
    }

    /** A short number. */
    static long shortWord(int value) {
        return value < MARK ? value : (value & 0x7f) | MARK | (value & 0x3f80) << 1;
    }

    /** Stores any number, byte by byte. Returns where it ends. */
    static int put(byte[] target, int offset, long value) {
        int at = offset;
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            target[at++] = (byte) (rest | MARK);
            rest >>>= 7;
        }
        target[at++] = (byte) rest;
        return at;
    }
}
