package dev.coracle.codec;

import dev.coracle.raft.Bytes;
import dev.coracle.raft.Entry;
import dev.coracle.raft.HardState;
import dev.coracle.raft.Message;
import dev.coracle.raft.MessageType;
import dev.coracle.raft.Snapshot;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Messages. On the wire there is one message for all types, of which each uses some fields. Its fields 13 and 14 mean
 * something else in each dialect: vote and responses of a message to the storage thread to etcd, the index of a
 * requested snapshot and an older, unsigned priority to raft-rs.
 */
final class MessageFormat extends Codec<Message> {
    /** The context that lets a vote request overrule a leader's lease. */
    private static final Bytes CAMPAIGN_TRANSFER = Bytes.of("CampaignTransfer".getBytes(StandardCharsets.US_ASCII));

    private final String dialect;
    private final boolean raftRs;
    private final MessageType[] types;
    private final Codec<Entry> entryCodec;
    private final Codec<Snapshot> snapshotCodec;
    private final @Nullable MessageFormat responseCodec;

    MessageFormat(
            String dialect,
            Presence presence,
            MessageType lastType,
            Codec<Entry> entryCodec,
            Codec<Snapshot> snapshotCodec) {
        this(
                dialect,
                presence,
                lastType,
                entryCodec,
                snapshotCodec,
                new MessageFormat(dialect, presence, lastType, entryCodec, snapshotCodec, null));
    }

    private MessageFormat(
            String dialect,
            Presence presence,
            MessageType lastType,
            Codec<Entry> entryCodec,
            Codec<Snapshot> snapshotCodec,
            @Nullable MessageFormat responseCodec) {
        super(presence);
        this.dialect = dialect;
        this.raftRs = presence == Presence.IMPLICIT;
        this.types = Arrays.copyOf(MessageType.values(), lastType.ordinal() + 1);
        this.entryCodec = entryCodec;
        this.snapshotCodec = snapshotCodec;
        this.responseCodec = responseCodec;
    }

    @Override
    protected void write(Message message, ProtobufWriter out) throws IOException {
        int type = message.type().ordinal();
        if (type >= types.length || isForOwnThreads(message.type())) {
            throw new IllegalArgumentException(
                    "type " + message.type() + ": no message between nodes in the dialect of " + dialect);
        }
        out.uint64(1, type);
        out.uint64(2, message.to());
        out.uint64(3, message.from());
        out.uint64(4, message.term());
        out.uint64(5, message.logTerm());
        out.uint64(6, message.index());
        List<Entry> entries = message.entries();
        for (int i = 0; i < entries.size(); i++) {
            out.message(7, entryCodec, entries.get(i));
        }
        out.uint64(8, message.commit());
        if (message.type() == MessageType.INSTALL_SNAPSHOT) {
            out.message(9, snapshotCodec, message.snapshot());
        }
        out.bool(10, message.reject());
        out.uint64(11, message.rejectHint());
        out.bytes(12, context(message));
        out.uint64(13, message instanceof Message.AppendReply reply ? reply.requestSnapshot() : 0);
        long priority = priority(message);
        if (raftRs && priority > 0) {
            out.uint64(14, priority);
        }
        long commitTerm = commitTerm(message);
        if (commitTerm != 0) {
            out.uint64(15, commitTerm);
        }
        if (priority != 0) {
            out.int64(16, priority);
        }
    }

    @Override
    protected Message read(ProtobufReader in) throws CodecException {
        MessageType type = MessageType.HUP;
        long to = 0;
        long from = 0;
        long term = 0;
        long logTerm = 0;
        long index = 0;
        List<Entry> entries = List.of();
        long commit = 0;
        Snapshot snapshot = Snapshot.EMPTY;
        boolean reject = false;
        long rejectHint = 0;
        Bytes context = Bytes.EMPTY;
        long voteOrRequest = 0;
        List<Message> responses = List.of();
        long olderPriority = 0;
        long commitTerm = 0;
        long priority = 0;
        for (int number = in.next(); number != 0; number = in.next()) {
            switch (number) {
                case 1 -> type = in.constant(types, "Message.type");
                case 2 -> to = in.uint64("Message.to");
                case 3 -> from = in.uint64("Message.from");
                case 4 -> term = in.counter("Message.term");
                case 5 -> logTerm = in.counter("Message.log_term");
                case 6 -> index = in.counter("Message.index");
                case 7 -> entries = with(entries, in.message(entryCodec, "Message.entries"));
                case 8 -> commit = in.counter("Message.commit");
                case 9 -> snapshot = in.message(snapshotCodec, "Message.snapshot");
                case 10 -> reject = in.bool("Message.reject");
                case 11 -> rejectHint = in.counter("Message.reject_hint");
                case 12 -> context = Bytes.of(in.bytes("Message.context"));
                case 13 -> voteOrRequest = raftRs ? in.counter("Message.request_snapshot") : in.uint64("Message.vote");
                case 14 -> {
                    if (raftRs) {
                        olderPriority = in.uint64("Message.deprecated_priority");
                    } else {
                        responses = with(responses, response(in));
                    }
                }
                case 15 -> commitTerm = in.counter("Message.commit_term");
                case 16 -> priority = in.int64("Message.priority");
                default -> in.skip();
            }
        }
        if (priority == 0) {
            priority = olderPriority < 0 ? Long.MAX_VALUE : olderPriority;
        }
        boolean transfer = context.equals(CAMPAIGN_TRANSFER);
        entries = frozen(entries);
        responses = frozen(responses);
        return switch (type) {
            case HUP -> new Message.Hup();
            case BEAT -> new Message.Beat();
            case PROPOSE -> new Message.Propose(from, to, entries);
            case APPEND -> new Message.Append(from, to, term, logTerm, index, entries, commit);
            case APPEND_REPLY -> {
                in.requireCounter(voteOrRequest, "Message.request_snapshot");
                yield new Message.AppendReply(
                        from, to, term, index, reject, rejectHint, logTerm, commit, voteOrRequest);
            }
            case VOTE -> new Message.Vote(from, to, term, logTerm, index, transfer, commit, commitTerm, priority);
            case VOTE_REPLY -> new Message.VoteReply(from, to, term, reject, commit, commitTerm);
            case INSTALL_SNAPSHOT -> new Message.InstallSnapshot(from, to, term, snapshot);
            case HEARTBEAT -> new Message.Heartbeat(from, to, term, commit, context);
            case HEARTBEAT_REPLY -> new Message.HeartbeatReply(from, to, term, context, commit);
            case UNREACHABLE -> new Message.Unreachable(from);
            case SNAPSHOT_STATUS -> new Message.SnapshotStatus(from, reject);
            case CHECK_QUORUM -> new Message.CheckQuorum();
            case TRANSFER_LEADER -> new Message.TransferLeader(from, to, term);
            case TIMEOUT_NOW -> new Message.TimeoutNow(from, to, term);
            case READ_INDEX -> new Message.ReadIndex(from, to, entries);
            case READ_INDEX_REPLY -> new Message.ReadIndexReply(from, to, term, index, entries);
            case PRE_VOTE ->
                new Message.PreVote(from, to, term, logTerm, index, transfer, commit, commitTerm, priority);
            case PRE_VOTE_REPLY -> new Message.PreVoteReply(from, to, term, reject, commit, commitTerm);
            case STORAGE_APPEND ->
                new Message.StorageAppend(
                        from, new HardState(term, voteOrRequest, commit), entries, snapshot, responses);
            case STORAGE_APPEND_REPLY -> new Message.StorageAppendReply(to, term, logTerm, index, snapshot);
            case STORAGE_APPLY -> new Message.StorageApply(from, entries, responses);
            case STORAGE_APPLY_REPLY -> new Message.StorageApplyReply(to, entries);
            case FORGET_LEADER -> new Message.ForgetLeader(from, to, term);
        };
    }

    private Message response(ProtobufReader in) throws CodecException {
        if (responseCodec == null) {
            throw in.malformed("Message.responses", "a response has responses itself");
        }
        return in.message(responseCodec, "Message.responses");
    }

    /** Adds to a list that starts as the empty constant, since most messages have no list. */
    private static <T> List<T> with(List<T> list, T element) {
        List<T> grown = list.isEmpty() ? new ArrayList<>() : list;
        grown.add(element);
        return grown;
    }

    private static <T> List<T> frozen(List<T> list) {
        return list.isEmpty() ? list : Collections.unmodifiableList(list);
    }

    private static boolean isForOwnThreads(MessageType type) {
        return switch (type) {
            case STORAGE_APPEND, STORAGE_APPEND_REPLY, STORAGE_APPLY, STORAGE_APPLY_REPLY -> true;
            default -> false;
        };
    }

    private static Bytes context(Message message) {
        return message instanceof Message.VoteRequest request
                ? request.leaderTransfer() ? CAMPAIGN_TRANSFER : Bytes.EMPTY
                : message.context();
    }

    private static long priority(Message message) {
        return message instanceof Message.VoteRequest request ? request.priority() : 0;
    }

    private static long commitTerm(Message message) {
        if (message instanceof Message.VoteRequest request) {
            return request.commitTerm();
        }
        return message instanceof Message.VoteResponse response ? response.commitTerm() : 0;
    }
}
