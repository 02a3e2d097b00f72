package dev.coracle.contracts;

import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Real bytes with some changed, cut out or put in, for whoever reads what others wrote: it must end in a value or in the
 * declared complaint, soon, and without more memory than the bytes can justify. Equal seeds give equal bytes.
 */
public final class Mutations {
    /** What is done with bytes: read, and maybe refused. */
    @FunctionalInterface
    public interface Reader {
        /**
         * Reads bytes that may be damaged; maybe several times the same.
         *
         * @return whether they were taken; false if they were refused in the way that was agreed
         * @throws Exception if something else happened
         */
        boolean read(byte[] bytes) throws Exception;
    }

    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static final int ATTEMPTS = 3;

    private final String what;
    private final long seed;
    private final Random random;

    /** Prints its seed. */
    public Mutations(String what, long seed) {
        this.what = what;
        this.seed = seed;
        this.random = new Random(seed);
        System.out.println("mutations of " + what + ", seed " + seed);
    }

    /** The source of chance, for samples. */
    public Random random() {
        return random;
    }

    /** The same bytes with one to three changes. */
    public byte[] mutated(byte[] sound) {
        byte[] bytes = sound.clone();
        for (int n = 1 + random.nextInt(3); n > 0; n--) {
            int at = random.nextInt(bytes.length + 1);
            switch (random.nextInt(5)) {
                case 0 -> change(bytes, at, (byte) (1 << random.nextInt(8)));
                case 1 -> change(bytes, at, (byte) random.nextInt());
                case 2 -> bytes = without(bytes, at, 1 + random.nextInt(16));
                case 3 -> bytes = with(bytes, at, more());
                default -> bytes = Arrays.copyOf(bytes, at);
            }
        }
        return bytes;
    }

    /**
     * Has mutations of one sample read, again and again.
     *
     * @param most how many bytes of memory reading it may cost
     * @throws AssertionError with the bytes, if it costs more or something else than a refusal happens
     */
    public void read(byte[] sound, int rounds, long most, Reader reader) {
        for (int round = 0; round < rounds; round++) {
            byte[] bytes = round == 0 ? sound : mutated(sound);
            boolean taken;
            long cost;
            int attempts = 0;
            do {
                long before = THREADS.getCurrentThreadAllocatedBytes();
                try {
                    taken = reader.read(bytes);
                } catch (Exception | Error e) {
                    throw failure(round, bytes, e.toString(), e);
                }
                cost = THREADS.getCurrentThreadAllocatedBytes() - before;
                // What is done for the first time also loads classes.
            } while (cost > most && ++attempts < ATTEMPTS);
            if (cost > most) {
                throw failure(round, bytes, "it cost " + cost + " bytes of memory, more than " + most, null);
            }
            if (round == 0 && !taken) {
                throw failure(round, bytes, "the sound bytes are refused", null);
            }
        }
    }

    private AssertionError failure(int round, byte[] bytes, String text, @Nullable Throwable cause) {
        return new AssertionError(
                what + ", seed " + seed + ", round " + round + ": " + text + ", reading " + Arrays.toString(bytes),
                cause);
    }

    private byte[] more() {
        byte[] more = new byte[1 + random.nextInt(16)];
        if (random.nextBoolean()) {
            random.nextBytes(more);
        } else {
            // What a length looks like that promises a lot.
            Arrays.fill(more, (byte) (random.nextBoolean() ? 0xff : 0x7f));
        }
        return more;
    }

    private static void change(byte[] bytes, int at, byte bits) {
        if (at < bytes.length) {
            bytes[at] ^= bits;
        }
    }

    private static byte[] without(byte[] bytes, int at, int count) {
        int end = Math.min(bytes.length, at + count);
        byte[] shorter = Arrays.copyOf(bytes, bytes.length - (end - at));
        System.arraycopy(bytes, end, shorter, at, bytes.length - end);
        return shorter;
    }

    private static byte[] with(byte[] bytes, int at, byte[] more) {
        byte[] longer = Arrays.copyOf(bytes, bytes.length + more.length);
        System.arraycopy(more, 0, longer, at, more.length);
        System.arraycopy(bytes, at, longer, at + more.length, bytes.length - at);
        return longer;
    }
}
