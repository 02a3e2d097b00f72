package dev.coracle.transport.http;

import dev.coracle.codec.CodecException;
import dev.coracle.raft.Message;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * Cuts the bytes of one stream into messages, however they were cut on their way. Each connection begins with a fresh
 * one; after an exception it must not be used any more.
 *
 * <p>A frame is a sequence of pieces, and the length of each is known when it begins. A length is compared with the limit
 * before anything is allocated for it, and memory grows with what has arrived, not with what was announced.
 */
abstract class FrameDecoder {
    /** What {@link #take} returns behind the last piece. */
    static final int STOP = -1;

    private static final byte[] NOTHING = {};
    private static final int LEAST_BUFFER_BYTES = 4 << 10;
    private static final int KEPT_BUFFER_BYTES = 64 << 10;

    final int maxFrameBytes;
    private int pieceBytes;

    /** The beginning of a piece whose end has not arrived. */
    private byte[] begun = NOTHING;

    private int begunBytes;

    FrameDecoder(int firstPieceBytes, int maxFrameBytes) {
        this.pieceBytes = firstPieceBytes;
        this.maxFrameBytes = maxFrameBytes;
    }

    /**
     * Takes all of {@code in}, or what stands before the stop, and adds the messages that are complete, without the
     * heartbeats of the link.
     *
     * @throws CodecException if a frame is too long or no frame
     */
    final void decode(ByteBuf in, List<Message> out) throws CodecException {
        while (in.readableBytes() >= pieceBytes - begunBytes) {
            ByteBuffer piece = begunBytes == 0 ? whole(in) : completed(in);
            pieceBytes = take(piece, out);
            if (pieceBytes == STOP) {
                return;
            }
        }
        keep(in);
    }

    private ByteBuffer whole(ByteBuf in) {
        ByteBuffer piece = in.nioBuffer(in.readerIndex(), pieceBytes);
        in.skipBytes(pieceBytes);
        return piece;
    }

    private ByteBuffer completed(ByteBuf in) {
        reserve(pieceBytes);
        in.readBytes(begun, begunBytes, pieceBytes - begunBytes);
        begunBytes = 0;
        ByteBuffer piece = ByteBuffer.wrap(begun, 0, pieceBytes);
        if (begun.length > KEPT_BUFFER_BYTES) {
            begun = NOTHING;
        }
        return piece;
    }

    private void keep(ByteBuf in) {
        int rest = in.readableBytes();
        if (rest > 0) {
            reserve(begunBytes + rest);
            in.readBytes(begun, begunBytes, rest);
            begunBytes += rest;
        }
    }

    private void reserve(int bytes) {
        if (begun.length < bytes) {
            int doubled = (int) Math.min(2L * begun.length, pieceBytes);
            begun = Arrays.copyOf(begun, Math.max(bytes, Math.max(doubled, Math.min(LEAST_BUFFER_BYTES, pieceBytes))));
        }
    }

    /** Takes the piece that was asked for and returns the length of the next one, or {@link #STOP}. */
    abstract int take(ByteBuffer piece, List<Message> out) throws CodecException;

    /** Reads the length of a message or an entry. */
    final int length(ByteBuffer piece, String field, long already) throws CodecException {
        long length = piece.getLong(piece.position());
        if (length < 0 || length > maxFrameBytes - already) {
            throw new CodecException(
                    field,
                    0,
                    "length " + Long.toUnsignedString(length) + " is more than the " + (maxFrameBytes - already)
                            + " bytes that the frame may still have");
        }
        return (int) length;
    }
}
