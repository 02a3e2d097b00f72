package dev.coracle.transport.http;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.EtcdCodec;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;
import dev.coracle.raft.Entry;
import dev.coracle.raft.Message;
import dev.coracle.raft.Snapshot;
import java.io.IOException;

/**
 * Messages in the bytes of etcd 3.4, only to compare with what it sent: it writes an empty snapshot into each, and does
 * not know the vote.
 */
final class Etcd34 extends Codec<Message> {
    static final Codec<Message> MESSAGES = new Etcd34();

    private Etcd34() {
        super(Presence.EXPLICIT);
    }

    @Override
    protected void write(Message message, ProtobufWriter out) throws IOException {
        out.uint64(1, message.type().ordinal());
        out.uint64(2, message.to());
        out.uint64(3, message.from());
        out.uint64(4, message.term());
        out.uint64(5, message.logTerm());
        out.uint64(6, message.index());
        for (Entry entry : message.entries()) {
            out.message(7, EtcdCodec.INSTANCE.entries(), entry);
        }
        out.uint64(8, message.commit());
        out.message(
                9,
                EtcdCodec.INSTANCE.snapshots(),
                message instanceof Message.InstallSnapshot install ? install.snapshot() : Snapshot.EMPTY);
        out.bool(10, message.reject());
        out.uint64(11, message.rejectHint());
        out.bytes(12, message.context());
    }

    @Override
    protected Message read(ProtobufReader in) throws CodecException {
        throw new UnsupportedOperationException("our own codec reads it");
    }
}
