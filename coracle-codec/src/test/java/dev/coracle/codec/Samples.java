package dev.coracle.codec;

import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChange;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeTransition;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.raft.Message;
import dev.coracle.raft.MessageType;
import dev.coracle.raft.Snapshot;
import dev.coracle.raft.SnapshotMetadata;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Random values of everything that has a codec; equal seeds give equal values. Numbers of every size, zeros often. */
final class Samples {
    private final Random random;
    private final boolean tellsEmptyFromAbsent;

    Samples(Random random, Dialect dialect) {
        this.random = random;
        this.tellsEmptyFromAbsent = dialect != Dialect.RAFT_RS;
    }

    long id() {
        return random.nextInt(4) == 0 ? 0 : random.nextLong() >>> random.nextInt(Long.SIZE);
    }

    long counter() {
        return id() & Long.MAX_VALUE;
    }

    byte[] bytes(int least) {
        byte[] bytes = new byte[least + random.nextInt(20)];
        random.nextBytes(bytes);
        return bytes;
    }

    <T> List<T> list(Supplier<T> element) {
        List<T> list = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            list.add(element.get());
        }
        return list;
    }

    Entry entry() {
        return new Entry(counter(), counter(), constant(EntryType.values()), optional(), optional());
    }

    HardState hardState() {
        return new HardState(counter(), id(), counter());
    }

    ConfState confState() {
        return new ConfState(list(this::id), list(this::id), list(this::id), list(this::id), random.nextBoolean());
    }

    SnapshotMetadata snapshotMetadata() {
        return new SnapshotMetadata(counter(), counter(), random.nextBoolean() ? ConfState.EMPTY : confState());
    }

    Snapshot snapshot() {
        return random.nextInt(4) == 0 ? Snapshot.EMPTY : new Snapshot(snapshotMetadata(), Bytes.of(bytes(0)));
    }

    ConfChange confChange(ConfChangeType... types) {
        return new ConfChange(id(), constant(types), id(), Bytes.of(bytes(0)));
    }

    ConfChangeV2 confChangeV2(ConfChangeType... types) {
        return new ConfChangeV2(
                constant(ConfChangeTransition.values()),
                list(() -> new ConfChangeSingle(constant(types), id())),
                Bytes.of(bytes(0)));
    }

    Message message(MessageType type) {
        long from = id();
        long to = id();
        long term = counter();
        boolean flag = random.nextBoolean();
        return switch (type) {
            case HUP -> new Message.Hup();
            case BEAT -> new Message.Beat();
            case PROPOSE -> new Message.Propose(from, to, list(this::entry));
            case APPEND -> new Message.Append(from, to, term, counter(), counter(), list(this::entry), counter());
            case APPEND_REPLY ->
                new Message.AppendReply(from, to, term, counter(), flag, counter(), counter(), counter(), counter());
            case VOTE -> new Message.Vote(from, to, term, counter(), counter(), flag, counter(), counter(), id());
            case VOTE_REPLY -> new Message.VoteReply(from, to, term, flag, counter(), counter());
            case INSTALL_SNAPSHOT -> new Message.InstallSnapshot(from, to, term, snapshot());
            case HEARTBEAT -> new Message.Heartbeat(from, to, term, counter(), Bytes.of(bytes(0)));
            case HEARTBEAT_REPLY -> new Message.HeartbeatReply(from, to, term, Bytes.of(bytes(0)), counter());
            case UNREACHABLE -> new Message.Unreachable(from);
            case SNAPSHOT_STATUS -> new Message.SnapshotStatus(from, flag);
            case CHECK_QUORUM -> new Message.CheckQuorum();
            case TRANSFER_LEADER -> new Message.TransferLeader(from, to, term);
            case TIMEOUT_NOW -> new Message.TimeoutNow(from, to, term);
            case READ_INDEX -> new Message.ReadIndex(from, to, list(this::entry));
            case READ_INDEX_REPLY -> new Message.ReadIndexReply(from, to, term, counter(), list(this::entry));
            case PRE_VOTE ->
                new Message.PreVote(from, to, term, counter(), counter(), flag, counter(), counter(), id());
            case PRE_VOTE_REPLY -> new Message.PreVoteReply(from, to, term, flag, counter(), counter());
            case FORGET_LEADER -> new Message.ForgetLeader(from, to, term);
            case STORAGE_APPEND ->
                new Message.StorageAppend(from, hardState(), list(this::entry), snapshot(), List.of());
            case STORAGE_APPEND_REPLY -> new Message.StorageAppendReply(to, term, counter(), counter(), snapshot());
            case STORAGE_APPLY -> new Message.StorageApply(from, list(this::entry), List.of());
            case STORAGE_APPLY_REPLY -> new Message.StorageApplyReply(to, list(this::entry));
        };
    }

    <E> E constant(E[] constants) {
        return constants[random.nextInt(constants.length)];
    }

    private byte @Nullable [] optional() {
        return random.nextInt(3) == 0 ? null : bytes(tellsEmptyFromAbsent ? 0 : 1);
    }
}
