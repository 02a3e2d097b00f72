package dev.coracle.wal;

import java.util.zip.CRC32C;

/**
 * A CRC-32C that can start with any value. Each record of the log carries the checksum of all data before it and its
 * own, so a chain must be taken up in the middle, which {@link CRC32C} cannot do by itself: four bytes that put a fresh
 * one into the wanted state are fed to it instead. There are always such bytes, because feeding four bytes is a
 * bijection between them and the 32 bits of the state.
 */
final class RunningChecksum {
    /** The Castagnoli polynomial, bits reversed: bit 31 is the coefficient of x^0. */
    private static final int POLYNOMIAL = 0x82f63b78;

    /** The polynomial 1. */
    private static final int ONE = 0x80000000;

    /** The polynomial x^8, by which a byte behind multiplies what came before. */
    private static final int ONE_BYTE = ONE >>> Byte.SIZE;

    private final CRC32C crc = new CRC32C();
    private final byte[] seed = new byte[Integer.BYTES];

    /** The checksum so far; 0 before anything. */
    int value() {
        return (int) crc.getValue();
    }

    /** Takes up a chain whose checksum so far is {@code value}. */
    void start(int value) {
        // The state is the complement of the value. Undo the 32 steps of four bytes: after a step the top bit tells
        // whether the polynomial was added, because it alone has that bit then.
        int state = ~value;
        for (int bit = 0; bit < Integer.SIZE; bit++) {
            state = state < 0 ? ((state ^ POLYNOMIAL) << 1) | 1 : state << 1;
        }
        // A fresh checksum is all ones, and the first four bytes are added to it.
        int bytes = ~state;
        for (int i = 0; i < Integer.BYTES; i++) {
            seed[i] = (byte) (bytes >>> (i * Byte.SIZE));
        }
        crc.reset();
        crc.update(seed, 0, seed.length);
    }

    void update(byte[] bytes, int offset, int length) {
        crc.update(bytes, offset, length);
    }

    /** The checksum of two sequences of bytes, one behind the other, from the checksums of both. */
    static int combine(int first, int second, long secondLength) {
        int shift = ONE;
        int power = ONE_BYTE;
        for (long length = secondLength; length != 0; length >>>= 1) {
            if ((length & 1) != 0) {
                shift = multiply(shift, power);
            }
            power = multiply(power, power);
        }
        return multiply(first, shift) ^ second;
    }

    /** The product of two polynomials modulo the Castagnoli polynomial. */
    private static int multiply(int a, int b) {
        int product = 0;
        int shifted = b;
        for (int bit = Integer.SIZE - 1; bit >= 0; bit--) {
            if ((a >>> bit & 1) != 0) {
                product ^= shifted;
            }
            shifted = (shifted & 1) != 0 ? shifted >>> 1 ^ POLYNOMIAL : shifted >>> 1;
        }
        return product;
    }
}
