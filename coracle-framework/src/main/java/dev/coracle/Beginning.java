package dev.coracle;

import dev.coracle.codec.CodecException;
import dev.coracle.codec.Dialect;
import dev.coracle.codec.InitialRole;
import dev.coracle.codec.Peers;
import dev.coracle.codec.SocketAddresses;
import dev.coracle.codec.raftify.RequestIdResponse;
import dev.coracle.node.StorageException;
import dev.coracle.transport.grpc.CallException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** Makes a node of a directory: goes on with what is there, or begins as the start mode says. */
final class Beginning {
    private static final Duration DIALECT_TIMEOUT = Duration.ofSeconds(3);
    private static final long DIALECT_PAUSE_NANOS = 100_000_000;

    private final Settings<?, ?, ?> settings;
    private final World world;
    private final World.Worker worker;
    private final DataDirectory directory;

    Beginning(Settings<?, ?, ?> settings, World world, World.Worker worker, DataDirectory directory) {
        this.settings = settings;
        this.world = world;
        this.worker = worker;
        this.directory = directory;
    }

    /** What the directory is, from now on and on disk. */
    ClusterFile prepare(long deadlineNanos) throws StartException, StorageException {
        ClusterFile found = directory.file();
        if (found != null && found.state() == ClusterFile.State.LEFT) {
            if (!(settings.mode instanceof Settings.Mode.Join)) {
                throw new StartException(
                        StartException.Kind.LEFT,
                        "dataDirectory: " + directory.path() + " holds " + Leading.name(found.id()) + ", which left the"
                                + " cluster or was removed from it. To take part again, start it with join: it becomes a"
                                + " new node then, and what is there is set aside");
            }
            directory.setAside(found.id());
            found = null;
        }
        if (found != null) {
            requireNoContradiction(found);
            return found;
        }
        if (settings.requireData) {
            throw new StartException(
                    StartException.Kind.NO_DATA,
                    "dataDirectory: " + directory.path() + " holds no node, and requireData is set. Is the volume"
                            + " mounted? Unset requireData for the first start of a new node");
        }
        if (directory.holdsAnyLog()) {
            throw new StorageException("there is a log in " + directory.path() + " and no file " + ClusterFile.NAME
                    + " that says whose it is. Restore it, or give the node an empty"
                    + " directory");
        }
        ClusterFile file = begin(deadlineNanos);
        directory.become(file);
        return file;
    }

    private void requireNoContradiction(ClusterFile found) throws StartException {
        String what = null;
        if (settings.dialect != null && settings.dialect != found.dialect()) {
            what = "dialect: " + settings.dialect + " is not the dialect of the cluster there, " + found.dialect();
        } else if (!found.clusterName().equals(settings.clusterName)) {
            what = "clusterName: \"" + settings.clusterName + "\" is not the name of the cluster there, \""
                    + found.clusterName() + "\"";
        } else if (settings.id != 0 && settings.id != found.id()) {
            what = "id: " + Long.toUnsignedString(settings.id) + " is not the id of the node there, "
                    + Long.toUnsignedString(found.id());
        } else if (settings.mode instanceof Settings.Mode.Listed listed
                && found.firstMembers().size() > 1) {
            Member me = self(listed.members());
            if (me.id() != found.id()) {
                what = "members: the list says that this is " + Leading.name(me.id()) + ", there is "
                        + Leading.name(found.id());
            }
        }
        if (what != null) {
            throw new StartException(
                    StartException.Kind.CONTRADICTION,
                    what + ". The data directory " + directory.path() + " decides; correct the setting, or give the new"
                            + " node a directory of its own");
        }
    }

    private ClusterFile begin(long deadlineNanos) throws StartException {
        long incarnation = random();
        Dialect dialect = settings.dialect == null ? Dialect.NATIVE : settings.dialect;
        if (settings.mode instanceof Settings.Mode.Listed listed) {
            Member me = self(listed.members());
            return file(
                    dialect,
                    clusterIdOf(dialect == Dialect.NATIVE ? listed.members() : List.of()),
                    me.id(),
                    incarnation,
                    listed.members(),
                    addresses(listed.members()));
        }
        if (settings.mode instanceof Settings.Mode.Join join) {
            requireSomebodyElse(join.addresses());
            Dialect spoken = dialectOf(join.addresses(), deadlineNanos);
            if (settings.dialect != null && settings.dialect != spoken) {
                throw new StartException(
                        StartException.Kind.CONTRADICTION,
                        "dialect: " + settings.dialect + " is not what " + join.addresses() + " speak, " + spoken);
            }
            if (spoken == Dialect.RAFT_RS) {
                return raftifyFile(join.addresses(), incarnation, deadlineNanos);
            }
            Ticket ticket = ticket(join.addresses(), incarnation, deadlineNanos);
            return file(spoken, ticket.clusterId(), ticket.id(), incarnation, List.of(), ticket.peers());
        }
        long id = settings.id == 0 ? 1 : settings.id;
        // Its real address, if the system is to pick the port, is written with the log's first entry.
        Member only = Member.voter(id, settings.raftAddress);
        long clusterId = dialect == Dialect.NATIVE ? random() : clusterIdOf(List.of());
        return file(dialect, clusterId, id, incarnation, List.of(only), addresses(List.of(only)));
    }

    private void requireSomebodyElse(List<String> addresses) throws StartException {
        String own = own();
        if (addresses.stream().allMatch(own::equals)) {
            throw new StartException(
                    StartException.Kind.CONTRADICTION,
                    "join: " + own + " is this node's own address; it must be that of a member of the cluster");
        }
    }

    /** Where the others find this node. */
    private String own() {
        return settings.advertiseAddress == null ? settings.raftAddress : settings.advertiseAddress;
    }

    private ClusterFile file(
            Dialect dialect,
            long clusterId,
            long id,
            long incarnation,
            List<Member> first,
            SortedMap<Long, String> peers) {
        return new ClusterFile(
                dialect,
                clusterId,
                settings.clusterName,
                id,
                incarnation,
                ClusterFile.State.NEW,
                "",
                first,
                peers,
                ClusterFile.byId(),
                ClusterFile.Past.NONE);
    }

    private static SortedMap<Long, String> addresses(List<Member> members) {
        SortedMap<Long, String> addresses = ClusterFile.byId();
        members.forEach(member -> addresses.put(member.id(), member.address()));
        return addresses;
    }

    /** Which of the listed members this node is. */
    private Member self(List<Member> members) throws StartException {
        String own = own();
        for (Member member : members) {
            if (settings.id == 0 ? member.address().equals(own) : member.id() == settings.id) {
                return member;
            }
        }
        throw new StartException(
                StartException.Kind.CONTRADICTION,
                settings.id == 0
                        ? "members: none has the address " + own + " of this node; correct it, or say which one by id"
                        : "members: none has the id " + Long.toUnsignedString(settings.id) + " of this node");
    }

    private long random() {
        long value = world.random().nextLong();
        return value == 0 ? 1 : value;
    }

    /**
     * The first eight bytes of a digest over name and members, so that members started with other lists never meet. In
     * raft-rs's dialect, whose tickets name no cluster, over the name alone.
     */
    private long clusterIdOf(List<Member> members) {
        StringBuilder text = new StringBuilder(settings.clusterName).append('\n');
        for (Member member : members) {
            text.append(Long.toUnsignedString(member.id()))
                    .append(' ')
                    .append(member.role() == Member.Role.LEARNER ? "learner" : "voter")
                    .append(' ')
                    .append(member.address())
                    .append('\n');
        }
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256").digest(text.toString().getBytes(StandardCharsets.UTF_8));
            long id = ByteBuffer.wrap(digest).getLong();
            return id == 0 ? 1 : id;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** What the nodes at these addresses speak, by the first of them that says anything. */
    private Dialect dialectOf(List<String> addresses, long deadlineNanos) throws StartException {
        String last = "nobody was asked";
        try (Caller caller = world.networks().caller(settings.channelCredentials)) {
            while (world.clock().nanoTime() - deadlineNanos < 0) {
                for (String address : addresses) {
                    CompletableFuture<byte[]> answer =
                            caller.call(address, CallKind.DIALECT, new byte[0], DIALECT_TIMEOUT);
                    Engine.await(world.threads(), answer);
                    try {
                        boolean same = new String(answer.join(), StandardCharsets.UTF_8)
                                .equals(ClusterFile.dialectText(Dialect.RAFT_RS));
                        return same ? Dialect.RAFT_RS : Dialect.NATIVE;
                    } catch (CompletionException e) {
                        @Nullable Throwable cause = e.getCause();
                        if (cause instanceof CallException call && call.kind() == CallException.Kind.UNKNOWN_METHOD) {
                            return Dialect.RAFT_RS;
                        }
                        last = String.valueOf(cause == null ? e.getMessage() : cause.getMessage());
                    }
                }
                CompletableFuture<Void> pause = new CompletableFuture<>();
                worker.schedule(() -> pause.complete(null), DIALECT_PAUSE_NANOS);
                Engine.await(world.threads(), pause);
            }
        } catch (IllegalArgumentException e) {
            throw new StartException(StartException.Kind.UNREACHABLE, "join: " + e.getMessage(), e);
        }
        throw new StartException(
                StartException.Kind.UNREACHABLE, "none of the members " + addresses + " answers: " + last);
    }

    /** Gets a ticket as raftify's nodes do, from nodes of either kind. */
    private ClusterFile raftifyFile(List<String> addresses, long incarnation, long deadlineNanos)
            throws StartException {
        String own = own();
        List<Member> members = new ArrayList<>();
        long id;
        try (Caller caller = world.networks().caller(settings.channelCredentials)) {
            SocketAddresses.parse(own);
            CompletableFuture<RequestIdResponse> ticket =
                    RaftifyRounds.requestId(caller, worker, world.clock(), addresses, own, deadlineNanos);
            Engine.await(world.threads(), ticket);
            RequestIdResponse answer = ticket.join();
            id = answer.reservedId();
            Peers.decode(answer.peers().array())
                    .peers()
                    .forEach((peer, known) -> members.add(new Member(
                            peer,
                            SocketAddresses.format(known.address()),
                            known.initialRole() == InitialRole.LEARNER ? Member.Role.LEARNER : Member.Role.VOTER)));
            if (id == answer.leaderId()) {
                throw new StartException(
                        StartException.Kind.REFUSED,
                        "join: the leader, " + Leading.name(id)
                                + ", gives its own id away: a node of raftify that joined"
                                + " by a snapshot does not know itself. Have another node lead, and join then");
            }
            if (members.stream().noneMatch(member -> member.id() == answer.leaderId())) {
                members.add(Member.voter(
                        answer.leaderId(), SocketAddresses.format(SocketAddresses.parse(answer.leaderAddr()))));
            }
        } catch (CompletionException e) {
            @Nullable Throwable cause = e.getCause();
            if (cause instanceof StartException refused) {
                throw refused;
            }
            throw new IllegalStateException("no ticket", cause);
        } catch (CodecException | IllegalArgumentException e) {
            throw new StartException(StartException.Kind.REFUSED, "join: " + e.getMessage(), e);
        }
        for (Member member : members) {
            if (member.id() == id) {
                throw new StartException(
                        StartException.Kind.REFUSED,
                        "raftAddress: " + own + " is that of " + Leading.name(id) + " of the cluster, whose votes and"
                                + " entries an empty directory would forget. Restore its directory; or have a member"
                                + " remove it, or give this node another address, and let it join then");
            }
        }
        return file(Dialect.RAFT_RS, clusterIdOf(List.of()), id, incarnation, members, addresses(members));
    }

    private Ticket ticket(List<String> addresses, long incarnation, long deadlineNanos) throws StartException {
        String own = own();
        try (Caller caller = world.networks().caller(settings.channelCredentials)) {
            CompletableFuture<Ticket> ticket = AskAround.begin(
                    caller,
                    worker,
                    world.clock(),
                    addresses,
                    new MemberTasks.Reserve(settings.clusterName, own, incarnation),
                    deadlineNanos);
            Engine.await(world.threads(), ticket);
            return ticket.join();
        } catch (CompletionException e) {
            @Nullable Throwable cause = e.getCause();
            if (cause instanceof StartException refused) {
                throw refused;
            }
            throw new IllegalStateException("no ticket", cause);
        }
    }
}
