package dev.coracle.raft;

import java.util.List;

/**
 * What servers, and a server's own threads, say to each other. One immutable record a type, carrying only its own
 * fields; the accessors here answer with the zero value for what a type does not carry. The records hold the union of
 * what etcd's and raft-rs's dialects know; a field of the other dialect is zero.
 */
public sealed interface Message {
    /** The kind of message. */
    MessageType type();

    /** The sender, or {@link RawNode#NONE} for one that a server tells itself. */
    default long from() {
        return RawNode.NONE;
    }

    /** The receiver. */
    default long to() {
        return RawNode.NONE;
    }

    /** The sender's term, or 0 for messages that are valid in any term. */
    default long term() {
        return 0;
    }

    /** A term of the log; of which entry depends on the type. */
    default long logTerm() {
        return 0;
    }

    /** An index of the log; of which entry depends on the type. */
    default long index() {
        return 0;
    }

    /** Entries, ascending without gaps where they have an index. */
    default List<Entry> entries() {
        return List.of();
    }

    /** The sender's commit index. */
    default long commit() {
        return 0;
    }

    /** The snapshot, or {@link Snapshot#EMPTY}. */
    default Snapshot snapshot() {
        return Snapshot.EMPTY;
    }

    /** Whether the answer is no. */
    default boolean reject() {
        return false;
    }

    /** With a rejection, where the logs may agree. */
    default long rejectHint() {
        return 0;
    }

    /** Bytes that an answer brings back. */
    default Bytes context() {
        return Bytes.EMPTY;
    }

    /** The vote to be stored. */
    default long vote() {
        return RawNode.NONE;
    }

    /** What is to be sent once the message's work is done. */
    default List<Message> responses() {
        return List.of();
    }

    /** The local order to start an election. */
    record Hup() implements Message {
        @Override
        public MessageType type() {
            return MessageType.HUP;
        }
    }

    /** The local order to send heartbeats. */
    record Beat() implements Message {
        @Override
        public MessageType type() {
            return MessageType.BEAT;
        }
    }

    /** Entries without term and index, for the leader to append. Carries no term, so that it can be forwarded. */
    record Propose(long from, long to, List<Entry> entries) implements Message {
        @Override
        public MessageType type() {
            return MessageType.PROPOSE;
        }
    }

    /**
     * AppendEntries (§5.3).
     *
     * @param index the index of the entry before the first of {@code entries} (prevLogIndex)
     * @param logTerm the term of that entry (prevLogTerm)
     * @param commit the leader's commit index
     */
    record Append(long from, long to, long term, long logTerm, long index, List<Entry> entries, long commit)
            implements Message {
        /** The same append with other entries behind the same place. */
        Append with(List<Entry> newEntries, long newCommit) {
            return new Append(from, to, term, logTerm, index, newEntries, newCommit);
        }

        @Override
        public MessageType type() {
            return MessageType.APPEND;
        }
    }

    /**
     * The answer to {@link Append} and {@link InstallSnapshot}.
     *
     * @param index accepted: the last index that is the same as the leader's; rejected: the index that was rejected
     * @param rejectHint rejected: the follower's guess where the logs may agree
     * @param logTerm rejected: the follower's term at the hint, 0 if it has none
     * @param commit the follower's commit index (raft-rs)
     * @param requestSnapshot with a rejection, the index that the snapshot must have reached which the follower asks for
     *     in place of entries (raft-rs)
     */
    record AppendReply(
            long from,
            long to,
            long term,
            long index,
            boolean reject,
            long rejectHint,
            long logTerm,
            long commit,
            long requestSnapshot)
            implements Message {
        /** Accepts everything up to {@code index}. */
        public static AppendReply accepted(long from, long to, long term, long index) {
            return new AppendReply(from, to, term, index, false, 0, 0, 0, 0);
        }

        /** Rejects an append after {@code index}. */
        public static AppendReply rejected(long from, long to, long term, long index, long hint, long hintTerm) {
            return new AppendReply(from, to, term, index, true, hint, hintTerm, 0, 0);
        }

        /** The same answer, with the follower's commit index. */
        AppendReply withCommit(long commitIndex) {
            return new AppendReply(from, to, term, index, reject, rejectHint, logTerm, commitIndex, requestSnapshot);
        }

        @Override
        public MessageType type() {
            return MessageType.APPEND_REPLY;
        }
    }

    /** What a vote and a pre-vote request have in common. */
    sealed interface VoteRequest extends Message {
        /** Whether a leader asked the candidate to take over, which outweighs its lease (thesis §3.10). */
        boolean leaderTransfer();

        /** The term at {@link #commit} (raft-rs). */
        long commitTerm();

        /** The candidate's priority (raft-rs). */
        long priority();

        /** A request for a vote, or for a pre-vote. */
        static VoteRequest of(boolean preVote, long from, long to, long term, EntryId last, boolean leaderTransfer) {
            return of(preVote, from, to, term, last, leaderTransfer, EntryId.NONE, 0);
        }

        /** The same; {@code commit} is 0/0 where it is not told. */
        static VoteRequest of(
                boolean preVote,
                long from,
                long to,
                long term,
                EntryId last,
                boolean leaderTransfer,
                EntryId commit,
                long priority) {
            long logTerm = last.term();
            long index = last.index();
            return preVote
                    ? new PreVote(
                            from, to, term, logTerm, index, leaderTransfer, commit.index(), commit.term(), priority)
                    : new Vote(from, to, term, logTerm, index, leaderTransfer, commit.index(), commit.term(), priority);
        }
    }

    /** What the answers to a vote and a pre-vote request have in common. */
    sealed interface VoteResponse extends Message {
        /** The term at {@link #commit} (raft-rs). */
        long commitTerm();

        /** An answer to a vote request, or to a pre-vote request. */
        static VoteResponse of(boolean preVote, long from, long to, long term, boolean reject) {
            return of(preVote, from, to, term, reject, EntryId.NONE);
        }

        /** The same; {@code commit} is 0/0 where it is not told. */
        static VoteResponse of(boolean preVote, long from, long to, long term, boolean reject, EntryId commit) {
            return preVote
                    ? new PreVoteReply(from, to, term, reject, commit.index(), commit.term())
                    : new VoteReply(from, to, term, reject, commit.index(), commit.term());
        }
    }

    /** RequestVote (§5.2). {@code index} and {@code logTerm} are those of the candidate's last entry. */
    record Vote(
            long from,
            long to,
            long term,
            long logTerm,
            long index,
            boolean leaderTransfer,
            long commit,
            long commitTerm,
            long priority)
            implements VoteRequest {
        @Override
        public MessageType type() {
            return MessageType.VOTE;
        }
    }

    /** The answer to {@link Vote}. */
    record VoteReply(long from, long to, long term, boolean reject, long commit, long commitTerm)
            implements VoteResponse {
        @Override
        public MessageType type() {
            return MessageType.VOTE_REPLY;
        }
    }

    /** InstallSnapshot (§7). */
    record InstallSnapshot(long from, long to, long term, Snapshot snapshot) implements Message {
        @Override
        public MessageType type() {
            return MessageType.INSTALL_SNAPSHOT;
        }
    }

    /** A sign of life. {@code commit} never exceeds what the receiver is known to have. */
    record Heartbeat(long from, long to, long term, long commit, Bytes context) implements Message {
        @Override
        public MessageType type() {
            return MessageType.HEARTBEAT;
        }
    }

    /** The answer to {@link Heartbeat}. {@code commit} is the follower's commit index (raft-rs). */
    record HeartbeatReply(long from, long to, long term, Bytes context, long commit) implements Message {
        @Override
        public MessageType type() {
            return MessageType.HEARTBEAT_REPLY;
        }
    }

    /** The transport's word that {@code from} could not be reached. */
    record Unreachable(long from) implements Message {
        @Override
        public MessageType type() {
            return MessageType.UNREACHABLE;
        }
    }

    /** The transport's word how sending a snapshot to {@code from} ended; {@code reject} if it failed. */
    record SnapshotStatus(long from, boolean reject) implements Message {
        @Override
        public MessageType type() {
            return MessageType.SNAPSHOT_STATUS;
        }
    }

    /** The local order to check that a quorum was heard from. */
    record CheckQuorum() implements Message {
        @Override
        public MessageType type() {
            return MessageType.CHECK_QUORUM;
        }
    }

    /** The wish that {@code from} shall lead (thesis §3.10). */
    record TransferLeader(long from, long to, long term) implements Message {
        @Override
        public MessageType type() {
            return MessageType.TRANSFER_LEADER;
        }
    }

    /** The leader's order to start an election at once (thesis §3.10). */
    record TimeoutNow(long from, long to, long term) implements Message {
        @Override
        public MessageType type() {
            return MessageType.TIMEOUT_NOW;
        }
    }

    /** A request for a read index (thesis §6.4); the data of its one entry comes back with the answer. */
    record ReadIndex(long from, long to, List<Entry> entries) implements Message {
        @Override
        public MessageType type() {
            return MessageType.READ_INDEX;
        }
    }

    /** The answer to {@link ReadIndex}. */
    record ReadIndexReply(long from, long to, long term, long index, List<Entry> entries) implements Message {
        @Override
        public MessageType type() {
            return MessageType.READ_INDEX_REPLY;
        }
    }

    /** Asks whether a {@link Vote} for {@code term} would be granted (thesis §9.6). */
    record PreVote(
            long from,
            long to,
            long term,
            long logTerm,
            long index,
            boolean leaderTransfer,
            long commit,
            long commitTerm,
            long priority)
            implements VoteRequest {
        @Override
        public MessageType type() {
            return MessageType.PRE_VOTE;
        }
    }

    /** The answer to {@link PreVote}. */
    record PreVoteReply(long from, long to, long term, boolean reject, long commit, long commitTerm)
            implements VoteResponse {
        @Override
        public MessageType type() {
            return MessageType.PRE_VOTE_REPLY;
        }
    }

    /**
     * Work for the storage thread: write the entries, discarding what is stored at and after the first of them; the hard
     * state, unless empty; the snapshot, unless empty. All of it must be durable before {@code responses} are
     * delivered; without responses it need not be synced.
     */
    record StorageAppend(
            long from, HardState hardState, List<Entry> entries, Snapshot snapshot, List<Message> responses)
            implements Message {
        @Override
        public MessageType type() {
            return MessageType.STORAGE_APPEND;
        }

        @Override
        public long to() {
            return RawNode.APPEND_THREAD;
        }

        @Override
        public long term() {
            return hardState.term();
        }

        @Override
        public long vote() {
            return hardState.vote();
        }

        @Override
        public long commit() {
            return hardState.commit();
        }
    }

    /**
     * The storage thread's word that everything up to entry {@code index} of {@code logTerm}, and the snapshot unless
     * empty, is durable. {@code term} is the server's when it asked.
     */
    record StorageAppendReply(long to, long term, long logTerm, long index, Snapshot snapshot) implements Message {
        @Override
        public MessageType type() {
            return MessageType.STORAGE_APPEND_REPLY;
        }

        @Override
        public long from() {
            return RawNode.APPEND_THREAD;
        }
    }

    /** Work for the apply thread: committed entries in order. */
    record StorageApply(long from, List<Entry> entries, List<Message> responses) implements Message {
        @Override
        public MessageType type() {
            return MessageType.STORAGE_APPLY;
        }

        @Override
        public long to() {
            return RawNode.APPLY_THREAD;
        }
    }

    /** The apply thread's word that the entries are applied. */
    record StorageApplyReply(long to, List<Entry> entries) implements Message {
        @Override
        public MessageType type() {
            return MessageType.STORAGE_APPLY_REPLY;
        }

        @Override
        public long from() {
            return RawNode.APPLY_THREAD;
        }
    }

    /** Makes a follower forget its leader. */
    record ForgetLeader(long from, long to, long term) implements Message {
        @Override
        public MessageType type() {
            return MessageType.FORGET_LEADER;
        }
    }
}
