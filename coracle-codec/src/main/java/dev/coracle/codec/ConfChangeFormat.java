package dev.coracle.codec;

import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChange;
import dev.coracle.raft.ConfChangeCodec;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeTransition;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.ConfChangeV2;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Configuration changes, of which both dialects have the same messages and fields. They differ in which fields are
 * written and in the numbers of the change types.
 */
final class ConfChangeFormat implements ConfChangeCodec {
    private static final ConfChangeTransition[] TRANSITIONS = ConfChangeTransition.values();

    private final ConfChangeType[] types;
    private final String dialect;
    private final Codec<ConfChange> changes;
    private final Codec<ConfChangeSingle> singles;
    private final Codec<ConfChangeV2> changesV2;

    /** A dialect in which a type's number is its position among {@code types}. */
    ConfChangeFormat(String dialect, Presence presence, ConfChangeType... types) {
        this.dialect = dialect;
        this.types = types;
        this.changes = new ChangeCodec(presence);
        this.singles = new SingleCodec(presence);
        this.changesV2 = new ChangeV2Codec(presence);
    }

    Codec<ConfChangeSingle> singles() {
        return singles;
    }

    @Override
    public byte[] encode(ConfChange change) {
        return changes.encode(change);
    }

    @Override
    public byte[] encode(ConfChangeV2 change) {
        return changesV2.encode(change);
    }

    @Override
    public ConfChange decode(byte[] data) throws MalformedException {
        return decode(changes, data);
    }

    @Override
    public ConfChangeV2 decodeV2(byte[] data) throws MalformedException {
        return decode(changesV2, data);
    }

    private static <T> T decode(Codec<T> codec, byte[] data) throws MalformedException {
        try {
            return codec.decode(data);
        } catch (CodecException e) {
            MalformedException malformed = new MalformedException(String.valueOf(e.getMessage()));
            malformed.initCause(e);
            throw malformed;
        }
    }

    private int number(ConfChangeType type) {
        for (int i = 0; i < types.length; i++) {
            if (types[i] == type) {
                return i;
            }
        }
        throw new IllegalArgumentException("type " + type + ": " + dialect + " has no such configuration change");
    }

    private final class ChangeCodec extends Codec<ConfChange> {
        ChangeCodec(Presence presence) {
            super(presence);
        }

        @Override
        protected void write(ConfChange change, ProtobufWriter out) throws IOException {
            out.uint64(1, change.id());
            out.uint64(2, number(change.type()));
            out.uint64(3, change.nodeId());
            out.bytes(4, change.context());
        }

        @Override
        protected ConfChange read(ProtobufReader in) throws CodecException {
            long id = 0;
            ConfChangeType type = types[0];
            long nodeId = 0;
            Bytes context = Bytes.EMPTY;
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> id = in.uint64("ConfChange.id");
                    case 2 -> type = in.constant(types, "ConfChange.type");
                    case 3 -> nodeId = in.uint64("ConfChange.node_id");
                    case 4 -> context = Bytes.of(in.bytes("ConfChange.context"));
                    default -> in.skip();
                }
            }
            return new ConfChange(id, type, nodeId, context);
        }
    }

    private final class SingleCodec extends Codec<ConfChangeSingle> {
        SingleCodec(Presence presence) {
            super(presence);
        }

        @Override
        protected void write(ConfChangeSingle change, ProtobufWriter out) throws IOException {
            out.uint64(1, number(change.type()));
            out.uint64(2, change.nodeId());
        }

        @Override
        protected ConfChangeSingle read(ProtobufReader in) throws CodecException {
            ConfChangeType type = types[0];
            long nodeId = 0;
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> type = in.constant(types, "ConfChangeSingle.type");
                    case 2 -> nodeId = in.uint64("ConfChangeSingle.node_id");
                    default -> in.skip();
                }
            }
            return new ConfChangeSingle(type, nodeId);
        }
    }

    private final class ChangeV2Codec extends Codec<ConfChangeV2> {
        ChangeV2Codec(Presence presence) {
            super(presence);
        }

        @Override
        protected void write(ConfChangeV2 change, ProtobufWriter out) throws IOException {
            out.uint64(1, change.transition().ordinal());
            for (ConfChangeSingle single : change.changes()) {
                out.message(2, singles, single);
            }
            out.bytes(3, change.context());
        }

        @Override
        protected ConfChangeV2 read(ProtobufReader in) throws CodecException {
            ConfChangeTransition transition = ConfChangeTransition.AUTO;
            List<ConfChangeSingle> changes = new ArrayList<>();
            Bytes context = Bytes.EMPTY;
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> transition = in.constant(TRANSITIONS, "ConfChangeV2.transition");
                    case 2 -> changes.add(in.message(singles, "ConfChangeV2.changes"));
                    case 3 -> context = Bytes.of(in.bytes("ConfChangeV2.context"));
                    default -> in.skip();
                }
            }
            return new ConfChangeV2(transition, changes, context);
        }
    }
}
