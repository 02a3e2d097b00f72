package dev.coracle.transport.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.EtcdCodec;
import dev.coracle.contracts.Mutations;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Real frames with some bytes changed, cut out or put in: a complaint or a message, and never much memory. */
class HostileFramesTest {
    private static final long SEED = 20261127;
    private static final int ROUNDS = 10_000;
    private static final int LIMIT = 64 << 10;

    /** An entry is an object with an array: what its bytes may cost in memory at most, whatever they say. */
    private static final long MOST_BYTES = 100L * LIMIT;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @ParameterizedTest
    @EnumSource(StreamType.class)
    void mutatedFramesHarmNobody(StreamType type) {
        Mutations mutations = new Mutations("the stream " + type, SEED);
        Random random = mutations.random();
        byte[] sound = stream(type, random);
        int refused = 0;
        int read = 0;
        for (int round = 0; round < ROUNDS; round++) {
            byte[] bytes = mutations.mutated(sound);
            FrameDecoder decoder = type.newDecoder(2, 1, LIMIT);
            List<Message> messages = new ArrayList<>();
            long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
            try {
                for (int position = 0; position < bytes.length; ) {
                    int step = 1 + random.nextInt(bytes.length);
                    int end = Math.min(bytes.length, position + step);
                    decoder.decode(Unpooled.wrappedBuffer(bytes, position, end - position), messages);
                    position = end;
                }
                read++;
            } catch (CodecException e) {
                assertThat(e.getMessage()).isNotEmpty();
                refused++;
            }
            long allocated =
                    threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
            assertThat(allocated).as("round %d of seed %d", round, SEED).isLessThan(MOST_BYTES);
        }
        System.out.println(type + ": " + refused + " streams refused, " + read + " read to their end");
        assertThat(refused).isGreaterThan(ROUNDS / 10);
        assertThat(read).isGreaterThan(ROUNDS / 10);
    }

    private static byte[] stream(StreamType type, Random random) {
        FrameEncoder encoder = type.newEncoder();
        ByteBuf out = Unpooled.buffer();
        long index = 10;
        for (int i = 0; i < 12; i++) {
            List<Entry> entries = new ArrayList<>();
            for (int n = random.nextInt(4); n > 0; n--) {
                byte[] data = new byte[random.nextInt(200)];
                random.nextBytes(data);
                entries.add(new Entry(3, index + 1 + entries.size(), EntryType.NORMAL, data));
            }
            Message message = new Message.Append(1, 2, 3, i == 0 ? 2 : 3, index, entries, index);
            index += entries.size();
            encoder.encode(message, EtcdCodec.INSTANCE.messages().sizeOf(message), out);
            encoder.encodeLinkHeartbeat(out);
        }
        return ByteBufUtil.getBytes(out);
    }
}
