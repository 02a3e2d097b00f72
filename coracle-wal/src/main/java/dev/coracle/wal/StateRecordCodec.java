package dev.coracle.wal;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;
import dev.coracle.raft.HardState;
import java.io.IOException;

/**
 * The data of a state record. No checksum covers a record's type, and the data of an entry read as a state would be one:
 * hence, unlike elsewhere, a field that a state does not have is refused, and so is a state of term 0, which nobody
 * saves.
 */
final class StateRecordCodec extends Codec<HardState> {
    static final StateRecordCodec INSTANCE = new StateRecordCodec();

    private StateRecordCodec() {
        super(Presence.EXPLICIT);
    }

    @Override
    protected void write(HardState state, ProtobufWriter out) throws IOException {
        out.uint64(1, state.term());
        out.uint64(2, state.vote());
        out.uint64(3, state.commit());
    }

    @Override
    protected HardState read(ProtobufReader in) throws CodecException {
        long term = 0;
        long vote = 0;
        long commit = 0;
        for (int number = in.next(); number != 0; number = in.next()) {
            switch (number) {
                case 1 -> term = in.counter("HardState.term");
                case 2 -> vote = in.uint64("HardState.vote");
                case 3 -> commit = in.counter("HardState.commit");
                default -> throw in.malformed("HardState", "it has no field " + number);
            }
        }
        if (term == 0) {
            throw in.malformed("HardState.term", "0 is no term that is saved");
        }
        return new HardState(term, vote, commit);
    }
}
