package dev.coracle.raft;

import org.jspecify.annotations.Nullable;

/**
 * How a server behaves. Built by {@link #builder}, which checks every value; immutable.
 *
 * <p>Sizes are in bytes, times in ticks. {@link #NO_LIMIT} as a size means that there is none.
 */
public final class RaftConfig {
    /** A size that is never reached. */
    public static final long NO_LIMIT = Long.MAX_VALUE;

    /** The limit of an election timer is up to twice the timeout, and counted in an int. */
    private static final int MAX_ELECTION_TICKS = Integer.MAX_VALUE / 2;

    final long id;
    final int electionTicks;
    final int minElectionTicks;
    final int maxElectionTicks;
    final int heartbeatTicks;
    final Storage storage;
    final ConfChangeCodec codec;
    final RandomSource random;
    final long applied;
    final boolean asyncStorageWrites;
    final long maxSizePerMessage;
    final long maxCommittedSizePerReady;
    final long maxUncommittedSize;
    final int maxInflightMessages;
    final long maxInflightBytes;
    final boolean checkQuorum;
    final boolean preVote;
    final ReadOnlyOption readOnlyOption;
    final boolean disableProposalForwarding;
    final boolean disableConfChangeValidation;
    final boolean stepDownOnRemoval;
    final boolean votesWaitForStorage;
    final long priority;
    final boolean groupCommit;
    final boolean shareCommit;
    final boolean skipBroadcastCommit;
    final boolean batchAppend;
    final long maxUnpersistedApply;
    final UncommittedSizeRule uncommittedSizeRule;
    final RaftLogger logger;
    final RaftObserver observer;

    private RaftConfig(Builder b) {
        id = b.id;
        electionTicks = b.electionTicks;
        minElectionTicks = b.minElectionTicks == 0 ? b.electionTicks : b.minElectionTicks;
        maxElectionTicks = b.maxElectionTicks == 0 ? 2 * b.electionTicks : b.maxElectionTicks;
        heartbeatTicks = b.heartbeatTicks;
        storage = present(b.storage, "storage");
        codec = present(b.codec, "codec");
        random = present(b.random, "random");
        applied = b.applied;
        asyncStorageWrites = b.asyncStorageWrites;
        maxSizePerMessage = b.maxSizePerMessage;
        // Not 0, by which nothing outstanding would be as much as is allowed, and nothing ever be applied.
        maxCommittedSizePerReady =
                b.maxCommittedSizePerReady == 0 ? Math.max(b.maxSizePerMessage, 1) : b.maxCommittedSizePerReady;
        maxUncommittedSize = b.maxUncommittedSize == 0 ? NO_LIMIT : b.maxUncommittedSize;
        maxInflightMessages = b.maxInflightMessages;
        maxInflightBytes = b.maxInflightBytes == 0 ? NO_LIMIT : b.maxInflightBytes;
        checkQuorum = b.checkQuorum;
        preVote = b.preVote;
        readOnlyOption = b.readOnlyOption;
        disableProposalForwarding = b.disableProposalForwarding;
        disableConfChangeValidation = b.disableConfChangeValidation;
        stepDownOnRemoval = b.stepDownOnRemoval;
        votesWaitForStorage = b.votesWaitForStorage;
        priority = b.priority;
        groupCommit = b.groupCommit;
        shareCommit = b.shareCommit;
        skipBroadcastCommit = b.skipBroadcastCommit;
        batchAppend = b.batchAppend;
        maxUnpersistedApply = b.maxUnpersistedApply;
        uncommittedSizeRule = b.uncommittedSizeRule;
        logger = b.logger;
        observer = b.observer;
    }

    /** A builder with the defaults. Id, storage, codec and random source have none. */
    public static Builder builder() {
        return new Builder();
    }

    /** A lease holds only as long as the leader makes sure of its quorum. */
    static void requireCheckQuorum(ReadOnlyOption readOnlyOption, boolean checkQuorum) {
        if (readOnlyOption == ReadOnlyOption.LEASE_BASED && !checkQuorum) {
            throw new IllegalArgumentException("readOnlyOption: LEASE_BASED needs checkQuorum");
        }
    }

    private static <T> T present(@Nullable T value, String field) {
        if (value == null) {
            throw new IllegalArgumentException(field + " must be given");
        }
        return value;
    }

    /** Collects the values. Each method's text says the rule that {@link #build} checks. */
    public static final class Builder {
        private long id;
        private int electionTicks = 10;
        private int minElectionTicks;
        private int maxElectionTicks;
        private int heartbeatTicks = 1;
        private @Nullable Storage storage;
        private @Nullable ConfChangeCodec codec;
        private @Nullable RandomSource random;
        private long applied;
        private boolean asyncStorageWrites;
        private long maxSizePerMessage = 1 << 20;
        private long maxCommittedSizePerReady;
        private long maxUncommittedSize;
        private int maxInflightMessages = 256;
        private long maxInflightBytes;
        private boolean checkQuorum;
        private boolean preVote;
        private ReadOnlyOption readOnlyOption = ReadOnlyOption.SAFE;
        private boolean disableProposalForwarding;
        private boolean disableConfChangeValidation;
        private boolean stepDownOnRemoval;
        private boolean votesWaitForStorage;
        private long priority;
        private boolean groupCommit;
        private boolean shareCommit;
        private boolean skipBroadcastCommit;
        private boolean batchAppend;
        private long maxUnpersistedApply;
        private UncommittedSizeRule uncommittedSizeRule = UncommittedSizeRule.UNTIL_APPLIED;
        private RaftLogger logger = RaftLogger.NONE;
        private RaftObserver observer = RaftObserver.NONE;

        private Builder() {}

        /** The server's id, unsigned: neither {@link RawNode#NONE} nor one of the two thread ids. */
        public Builder id(long value) {
            id = value;
            return this;
        }

        /**
         * How many ticks a follower waits for its leader before it starts an election: a random number between this and
         * twice this (§5.2). More than the heartbeat's, of which ten times is usual; at most 2^30 - 1. Default 10.
         */
        public Builder electionTicks(int value) {
            electionTicks = value;
            return this;
        }

        /**
         * The least number of ticks after which a follower without a leader starts an election, in place of
         * {@link #electionTicks}, which stays what leases and the check of the quorum count by. At least that; 0, the
         * default, takes it over.
         */
        public Builder minElectionTicks(int value) {
            minElectionTicks = value;
            return this;
        }

        /**
         * The number of ticks below which a follower without a leader starts an election. More than the minimum, and at
         * most 2^31 - 1; 0, the default, is twice {@link #electionTicks}.
         */
        public Builder maxElectionTicks(int value) {
            maxElectionTicks = value;
            return this;
        }

        /** How many ticks lie between two heartbeats of a leader. At least 1, the default. */
        public Builder heartbeatTicks(int value) {
            heartbeatTicks = value;
            return this;
        }

        /** The stored log. */
        public Builder storage(Storage value) {
            storage = value;
            return this;
        }

        /** The bytes of configuration changes. */
        public Builder codec(ConfChangeCodec value) {
            codec = value;
            return this;
        }

        /** Where the random part of election timeouts comes from. */
        public Builder random(RandomSource value) {
            random = value;
            return this;
        }

        /** The last index that the application has applied, on a restart: it is not shown again. Default 0. */
        public Builder applied(long value) {
            applied = value;
            return this;
        }

        /** Whether storage and application work by messages, out of step with {@link RawNode#ready}. Default false. */
        public Builder asyncStorageWrites(boolean value) {
            asyncStorageWrites = value;
            return this;
        }

        /** How many bytes of entries an append carries at most; one entry always goes. 0 or more, default 1 MiB. */
        public Builder maxSizePerMessage(long value) {
            maxSizePerMessage = value;
            return this;
        }

        /**
         * How many bytes of committed entries may be out to be applied at once; one entry always goes. 0, the default,
         * takes over {@link #maxSizePerMessage}.
         */
        public Builder maxCommittedSizePerReady(long value) {
            maxCommittedSizePerReady = value;
            return this;
        }

        /**
         * How many bytes of proposed data may wait to be applied on a leader; more proposals are dropped. 0, the
         * default, is no limit.
         */
        public Builder maxUncommittedSize(long value) {
            maxUncommittedSize = value;
            return this;
        }

        /** How many appends may be on their way to a follower. At least 1, default 256. */
        public Builder maxInflightMessages(int value) {
            maxInflightMessages = value;
            return this;
        }

        /** How many bytes of data may be on their way to a follower, at least {@link #maxSizePerMessage}. 0: no limit. */
        public Builder maxInflightBytes(long value) {
            maxInflightBytes = value;
            return this;
        }

        /** Whether a leader that has not heard from a quorum for an election timeout steps down. Default false. */
        public Builder checkQuorum(boolean value) {
            checkQuorum = value;
            return this;
        }

        /** Whether a server asks for pre-votes before it starts an election (thesis §9.6). Default false. */
        public Builder preVote(boolean value) {
            preVote = value;
            return this;
        }

        /** How reads are confirmed. {@link ReadOnlyOption#LEASE_BASED} needs check-quorum. Default safe. */
        public Builder readOnlyOption(ReadOnlyOption value) {
            readOnlyOption = value;
            return this;
        }

        /** Whether a follower drops proposals instead of sending them to the leader. Default false. */
        public Builder disableProposalForwarding(boolean value) {
            disableProposalForwarding = value;
            return this;
        }

        /**
         * Whether a leader takes configuration changes without checking them against the pending one. For applications
         * that check before they apply. Default false.
         */
        public Builder disableConfChangeValidation(boolean value) {
            disableConfChangeValidation = value;
            return this;
        }

        /** Whether a leader steps down when it is removed or demoted. Default false. */
        public Builder stepDownOnRemoval(boolean value) {
            stepDownOnRemoval = value;
            return this;
        }

        /**
         * Whether requests for votes wait, as promises do, until the candidate's term and its vote for itself are
         * durable. To be set wherever {@link #asyncStorageWrites} is: otherwise the others may elect a candidate that
         * then crashes, forgets the term, and can be elected in it again with another log. Default false, as in etcd,
         * whose drivers do not write while they send.
         */
        public Builder votesWaitForStorage(boolean value) {
            votesWaitForStorage = value;
            return this;
        }

        /**
         * How much this server wants to lead: it votes for no candidate of a lower priority whose log is not longer
         * than its own. Default 0. Known to raft-rs's dialect only; in etcd's every candidate has priority 0.
         */
        public Builder priority(long value) {
            priority = value;
            return this;
        }

        /**
         * Whether an entry commits only when a majority and members of two groups have it; see
         * {@link RawNode#assignCommitGroups}. Default false.
         */
        public Builder groupCommit(boolean value) {
            groupCommit = value;
            return this;
        }

        /**
         * Whether requests for votes, their rejections and acknowledgements tell how far the sender has committed, and
         * whether what others tell moves this server's own commit index. Default false. Known to raft-rs's dialect
         * only.
         */
        public Builder shareCommit(boolean value) {
            shareCommit = value;
            return this;
        }

        /**
         * Whether a leader tells of a new commit index only with the next entries or heartbeat, not at once. Saves
         * messages, and followers apply later. While a configuration change is pending it tells at once. Default
         * false.
         */
        public Builder skipBroadcastCommit(boolean value) {
            skipBroadcastCommit = value;
            return this;
        }

        /**
         * Whether entries join an append to the same member that was not handed out yet, within
         * {@link #maxSizePerMessage}. Default false.
         */
        public Builder batchAppend(boolean value) {
            batchAppend = value;
            return this;
        }

        /**
         * How many entries that a quorum has committed a leader may hand out to be applied before its own storage has
         * them. After a crash the log may then end before what was applied: only for applications whose state does not
         * survive a crash either, or that cope. 0, the default, is none. Matters with {@link #asyncStorageWrites} only.
         */
        public Builder maxUnpersistedApply(long value) {
            maxUnpersistedApply = value;
            return this;
        }

        /**
         * How the bytes are counted that {@link #maxUncommittedSize} limits.
         * {@link UncommittedSizeRule#UNTIL_HANDED_OUT} wants the limit to be at least {@link #maxSizePerMessage}.
         */
        public Builder uncommittedSizeRule(UncommittedSizeRule value) {
            uncommittedSizeRule = value;
            return this;
        }

        /** Takes the log lines. Default {@link RaftLogger#NONE}. */
        public Builder logger(RaftLogger value) {
            logger = value;
            return this;
        }

        /** Hears events. Default {@link RaftObserver#NONE}. */
        public Builder observer(RaftObserver value) {
            observer = value;
            return this;
        }

        /**
         * Checks everything.
         *
         * @throws IllegalArgumentException naming the field, the value and the rule
         */
        public RaftConfig build() {
            rule(id != RawNode.NONE, "id", id, "must not be 0");
            if (RawNode.isLocalThread(id)) {
                throw new IllegalArgumentException(
                        "id: " + Long.toUnsignedString(id) + " stands for one of the server's threads");
            }
            rule(heartbeatTicks > 0, "heartbeatTicks", heartbeatTicks, "must be greater than 0");
            rule(
                    electionTicks > heartbeatTicks,
                    "electionTicks",
                    electionTicks,
                    "must be greater than heartbeatTicks " + heartbeatTicks);
            rule(
                    electionTicks <= MAX_ELECTION_TICKS,
                    "electionTicks",
                    electionTicks,
                    "must be at most " + MAX_ELECTION_TICKS);
            rule(
                    minElectionTicks == 0 || minElectionTicks >= electionTicks,
                    "minElectionTicks",
                    minElectionTicks,
                    "must be 0 or at least electionTicks " + electionTicks);
            int atLeast = minElectionTicks == 0 ? electionTicks : minElectionTicks;
            int below = maxElectionTicks == 0 ? 2 * electionTicks : maxElectionTicks;
            rule(
                    atLeast < below,
                    "maxElectionTicks",
                    below,
                    "must be 0 or greater than the minimum of election ticks " + atLeast);
            rule(applied >= 0, "applied", applied, "must not be negative");
            rule(maxSizePerMessage >= 0, "maxSizePerMessage", maxSizePerMessage, "must not be negative");
            rule(
                    maxCommittedSizePerReady >= 0,
                    "maxCommittedSizePerReady",
                    maxCommittedSizePerReady,
                    "must not be negative");
            rule(maxUncommittedSize >= 0, "maxUncommittedSize", maxUncommittedSize, "must not be negative");
            rule(maxInflightMessages > 0, "maxInflightMessages", maxInflightMessages, "must be greater than 0");
            rule(
                    maxInflightBytes == 0 || maxInflightBytes >= maxSizePerMessage,
                    "maxInflightBytes",
                    maxInflightBytes,
                    "must be 0 or at least maxSizePerMessage " + maxSizePerMessage);
            rule(maxUnpersistedApply >= 0, "maxUnpersistedApply", maxUnpersistedApply, "must not be negative");
            rule(
                    uncommittedSizeRule != UncommittedSizeRule.UNTIL_HANDED_OUT
                            || maxUncommittedSize == 0
                            || maxUncommittedSize >= maxSizePerMessage,
                    "maxUncommittedSize",
                    maxUncommittedSize,
                    "must be 0 or at least maxSizePerMessage " + maxSizePerMessage);
            requireCheckQuorum(readOnlyOption, checkQuorum);
            return new RaftConfig(this);
        }

        private static void rule(boolean holds, String field, long value, String rule) {
            if (!holds) {
                throw new IllegalArgumentException(field + ": " + value + " " + rule);
            }
        }
    }
}
