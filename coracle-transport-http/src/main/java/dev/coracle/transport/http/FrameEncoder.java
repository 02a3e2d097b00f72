package dev.coracle.transport.http;

import com.google.protobuf.CodedOutputStream;
import dev.coracle.codec.Codec;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.Check;
import dev.coracle.raft.Message;
import io.netty.buffer.ByteBuf;
import java.io.IOException;

/** Turns messages into the frames of one stream. Each connection begins with a fresh one. */
abstract class FrameEncoder {
    /** What goes over an idle stream so that its reader does not give it up. It names nobody. */
    static final Message LINK_HEARTBEAT = new Message.Heartbeat(0, 0, 0, 0, Bytes.EMPTY);

    /**
     * Appends a message's frame.
     *
     * @param sizeBytes the size of the message's own bytes
     */
    abstract void encode(Message message, int sizeBytes, ByteBuf out);

    /** Appends the frame of {@link #LINK_HEARTBEAT}. */
    abstract void encodeLinkHeartbeat(ByteBuf out);

    /** Appends the bytes of a value, whose number is known. */
    static <T> void write(Codec<T> codec, T value, int sizeBytes, ByteBuf out) {
        out.ensureWritable(sizeBytes);
        CodedOutputStream coded = CodedOutputStream.newInstance(out.nioBuffer(out.writerIndex(), sizeBytes));
        try {
            codec.writeTo(value, coded);
            coded.flush();
        } catch (IOException e) {
            throw Check.unreachable("the size was counted and there was room: " + e.getMessage());
        }
        out.writerIndex(out.writerIndex() + sizeBytes);
    }

    /** Tells a link's heartbeat from a leader's. */
    static boolean isLinkHeartbeat(Message message) {
        return message instanceof Message.Heartbeat && message.from() == 0 && message.to() == 0;
    }
}
