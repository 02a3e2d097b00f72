package dev.coracle.wal;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.EtcdCodec;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;

/**
 * The data of a snapshot record, etcd's walpb.Snapshot. Its fields are those of a snapshot's metadata in another order.
 * The configuration is absent in the first record of a log, as in Go, and in what etcd 3.4 wrote.
 */
final class SnapshotRecordCodec extends Codec<SnapshotMetadata> {
    static final SnapshotRecordCodec INSTANCE = new SnapshotRecordCodec();

    private SnapshotRecordCodec() {
        super(Presence.EXPLICIT);
    }

    @Override
    protected void write(SnapshotMetadata snapshot, ProtobufWriter out) throws IOException {
        out.uint64(1, snapshot.index());
        out.uint64(2, snapshot.term());
        if (snapshot.index() != 0) {
            out.message(3, EtcdCodec.INSTANCE.confStates(), snapshot.confState());
        }
    }

    @Override
    protected SnapshotMetadata read(ProtobufReader in) throws CodecException {
        long index = 0;
        long term = 0;
        ConfState confState = ConfState.EMPTY;
        for (int number = in.next(); number != 0; number = in.next()) {
            switch (number) {
                case 1 -> index = in.counter("Snapshot.index");
                case 2 -> term = in.counter("Snapshot.term");
                case 3 -> confState = in.message(EtcdCodec.INSTANCE.confStates(), "Snapshot.conf_state");
                default -> in.skip();
            }
        }
        return new SnapshotMetadata(index, term, confState);
    }
}
