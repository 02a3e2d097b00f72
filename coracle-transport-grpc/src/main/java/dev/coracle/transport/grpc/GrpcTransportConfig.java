package dev.coracle.transport.grpc;

import dev.coracle.codec.Dialect;
import dev.coracle.node.SnapshotStore;
import dev.coracle.raft.RandomSource;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ServerCredentials;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How a {@link GrpcTransport} behaves. Built by {@link #builder}, which checks every value; immutable. */
public final class GrpcTransportConfig {
    /** The default of {@link Builder#maxFrameBytes}: 16 MiB. */
    public static final int DEFAULT_MAX_FRAME_BYTES = 16 << 20;

    /** The default of {@link Builder#snapshotBytesPerSecond}: 100 MiB. */
    public static final long DEFAULT_SNAPSHOT_BYTES_PER_SECOND = 100L << 20;

    /** The default of {@link Builder#maxOutgoingSnapshots} and of {@link Builder#maxIncomingSnapshots}. */
    public static final int DEFAULT_MAX_SNAPSHOTS = 4;

    /** The default of {@link Builder#maxCalls}. */
    public static final int DEFAULT_MAX_CALLS = 10_000;

    private static final int LEAST_FRAME_BYTES = 4 * Batch.OVERHEAD_BYTES;
    private static final int MOST_MESSAGE_BYTES = 2_000 << 20;

    final long id;
    final long group;
    final long clusterId;
    final long incarnation;
    final HostPort listenAddress;
    final Dialect dialect;
    final SnapshotStore snapshots;
    final RandomSource random;
    final ServerCredentials serverCredentials;
    final ChannelCredentials channelCredentials;
    final Admission admission;
    final TransportListener listener;
    final CallHandler callHandler;
    final @Nullable RaftServiceHandler raftServiceHandler;
    final int maxFrameBytes;
    final int maxFrameMessages;
    final long maxQueueBytes;
    final int maxQueueMessages;
    final int chunkBytes;
    final int maxIncomingSnapshots;
    final int maxOutgoingSnapshots;
    final long snapshotBytesPerSecond;
    final int maxSnapshotMessageBytes;
    final int maxCalls;
    final int maxConnections;
    final int ioThreads;
    final Duration handshakeTimeout;
    final Duration silenceTimeout;
    final Duration snapshotStallTimeout;
    final Duration snapshotResumeTimeout;

    private GrpcTransportConfig(Builder b) {
        id = b.id;
        group = b.group;
        clusterId = b.clusterId;
        incarnation = b.incarnation;
        listenAddress = HostPort.parse(b.listenAddress, "listenAddress");
        dialect = b.dialect;
        snapshots = present(b.snapshots, "snapshots");
        random = present(b.random, "random");
        serverCredentials = b.serverCredentials;
        channelCredentials = b.channelCredentials;
        admission = b.admission;
        listener = b.listener;
        callHandler = b.callHandler;
        raftServiceHandler = b.raftServiceHandler;
        maxFrameBytes = b.maxFrameBytes;
        maxFrameMessages = b.maxFrameMessages;
        maxQueueBytes = b.maxQueueBytes;
        maxQueueMessages = b.maxQueueMessages;
        chunkBytes = b.chunkBytes;
        maxIncomingSnapshots = b.maxIncomingSnapshots;
        maxOutgoingSnapshots = b.maxOutgoingSnapshots;
        snapshotBytesPerSecond = b.snapshotBytesPerSecond;
        maxSnapshotMessageBytes = b.maxSnapshotMessageBytes;
        maxCalls = b.maxCalls;
        maxConnections = b.maxConnections;
        ioThreads = b.ioThreads;
        handshakeTimeout = b.handshakeTimeout;
        silenceTimeout = b.silenceTimeout;
        snapshotStallTimeout = b.snapshotStallTimeout;
        snapshotResumeTimeout = b.snapshotResumeTimeout;
        require(id != 0, "id", id, "must not be 0, which means no node");
        require(clusterId != 0, "clusterId", clusterId, "must not be 0, which means unknown");
        require(
                chunkBytes <= maxFrameBytes - Batch.OVERHEAD_BYTES,
                "chunkBytes",
                chunkBytes,
                "must be at most maxFrameBytes - " + Batch.OVERHEAD_BYTES);
        require(
                snapshotBytesPerSecond == 0 || snapshotBytesPerSecond >= chunkBytes,
                "snapshotBytesPerSecond",
                snapshotBytesPerSecond,
                "must be 0, for no limit, or at least chunkBytes " + chunkBytes);
    }

    /** The longest message that the port takes. */
    int maxRequestBytes() {
        return dialect == Dialect.RAFT_RS
                ? Math.max(maxFrameBytes, maxSnapshotMessageBytes + Batch.OVERHEAD_BYTES)
                : maxFrameBytes;
    }

    /** A builder with the defaults. Id, cluster id, listen address, snapshot store and random source have none. */
    public static Builder builder() {
        return new Builder();
    }

    private static <T> T present(@Nullable T value, String field) {
        if (value == null) {
            throw new IllegalArgumentException(field + " must be given");
        }
        return value;
    }

    private static void require(boolean condition, String field, Object value, String rule) {
        if (!condition) {
            throw new IllegalArgumentException(field + " " + value + " " + rule);
        }
    }

    private static int positive(int value, String field) {
        require(value > 0, field, value, "must be more than 0");
        return value;
    }

    private static Duration positive(Duration value, String field) {
        require(!value.isZero() && !value.isNegative(), field, value, "must be more than 0");
        require(value.compareTo(Duration.ofDays(1)) <= 0, field, value, "must be at most a day");
        return value;
    }

    /** Collects the values. */
    public static final class Builder {
        private long id;
        private long group;
        private long clusterId;
        private long incarnation;
        private String listenAddress = "";
        private Dialect dialect = Dialect.NATIVE;
        private @Nullable SnapshotStore snapshots;
        private @Nullable RandomSource random;
        private ServerCredentials serverCredentials = InsecureServerCredentials.create();
        private ChannelCredentials channelCredentials = InsecureChannelCredentials.create();
        private Admission admission = Admission.OPEN;
        private TransportListener listener = TransportListener.NONE;
        private CallHandler callHandler =
                (from, kind, request, responder) -> responder.refuse("this node answers no requests");
        private @Nullable RaftServiceHandler raftServiceHandler;
        private int maxFrameBytes = DEFAULT_MAX_FRAME_BYTES;
        private int maxFrameMessages = 65_536;
        private long maxQueueBytes = 32L << 20;
        private int maxQueueMessages = 65_536;
        private int chunkBytes = 256 << 10;
        private int maxIncomingSnapshots = DEFAULT_MAX_SNAPSHOTS;
        private int maxOutgoingSnapshots = DEFAULT_MAX_SNAPSHOTS;
        private long snapshotBytesPerSecond = DEFAULT_SNAPSHOT_BYTES_PER_SECOND;
        private int maxSnapshotMessageBytes = 256 << 20;
        private int maxCalls = DEFAULT_MAX_CALLS;
        private int maxConnections = 256;
        private int ioThreads = 2;
        private Duration handshakeTimeout = Duration.ofSeconds(10);
        private Duration silenceTimeout = Duration.ofSeconds(4);
        private Duration snapshotStallTimeout = Duration.ofSeconds(30);
        private Duration snapshotResumeTimeout = Duration.ofMinutes(1);

        private Builder() {}

        /** This node's id; not 0. */
        public Builder id(long value) {
            id = value;
            return this;
        }

        /** The one group that is carried; 0 by default. */
        public Builder group(long value) {
            group = value;
            return this;
        }

        /** The cluster; not 0. */
        public Builder clusterId(long value) {
            clusterId = value;
            return this;
        }

        /** The identity of this node's data directory. */
        public Builder incarnation(long value) {
            incarnation = value;
            return this;
        }

        /** Where to listen, {@code host:port}; port 0 leaves the choice to the system. */
        public Builder listenAddress(String value) {
            listenAddress = value;
            return this;
        }

        /**
         * The cluster's dialect; native by default. {@link Dialect#RAFT_RS} makes messages travel as raftify's, one
         * call each, snapshots with their data within the message.
         */
        public Builder dialect(Dialect value) {
            dialect = value;
            return this;
        }

        /** Where snapshots are read and stored. */
        public Builder snapshots(SnapshotStore value) {
            snapshots = value;
            return this;
        }

        /** Chance, for the waits between attempts. Called by one thread at a time. */
        public Builder random(RandomSource value) {
            random = value;
            return this;
        }

        /** TLS for those who call; without, by default. */
        public Builder serverCredentials(ServerCredentials value) {
            serverCredentials = value;
            return this;
        }

        /** TLS for those who are called; without, by default. */
        public Builder channelCredentials(ChannelCredentials value) {
            channelCredentials = value;
            return this;
        }

        /** Who may talk to this node; everybody whose handshake fits, by default. */
        public Builder admission(Admission value) {
            admission = value;
            return this;
        }

        /** Who hears of refusals; nobody by default. */
        public Builder listener(TransportListener value) {
            listener = value;
            return this;
        }

        /** What answers the framework's requests; by default all are refused. */
        public Builder callHandler(CallHandler value) {
            callHandler = value;
            return this;
        }

        /** What answers raftify's requests; without one, only its messages are served, and those in its dialect. */
        public Builder raftServiceHandler(RaftServiceHandler value) {
            raftServiceHandler = value;
            return this;
        }

        /**
         * The longest frame that is sent or taken, in bytes; 16 MiB by default, at least 4 KiB, the same on all nodes.
         * A message of one entry must fit: see {@link GrpcTransport#maxEntryBytes}.
         */
        public Builder maxFrameBytes(int value) {
            require(value >= LEAST_FRAME_BYTES, "maxFrameBytes", value, "must be at least " + LEAST_FRAME_BYTES);
            maxFrameBytes = value;
            return this;
        }

        /** The most messages in a frame, sent or taken; 65,536 by default, more than 0, the same on all nodes. */
        public Builder maxFrameMessages(int value) {
            maxFrameMessages = positive(value, "maxFrameMessages");
            return this;
        }

        /** The most bytes of messages that wait for one peer; 32 MiB by default, more than 0. */
        public Builder maxQueueBytes(long value) {
            require(value > 0, "maxQueueBytes", value, "must be more than 0");
            maxQueueBytes = value;
            return this;
        }

        /** The most messages that wait for one peer; 65,536 by default, more than 0. */
        public Builder maxQueueMessages(int value) {
            maxQueueMessages = positive(value, "maxQueueMessages");
            return this;
        }

        /** The pieces in which a snapshot travels, in bytes; 256 KiB by default, more than 0. */
        public Builder chunkBytes(int value) {
            chunkBytes = positive(value, "chunkBytes");
            return this;
        }

        /**
         * How many snapshots may arrive at once, those included that wait for their sender to go on; 4 by default, more
         * than 0. A sender beyond it tries again until {@link #snapshotResumeTimeout}.
         */
        public Builder maxIncomingSnapshots(int value) {
            maxIncomingSnapshots = positive(value, "maxIncomingSnapshots");
            return this;
        }

        /** How many snapshots may leave at once; 4 by default, more than 0. Further ones wait for their turn. */
        public Builder maxOutgoingSnapshots(int value) {
            maxOutgoingSnapshots = positive(value, "maxOutgoingSnapshots");
            return this;
        }

        /**
         * How many bytes of snapshots may leave in a second, and how many may arrive, all together each. 0 for no limit,
         * else at least {@link #chunkBytes} and at most 1 TiB; 100 MiB by default, which leaves messages their room on a
         * line of a gigabit.
         */
        public Builder snapshotBytesPerSecond(long value) {
            require(
                    value >= 0 && value <= 1L << 40,
                    "snapshotBytesPerSecond",
                    value,
                    "must not be negative and at most " + (1L << 40));
            snapshotBytesPerSecond = value;
            return this;
        }

        /**
         * In the dialect of raft-rs, where a snapshot is one message that its receiver has in memory whole: the most
         * bytes of data that one may have, sent or taken. 256 MiB by default, more than 0, at most 2,000 MiB.
         */
        public Builder maxSnapshotMessageBytes(int value) {
            require(
                    value > 0 && value <= MOST_MESSAGE_BYTES,
                    "maxSnapshotMessageBytes",
                    value,
                    "must be more than 0 and at most " + MOST_MESSAGE_BYTES);
            maxSnapshotMessageBytes = value;
            return this;
        }

        /** How many requests may wait for answers, arriving and leaving ones each; 10,000 by default, more than 0. */
        public Builder maxCalls(int value) {
            maxCalls = positive(value, "maxCalls");
            return this;
        }

        /** How many addresses keep a connection open; 256 by default, more than 0. */
        public Builder maxConnections(int value) {
            maxConnections = positive(value, "maxConnections");
            return this;
        }

        /** How many threads serve the connections; 2 by default, more than 0. */
        public Builder ioThreads(int value) {
            ioThreads = positive(value, "ioThreads");
            return this;
        }

        /** How long a stream may stay without its first frame; 10 s by default. */
        public Builder handshakeTimeout(Duration value) {
            handshakeTimeout = positive(value, "handshakeTimeout");
            return this;
        }

        /**
         * How long a peer may be silent before its connection is given up, and before one is given up that does not
         * come about; 4 s by default, the same on all nodes: a receiver gives four signs of life in that time.
         */
        public Builder silenceTimeout(Duration value) {
            silenceTimeout = positive(value, "silenceTimeout");
            return this;
        }

        /** How long a snapshot may make no progress before its connection is given up; 30 s by default. */
        public Builder snapshotStallTimeout(Duration value) {
            snapshotStallTimeout = positive(value, "snapshotStallTimeout");
            return this;
        }

        /**
         * How long a snapshot whose connection broke may wait to go on: its sender tries for that long, its receiver
         * keeps for that long what it has. 1 min by default.
         */
        public Builder snapshotResumeTimeout(Duration value) {
            snapshotResumeTimeout = positive(value, "snapshotResumeTimeout");
            return this;
        }

        /**
         * Checks the values.
         *
         * @throws IllegalArgumentException naming the field, its value and the rule
         */
        public GrpcTransportConfig build() {
            return new GrpcTransportConfig(this);
        }
    }
}
