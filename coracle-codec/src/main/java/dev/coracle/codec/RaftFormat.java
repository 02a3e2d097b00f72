package dev.coracle.codec;

import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeCodec;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.raft.Message;
import dev.coracle.raft.MessageType;
import dev.coracle.raft.Snapshot;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the dialects share: the messages and the numbers of their fields. They differ in what is written when. */
abstract class RaftFormat implements MessageCodec {
    private static final EntryType[] ENTRY_TYPES = EntryType.values();

    private final Presence presence;
    private final ConfChangeCodec confChanges;
    private final Codec<HardState> hardStates;
    private final Codec<ConfState> confStates;
    private final Codec<SnapshotMetadata> snapshotMetadata;
    private final Codec<Snapshot> snapshots;
    private final Codec<Entry> entries;
    private final Codec<Message> messages;

    /** A dialect that knows the types of messages up to {@code lastType}. */
    RaftFormat(String dialect, Presence presence, ConfChangeCodec confChanges, MessageType lastType) {
        this.presence = presence;
        this.confChanges = confChanges;
        this.hardStates = new HardStateCodec();
        this.confStates = new ConfStateCodec();
        this.snapshotMetadata = new SnapshotMetadataCodec();
        this.snapshots = new SnapshotCodec();
        this.entries = new EntryCodec();
        this.messages = new MessageFormat(dialect, presence, lastType, entries, snapshots);
    }

    @Override
    public final Codec<Message> messages() {
        return messages;
    }

    @Override
    public final Codec<Entry> entries() {
        return entries;
    }

    @Override
    public final Codec<HardState> hardStates() {
        return hardStates;
    }

    @Override
    public final Codec<ConfState> confStates() {
        return confStates;
    }

    @Override
    public final Codec<SnapshotMetadata> snapshotMetadata() {
        return snapshotMetadata;
    }

    @Override
    public final Codec<Snapshot> snapshots() {
        return snapshots;
    }

    @Override
    public final ConfChangeCodec confChanges() {
        return confChanges;
    }

    private final class EntryCodec extends Codec<Entry> {
        EntryCodec() {
            super(presence);
        }

        @Override
        protected void write(Entry entry, ProtobufWriter out) throws IOException {
            out.uint64(1, entry.type().ordinal());
            out.uint64(2, entry.term());
            out.uint64(3, entry.index());
            out.bytes(4, entry.data());
            out.bytes(6, entry.context());
        }

        @Override
        protected Entry read(ProtobufReader in) throws CodecException {
            EntryType type = EntryType.NORMAL;
            long term = 0;
            long index = 0;
            byte @Nullable [] data = null;
            byte @Nullable [] context = null;
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> type = in.constant(ENTRY_TYPES, "Entry.type");
                    case 2 -> term = in.counter("Entry.term");
                    case 3 -> index = in.counter("Entry.index");
                    case 4 -> data = in.bytes("Entry.data");
                    case 6 -> context = in.bytes("Entry.context");
                    default -> in.skip();
                }
            }
            return new Entry(term, index, type, data, context);
        }
    }

    private final class HardStateCodec extends Codec<HardState> {
        HardStateCodec() {
            super(presence);
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
                    default -> in.skip();
                }
            }
            return new HardState(term, vote, commit);
        }
    }

    private final class ConfStateCodec extends Codec<ConfState> {
        ConfStateCodec() {
            super(presence);
        }

        @Override
        protected void write(ConfState state, ProtobufWriter out) throws IOException {
            out.uint64s(1, state.voters());
            out.uint64s(2, state.learners());
            out.uint64s(3, state.votersOutgoing());
            out.uint64s(4, state.learnersNext());
            out.bool(5, state.autoLeave());
        }

        @Override
        protected ConfState read(ProtobufReader in) throws CodecException {
            List<Long> voters = new ArrayList<>();
            List<Long> learners = new ArrayList<>();
            List<Long> votersOutgoing = new ArrayList<>();
            List<Long> learnersNext = new ArrayList<>();
            boolean autoLeave = false;
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> in.uint64s(voters, "ConfState.voters");
                    case 2 -> in.uint64s(learners, "ConfState.learners");
                    case 3 -> in.uint64s(votersOutgoing, "ConfState.voters_outgoing");
                    case 4 -> in.uint64s(learnersNext, "ConfState.learners_next");
                    case 5 -> autoLeave = in.bool("ConfState.auto_leave");
                    default -> in.skip();
                }
            }
            return new ConfState(voters, learners, votersOutgoing, learnersNext, autoLeave);
        }
    }

    private final class SnapshotMetadataCodec extends Codec<SnapshotMetadata> {
        SnapshotMetadataCodec() {
            super(presence);
        }

        @Override
        protected void write(SnapshotMetadata metadata, ProtobufWriter out) throws IOException {
            if (presence == Presence.EXPLICIT || !metadata.confState().equals(ConfState.EMPTY)) {
                out.message(1, confStates, metadata.confState());
            }
            out.uint64(2, metadata.index());
            out.uint64(3, metadata.term());
        }

        @Override
        protected SnapshotMetadata read(ProtobufReader in) throws CodecException {
            ConfState confState = ConfState.EMPTY;
            long index = 0;
            long term = 0;
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> confState = in.message(confStates, "SnapshotMetadata.conf_state");
                    case 2 -> index = in.counter("SnapshotMetadata.index");
                    case 3 -> term = in.counter("SnapshotMetadata.term");
                    default -> in.skip();
                }
            }
            return new SnapshotMetadata(index, term, confState);
        }
    }

    private final class SnapshotCodec extends Codec<Snapshot> {
        SnapshotCodec() {
            super(presence);
        }

        @Override
        protected void write(Snapshot snapshot, ProtobufWriter out) throws IOException {
            out.bytes(1, snapshot.data());
            if (presence == Presence.EXPLICIT || !snapshot.metadata().equals(SnapshotMetadata.EMPTY)) {
                out.message(2, snapshotMetadata, snapshot.metadata());
            }
        }

        @Override
        protected Snapshot read(ProtobufReader in) throws CodecException {
            Bytes data = Bytes.EMPTY;
            SnapshotMetadata metadata = SnapshotMetadata.EMPTY;
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> data = Bytes.of(in.bytes("Snapshot.data"));
                    case 2 -> metadata = in.message(snapshotMetadata, "Snapshot.metadata");
                    default -> in.skip();
                }
            }
            return new Snapshot(metadata, data);
        }
    }
}
