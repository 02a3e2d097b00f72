package dev.coracle.transport.http;

import dev.coracle.codec.EtcdCodec;

/** The two streams between two nodes, in each direction. */
enum StreamType {
    /** Appends, in their own short frames. */
    APPENDS("msgapp"),
    /** Everything. */
    MESSAGES("message");

    /** What stands for it in a path. */
    final String path;

    StreamType(String path) {
        this.path = path;
    }

    FrameEncoder newEncoder() {
        return switch (this) {
            case APPENDS -> new AppendFrames.Encoder(EtcdCodec.INSTANCE.messages(), EtcdCodec.INSTANCE.entries());
            case MESSAGES -> new MessageFrames.Encoder(EtcdCodec.INSTANCE.messages());
        };
    }

    FrameDecoder newDecoder(long local, long remote, int maxFrameBytes) {
        return switch (this) {
            case APPENDS -> new AppendFrames.Decoder(EtcdCodec.INSTANCE, local, remote, maxFrameBytes);
            case MESSAGES -> new MessageFrames.Decoder(EtcdCodec.INSTANCE.messages(), maxFrameBytes);
        };
    }
}
