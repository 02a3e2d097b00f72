package dev.coracle.codec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.raft.ConfChangeCodec;
import dev.coracle.raft.ConfChangeCodec.MalformedException;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.MessageType;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whatever the bytes are, decoding ends in a value or in the one checked exception. A length that is believed would
 * show as an OutOfMemoryError or a NegativeArraySizeException here.
 */
class HostileBytesTest {
    private static final ConfChangeType[] COMMON_TYPES = {
        ConfChangeType.ADD_NODE, ConfChangeType.REMOVE_NODE, ConfChangeType.ADD_LEARNER_NODE
    };

    private interface Decoder {
        Object decode(byte[] bytes) throws CodecException, MalformedException;
    }

    private int values;
    private int refusals;

    @ParameterizedTest
    @EnumSource(names = {"ETCD", "RAFT_RS"})
    void everyTruncationAndEveryFlippedBitIsAValueOrARefusal(Dialect dialect) {
        Random random = seeded("damage " + dialect);
        Samples samples = new Samples(random, dialect);
        MessageCodec codec = dialect.codec();
        ConfChangeCodec changes = codec.confChanges();
        for (int round = 0; round < 10; round++) {
            for (MessageType type : MessageType.values()) {
                if (type.ordinal() <= MessageType.PRE_VOTE_REPLY.ordinal()) {
                    damage(codec.messages()::decode, codec.messages().encode(samples.message(type)));
                }
            }
            damage(codec.entries()::decode, codec.entries().encode(samples.entry()));
            damage(codec.hardStates()::decode, codec.hardStates().encode(samples.hardState()));
            damage(codec.confStates()::decode, codec.confStates().encode(samples.confState()));
            damage(codec.snapshots()::decode, codec.snapshots().encode(samples.snapshot()));
            damage(changes::decode, changes.encode(samples.confChange(COMMON_TYPES)));
            damage(changes::decodeV2, changes.encode(samples.confChangeV2(COMMON_TYPES)));
        }
        assertThat(values).isPositive();
        assertThat(refusals).isPositive();
    }

    @ParameterizedTest
    @EnumSource(names = {"ETCD", "RAFT_RS"})
    void randomBytesAreAValueOrARefusal(Dialect dialect) {
        Random random = seeded("noise " + dialect);
        MessageCodec codec = dialect.codec();
        List<Decoder> decoders = List.of(
                codec.messages()::decode,
                codec.entries()::decode,
                codec.hardStates()::decode,
                codec.confStates()::decode,
                codec.snapshotMetadata()::decode,
                codec.snapshots()::decode,
                codec.confChanges()::decode,
                codec.confChanges()::decodeV2,
                bytes -> codec.messages().decode(direct(bytes)));
        for (int round = 0; round < 100_000; round++) {
            byte[] bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            if (random.nextBoolean()) {
                // Small numbers are tags and lengths more often than not.
                for (int i = 0; i < bytes.length; i++) {
                    bytes[i] = (byte) (bytes[i] & (0x7f >>> random.nextInt(5)));
                }
            }
            attempt(decoders.get(round % decoders.size()), bytes);
        }
        assertThat(values).isPositive();
        assertThat(refusals).isPositive();
    }

    @Test
    void aHostileLengthAllocatesNothing() {
        for (Dialect dialect : Dialect.values()) {
            attempt(dialect.codec().entries()::decode, Hex.bytes("22 ff ff ff ff 07"));
            attempt(dialect.codec().messages()::decode, Hex.bytes("3a ff ff ff ff 07"));
            attempt(dialect.codec().messages()::decode, Hex.bytes("62 80 80 80 80 f8 ff ff ff ff 01"));
            attempt(dialect.codec().confStates()::decode, Hex.bytes("0a ff ff ff ff 07"));
            attempt(dialect.codec().entries()::decode, Hex.bytes("3a ff ff ff ff 07"));
        }
        assertThat(values).isZero();
    }

    private void damage(Decoder decoder, byte[] bytes) {
        for (int length = 0; length < bytes.length; length++) {
            attempt(decoder, Arrays.copyOf(bytes, length));
        }
        for (int bit = 0; bit < bytes.length * Byte.SIZE; bit++) {
            byte[] flipped = bytes.clone();
            flipped[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
            attempt(decoder, flipped);
        }
    }

    /** Anything but a value or the declared exceptions goes on to fail the test, with the bytes. */
    private void attempt(Decoder decoder, byte[] bytes) {
        try {
            assertThat(decoder.decode(bytes)).isNotNull();
            values++;
        } catch (CodecException e) {
            assertThat(e.offset()).isBetween(0, bytes.length);
            assertThat(e.getMessage()).contains(" at byte " + e.offset() + ": ");
            refusals++;
        } catch (MalformedException e) {
            refusals++;
        } catch (RuntimeException | Error e) {
            throw new AssertionError(Hex.text(bytes), e);
        }
    }

    private static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }

    private static Random seeded(String what) {
        long seed = new Random().nextLong();
        System.out.println("HostileBytesTest " + what + " seed " + seed);
        return new Random(seed);
    }
}
