package dev.coracle;

import dev.coracle.codec.Dialect;
import dev.coracle.node.StorageException;
import dev.coracle.node.StorageObserver;
import io.grpc.ChannelCredentials;
import io.grpc.ServerCredentials;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Collects how a member is to run, and starts it. Only {@link #raftAddress} and {@link #dataDirectory}, or else {@link
 * #inMemory}, have no default.
 *
 * <p>The start mode, {@link #bootstrap}, {@link #join} or {@link #members}, counts once: a directory that holds a node
 * already continues as that node, with the id, the cluster and the members that it knows. What contradicts them is a
 * {@link StartException}.
 *
 * @param <C> the commands
 * @param <R> the results
 * @param <S> the state machine
 */
public final class RaftBuilder<C, R extends @Nullable Object, S extends StateMachine<C, R>> {
    private final Settings<C, R, S> settings;

    RaftBuilder(S machine, Codec<C> commands, Codec<R> results) {
        settings = new Settings<>(
                Objects.requireNonNull(machine, "machine"),
                Objects.requireNonNull(commands, "commands"),
                Objects.requireNonNull(results, "results"));
    }

    /** The address to listen on, {@code host:port}; an IPv6 address in brackets; port 0 lets the system pick one. */
    public RaftBuilder<C, R, S> raftAddress(String value) {
        settings.raftAddress = Objects.requireNonNull(value, "raftAddress");
        return this;
    }

    /**
     * The address that the other members use, where it is not the one to listen on. By default {@link #raftAddress} with
     * the port that was bound.
     */
    public RaftBuilder<C, R, S> advertiseAddress(String value) {
        settings.advertiseAddress = Objects.requireNonNull(value, "advertiseAddress");
        return this;
    }

    /** Where the node keeps its log, snapshots and identity. Created if it is not there. One node a directory. */
    public RaftBuilder<C, R, S> dataDirectory(Path value) {
        settings.dataDirectory = Objects.requireNonNull(value, "dataDirectory");
        return this;
    }

    /**
     * Keeps log, snapshots and identity in memory, instead of in a {@link #dataDirectory}: for tests, caches and examples.
     * What is acknowledged is in the memory of a majority of the members and nowhere else, so <b>everything is lost once
     * half of them have stopped</b> without others in their place.
     *
     * <p>A member that is started again is a new one, whatever it was before, as with an emptied directory. With {@link
     * #join} it gets a new id, and the one before stays a member that is down until it is removed, or has left before it
     * stopped. With {@link #members} it is refused, as long as the others know the one before, and must join instead.
     *
     * <p>The log takes four times {@link #snapshotBytes} and 256 MiB at most, and requests are refused as {@link
     * RaftException.Kind#NO_SPACE} from three quarters of that on; the two newest snapshots are kept beside it.
     */
    public RaftBuilder<C, R, S> inMemory() {
        settings.inMemory = true;
        return this;
    }

    /**
     * Keeps the log in another store than etcd's files, in the folder {@code log} of the data directory; snapshots stay
     * files. A directory that was begun with one kind of store goes on with that.
     */
    public RaftBuilder<C, R, S> logStore(LogStoreFactory value) {
        settings.logStore = Objects.requireNonNull(value, "logStore");
        return this;
    }

    /** An empty directory becomes the only member of a new cluster, and leads it at once. This is the default. */
    public RaftBuilder<C, R, S> bootstrap() {
        settings.mode = new Settings.Mode.Create();
        return this;
    }

    /**
     * An empty directory becomes a new member of the cluster that the nodes at these addresses belong to, with an id
     * that the cluster gives it. One address that answers is enough. So does a directory whose node has left.
     */
    public RaftBuilder<C, R, S> join(String... memberAddresses) {
        if (memberAddresses.length == 0) {
            throw new IllegalArgumentException("join: give the address of at least one member");
        }
        settings.mode = new Settings.Mode.Join(List.of(memberAddresses));
        return this;
    }

    /**
     * An empty directory becomes one of the first members of a new cluster. Every first member is started with the same
     * list. This one is the member whose address is {@link #advertiseAddress}, or the one that {@link #id} names.
     *
     * <p>The node waits with its vote until a majority of the others confirms that they do not know its id with another
     * data directory: a member whose directory was lost must not vote again under its old id (it could have voted
     * already).
     *
     * @param members at least one voter; ids and addresses differ; at most one {@link Member.Role#LEADER}
     */
    public RaftBuilder<C, R, S> members(List<Member> members) {
        Set<Long> ids = new HashSet<>();
        Set<String> addresses = new HashSet<>();
        int leaders = 0;
        int learners = 0;
        for (Member member : members) {
            HostAndPort.require("members", member.address(), 1);
            if (!ids.add(member.id())) {
                throw new IllegalArgumentException(
                        "members: the id " + Long.toUnsignedString(member.id()) + " is there twice");
            }
            if (!addresses.add(member.address())) {
                throw new IllegalArgumentException("members: the address " + member.address() + " is there twice");
            }
            leaders += member.role() == Member.Role.LEADER ? 1 : 0;
            learners += member.role() == Member.Role.LEARNER ? 1 : 0;
        }
        if (learners == members.size()) {
            throw new IllegalArgumentException("members: there must be at least one voter");
        }
        if (leaders > 1) {
            throw new IllegalArgumentException("members: " + leaders + " have the role LEADER, at most one may");
        }
        List<Member> sorted = new ArrayList<>(members);
        sorted.sort((a, b) -> Long.compareUnsigned(a.id(), b.id()));
        settings.mode = new Settings.Mode.Listed(List.copyOf(sorted));
        return this;
    }

    /** Which of {@link #members} this node is, where its address does not tell. Not 0. */
    public RaftBuilder<C, R, S> id(long value) {
        require(value != 0, "id", value, "must not be 0");
        settings.id = value;
        return this;
    }

    /**
     * Whose bytes a new cluster speaks, for good. {@link Dialect#NATIVE} by default; {@link Dialect#RAFT_RS} makes it one
     * that nodes of raftify can be members of, which lacks what is said in the guide on mixed clusters. A node that joins
     * learns it from the members, and is refused if it is another than what is given here. {@link Dialect#ETCD} is not
     * run by the framework.
     */
    public RaftBuilder<C, R, S> dialect(Dialect value) {
        require(value != Dialect.ETCD, "dialect", value, "must be NATIVE or RAFT_RS");
        settings.dialect = value;
        return this;
    }

    /** The name of the cluster, the same on all members: nodes of another cluster are refused. Default "default". */
    public RaftBuilder<C, R, S> clusterName(String value) {
        require(
                !value.isBlank() && value.length() <= 200 && value.chars().noneMatch(Character::isISOControl),
                "clusterName",
                '"' + value + '"',
                "must be 1 to 200 characters, not blank, without control characters");
        settings.clusterName = value;
        return this;
    }

    /** How long a request may take that names no time of its own. Greater than 0, default 5 s. */
    public RaftBuilder<C, R, S> requestTimeout(Duration value) {
        settings.requestTimeout = positive("requestTimeout", value);
        return this;
    }

    /** The length of a tick, the unit of elections and heartbeats. Greater than 0, default 100 ms; the same everywhere. */
    public RaftBuilder<C, R, S> tickInterval(Duration value) {
        settings.tickInterval = positive("tickInterval", value);
        return this;
    }

    /** How many ticks a follower waits for its leader. More than {@link #heartbeatTicks}, default 10. */
    public RaftBuilder<C, R, S> electionTicks(int value) {
        settings.electionTicks = value;
        return this;
    }

    /** How many ticks lie between two heartbeats. Greater than 0, default 1. */
    public RaftBuilder<C, R, S> heartbeatTicks(int value) {
        settings.heartbeatTicks = value;
        return this;
    }

    /** After how many entries a snapshot is taken. Greater than 0, default 10,000. */
    public RaftBuilder<C, R, S> snapshotEntries(long value) {
        require(value > 0, "snapshotEntries", value, "must be greater than 0");
        settings.snapshotEntries = value;
        return this;
    }

    /** After how many bytes of entries a snapshot is taken. Greater than 0, default 64 MiB. */
    public RaftBuilder<C, R, S> snapshotBytes(long value) {
        require(value > 0, "snapshotBytes", value, "must be greater than 0");
        settings.snapshotBytes = value;
        return this;
    }

    /**
     * How long after a snapshot the next one is taken, if anything was applied since; zero for no such limit. Not
     * negative, at most 365 days, default zero: the two limits above bound the log and how long a restart takes.
     */
    public RaftBuilder<C, R, S> snapshotInterval(Duration value) {
        require(
                !value.isNegative() && value.compareTo(Duration.ofDays(365)) <= 0,
                "snapshotInterval",
                value,
                "must not be negative and at most 365 days");
        settings.snapshotInterval = value;
        return this;
    }

    /**
     * Whether there may be members of versions before client sessions, or this one may have to go back to such a version.
     * Then snapshots are written as those versions read them, unless there are sessions already, and a leader opens no
     * session. Such snapshots carry no hash of what was applied: members that have restarted from one are not compared with
     * others over what came before. For the time of an upgrade; default false.
     */
    public RaftBuilder<C, R, S> olderMembers(boolean value) {
        settings.olderMembers = value;
        return this;
    }

    /** How many entries before a snapshot are kept for members that are a little behind. Not negative, default 5,000. */
    public RaftBuilder<C, R, S> catchUpEntries(int value) {
        require(value >= 0, "catchUpEntries", value, "must not be negative");
        settings.catchUpEntries = value;
        return this;
    }

    /**
     * How many snapshots may be on their way to other members at once, and how many on their way to this one. Greater
     * than 0, default 4; further ones wait.
     */
    public RaftBuilder<C, R, S> maxSnapshotTransfers(int value) {
        require(value > 0, "maxSnapshotTransfers", value, "must be greater than 0");
        settings.maxSnapshotTransfers = value;
        return this;
    }

    /**
     * How many bytes of snapshots may leave in a second, and how many may arrive. At least 1 MiB and at most 1 TiB, or 0
     * for no limit; default 100 MiB, which leaves other messages their room on a line of a gigabit.
     */
    public RaftBuilder<C, R, S> snapshotBytesPerSecond(long value) {
        require(
                value == 0 || (value >= 1 << 20 && value <= 1L << 40),
                "snapshotBytesPerSecond",
                value,
                "must be 0, for no limit, or from " + (1 << 20) + " to " + (1L << 40));
        settings.snapshotBytesPerSecond = value;
        return this;
    }

    /** The size of the files of etcd's kind of log, in bytes. At least 4,096, default 64,000,000. */
    public RaftBuilder<C, R, S> segmentBytes(int value) {
        require(value >= 4_096, "segmentBytes", value, "must be at least 4096");
        settings.segmentBytes = value;
        return this;
    }

    /** How large a command may be, in bytes. From 1 to 8 MiB, default 1 MiB; the same on all members. */
    public RaftBuilder<C, R, S> maxEntryBytes(int value) {
        require(value > 0 && value <= 8 << 20, "maxEntryBytes", value, "must be from 1 to " + (8 << 20));
        settings.maxEntryBytes = value;
        return this;
    }

    /**
     * How many bytes of requests may be under way on this member, each counting its command and about a hundred bytes
     * besides; more are refused as {@link RaftException.Kind#OVERLOADED}. Default 64 MiB.
     */
    public RaftBuilder<C, R, S> maxPendingBytes(long value) {
        require(value > 0, "maxPendingBytes", value, "must be greater than 0");
        settings.maxPendingBytes = value;
        return this;
    }

    /**
     * Whether an empty directory is refused. For supervisors to set after a node's first start, so that a volume that was
     * not mounted does not look like a new node. Default false.
     */
    public RaftBuilder<C, R, S> requireData(boolean value) {
        settings.requireData = value;
        return this;
    }

    /** Prints commands in log lines of level debug; without it only their size is printed. */
    public RaftBuilder<C, R, S> formatter(EntryFormatter<C> value) {
        settings.formatter = Objects.requireNonNull(value, "formatter");
        return this;
    }

    /**
     * Prints the state on one line, in log lines of level debug, when a snapshot of it is taken or restored. Called on the
     * applier's thread, so it must be quick; without it no part of the state is printed.
     */
    public RaftBuilder<C, R, S> snapshotFormatter(Function<? super S, String> value) {
        settings.snapshotFormatter = Objects.requireNonNull(value, "snapshotFormatter");
        return this;
    }

    /** Hears what the log and the snapshots do on the disk, for metrics; on their threads, so it must return at once. */
    public RaftBuilder<C, R, S> storageObserver(StorageObserver value) {
        settings.storageObserver = Objects.requireNonNull(value, "storageObserver");
        return this;
    }

    /** Encrypts everything between the members; by default nothing is. With client certificates asked for, both ways. */
    public RaftBuilder<C, R, S> tls(ServerCredentials server, ChannelCredentials channel) {
        settings.serverCredentials = Objects.requireNonNull(server, "server");
        settings.channelCredentials = Objects.requireNonNull(channel, "channel");
        return this;
    }

    /**
     * Starts the member. Returns when it takes requests; there need not be a leader yet. With {@link #join} that is when
     * the cluster has taken it in, for which there are six times {@link #requestTimeout}. With {@link #members} each of
     * the others is asked once before, and what is missing then is waited for afterwards: requests fail for want of a
     * leader until enough of the others are there.
     *
     * @throws IllegalArgumentException if a value breaks a rule, naming the field, the value and the rule
     * @throws StartException if the member may not or cannot start
     * @throws StorageException if the disk fails, or what is on it is damaged
     */
    public Raft<C, R, S> start() throws StartException, StorageException {
        return start(World.real());
    }

    /**
     * Starts the member in a world of somebody else's making, a simulated one for example; otherwise as {@link #start()}.
     *
     * @throws IllegalArgumentException if a value breaks a rule, naming the field, the value and the rule
     * @throws StartException if the member may not or cannot start
     * @throws StorageException if the disk fails, or what is on it is damaged
     */
    public Raft<C, R, S> start(World world) throws StartException, StorageException {
        Settings<C, R, S> checked = settings.copy();
        checked.check();
        return new Raft<>(checked, Engine.start(checked, world));
    }

    static void require(boolean holds, String field, Object value, String rule) {
        if (!holds) {
            throw new IllegalArgumentException(field + ": " + value + " " + rule);
        }
    }

    private static Duration positive(String field, Duration value) {
        require(
                value.compareTo(Duration.ZERO) > 0 && value.compareTo(Duration.ofDays(1)) <= 0,
                field,
                value,
                "must be greater than 0 and at most a day");
        return value;
    }
}
