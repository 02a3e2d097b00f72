package dev.coracle.transport.http;

import dev.coracle.node.SnapshotStore;
import io.netty.handler.ssl.SslContext;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How an {@link HttpTransport} behaves. Built by {@link #builder}, which checks every value; immutable. */
public final class HttpTransportConfig {
    /** The default of {@link Builder#maxFrameBytes}: 16 MiB. */
    public static final int DEFAULT_MAX_FRAME_BYTES = 16 << 20;

    /** The default of {@link Builder#maxSnapshotMessageBytes}: 256 MiB. */
    public static final int DEFAULT_MAX_SNAPSHOT_MESSAGE_BYTES = 256 << 20;

    /** More bytes than a message needs beside its one entry. */
    static final int OVERHEAD_BYTES = 1024;

    private static final int LEAST_FRAME_BYTES = 4 * OVERHEAD_BYTES;

    final long id;
    final long group;
    final long clusterId;
    final PeerAddress listenAddress;
    final List<String> advertisedUrls;
    final SnapshotStore snapshots;
    final InstantSource clock;
    final @Nullable SslContext serverTls;
    final @Nullable SslContext clientTls;
    final Admission admission;
    final TransportListener listener;
    final boolean snapshotsInMessages;
    final boolean tellRemoved;
    final int maxFrameBytes;
    final int maxSnapshotMessageBytes;
    final long maxQueueBytes;
    final int maxQueueMessages;
    final int maxPosts;
    final int chunkBytes;
    final int maxIncomingSnapshots;
    final int maxConnections;
    final Duration handshakeTimeout;
    final Duration silenceTimeout;
    final Duration snapshotStallTimeout;
    final Duration redialInterval;

    private HttpTransportConfig(Builder b) {
        id = b.id;
        group = b.group;
        clusterId = b.clusterId;
        serverTls = b.serverTls;
        clientTls = b.clientTls;
        require(
                (serverTls == null) == (clientTls == null),
                "serverTls and clientTls",
                "",
                "must be given both or not at all: all members of a cluster speak TLS, or none does");
        listenAddress = PeerAddress.parse(b.listenAddress, serverTls != null, "listenAddress");
        advertisedUrls = List.copyOf(b.advertisedUrls);
        snapshots = present(b.snapshots, "snapshots");
        clock = present(b.clock, "clock");
        admission = b.admission;
        listener = b.listener;
        snapshotsInMessages = b.snapshotsInMessages;
        tellRemoved = b.tellRemoved;
        maxFrameBytes = b.maxFrameBytes;
        maxSnapshotMessageBytes = b.maxSnapshotMessageBytes;
        maxQueueBytes = b.maxQueueBytes;
        maxQueueMessages = b.maxQueueMessages;
        maxPosts = b.maxPosts;
        chunkBytes = b.chunkBytes;
        maxIncomingSnapshots = b.maxIncomingSnapshots;
        maxConnections = b.maxConnections;
        handshakeTimeout = b.handshakeTimeout;
        silenceTimeout = b.silenceTimeout;
        snapshotStallTimeout = b.snapshotStallTimeout;
        redialInterval = b.redialInterval;
        require(id != 0, "id", id, "must not be 0, which means no node");
        for (String url : advertisedUrls) {
            PeerAddress.parse(url, serverTls != null, "advertisedUrls");
            require(url.contains("://"), "advertisedUrls", url, "must be a URL");
        }
    }

    /** A builder with the defaults. Id, cluster id, listen address, snapshot store and clock have none. */
    public static Builder builder() {
        return new Builder();
    }

    /** Whether the peers are spoken to in TLS. */
    boolean tls() {
        return clientTls != null;
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
        private String listenAddress = "";
        private List<String> advertisedUrls = List.of();
        private @Nullable SnapshotStore snapshots;
        private @Nullable InstantSource clock;
        private @Nullable SslContext serverTls;
        private @Nullable SslContext clientTls;
        private Admission admission = Admission.OPEN;
        private TransportListener listener = TransportListener.NONE;
        private boolean snapshotsInMessages = true;
        private boolean tellRemoved;
        private int maxFrameBytes = DEFAULT_MAX_FRAME_BYTES;
        private int maxSnapshotMessageBytes = DEFAULT_MAX_SNAPSHOT_MESSAGE_BYTES;
        private long maxQueueBytes = 32L << 20;
        private int maxQueueMessages = 65_536;
        private int maxPosts = 64;
        private int chunkBytes = 256 << 10;
        private int maxIncomingSnapshots = 4;
        private int maxConnections = 1_024;
        private Duration handshakeTimeout = Duration.ofSeconds(10);
        private Duration silenceTimeout = Duration.ofSeconds(5);
        private Duration snapshotStallTimeout = Duration.ofSeconds(30);
        private Duration redialInterval = Duration.ofMillis(100);

        private Builder() {}

        /** This node's id; not 0. */
        public Builder id(long value) {
            id = value;
            return this;
        }

        /** The one group that is carried; 0 by default. It is not told: all nodes must mean the same. */
        public Builder group(long value) {
            group = value;
            return this;
        }

        /** The cluster; 0x1000 in raftexample. */
        public Builder clusterId(long value) {
            clusterId = value;
            return this;
        }

        /** Where to listen, a URL or {@code host:port}; port 0 leaves the choice to the system. */
        public Builder listenAddress(String value) {
            listenAddress = value;
            return this;
        }

        /**
         * The URLs of this node that it tells with each request, so that a node that does not know it yet can answer;
         * none by default, as raftexample does.
         */
        public Builder advertisedUrls(List<String> value) {
            advertisedUrls = value;
            return this;
        }

        /** Where snapshots are read and stored. */
        public Builder snapshots(SnapshotStore value) {
            snapshots = value;
            return this;
        }

        /** The time of day, which answers carry. Nothing depends on it. */
        public Builder clock(InstantSource value) {
            clock = value;
            return this;
        }

        /**
         * TLS for those who call; without, by default. Who shall prove that he is a member must be asked for a
         * certificate here ({@code ClientAuth.REQUIRE}), and {@link #admission} must compare it with the id.
         */
        public Builder serverTls(SslContext value) {
            serverTls = value;
            return this;
        }

        /** TLS for those who are called; without, by default. */
        public Builder clientTls(SslContext value) {
            clientTls = value;
            return this;
        }

        /** Who may talk to this node; everybody, by default. */
        public Builder admission(Admission value) {
            admission = value;
            return this;
        }

        /** Who hears what happens; nobody by default. */
        public Builder listener(TransportListener value) {
            listener = value;
            return this;
        }

        /**
         * Whether a snapshot is posted as one message with its data, as raftexample must get it; true by default.
         * Otherwise its data follows its message, as between members of etcd, and neither side keeps it in memory. Both
         * are taken always.
         */
        public Builder snapshotsInMessages(boolean value) {
            snapshotsInMessages = value;
            return this;
        }

        /**
         * Whether a node that was removed is told that it was for good, as etcd does; a raftexample exits at that. By
         * default it hears what a stranger hears, as from a raftexample.
         */
        public Builder tellRemoved(boolean value) {
            tellRemoved = value;
            return this;
        }

        /**
         * The longest message that is sent or taken, in bytes; 16 MiB by default, at least 4 KiB, the same on all our
         * nodes. A message of one entry must fit: see {@link HttpTransport#maxEntryBytes}. Go nodes have no such limit.
         */
        public Builder maxFrameBytes(int value) {
            require(value >= LEAST_FRAME_BYTES, "maxFrameBytes", value, "must be at least " + LEAST_FRAME_BYTES);
            maxFrameBytes = value;
            return this;
        }

        /**
         * The longest message with a snapshot's data within it that is taken, in bytes; 256 MiB by default, more than
         * 0. It is kept in memory, and no second one longer than a frame is taken at the same time.
         */
        public Builder maxSnapshotMessageBytes(int value) {
            maxSnapshotMessageBytes = positive(value, "maxSnapshotMessageBytes");
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

        /** The most messages that wait to be posted to a peer that has opened no stream; 64 by default, more than 0. */
        public Builder maxPosts(int value) {
            maxPosts = positive(value, "maxPosts");
            return this;
        }

        /** The pieces in which a snapshot is read and sent, in bytes; 256 KiB by default, more than 0. */
        public Builder chunkBytes(int value) {
            chunkBytes = positive(value, "chunkBytes");
            return this;
        }

        /** How many snapshots may arrive at once; 4 by default, more than 0. */
        public Builder maxIncomingSnapshots(int value) {
            maxIncomingSnapshots = positive(value, "maxIncomingSnapshots");
            return this;
        }

        /** How many connections others may open to this node; 1,024 by default, more than 0. */
        public Builder maxConnections(int value) {
            maxConnections = positive(value, "maxConnections");
            return this;
        }

        /** How long a connection may stay without a first request; 10 s by default. */
        public Builder handshakeTimeout(Duration value) {
            handshakeTimeout = positive(value, "handshakeTimeout");
            return this;
        }

        /**
         * How long a peer may be silent on a stream, or leave a request without an answer, before the connection is
         * given up; 5 s by default, as in etcd. Streams from this node carry a sign of life three times in that time.
         */
        public Builder silenceTimeout(Duration value) {
            silenceTimeout = positive(value, "silenceTimeout");
            return this;
        }

        /** How long a snapshot may make no progress before it is given up; 30 s by default. */
        public Builder snapshotStallTimeout(Duration value) {
            snapshotStallTimeout = positive(value, "snapshotStallTimeout");
            return this;
        }

        /** How long to wait before a stream is asked for again; 100 ms by default, as in etcd. */
        public Builder redialInterval(Duration value) {
            redialInterval = positive(value, "redialInterval");
            return this;
        }

        /**
         * Checks the values.
         *
         * @throws IllegalArgumentException naming the field, its value and the rule
         */
        public HttpTransportConfig build() {
            return new HttpTransportConfig(this);
        }
    }
}
