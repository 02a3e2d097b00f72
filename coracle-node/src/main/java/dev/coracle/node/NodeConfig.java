package dev.coracle.node;

import dev.coracle.raft.Bootstrap;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.RaftLogger;
import dev.coracle.raft.RaftObserver;
import dev.coracle.raft.RawNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a node behaves. Built by {@link #builder}, which checks every value; immutable.
 *
 * <p>Sizes are in bytes, times in nanoseconds or ticks, as the names say.
 */
public final class NodeConfig {
    final long group;
    final long id;
    final long tickNanos;
    final int electionTicks;
    final int heartbeatTicks;
    final boolean preVote;
    final boolean checkQuorum;
    final boolean stepDownOnRemoval;
    final long maxSizePerMessage;
    final int maxInflightMessages;
    final long maxInflightBytes;
    final long maxApplyingBytes;
    final long maxUncommittedBytes;
    final int maxProposalBytes;
    final int requestCapacity;
    final long maxPendingBytes;
    final int inboundCapacity;
    final long maxInboundBytes;
    final long maxBatchBytes;
    final int maxOutstandingWrites;
    final long snapshotEntries;
    final long snapshotBytes;
    final long snapshotIntervalNanos;
    final int catchUpEntries;
    final long logCacheBytes;
    final int keptSnapshots;
    final List<Bootstrap.Peer> bootstrap;
    final ConfState initialConfiguration;
    final long firstLeader;
    final RaftLogger logger;
    final RaftObserver observer;
    final StorageObserver storageObserver;
    final Clock storageClock;
    final @Nullable Clock clock;
    final HeartbeatNotes heartbeatNotes;

    private NodeConfig(Builder b) {
        group = b.group;
        id = b.id;
        tickNanos = b.tickNanos;
        electionTicks = b.electionTicks;
        heartbeatTicks = b.heartbeatTicks;
        preVote = b.preVote;
        checkQuorum = b.checkQuorum;
        stepDownOnRemoval = b.stepDownOnRemoval;
        maxSizePerMessage = b.maxSizePerMessage;
        maxInflightMessages = b.maxInflightMessages;
        maxInflightBytes = b.maxInflightBytes;
        maxApplyingBytes = b.maxApplyingBytes;
        maxUncommittedBytes = b.maxUncommittedBytes;
        maxProposalBytes = b.maxProposalBytes;
        requestCapacity = b.requestCapacity;
        maxPendingBytes = b.maxPendingBytes;
        inboundCapacity = b.inboundCapacity;
        maxInboundBytes = b.maxInboundBytes;
        maxBatchBytes = b.maxBatchBytes;
        maxOutstandingWrites = b.maxOutstandingWrites;
        snapshotEntries = b.snapshotEntries;
        snapshotBytes = b.snapshotBytes;
        snapshotIntervalNanos = b.snapshotIntervalNanos;
        catchUpEntries = b.catchUpEntries;
        logCacheBytes = b.logCacheBytes;
        keptSnapshots = b.keptSnapshots;
        bootstrap = b.bootstrap;
        initialConfiguration = b.initialConfiguration;
        firstLeader = b.firstLeader;
        logger = b.logger;
        observer = b.observer;
        storageObserver = b.storageObserver;
        storageClock = b.storageClock;
        clock = b.clock;
        heartbeatNotes = b.heartbeatNotes;
    }

    /** A builder with the defaults. Only the id has none. */
    public static Builder builder() {
        return new Builder();
    }

    /** The node's id, unsigned. */
    public long id() {
        return id;
    }

    /** The group that the node is a member of. */
    public long group() {
        return group;
    }

    /** The length of a tick. */
    public long tickNanos() {
        return tickNanos;
    }

    /** The number of ticks in an election timeout. */
    public int electionTicks() {
        return electionTicks;
    }

    /** Collects the values. Each method's text says the rule that {@link #build} checks. */
    public static final class Builder {
        private long group;
        private long id;
        private long tickNanos = 100_000_000;
        private int electionTicks = 10;
        private int heartbeatTicks = 1;
        private boolean preVote = true;
        private boolean checkQuorum = true;
        private boolean stepDownOnRemoval = true;
        private long maxSizePerMessage = 1 << 20;
        private int maxInflightMessages = 256;
        private long maxInflightBytes = 64 << 20;
        private long maxApplyingBytes = 4 << 20;
        private long maxUncommittedBytes = 64 << 20;
        private int maxProposalBytes = 1 << 20;
        private int requestCapacity = 65_536;
        private long maxPendingBytes = 64 << 20;
        private int inboundCapacity = 65_536;
        private long maxInboundBytes = 64 << 20;
        private long maxBatchBytes = 8 << 20;
        private int maxOutstandingWrites = 4_096;
        private long snapshotEntries = 10_000;
        private long snapshotBytes = 64 << 20;
        private long snapshotIntervalNanos;
        private int catchUpEntries = 5_000;
        private long logCacheBytes = 32 << 20;
        private int keptSnapshots = 2;
        private List<Bootstrap.Peer> bootstrap = List.of();
        private ConfState initialConfiguration = ConfState.EMPTY;
        private long firstLeader = RawNode.NONE;
        private RaftLogger logger = new Slf4jRaftLogger();
        private RaftObserver observer = RaftObserver.NONE;
        private StorageObserver storageObserver = StorageObserver.NONE;
        private Clock storageClock = () -> 0;
        private @Nullable Clock clock;
        private HeartbeatNotes heartbeatNotes = HeartbeatNotes.NONE;

        private Builder() {}

        /** The group that the node is a member of; names it in the log, the snapshots and messages. Default 0. */
        public Builder group(long value) {
            group = value;
            return this;
        }

        /** The node's id, unsigned: neither 0 nor one of the core's thread ids. */
        public Builder id(long value) {
            id = value;
            return this;
        }

        /** The length of a tick, the unit of elections and heartbeats. Greater than 0, default 100 ms. */
        public Builder tickNanos(long value) {
            tickNanos = value;
            return this;
        }

        /** How many ticks a follower waits for its leader. More than {@link #heartbeatTicks}, default 10. */
        public Builder electionTicks(int value) {
            electionTicks = value;
            return this;
        }

        /** How many ticks lie between two heartbeats. Greater than 0, default 1. */
        public Builder heartbeatTicks(int value) {
            heartbeatTicks = value;
            return this;
        }

        /** Whether the node asks for pre-votes before an election (thesis §9.6). Default true. */
        public Builder preVote(boolean value) {
            preVote = value;
            return this;
        }

        /** Whether a leader that does not hear from a quorum steps down. Default true. */
        public Builder checkQuorum(boolean value) {
            checkQuorum = value;
            return this;
        }

        /** Whether a leader that is removed or made a learner steps down. Default true. */
        public Builder stepDownOnRemoval(boolean value) {
            stepDownOnRemoval = value;
            return this;
        }

        /** How many bytes of entries a message carries at most; one entry always goes. Greater than 0, default 1 MiB. */
        public Builder maxSizePerMessage(long value) {
            maxSizePerMessage = value;
            return this;
        }

        /** How many appends may be on their way to a follower. Greater than 0, default 256. */
        public Builder maxInflightMessages(int value) {
            maxInflightMessages = value;
            return this;
        }

        /** How many bytes may be on their way to a follower. At least {@link #maxSizePerMessage}, default 64 MiB. */
        public Builder maxInflightBytes(long value) {
            maxInflightBytes = value;
            return this;
        }

        /** How many bytes of committed entries may wait for the state machine. Greater than 0, default 4 MiB. */
        public Builder maxApplyingBytes(long value) {
            maxApplyingBytes = value;
            return this;
        }

        /**
         * How many bytes of proposals may be in a leader's log and not applied; one proposal always may. Greater than 0,
         * default 64 MiB.
         */
        public Builder maxUncommittedBytes(long value) {
            maxUncommittedBytes = value;
            return this;
        }

        /**
         * How large a proposal or an encoded configuration change may be. Greater than 0, at most {@link
         * LogStore#maxEntryBytes}, and the same on all members: an entry that a follower's log cannot hold stops that
         * follower. Default 1 MiB.
         */
        public Builder maxProposalBytes(int value) {
            maxProposalBytes = value;
            return this;
        }

        /** How many requests may wait for the loop. At least 2, default 65,536. Rounded up to a power of two. */
        public Builder requestCapacity(int value) {
            requestCapacity = value;
            return this;
        }

        /**
         * How many bytes of requests may be open, each counting its data and 128 bytes besides. At least {@link
         * #maxProposalBytes} and those 128, default 64 MiB.
         */
        public Builder maxPendingBytes(long value) {
            maxPendingBytes = value;
            return this;
        }

        /** How many messages may wait for the loop. At least 2, default 65,536. Rounded up to a power of two. */
        public Builder inboundCapacity(int value) {
            inboundCapacity = value;
            return this;
        }

        /** How many bytes of messages may wait for the loop; one always may. Greater than 0, default 64 MiB. */
        public Builder maxInboundBytes(long value) {
            maxInboundBytes = value;
            return this;
        }

        /**
         * How many bytes of entries the storage thread writes at most between two syncs; one entry is always written.
         * Greater than 0, default 8 MiB.
         */
        public Builder maxBatchBytes(long value) {
            maxBatchBytes = value;
            return this;
        }

        /**
         * How many writes may be handed to the storage thread and not yet be back. With half as many the node takes no
         * more entries: proposals wait, appends are lost and will be sent again. With all of them it stands still, as if
         * its process were stopped, until the disk has caught up. At least 2, default 4,096.
         */
        public Builder maxOutstandingWrites(int value) {
            maxOutstandingWrites = value;
            return this;
        }

        /** After how many applied entries a snapshot is taken. Greater than 0, default 10,000. */
        public Builder snapshotEntries(long value) {
            snapshotEntries = value;
            return this;
        }

        /** After how many bytes of applied entries a snapshot is taken. Greater than 0, default 64 MiB. */
        public Builder snapshotBytes(long value) {
            snapshotBytes = value;
            return this;
        }

        /**
         * How long after a snapshot the next one is taken, if anything was applied since; 0 for no such limit. Not
         * negative, default 0: entries and bytes bound how long a restart takes and how much disk the log does, and a
         * quiet node need not write.
         */
        public Builder snapshotIntervalNanos(long value) {
            snapshotIntervalNanos = value;
            return this;
        }

        /**
         * How many entries before a snapshot stay in the log for followers that are a little behind; never more of them
         * than about {@link #snapshotBytes} on the disk. What follows a snapshot that a follower is being sent stays
         * until it has that too, up to about eight times as much. Not negative, default 5,000.
         */
        public Builder catchUpEntries(int value) {
            catchUpEntries = value;
            return this;
        }

        /**
         * How many bytes of entries at the end of the log are kept in memory; older ones are read from the disk when a
         * follower that is behind, or the state machine, needs them. Greater than 0, default 32 MiB.
         */
        public Builder logCacheBytes(long value) {
            logCacheBytes = value;
            return this;
        }

        /** How many snapshots are kept. Greater than 0, default 2. */
        public Builder keptSnapshots(int value) {
            keptSnapshots = value;
            return this;
        }

        /**
         * The first members of a new cluster, the same on each of them. They count only while the log is empty: without
         * them a node with an empty log waits to be added by others. Default none.
         */
        public Builder bootstrap(List<Bootstrap.Peer> value) {
            bootstrap = List.copyOf(value);
            return this;
        }

        /**
         * The configuration before the first entry, as raft-rs's clusters begin with one: instead of {@link #bootstrap},
         * whose entries would be others than theirs. The same on each first member, and at every start of it: the log
         * does not hold it. Default none.
         */
        public Builder initialConfiguration(ConfState value) {
            initialConfiguration = value;
            return this;
        }

        /**
         * Who leads a new cluster in term 1 without asking for votes, as the leader in the list of a raftify cluster does:
         * this node counts as having voted for it, and never votes for another in that term. To be given at every start.
         * Default {@link RawNode#NONE}: nobody does. Must not be the node itself, which asks.
         */
        public Builder firstLeader(long value) {
            firstLeader = value;
            return this;
        }

        /**
         * Takes the core's log lines. Default SLF4J, under {@code dev.coracle.raft}, where the core's INFO is DEBUG and
         * its DEBUG is TRACE: it has lines of that level for each write.
         */
        public Builder logger(RaftLogger value) {
            logger = value;
            return this;
        }

        /** Hears the core's events, on the loop. Default {@link RaftObserver#NONE}. */
        public Builder observer(RaftObserver value) {
            observer = value;
            return this;
        }

        /**
         * Hears of reads of the log and of snapshots, with durations by {@code clock}; what the log itself does, the log
         * tells. Default {@link StorageObserver#NONE}.
         */
        public Builder storageObserver(StorageObserver value, Clock clock) {
            storageObserver = value;
            storageClock = clock;
            return this;
        }

        /**
         * The clock whose time is given to {@link Agent#doWork}, which lets a leader answer {@link RaftNode#leaseRead} from
         * its lease. All members of a cluster must have one then, with the same ticks; of any two of their clocks the
         * faster may run up to a third faster than the other. Null, the default, is none: such reads are as any other.
         */
        public Builder clock(@Nullable Clock value) {
            clock = value;
            return this;
        }

        /** Sends and gets notes that travel with heartbeats. Default {@link HeartbeatNotes#NONE}. */
        public Builder heartbeatNotes(HeartbeatNotes value) {
            heartbeatNotes = value;
            return this;
        }

        /**
         * Checks everything but what {@link dev.coracle.raft.RaftConfig} checks when the node is made: id and ticks.
         *
         * @throws IllegalArgumentException naming the field, the value and the rule
         */
        public NodeConfig build() {
            positive("tickNanos", tickNanos);
            positive("maxSizePerMessage", maxSizePerMessage);
            positive("maxApplyingBytes", maxApplyingBytes);
            positive("maxUncommittedBytes", maxUncommittedBytes);
            positive("maxProposalBytes", maxProposalBytes);
            positive("maxInboundBytes", maxInboundBytes);
            positive("maxBatchBytes", maxBatchBytes);
            positive("snapshotEntries", snapshotEntries);
            positive("snapshotBytes", snapshotBytes);
            positive("keptSnapshots", keptSnapshots);
            positive("logCacheBytes", logCacheBytes);
            positive("heartbeatTicks", heartbeatTicks);
            positive("maxInflightMessages", maxInflightMessages);
            rule(
                    electionTicks > heartbeatTicks,
                    "electionTicks",
                    electionTicks,
                    "must be greater than heartbeatTicks " + heartbeatTicks);
            rule(
                    maxInflightBytes >= maxSizePerMessage,
                    "maxInflightBytes",
                    maxInflightBytes,
                    "must be at least maxSizePerMessage " + maxSizePerMessage);
            rule(
                    maxPendingBytes >= (long) maxProposalBytes + Request.OVERHEAD_BYTES,
                    "maxPendingBytes",
                    maxPendingBytes,
                    "must be at least maxProposalBytes " + maxProposalBytes + " and " + Request.OVERHEAD_BYTES);
            capacity("requestCapacity", requestCapacity);
            capacity("inboundCapacity", inboundCapacity);
            capacity("maxOutstandingWrites", maxOutstandingWrites);
            rule(snapshotIntervalNanos >= 0, "snapshotIntervalNanos", snapshotIntervalNanos, "must not be negative");
            rule(catchUpEntries >= 0, "catchUpEntries", catchUpEntries, "must not be negative");
            rule(id != 0, "id", id, "must not be 0");
            rule(firstLeader == RawNode.NONE || firstLeader != id, "firstLeader", firstLeader, "must be another node");
            rule(
                    bootstrap.isEmpty() || initialConfiguration.equals(ConfState.EMPTY),
                    "bootstrap",
                    bootstrap.size(),
                    "first members must not be given with an initialConfiguration");
            return new NodeConfig(this);
        }

        private static void positive(String field, long value) {
            rule(value > 0, field, value, "must be greater than 0");
        }

        private static void capacity(String field, int value) {
            rule(value >= 2 && value <= 1 << 24, field, value, "must be between 2 and " + (1 << 24));
        }

        private static void rule(boolean holds, String field, long value, String rule) {
            if (!holds) {
                throw new IllegalArgumentException(field + ": " + value + " " + rule);
            }
        }
    }
}
