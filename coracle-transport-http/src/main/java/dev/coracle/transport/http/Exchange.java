package dev.coracle.transport.http;

import dev.coracle.codec.CodecException;
import io.netty.buffer.ByteBuf;

/**
 * What is done with one request. Unless a body was the last it asks its {@link ServerConnection} for more, now or later,
 * or it answers; after the last it answers. Everything happens on the event loop.
 */
interface Exchange {
    /**
     * A part of the body, maybe an empty one; the bytes are only valid during the call.
     *
     * @throws CodecException if they are wrong, which is answered
     */
    void onBody(ByteBuf bytes, boolean last) throws CodecException;

    /** It is over: answered, or the connection is gone. Called once. */
    default void onOver() {}
}
