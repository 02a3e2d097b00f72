package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import dev.coracle.codec.Dialect;
import dev.coracle.codec.EtcdConfChangeCodec;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeCodec;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** Our own: commands in an {@link Envelope}, the framework's tables at the head of snapshots. */
final class NativeRules implements DialectRules {
    static final NativeRules INSTANCE = new NativeRules();

    private NativeRules() {}

    @Override
    public Dialect dialect() {
        return Dialect.NATIVE;
    }

    @Override
    public ConfChangeCodec changes() {
        return EtcdConfChangeCodec.INSTANCE;
    }

    @Override
    public int overheadBytes() {
        return Envelope.SESSION_OVERHEAD_BYTES;
    }

    @Override
    public byte[] wrap(byte[] command) {
        return Envelope.wrap(command);
    }

    @Override
    public Envelope decode(byte[] data) throws MalformedException {
        return Envelope.decode(data);
    }

    @Override
    public byte @Nullable [] nextContext() {
        return null;
    }

    @Override
    public void applied(byte @Nullable [] context, @Nullable Object result) {}

    @Override
    public Bytes changeContext(List<Tables.Known> known) {
        return MemberContext.encode(known);
    }

    @Override
    public SortedMap<Long, Tables.Known> news(ConfChangeV2 change) throws MalformedException {
        return MemberContext.decode(change);
    }

    @Override
    public void writeHead(SnapshotHead head, OutputStream out) throws IOException {
        head.write(out);
    }

    @Override
    public SnapshotHead readHead(InputStream in, ConfState configuration, Tables before) throws IOException {
        return SnapshotHead.read(in);
    }
}
