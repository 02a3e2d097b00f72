package dev.coracle;

import dev.coracle.codec.Dialect;
import dev.coracle.node.StorageObserver;
import dev.coracle.transport.grpc.GrpcTransportConfig;
import io.grpc.ChannelCredentials;
import io.grpc.ServerCredentials;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** How a member is to run: what a {@link RaftBuilder} collects. Not changed any more once a member runs by it. */
final class Settings<C, R extends @Nullable Object, S extends StateMachine<C, R>> implements Cloneable {
    /** How an empty directory becomes a member. */
    sealed interface Mode {
        /** As the only member of a new cluster. */
        record Create() implements Mode {}

        /** As a new member of a cluster that others run. */
        record Join(List<String> addresses) implements Mode {}

        /** As one of the members of a new cluster that all start with the same list. */
        record Listed(List<Member> members) implements Mode {}
    }

    private static final String WITH_IN_MEMORY = "must not be given with inMemory, which keeps nothing";

    /** Joining takes several requests, an election perhaps, and a snapshot. */
    private static final int START_TIMEOUTS = 6;

    final S machine;
    final Codec<C> commands;
    final Codec<R> results;
    String raftAddress = "";

    @Nullable
    String advertiseAddress;

    @Nullable
    Path dataDirectory;

    boolean inMemory;

    @Nullable
    LogStoreFactory logStore;

    Mode mode = new Mode.Create();
    /** Null leaves it to the cluster that is joined; a new one is native. */
    @Nullable
    Dialect dialect;

    long id;
    String clusterName = "default";
    Duration requestTimeout = Duration.ofSeconds(5);
    Duration tickInterval = Duration.ofMillis(100);
    int electionTicks = 10;
    int heartbeatTicks = 1;
    long snapshotEntries = 10_000;
    long snapshotBytes = 64 << 20;
    Duration snapshotInterval = Duration.ZERO;
    int catchUpEntries = 5_000;
    boolean olderMembers;
    int maxSnapshotTransfers = GrpcTransportConfig.DEFAULT_MAX_SNAPSHOTS;
    long snapshotBytesPerSecond = GrpcTransportConfig.DEFAULT_SNAPSHOT_BYTES_PER_SECOND;
    int segmentBytes = 64_000_000;
    int maxEntryBytes = 1 << 20;
    long maxPendingBytes = 64 << 20;
    boolean requireData;
    StorageObserver storageObserver = StorageObserver.NONE;

    @Nullable
    EntryFormatter<C> formatter;

    @Nullable
    Function<? super S, String> snapshotFormatter;

    @Nullable
    ServerCredentials serverCredentials;

    @Nullable
    ChannelCredentials channelCredentials;

    Settings(S machine, Codec<C> commands, Codec<R> results) {
        this.machine = machine;
        this.commands = commands;
        this.results = results;
    }

    /** These settings as they are now. */
    @SuppressWarnings("unchecked") // A clone has its original's type.
    Settings<C, R, S> copy() {
        try {
            return (Settings<C, R, S>) clone();
        } catch (CloneNotSupportedException e) {
            throw new AssertionError(e);
        }
    }

    /** Checks what can only be checked of the whole. */
    void check() {
        RaftBuilder.require(!raftAddress.isEmpty(), "raftAddress", "\"\"", "must be given, as host:port");
        HostAndPort.require("raftAddress", raftAddress, 0);
        if (advertiseAddress != null) {
            HostAndPort.require("advertiseAddress", advertiseAddress, 1);
        } else {
            RaftBuilder.require(
                    !HostAndPort.isWildcard(raftAddress),
                    "raftAddress",
                    raftAddress,
                    "stands for every address of this machine: set advertiseAddress to one that the others can use");
        }
        RaftBuilder.require(
                inMemory || dataDirectory != null, "dataDirectory", "null", "must be given, unless inMemory is");
        if (inMemory) {
            RaftBuilder.require(dataDirectory == null, "dataDirectory", String.valueOf(dataDirectory), WITH_IN_MEMORY);
            RaftBuilder.require(logStore == null, "logStore", String.valueOf(logStore), WITH_IN_MEMORY);
            RaftBuilder.require(!requireData, "requireData", true, WITH_IN_MEMORY);
        }
        if (dialect == Dialect.RAFT_RS) {
            RaftBuilder.require(
                    maxEntryBytes <= RaftRsRules.MOST_ENTRY_BYTES,
                    "maxEntryBytes",
                    maxEntryBytes,
                    "must be at most " + RaftRsRules.MOST_ENTRY_BYTES
                            + " in a cluster of raft-rs's dialect: raftify's nodes take no longer messages");
        }
        RaftBuilder.require(
                electionTicks > heartbeatTicks && heartbeatTicks > 0,
                "electionTicks",
                electionTicks,
                "must be greater than heartbeatTicks " + heartbeatTicks + ", and that greater than 0");
        RaftBuilder.require(
                maxPendingBytes >= maxEntryBytes + 256L,
                "maxPendingBytes",
                maxPendingBytes,
                "must be at least maxEntryBytes " + maxEntryBytes + " and 256");
    }

    /** How long joining may take. */
    long startTimeoutNanos() {
        return requestTimeout.multipliedBy(START_TIMEOUTS).toNanos();
    }
}
