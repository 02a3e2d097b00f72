package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Dialect;
import dev.coracle.codec.SocketAddresses;
import dev.coracle.node.Disk;
import dev.coracle.node.Failure;
import dev.coracle.node.LogStore;
import dev.coracle.node.NodeConfig;
import dev.coracle.node.NodeView;
import dev.coracle.node.RaftNode;
import dev.coracle.node.Reply;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Bootstrap;
import dev.coracle.raft.Check;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.RaftObserver;
import dev.coracle.raft.RandomSource;
import dev.coracle.raft.RawNode;
import dev.coracle.raft.RoleName;
import dev.coracle.raft.Status;
import dev.coracle.transport.grpc.Admission;
import dev.coracle.transport.grpc.CallException;
import dev.coracle.transport.grpc.CallHandler;
import dev.coracle.transport.grpc.Connection;
import dev.coracle.transport.grpc.Handshake;
import dev.coracle.transport.grpc.RefusalCode;
import dev.coracle.transport.grpc.TransportListener;
import dev.coracle.transport.grpc.Verdict;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A member's life: from its directory to a running node, what it tells others and hears from them, and its end. Small
 * things that may wait for the disk are done one after the other by a worker; nothing here blocks the node's threads.
 */
final class Engine<C, R extends @Nullable Object, S extends StateMachine<C, R>>
        implements CallHandler, Admission, TransportListener, RaftObserver {
    static final Logger LOG = LoggerFactory.getLogger(Raft.class);

    /** How often a node that should lead looks whether it can ask for votes, ten times a tick. */
    private static final int CAMPAIGNS = 1_000;

    private final Settings<C, R, S> settings;
    private final World world;
    private final DataDirectory directory;
    private final World.Worker worker;
    private final Replica<C, R> replica;
    private final Promise<StopReason> stopped;
    private final AtomicReference<@Nullable StopReason> reason = new AtomicReference<>();
    /** By their numbers, so that they are woken in the order in which they began. */
    private final ConcurrentSkipListMap<Long, Attempt<?>> parked = new ConcurrentSkipListMap<>();

    private final AtomicLong attempts = new AtomicLong();
    private final AtomicBoolean persisting = new AtomicBoolean();
    private final AtomicBoolean announcing = new AtomicBoolean();
    private final AtomicBoolean askingForAddresses = new AtomicBoolean();

    /** Addresses where nodes of raftify listened when they were last called. */
    private final Set<String> raftify = ConcurrentHashMap.newKeySet();

    private final CompletableFuture<Done> member = new CompletableFuture<>();

    private volatile long id;
    private volatile @Nullable Network network;
    private volatile @Nullable RaftNode node;
    private volatile boolean leaving;
    private @Nullable Stores stores;
    private @Nullable LogStore log;
    private @Nullable AutoCloseable agents;

    /** What the last configuration was that somebody heard of. The applier's. */
    private Replica.Membership heard = Replica.Membership.NONE;

    private Engine(Settings<C, R, S> settings, World world, DataDirectory directory) {
        this.settings = settings;
        this.world = world;
        this.directory = directory;
        this.stopped = new Promise<>(world.threads().dependents());
        this.worker =
                world.threads().worker("coracle-worker-" + directory.path().getFileName());
        Function<? super S, String> stateText = settings.snapshotFormatter;
        this.replica = new Replica<>(
                settings.machine,
                settings.commands,
                settings.results,
                settings.formatter,
                stateText == null ? null : () -> stateText.apply(settings.machine),
                this::onMembership,
                settings.olderMembers);
    }

    // ---- start

    /** Starts a member in a directory. */
    static <C, R extends @Nullable Object, S extends StateMachine<C, R>> Engine<C, R, S> start(
            Settings<C, R, S> settings, World world) throws StartException, StorageException {
        DataDirectory directory = open(settings, world.disk());
        Engine<C, R, S> engine = new Engine<>(settings, world, directory);
        boolean done = false;
        try {
            engine.start();
            done = true;
            return engine;
        } finally {
            if (!done) {
                engine.stop(new StopReason(StopReason.Kind.CLOSED, "it did not start", null));
                engine.awaitStopped();
            }
        }
    }

    private static DataDirectory open(Settings<?, ?, ?> settings, Disk disk) throws StartException, StorageException {
        Path path = settings.dataDirectory;
        if (path == null) {
            return DataDirectory.inMemory();
        }
        return settings.logStore == null ? DataDirectory.open(disk, path) : DataDirectory.openWithOtherLog(disk, path);
    }

    private void start() throws StartException, StorageException {
        long deadlineNanos = nanoTime() + settings.startTimeoutNanos();
        ClusterFile file = new Beginning(settings, world, worker, directory).prepare(deadlineNanos);
        id = file.id();
        bind(file);
        file = directory.change(known -> known.withAddress(advertisedAddress(known)));
        network().advertise(file.address());
        begin(file);
        LOG.info(
                "{} of cluster \"{}\" starts at {} in {}",
                Leading.name(id),
                file.clusterName(),
                file.address(),
                directory.path());
        if (file.dialect() == Dialect.NATIVE
                && file.state() == ClusterFile.State.NEW
                && file.firstMembers().size() > 1) {
            startConfirmed(file);
        } else {
            run();
        }
        if (directory.file() != null && Objects.requireNonNull(directory.file()).state() == ClusterFile.State.JOINING) {
            join(deadlineNanos);
        }
    }

    /** Sets by which rules entries are read, and with which members the log begins. */
    private void begin(ClusterFile file) throws StartException {
        DialectRules rules = file.newRules(world.random().nextLong());
        Replica.Membership first = Replica.Membership.NONE;
        if (rules instanceof RaftRsRules raftRs) {
            try {
                SocketAddresses.parse(file.address());
            } catch (IllegalArgumentException e) {
                throw new StartException(
                        StartException.Kind.CONTRADICTION,
                        "raftAddress: " + e.getMessage() + ", as members of a cluster of raft-rs's dialect have it");
            }
            raftRs.learn(file.peers());
            raftRs.learn(Map.of(id, file.address()));
            ConfState configuration = file.initialConfiguration();
            first = new Replica.Membership(0, raftRs.tables(configuration, Tables.after(file.past())), configuration);
        }
        replica.begin(rules, first);
    }

    private void bind(ClusterFile file) throws StartException, StorageException {
        Stores opened = Stores.open(settings, world, directory);
        stores = opened;
        World.Binding binding = new World.Binding(
                file.id(),
                file.clusterId(),
                file.incarnation(),
                file.dialect(),
                settings.raftAddress,
                opened.snapshots(),
                settings.maxSnapshotTransfers,
                settings.snapshotBytesPerSecond,
                randomSource(),
                this,
                this,
                this,
                new RaftifyService<>(this, settings),
                settings.serverCredentials,
                settings.channelCredentials);
        try {
            network = world.networks().bind(binding);
        } catch (IOException e) {
            throw new StartException(
                    StartException.Kind.ADDRESS,
                    "raftAddress cannot be used: " + e.getMessage()
                            + ". Stop whoever listens there, or choose another address",
                    e);
        }
    }

    private String advertisedAddress(ClusterFile file) {
        if (settings.advertiseAddress != null) {
            return settings.advertiseAddress;
        }
        for (Member first : file.firstMembers()) {
            // A list that all members share says where this one is, whatever it listens on.
            if (first.id() == id && file.firstMembers().size() > 1) {
                return first.address();
            }
        }
        return network().boundAddress();
    }

    /** Starts a first member once a majority of the others knows nothing against it; waits for what they say at once. */
    private void startConfirmed(ClusterFile file) throws StartException, StorageException {
        IdentityCheck check = IdentityCheck.begin(network(), worker, world.clock(), file);
        CompletableFuture<Done> running = check.confirmed().thenApply(this::runOrThrow);
        // With the worker's end nobody goes on with the round.
        await(world.threads(), CompletableFuture.anyOf(running, check.firstRound(), stopped));
        StopReason why = reason.get();
        if (why != null) {
            if (why.cause() instanceof StorageException storage) {
                throw storage;
            }
            throw new StartException(StartException.Kind.REFUSED, "the node stopped while it started: " + why.text());
        }
        if (check.confirmed().isDone()) {
            result(running);
        } else {
            LOG.info("{} waits for the other first members to confirm that its id is new", Leading.name(id));
            var unused = running.whenComplete((done, failure) -> {
                if (failure != null) {
                    Throwable cause = failure.getCause() == null ? failure : failure.getCause();
                    stop(new StopReason(StopReason.Kind.FAILED, String.valueOf(cause.getMessage()), cause));
                }
            });
        }
    }

    private Done runOrThrow(Done confirmed) {
        try {
            run();
            return confirmed;
        } catch (StorageException | StartException e) {
            throw new CompletionException(e);
        }
    }

    private <T> T result(CompletableFuture<T> future) throws StartException, StorageException {
        await(world.threads(), future);
        try {
            return future.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof StartException start) {
                throw start;
            }
            if (e.getCause() instanceof StorageException storage) {
                throw storage;
            }
            throw new IllegalStateException("the start failed", e.getCause());
        }
    }

    static void await(World.Threads threads, CompletableFuture<?> future) throws StartException {
        try {
            threads.await(future);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StartException(StartException.Kind.UNREACHABLE, "the start was interrupted", e);
        }
    }

    /** Opens the log and lets the node run. Called by one thread, once. */
    private synchronized void run() throws StorageException, StartException {
        if (hasStopped()) {
            throw new StartException(StartException.Kind.REFUSED, "the node was closed while it started");
        }
        ClusterFile file = Objects.requireNonNull(directory.file());
        boolean fresh = file.state() == ClusterFile.State.NEW;
        if (!fresh && !directory.holdsLog()) {
            throw new StorageException(
                    "the log in " + directory.log() + " is missing, and with it what " + Leading.name(id)
                            + " voted for and acknowledged. Start it with the logStore that it had before, or restore it; or"
                            + " remove the node from its cluster and let it join again with an empty directory");
        }
        Stores kept = Objects.requireNonNull(stores);
        LogStore opened = kept.log().open();
        log = opened;
        NodeConfig config = config(file);
        Network net = network();
        RaftNode started = new RaftNode(
                config,
                opened,
                kept.snapshots(),
                net.transport(),
                replica,
                randomSource(),
                replica.rules().changes());
        started.onFailure(this::onFailure);
        if (fresh) {
            // From here on the node may vote, so that an empty log must never be taken for a new one again.
            directory.change(known ->
                    known.withState(known.isFirstMember() ? ClusterFile.State.MEMBER : ClusterFile.State.JOINING));
        }
        file.peers().forEach((peer, address) -> setPeer(net, peer, address));
        node = started;
        net.transport().start(started.inbound());
        agents = world.threads().run(started, config, world.clock(), this::onFailure);
        if (leadsFirst(file, fresh)) {
            worker.execute(() -> campaign(CAMPAIGNS));
        }
        if (file.dialect() == Dialect.RAFT_RS) {
            new Forgotten(this, net, electionNanos()).watch();
        }
    }

    private boolean leadsFirst(ClusterFile file, boolean fresh) {
        boolean alone = file.state() != ClusterFile.State.JOINING
                && file.peers().size() == 1
                && file.peers().containsKey(id);
        boolean chosen =
                file.firstMembers().stream().anyMatch(first -> first.id() == id && first.role() == Member.Role.LEADER);
        return alone || (fresh && chosen);
    }

    /** Does not wait for a timeout. The core refuses while it has not applied what it knows of the members. */
    private void campaign(int more) {
        RaftNode running = node;
        if (running == null || hasStopped() || more == 0) {
            return;
        }
        NodeView view = running.view();
        if (view.leader() == RawNode.NONE && view.role() == RoleName.FOLLOWER) {
            long tickNanos = settings.tickInterval.toNanos();
            boolean knowsMembers =
                    view.applied() > 0 || replica.membership().tables().member(id) != null;
            if (knowsMembers && view.applied() >= view.commit()) {
                running.campaign(nanoTime() + tickNanos, new Ignored<>());
            }
            worker.schedule(() -> campaign(more - 1), Math.max(1, tickNanos / 10));
        }
    }

    private NodeConfig config(ClusterFile file) {
        NodeConfig.Builder builder = NodeConfig.builder();
        if (file.dialect() == Dialect.NATIVE) {
            builder.bootstrap(bootstrap(file))
                    .heartbeatNotes(new HashCheck(replica.hash(), () -> id, replica::membership));
        } else {
            // raftify's nodes check no quorum unless they are told to. One that has fallen behind asks for votes in
            // ever higher terms then; members that refuse it for the sake of their leader would shut it out for good.
            builder.initialConfiguration(file.initialConfiguration()).checkQuorum(false);
            for (Member first : file.firstMembers()) {
                if (first.role() == Member.Role.LEADER && first.id() != id) {
                    builder.firstLeader(first.id());
                }
            }
        }
        return builder.id(file.id())
                .tickNanos(settings.tickInterval.toNanos())
                .electionTicks(settings.electionTicks)
                .heartbeatTicks(settings.heartbeatTicks)
                .snapshotEntries(settings.snapshotEntries)
                .snapshotBytes(settings.snapshotBytes)
                .snapshotIntervalNanos(settings.snapshotInterval.toNanos())
                .catchUpEntries(settings.catchUpEntries)
                // The framework's own commands are small, and must fit, too.
                .maxProposalBytes(Math.max(settings.maxEntryBytes, 4_096)
                        + replica.rules().overheadBytes())
                .maxPendingBytes(settings.maxPendingBytes)
                .clock(world.clock())
                .observer(this)
                .storageObserver(settings.storageObserver, world.clock())
                .build();
    }

    private static List<Bootstrap.Peer> bootstrap(ClusterFile file) {
        List<Bootstrap.Peer> bootstrap = new ArrayList<>();
        boolean alone = file.firstMembers().size() == 1;
        for (boolean learner : new boolean[] {false, true}) {
            for (Member first : file.firstMembers()) {
                if ((first.role() == Member.Role.LEARNER) == learner) {
                    // Every first member must write the same: where there are several, none knows the others'
                    // directories.
                    Tables.Known known = alone
                            ? new Tables.Known(file.address(), file.incarnation())
                            : new Tables.Known(first.address(), 0);
                    bootstrap.add(new Bootstrap.Peer(first.id(), MemberContext.encode(known), learner));
                }
            }
        }
        return bootstrap;
    }

    /** Has the cluster take this node in, and waits until its own log says so. */
    private void join(long deadlineNanos) throws StartException, StorageException {
        ClusterFile file = Objects.requireNonNull(directory.file());
        List<String> addresses = otherAddresses(members());
        CompletableFuture<Done> taken = file.dialect() == Dialect.NATIVE
                ? AskAround.begin(
                        network(),
                        worker,
                        world.clock(),
                        addresses,
                        new MemberTasks.Join(id, file.address(), file.incarnation()),
                        deadlineNanos)
                : RaftifyRounds.add(network(), worker, world.clock(), addresses, id, file.address(), deadlineNanos)
                        .thenApply(added -> Done.DONE);
        // Its own log may say so although the answer got lost.
        var unusedMember = member.thenAccept(taken::complete);
        var unusedStop = stopped.thenAccept(why -> taken.completeExceptionally(
                new StartException(StartException.Kind.REFUSED, "the node stopped while it joined: " + why.text())));
        result(taken);
        LOG.info("{} has joined", Leading.name(id));
        var unusedEnd = stopped.thenAccept(why -> member.complete(Done.DONE));
        worker.schedule(() -> member.complete(Done.DONE), Math.max(0, deadlineNanos - nanoTime()));
        result(member);
    }

    private RandomSource randomSource() {
        return new SplittableRandom(world.random().nextLong())::nextInt;
    }

    // ---- state, for requests

    long id() {
        return id;
    }

    long nanoTime() {
        return world.clock().nanoTime();
    }

    Replica<C, R> replica() {
        return replica;
    }

    /** The node with what surrounds it; null as long as it does not run. */
    @Nullable
    Leading leading() {
        RaftNode running = node;
        ClusterFile file = directory.file();
        return running == null || file == null ? null : new Leading(running, replica, file, network());
    }

    @Nullable
    RaftNode node() {
        return node;
    }

    ClusterFile file() {
        return Objects.requireNonNull(directory.file());
    }

    <T extends @Nullable Object> Promise<T> newPromise() {
        return new Promise<>(world.threads().dependents());
    }

    private Network network() {
        return Objects.requireNonNull(network);
    }

    /** Why nothing can be done yet, or any more. */
    Failure notRunning() {
        return hasStopped()
                ? new Failure(Failure.Kind.STOPPED, RawNode.NONE, "the node has stopped")
                : new Failure(
                        Failure.Kind.NO_LEADER,
                        RawNode.NONE,
                        "the node waits for the other first members to confirm that its id is new");
    }

    /** Who leads, as far as is known; {@link RawNode#NONE} if nobody is. */
    long leader() {
        RaftNode running = node;
        return running == null || hasStopped() ? RawNode.NONE : running.view().leader();
    }

    boolean knowsLeader(long expected) {
        return leader() == expected && expected != id;
    }

    /** Where a member listens; null if that is not known. */
    @Nullable
    String addressOf(long other) {
        Tables.Known known = replica.membership().tables().member(other);
        if (known != null && !known.address().isEmpty()) {
            return known.address();
        }
        if (replica.rules() instanceof RaftRsRules raftRs) {
            return raftRs.addressOf(other);
        }
        ClusterFile file = directory.file();
        return file == null ? null : file.peers().get(other);
    }

    /** The leader, if it is known to be a node of raftify; null otherwise. */
    @Nullable
    RaftifyLeader raftifyLeader(long leader, String address) {
        return raftify.contains(address) && replica.rules() instanceof RaftRsRules raftRs
                ? new RaftifyLeader(this, raftRs, leader, network().raftService(address))
                : null;
    }

    /** Tells, and remembers, whether a call failed because a node of raftify listens there. */
    boolean isRaftify(Throwable trouble, String address) {
        Throwable cause = trouble instanceof CompletionException ? trouble.getCause() : trouble;
        return replica.rules() instanceof RaftRsRules
                && cause instanceof CallException call
                && call.kind() == CallException.Kind.UNKNOWN_METHOD
                && raftify.add(address);
    }

    /** Does something after a while, unless the node has ended by then. */
    void schedule(Runnable task, long delayNanos) {
        worker.schedule(task, delayNanos);
    }

    /** The term, as far as this node knows. */
    long term() {
        RaftNode running = node;
        return running == null ? 0 : running.view().term();
    }

    // ---- addresses that the log does not say, in a cluster of raft-rs's dialect

    /** Takes the word of somebody for where members listen, on disk too. */
    void learn(Map<Long, String> addresses) {
        if (replica.rules() instanceof RaftRsRules raftRs) {
            raftRs.learn(addresses);
            Network net = network();
            addresses.forEach((other, address) -> {
                if (other != id && replica.membership().tables().member(other) != null) {
                    setPeer(net, other, address);
                }
            });
            if (persisting.compareAndSet(false, true)) {
                worker.execute(this::persist);
            }
        }
    }

    /** Asks the others where members listen of whom only the id is known: they were added while this node was down. */
    private void askForAddresses() {
        List<String> others = otherAddresses(members());
        if (hasStopped() || others.isEmpty() || !lacksAddresses() || !askingForAddresses.compareAndSet(false, true)) {
            return;
        }
        long deadlineNanos = nanoTime() + settings.requestTimeout.toNanos();
        var unused = RaftifyRounds.requestId(network(), worker, world.clock(), others, file().address(), deadlineNanos)
                .whenComplete((answer, trouble) -> {
                    askingForAddresses.set(false);
                    try {
                        if (answer != null) {
                            learn(RaftifyLeader.addresses(answer.peers()));
                        }
                    } catch (CodecException e) {
                        LOG.debug("an answer of raftify's cannot be read", e);
                    }
                    if (lacksAddresses()) {
                        worker.schedule(this::askForAddresses, TimeUnit.SECONDS.toNanos(1));
                    }
                });
    }

    private boolean lacksAddresses() {
        return replica.membership().tables().members().keySet().stream().anyMatch(other -> addressOf(other) == null);
    }

    /** The members as last applied; before anything is applied, those that the directory remembers. */
    List<Member> members() {
        Replica.Membership now = replica.membership();
        long leader = leader();
        if (!now.tables().members().isEmpty()) {
            return now.members(leader).stream()
                    .map(member -> {
                        String address = member.address().isEmpty() ? addressOf(member.id()) : null;
                        return address == null ? member : new Member(member.id(), address, member.role());
                    })
                    .toList();
        }
        List<Member> remembered = new ArrayList<>();
        file().peers()
                .forEach((peer, address) -> remembered.add(
                        new Member(peer, address, peer == leader ? Member.Role.LEADER : Member.Role.VOTER)));
        return List.copyOf(remembered);
    }

    /** Asks the node for all that it knows about itself. */
    void status(long deadlineNanos, Reply<RaftStatus> reply) {
        RaftNode running = node;
        if (running == null) {
            reply.failed(notRunning());
            return;
        }
        running.status(deadlineNanos, Leading.onDone(reply, status -> {
            Status raft = status.raft();
            reply.done(new RaftStatus(
                    id,
                    raft.softState().role(),
                    raft.hardState().term(),
                    raft.hardState().vote(),
                    raft.softState().leader(),
                    raft.hardState().commit(),
                    raft.applied(),
                    status.firstIndex(),
                    status.lastIndex(),
                    status.snapshot().index(),
                    status.syncs(),
                    raft.configuration(),
                    raft.progress(),
                    members()));
        }));
    }

    /** Gives leadership up if this node leads in a term. */
    void stepDown(long term, long deadlineNanos, Reply<Done> reply) {
        RaftNode running = node;
        if (running == null) {
            reply.failed(notRunning());
            return;
        }
        running.stepDown(term, deadlineNanos, new Reply<>() {
            @Override
            public void done(Long next) {
                reply.done(Done.DONE);
            }

            @Override
            public void failed(Failure failure) {
                reply.failed(
                        failure.kind() == Failure.Kind.NOT_LEADER
                                ? Leading.refused("term: " + Leading.name(id) + " does not lead in term "
                                        + Long.toUnsignedString(term))
                                : failure);
            }
        });
    }

    /** Takes a snapshot; gives the index that it covers. */
    void snapshot(long deadlineNanos, Reply<Long> reply) {
        RaftNode running = node;
        if (running == null) {
            reply.failed(notRunning());
        } else {
            running.snapshot(deadlineNanos, Leading.onDone(reply, snapshot -> reply.done(snapshot.index())));
        }
    }

    // ---- attempts that wait

    /** A number for a session: hardly one that another cluster has in the same place. */
    long newNonce() {
        // The log's index tells the sessions of one cluster apart, so that all of this node's may have the same.
        return file().incarnation();
    }

    private long electionNanos() {
        return settings.tickInterval.toNanos() * settings.electionTicks;
    }

    /** How long the first try of an attempt takes that has several: long enough for another leader to be elected. */
    long firstTryNanos() {
        return 2 * electionNanos();
    }

    /** A number for an attempt, greater than those before. */
    long nextAttempt() {
        return attempts.incrementAndGet();
    }

    /** Keeps an attempt for a while, or until there is another leader. */
    void park(Attempt<?> attempt, long pauseNanos) {
        parked.put(attempt.number(), attempt);
        worker.schedule(attempt::wake, pauseNanos);
        if (hasStopped()) {
            // The worker may have ended, and those that were parked have been told, before this one was.
            attempt.stop(notRunning());
        }
    }

    void unpark(Attempt<?> attempt) {
        parked.remove(attempt.number());
    }

    // ---- what the core tells, on the loop

    @Override
    public void onLeader(long leader, long term) {
        worker.execute(() -> {
            if (leader == RawNode.NONE) {
                LOG.info("{} knows no leader in term {}", Leading.name(id), term);
            } else if (leader == id) {
                LOG.info("{} leads in term {}", Leading.name(id), term);
            } else {
                LOG.info("{} follows {} in term {}", Leading.name(id), Leading.name(leader), term);
            }
            if (leader != RawNode.NONE) {
                // Another program may have taken an address over meanwhile.
                raftify.clear();
                List.copyOf(parked.values()).forEach(Attempt::wake);
                announce();
            }
        });
    }

    // ---- what the log tells, on the applier

    private void onMembership(Replica.Membership now) {
        Tables before = heard.tables();
        boolean changed = !now.configuration().equals(heard.configuration());
        heard = now;
        Network net = network();
        now.tables().members().forEach((other, known) -> {
            Tables.Known old = before.member(other);
            if (other != id
                    && !known.address().isEmpty()
                    && (old == null || !old.address().equals(known.address()))) {
                setPeer(net, other, known.address());
            }
        });
        for (long other : now.tables().removed()) {
            if (other != id && !before.removed().contains(other)) {
                net.transport().removePeer(other);
            }
        }
        if (changed) {
            LOG.info("{}: the members at {} are {}", Leading.name(id), now.index(), now.configuration());
        }
        if (replica.rules() instanceof RaftRsRules && lacksAddresses()) {
            worker.execute(this::askForAddresses);
        }
        if (now.tables().member(id) != null || now.tables().removed().contains(id)) {
            // Coalesced: what is written is the newest state, so one pass after the last change is enough.
            if (persisting.compareAndSet(false, true)) {
                worker.execute(this::persist);
            }
        }
    }

    private static void setPeer(Network net, long other, String address) {
        try {
            net.transport().setPeer(other, address);
        } catch (IllegalArgumentException e) {
            // It came out of the log: whoever put it there was told too little, and no node must stop for it.
            LOG.warn("{} cannot be reached: {}", Leading.name(other), e.getMessage());
        }
    }

    private void persist() {
        persisting.set(false);
        Tables tables = replica.membership().tables();
        try {
            if (tables.removed().contains(id)) {
                onOwnRemoval();
                return;
            }
            SortedMap<Long, String> peers = ClusterFile.byId();
            tables.members().keySet().forEach(other -> {
                String address = addressOf(other);
                peers.put(other, address == null ? "" : address);
            });
            directory.change(file -> {
                boolean joined = tables.member(id) != null && file.state() == ClusterFile.State.JOINING;
                ClusterFile.State state = joined ? ClusterFile.State.MEMBER : file.state();
                ClusterFile changed = file.withState(state).withPeers(peers);
                return file.dialect() == Dialect.RAFT_RS ? changed.withPast(tables.past()) : changed;
            });
            if (tables.member(id) != null) {
                member.complete(Done.DONE);
                announce();
            }
        } catch (StorageException e) {
            onFailure(e);
        }
    }

    /**
     * The log says that this node is no member any more. raftify gives the ids of removed nodes away again, so in its
     * dialect that may be what once happened to another node: it counts when no leader writes to this one any more.
     */
    private void onOwnRemoval() {
        if (replica.rules() instanceof RaftRsRules && leader() != RawNode.NONE && !hasStopped()) {
            worker.schedule(
                    () -> {
                        if (replica.membership().tables().removed().contains(id)) {
                            onOwnRemoval();
                        }
                    },
                    settings.tickInterval.toNanos());
        } else {
            removed("the cluster removed it");
        }
    }

    /**
     * Stops, since the others know this node no more. NB: the directory stays what it is, as its own log does not say so:
     * if the others are wrong, it goes on with the next start.
     */
    void forgotten(String text) {
        StopReason.Kind kind = leaving ? StopReason.Kind.LEFT : StopReason.Kind.REMOVED;
        stop(new StopReason(kind, Leading.name(id) + " is no member any more: " + text, null));
    }

    /** Has the leader note this node's address and incarnation, if the log says something else of it. */
    private void announce() {
        ClusterFile file = directory.file();
        Tables.Known known = replica.membership().tables().member(id);
        if (file == null || known == null || node == null || hasStopped() || file.dialect() != Dialect.NATIVE) {
            return;
        }
        Tables.Known own = new Tables.Known(file.address(), file.incarnation());
        if (own.equals(known) || !announcing.compareAndSet(false, true)) {
            return;
        }
        long deadlineNanos = nanoTime() + settings.requestTimeout.toNanos();
        LeaderTask<Done> task = new MemberTasks.Announce(id, own.address(), own.incarnation());
        List<String> others = otherAddresses(members());
        if (leader() == id || others.isEmpty()) {
            new Attempt<>(this, task, deadlineNanos, new Reply<>() {
                        @Override
                        public void done(Done done) {
                            announced(own, null);
                        }

                        @Override
                        public void failed(Failure failure) {
                            announced(own, failure.text());
                        }
                    })
                    .begin();
        } else {
            // Not by way of this node: whom the leader cannot find does not know who leads.
            var unused = AskAround.begin(network(), worker, world.clock(), others, task, deadlineNanos)
                    .whenComplete((nothing, failure) -> announced(own, failure == null ? null : failure.getMessage()));
        }
    }

    private List<String> otherAddresses(List<Member> members) {
        return members.stream()
                .filter(other -> other.id() != id && !other.address().isEmpty())
                .map(Member::address)
                .toList();
    }

    private void announced(Tables.Known own, @Nullable String failure) {
        announcing.set(false);
        if (failure != null && !hasStopped()) {
            LOG.info(
                    "{} could not tell the leader that it listens at {}: {}", Leading.name(id), own.address(), failure);
            // What the log says may have changed, or another leader may take it.
            worker.schedule(this::announce, TimeUnit.SECONDS.toNanos(1));
        }
    }

    // ---- what other nodes tell

    @Override
    public Verdict admit(Handshake handshake, Connection connection) {
        Verdict verdict = verdict(handshake.node(), handshake.incarnation());
        if (verdict.isAccepted()) {
            learnAddress(handshake);
        }
        return verdict;
    }

    /**
     * Notes where a node listens that talks to this one, unless the log says so. A node that is behind does not know the
     * leader yet, or not its new address, and could not answer it.
     */
    private void learnAddress(Handshake handshake) {
        String address = handshake.address();
        Tables.Known known = replica.membership().tables().member(handshake.node());
        boolean sameDirectory = known == null || known.incarnation() == handshake.incarnation();
        boolean news = known == null || !known.address().equals(address);
        Network net = network;
        if (net != null && news && sameDirectory && !address.isEmpty()) {
            setPeer(net, handshake.node(), address);
        }
    }

    @Override
    public Verdict admitReceiver(long other, long incarnation) {
        return verdict(other, incarnation);
    }

    private Verdict verdict(long other, long incarnation) {
        Tables tables = replica.membership().tables();
        if (tables.removed().contains(other)) {
            return Verdict.refused(RefusalCode.REMOVED, Leading.name(other) + " was removed from the cluster");
        }
        String refusal = Identity.refusal(other, knownIncarnation(tables, other), incarnation);
        return refusal == null ? Verdict.ACCEPTED : Verdict.refused(RefusalCode.INCARNATION, refusal);
    }

    private long knownIncarnation(Tables tables, long other) {
        Tables.Known known = tables.member(other);
        if (known != null && known.incarnation() != 0) {
            return known.incarnation();
        }
        ClusterFile file = directory.file();
        return file == null ? 0 : file.confirmed().getOrDefault(other, 0L);
    }

    @Override
    public void refused(long peer, RefusalCode code, String text) {
        if (code == RefusalCode.REMOVED) {
            worker.execute(() -> {
                if (!replica.membership().tables().removed().contains(peer)) {
                    removed(Leading.name(peer) + " says: " + text);
                }
            });
        }
    }

    @Override
    public void storageFailed(StorageException failure) {
        onFailure(failure);
    }

    @Override
    public void handle(long from, int kind, byte[] request, Responder responder) {
        try {
            ByteReader in = new ByteReader(request);
            switch (kind) {
                case CallKind.IDENTIFY -> {
                    ClusterFile file = file();
                    responder.answer(new Identity(file.clusterId(), file.id(), file.incarnation()).encode());
                }
                case CallKind.DIALECT ->
                    responder.answer(ClusterFile.dialectText(file().dialect()).getBytes(StandardCharsets.UTF_8));
                case CallKind.CONFIRM_IDENTITY -> {
                    Identity identity = Identity.read(in);
                    worker.execute(() -> confirm(identity, responder));
                }
                default -> perform(Wire.Head.read(in), task(kind, in), responder);
            }
        } catch (MalformedException | IllegalArgumentException e) {
            responder.refuse("request of kind " + kind + ": " + e.getMessage());
        }
    }

    private LeaderTask<?> task(int kind, ByteReader in) throws MalformedException {
        return switch (kind) {
            case CallKind.JOIN_TICKET -> MemberTasks.Reserve.read(in);
            case CallKind.JOIN -> MemberTasks.Join.read(in);
            case CallKind.PROPOSE -> Tasks.Propose.read(in, replica.rules(), settings.commands, settings.results);
            case CallKind.ANNOUNCE -> MemberTasks.Announce.read(in);
            case CallKind.REMOVE -> MemberTasks.Remove.read(in);
            case CallKind.LEAVE_JOINT -> new MemberTasks.LeaveJoint();
            case CallKind.TRANSFER -> Tasks.Transfer.read(in);
            case CallKind.CHANGE_MEMBERS -> MemberTasks.ChangeMembers.read(in);
            case CallKind.OPEN_SESSION -> SessionTasks.OpenSession.read(in);
            case CallKind.PROPOSE_IN_SESSION ->
                SessionTasks.ProposeInSession.read(in, settings.commands, settings.results);
            case CallKind.CLOSE_SESSION -> SessionTasks.CloseSession.read(in);
            default -> throw new MalformedException("kind", kind + " is not known here");
        };
    }

    private <T extends @Nullable Object> void perform(Wire.Head head, LeaderTask<T> task, Responder responder) {
        long deadlineNanos = nanoTime() + Math.min(head.leftNanos(), TimeUnit.HOURS.toNanos(1));
        Reply<T> reply = new Reply<>() {
            @Override
            public void done(T result) {
                byte[] answer;
                try {
                    answer = Wire.result(task, result);
                } catch (RuntimeException e) {
                    LOG.error("a result cannot be encoded; what it came from is done all the same", e);
                    responder.unknown("it was done, and its result cannot be encoded: " + e);
                    return;
                }
                responder.answer(answer);
            }

            @Override
            public void failed(Failure failure) {
                responder.answer(Wire.failure(failure));
            }
        };
        Leading leading = leading();
        if (head.relayed()) {
            new Attempt<>(this, task, deadlineNanos, reply).begin();
        } else if (leading == null) {
            reply.failed(notRunning());
        } else if (leading.node().view().leader() != id) {
            // The caller took this node for the leader; if it knew better it would be asked again.
            reply.failed(leading.notLeader(leader()));
        } else {
            task.perform(leading, deadlineNanos, reply);
        }
    }

    /** Promises, on disk first, to accept a node's id with this directory only. */
    private void confirm(Identity other, Responder responder) {
        ClusterFile file = file();
        Tables tables = replica.membership().tables();
        boolean first = file.firstMembers().stream().anyMatch(known -> known.id() == other.id());
        String refusal = Identity.refusal(other.id(), knownIncarnation(tables, other.id()), other.incarnation());
        if (other.clusterId() != file.clusterId()) {
            refusal = "it belongs to another cluster, or was started with another list of members";
        } else if (other.id() == id) {
            refusal = Leading.name(id) + " listens here; two nodes have the same id";
        } else if (tables.removed().contains(other.id())) {
            refusal =
                    Leading.name(other.id()) + " was removed from the cluster; let it join as a new node, with an empty"
                            + " directory and join instead of members";
        } else if (!first && tables.member(other.id()) == null) {
            refusal = Leading.name(other.id()) + " is none of the members";
        }
        if (refusal != null) {
            responder.refuse(refusal);
            return;
        }
        try {
            directory.change(known -> known.withConfirmed(other.id(), other.incarnation()));
            responder.answer(new byte[0]);
        } catch (StorageException e) {
            responder.unknown(String.valueOf(e.getMessage()));
            onFailure(e);
        }
    }

    // ---- end

    /** Removes this node from the cluster, and ends it. */
    void leave(long deadlineNanos, Reply<Done> reply) {
        leaving = true;
        new Attempt<>(this, new MemberTasks.Remove(id), deadlineNanos, new Reply<Done>() {
                    @Override
                    public void done(Done done) {
                        worker.execute(() -> removed("its removal was acknowledged"));
                        var unused = stopped.thenAccept(why -> reply.done(Done.DONE));
                    }

                    @Override
                    public void failed(Failure failure) {
                        StopReason why = reason.get();
                        if (why != null && why.kind() == StopReason.Kind.LEFT) {
                            // Its own log was faster than the answer.
                            var unused = stopped.thenAccept(same -> reply.done(Done.DONE));
                        } else {
                            leaving = false;
                            reply.failed(failure);
                        }
                    }
                })
                .begin();
    }

    /** Marks the directory and stops, now that this node is no member any more. The worker's. */
    private void removed(String text) {
        if (hasStopped()) {
            return;
        }
        try {
            directory.change(file -> file.withState(ClusterFile.State.LEFT));
        } catch (StorageException e) {
            onFailure(e);
            return;
        }
        // What was asked for is the reason, whoever is the first to say that it is done.
        StopReason.Kind kind = leaving ? StopReason.Kind.LEFT : StopReason.Kind.REMOVED;
        String why = leaving ? "it left the cluster" : text;
        stop(new StopReason(kind, Leading.name(id) + " is no member any more: " + why, null));
    }

    private void onFailure(Throwable cause) {
        String advice = cause instanceof StorageException || cause instanceof DivergedException
                ? String.valueOf(cause.getMessage())
                : "an invariant is broken, or the state machine failed: " + cause
                        + ". Nothing is lost that was acknowledged; find the cause before the node is started again,"
                        + " because it will read the same log";
        stop(new StopReason(StopReason.Kind.FAILED, advice, cause));
    }

    boolean hasStopped() {
        return reason.get() != null;
    }

    CompletableFuture<StopReason> stopped() {
        return stopped;
    }

    /**
     * Gives leadership to another voter, if this node leads and one takes it within an election timeout. Returns when that
     * is decided, so that whoever stops the node next leaves a cluster that has a leader.
     */
    void handOver() {
        Leading leading = leading();
        if (leading == null || hasStopped() || leading.node().view().leader() != id) {
            return;
        }
        CompletableFuture<Failure> decided = new CompletableFuture<>();
        long nanos = Math.min(electionNanos(), settings.requestTimeout.toNanos());
        leading.handOver(replica.membership().configuration(), nanoTime() + nanos, new Reply<Done>() {
            @Override
            public void done(Done nothing) {
                throw Check.unreachable("a hand-over ends in the news of who leads");
            }

            @Override
            public void failed(Failure news) {
                decided.complete(news);
            }
        });
        awaitWhoeverInterrupts(decided);
        Failure news = decided.join();
        if (news.kind() == Failure.Kind.NOT_LEADER) {
            LOG.info("{} has handed over to {}", Leading.name(id), Leading.name(news.leader()));
        } else {
            LOG.info("{} has not handed over: {}", Leading.name(id), news.text());
        }
    }

    /** Waits for the end: files are open until then. */
    void awaitStopped() {
        awaitWhoeverInterrupts(stopped);
    }

    private void awaitWhoeverInterrupts(CompletableFuture<?> future) {
        boolean interrupted = false;
        while (!future.isDone()) {
            try {
                world.threads().await(future);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Stops the node; the first reason counts. Returns at once. */
    void stop(StopReason why) {
        if (reason.compareAndSet(null, why)) {
            if (why.kind() == StopReason.Kind.FAILED) {
                LOG.error("{} stops: {}", Leading.name(id), why.text());
            } else if (id != RawNode.NONE) {
                LOG.info("{} stops: {}", Leading.name(id), why.text());
            }
            world.threads().runToEnd("coracle-stop-" + Long.toUnsignedString(id), () -> shutDown(why));
        }
    }

    private void shutDown(StopReason why) {
        List.copyOf(parked.values()).forEach(attempt -> attempt.stop(notRunning()));
        synchronized (this) {
            closeQuietly(agents, why);
            closeQuietly(network, why);
            closeQuietly(log, why);
        }
        worker.close();
        directory.close();
        stopped.answer(why);
    }

    private static void closeQuietly(@Nullable AutoCloseable part, StopReason why) {
        if (part == null) {
            return;
        }
        try {
            part.close();
        } catch (Exception e) {
            // A log that failed says so once more; after anything else it is news.
            if (why.kind() != StopReason.Kind.FAILED) {
                LOG.warn("while stopping: {}", e.toString());
            }
        }
    }

    /** A reply to what nobody waits for. */
    static final class Ignored<T extends @Nullable Object> implements Reply<T> {
        @Override
        public void done(T result) {}

        @Override
        public void failed(Failure failure) {}
    }
}
