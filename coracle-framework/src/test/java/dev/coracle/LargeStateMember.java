package dev.coracle;

import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryType;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;

/**
 * A member in a process of its own whose state is not in memory, only large when it is written: bytes of which each block
 * follows from the one before. It says on its standard output what it has done, and ends with its standard input.
 */
final class LargeStateMember {
    static final String SAYS = "member: ";

    private LargeStateMember() {}

    /** Arguments: directory, size of the state in bytes, and the address of a member to join, or nothing. */
    public static void main(String[] arguments) throws Exception {
        State state = new State(Long.parseLong(arguments[1]));
        RaftBuilder<byte[], Long, State> builder = Raft.builder(state, Codec.bytes(), Codec.int64())
                .raftAddress("127.0.0.1:0")
                .dataDirectory(Path.of(arguments[0]))
                .requestTimeout(Duration.ofMinutes(1))
                .snapshotBytesPerSecond(0)
                .catchUpEntries(0);
        long begin = System.nanoTime();
        if (arguments.length > 2) {
            builder.join(arguments[2]);
        }
        try (Raft<byte[], Long, State> raft = builder.start()) {
            if (arguments.length > 2) {
                raft.propose(new byte[1]).join();
                say("restored %d bytes after %d ms", state.restored, millisSince(begin));
            } else {
                raft.propose(new byte[1]).join();
                raft.snapshot().join();
                say("wrote its snapshot in %d ms", millisSince(begin));
                say("listens on %s", raft.raftAddress());
                while (System.in.read() >= 0) {}
            }
        }
        long peak = ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getType() == MemoryType.HEAP)
                .mapToLong(pool -> pool.getPeakUsage().getUsed())
                .sum();
        say(
                "heap %d MiB at most of %d, buffers of the network %d MiB",
                peak >> 20, Runtime.getRuntime().maxMemory() >> 20, PlatformDependent.usedDirectMemory() >> 20);
    }

    private static long millisSince(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos).toMillis();
    }

    private static void say(String format, Object... arguments) {
        System.out.println(SAYS + String.format(Locale.ROOT, format, arguments));
        System.out.flush();
    }

    private static final class State implements StateMachine<byte[], Long> {
        private static final int BLOCK_BYTES = 1 << 16;

        private final long size;
        private long applied;
        private volatile long restored;

        State(long size) {
            this.size = size;
        }

        @Override
        public Long apply(byte[] command) {
            return ++applied;
        }

        @Override
        public PinnedState snapshot() {
            long pinned = applied;
            return out -> write(pinned, out);
        }

        private void write(long pinned, OutputStream out) throws IOException {
            byte[] block = new byte[BLOCK_BYTES];
            for (long at = 0; at < size; at += BLOCK_BYTES) {
                fill(block, pinned, at);
                out.write(block);
            }
        }

        /** The first number is what was applied, so that the state is not the same everywhere. */
        private static void fill(byte[] block, long pinned, long at) {
            ByteBuffer numbers = ByteBuffer.wrap(block);
            numbers.putLong(pinned);
            long number = at + 0x9e3779b97f4a7c15L;
            while (numbers.hasRemaining()) {
                number ^= number << 13;
                number ^= number >>> 7;
                number ^= number << 17;
                numbers.putLong(number);
            }
        }

        @Override
        public void restore(InputStream in) throws IOException {
            byte[] block = new byte[BLOCK_BYTES];
            byte[] expected = new byte[BLOCK_BYTES];
            long at = 0;
            for (int count = in.readNBytes(block, 0, BLOCK_BYTES);
                    count > 0;
                    count = in.readNBytes(block, 0, BLOCK_BYTES)) {
                applied = ByteBuffer.wrap(block).getLong();
                fill(expected, applied, at);
                if (!Arrays.equals(block, 0, count, expected, 0, BLOCK_BYTES)) {
                    throw new IOException("the state differs within the " + BLOCK_BYTES + " bytes from " + at + " on");
                }
                at += count;
            }
            restored = at;
        }
    }
}
