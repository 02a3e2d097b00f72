package dev.coracle.transport.http;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.raft.Message;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The frames of the stream for everything: a length of eight bytes, big-endian, and the message. */
final class MessageFrames {
    private MessageFrames() {}

    static final class Encoder extends FrameEncoder {
        private final Codec<Message> codec;

        Encoder(Codec<Message> codec) {
            this.codec = codec;
        }

        @Override
        void encode(Message message, int sizeBytes, ByteBuf out) {
            out.writeLong(sizeBytes);
            write(codec, message, sizeBytes, out);
        }

        @Override
        void encodeLinkHeartbeat(ByteBuf out) {
            encode(LINK_HEARTBEAT, codec.sizeOf(LINK_HEARTBEAT), out);
        }
    }

    static final class Decoder extends FrameDecoder {
        private final Codec<Message> codec;
        private boolean atLength = true;

        Decoder(Codec<Message> codec, int maxFrameBytes) {
            super(Long.BYTES, maxFrameBytes);
            this.codec = codec;
        }

        @Override
        int take(ByteBuffer piece, List<Message> out) throws CodecException {
            atLength = !atLength;
            if (!atLength) {
                return length(piece, "message", 0);
            }
            Message message = codec.decode(piece);
            if (!FrameEncoder.isLinkHeartbeat(message)) {
                out.add(message);
            }
            return Long.BYTES;
        }
    }

    /** Reads one message from the beginning of something longer. */
    static final class HeadDecoder extends FrameDecoder {
        private final Codec<Message> codec;
        private final List<Message> decoded = new ArrayList<>(1);
        private boolean atLength = true;

        HeadDecoder(Codec<Message> codec, int maxFrameBytes) {
            super(Long.BYTES, maxFrameBytes);
            this.codec = codec;
        }

        /** Takes bytes up to the end of the message; {@code null} if that has not come. */
        @Nullable
        Message decode(ByteBuf in) throws CodecException {
            decode(in, decoded);
            return decoded.isEmpty() ? null : decoded.get(0);
        }

        @Override
        int take(ByteBuffer piece, List<Message> out) throws CodecException {
            if (atLength) {
                atLength = false;
                return length(piece, "message", 0);
            }
            out.add(codec.decode(piece));
            return STOP;
        }
    }
}
