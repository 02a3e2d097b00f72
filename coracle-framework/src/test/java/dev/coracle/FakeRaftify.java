package dev.coracle;

import dev.coracle.codec.Bincode;
import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.InitialRole;
import dev.coracle.codec.Peers;
import dev.coracle.codec.RaftRsCodec;
import dev.coracle.codec.RaftRsConfChangeCodec;
import dev.coracle.codec.SocketAddresses;
import dev.coracle.codec.raftify.ChangeConfigArgs;
import dev.coracle.codec.raftify.ChangeConfigResponse;
import dev.coracle.codec.raftify.ChangeConfigResultType;
import dev.coracle.codec.raftify.Empty;
import dev.coracle.codec.raftify.GetPeersResponse;
import dev.coracle.codec.raftify.ProposeArgs;
import dev.coracle.codec.raftify.ProposeResponse;
import dev.coracle.codec.raftify.RequestIdArgs;
import dev.coracle.codec.raftify.RequestIdResponse;
import dev.coracle.codec.raftify.ResultCode;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeCodec;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeTransition;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.raft.InvalidConfChangeException;
import dev.coracle.raft.MemoryStorage;
import dev.coracle.raft.Message;
import dev.coracle.raft.ProposalOutcome;
import dev.coracle.raft.RaftConfig;
import dev.coracle.raft.RawNode;
import dev.coracle.raft.Ready;
import dev.coracle.raft.Snapshot;
import dev.coracle.raft.SnapshotMetadata;
import dev.coracle.transport.grpc.GrpcClient;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A node that behaves to others as one of raftify 0.1.82 does, where no Rust can be built: its service, its answers with
 * their gaps, one call a message in whatever order, members known by what was heard in this process only. Its state is
 * {@link Journal}'s. Underneath is our own core, in raft-rs's dialect; the real thing is met in another test.
 */
final class FakeRaftify implements AutoCloseable {
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(2);
    private static final long TICK_MILLIS = 20;

    /** raftify gives a change two seconds; here nobody shall wait so long. */
    private static final long CHANGE_MILLIS = 500;

    private final long id;
    private final String address;
    private final ScheduledExecutorService loop = Executors.newSingleThreadScheduledExecutor();
    private final GrpcClient client = GrpcClient.open(0, InsecureChannelCredentials.create());
    private final Server server;
    private final MemoryStorage storage = new MemoryStorage();
    private final RawNode raw;

    // All that follows is the loop's.

    private final Map<Long, String> peers = new TreeMap<>();
    private final List<String> lines = new ArrayList<>();
    private final List<Entry> applied = new ArrayList<>();
    private final Map<Long, Consumer<Entry>> senders = new LinkedHashMap<>();
    private ConfState configuration;
    private long appliedIndex;
    private long pendingChange;
    private long sequence;
    private boolean compacts = true;
    private boolean forgetsEarly;
    private boolean mute;
    private int asked;
    private boolean closed;
    private @Nullable ChangeConfigResponse refusal;

    /** Read by others after the end, too. */
    private volatile @Nullable String fault;

    private FakeRaftify(long id, String address, Map<Long, String> members) throws IOException {
        this.id = id;
        this.address = address;
        peers.putAll(members);
        configuration = new ConfState(List.copyOf(members.keySet()), List.of(), List.of(), List.of(), false);
        storage.applySnapshot(Snapshot.of(new SnapshotMetadata(0, 0, configuration)));
        SplittableRandom random = new SplittableRandom(id);
        raw = new RawNode(RaftConfig.builder()
                .id(id)
                .electionTicks(10)
                .heartbeatTicks(2)
                .storage(storage)
                .codec(RaftRsConfChangeCodec.INSTANCE)
                .random(random::nextInt)
                .build());
        server = Grpc.newServerBuilderForPort(port(address), InsecureServerCredentials.create())
                .addService(service())
                .build()
                .start();
        var unused = loop.scheduleAtFixedRate(() -> turn(raw::tick), TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }

    private static int port(String address) {
        return Integer.parseInt(address.substring(address.indexOf(':') + 1));
    }

    /** One that makes a cluster of its own, and leads it. */
    static FakeRaftify create() throws IOException {
        String address = Cluster.freeAddresses(1).get(0);
        FakeRaftify node = new FakeRaftify(1, address, Map.of(1L, address));
        node.campaign();
        Cluster.until("it leads", () -> node.leader() == 1);
        return node;
    }

    /** One that begins with a list of members, as raftify's do that have one from their user or from a ticket. */
    static FakeRaftify start(long id, String address, Map<Long, String> members) throws IOException {
        return new FakeRaftify(id, address, members);
    }

    // ---- what tests ask for

    String address() {
        return address;
    }

    /** Keeps the whole log from now on: raftify cuts it with each change of the members. */
    FakeRaftify withoutCompaction() {
        turn(() -> compacts = false);
        return this;
    }

    /** From now on whoever is removed is forgotten before the news can have left: raftify's own race, always lost. */
    void forgetEarly() {
        turn(() -> forgetsEarly = true);
    }

    /** Sends nothing to anybody from now on, or does again; calls are answered. */
    void mute(boolean on) {
        turn(() -> mute = on);
    }

    /** How often it was asked whom it knows. */
    int asked() {
        return get(() -> asked);
    }

    /** Has all changes of the members answered so; null for none. */
    void refuseChanges(@Nullable ChangeConfigResponse answer) {
        turn(() -> refusal = answer);
    }

    void campaign() {
        turn(raw::campaign);
    }

    void transferTo(long voter) {
        turn(() -> raw.transferLeader(voter));
    }

    long leader() {
        return get(raw::leader);
    }

    List<String> lines() {
        return get(() -> List.copyOf(lines));
    }

    ConfState configuration() {
        return get(() -> configuration);
    }

    /** The entries that were applied here one by one. */
    List<Entry> applied() {
        return get(() -> List.copyOf(applied));
    }

    /** What would have ended the process of a node of raftify; null if nothing would. */
    @Nullable
    String fault() {
        return fault;
    }

    /** Has a line added, and waits until it is applied here. */
    void propose(String line) {
        CompletableFuture<Entry> done = new CompletableFuture<>();
        turn(() -> propose(line.getBytes(StandardCharsets.UTF_8), done::complete));
        done.orTimeout(Cluster.PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
    }

    /** Changes a member, and waits until it is applied here. */
    void change(ConfChangeType type, long member, String where) {
        CompletableFuture<Entry> done = new CompletableFuture<>();
        turn(() -> change(
                new ChangeConfigArgs(List.of(where), List.of(new ConfChangeSingle(type, member))), done::complete));
        done.orTimeout(Cluster.PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
    }

    private <T> T get(Supplier<T> what) {
        return CompletableFuture.supplyAsync(what, loop).join();
    }

    /** One turn of the loop, which handles one thing. */
    private void turn(Runnable what) {
        try {
            loop.execute(() -> {
                if (!closed) {
                    what.run();
                    ready();
                }
            });
        } catch (RejectedExecutionException e) {
            // It has ended, and with it what others wanted of it.
        }
    }

    @Override
    public void close() {
        turn(() -> closed = true);
        loop.shutdownNow();
        server.shutdownNow();
        client.close();
    }

    // ---- the loop

    private void ready() {
        while (raw.hasReady()) {
            Ready ready = raw.ready();
            if (!ready.snapshot().isEmpty()) {
                storage.applySnapshot(ready.snapshot());
                restore(ready.snapshot());
            }
            if (!ready.hardState().equals(HardState.EMPTY)) {
                storage.setHardState(ready.hardState());
            }
            storage.append(ready.entries());
            ready.messages().forEach(this::send);
            ready.committedEntries().forEach(this::apply);
            raw.advance();
        }
    }

    private void send(Message message) {
        String to = peers.get(message.to());
        if (to == null || mute) {
            raw.reportUnreachable(message.to());
            return;
        }
        var unused = client.raftService(to).sendMessage(message, CALL_TIMEOUT).whenComplete((taken, trouble) -> {
            if (trouble != null) {
                turn(() -> raw.reportUnreachable(message.to()));
            }
        });
    }

    private void restore(Snapshot snapshot) {
        Journal journal = new Journal();
        try {
            journal.restore(new ByteArrayInputStream(snapshot.data().array()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        lines.clear();
        lines.addAll(journal.lines());
        configuration = snapshot.metadata().confState();
        appliedIndex = snapshot.index();
    }

    private void apply(Entry entry) {
        applied.add(entry);
        if (entry.type() != EntryType.NORMAL) {
            applyChange(entry);
        } else if (!entry.isEmpty()) {
            lines.add(new String(entry.data(), StandardCharsets.UTF_8));
            answer(entry);
        }
        appliedIndex = entry.index();
    }

    private void answer(Entry entry) {
        byte[] context = entry.context();
        try {
            Consumer<Entry> sender = senders.remove(Bincode.decodeU64(context == null ? new byte[0] : context));
            if (sender != null) {
                sender.accept(entry);
            }
        } catch (CodecException e) {
            fault = "the context of entry " + entry.index() + ": " + e.getMessage();
        }
    }

    private void applyChange(Entry entry) {
        ConfChangeV2 change;
        try {
            change = RaftRsConfChangeCodec.INSTANCE.decode(entry);
        } catch (ConfChangeCodec.MalformedException e) {
            throw new IllegalStateException(e);
        }
        byte[] context = entry.context();
        boolean told = context != null && context.length > 0;
        if (told) {
            learn(change, entry.index());
        }
        try {
            configuration = raw.applyConfChange(change);
        } catch (InvalidConfChangeException e) {
            return; // A line in raftify's log, and nothing else.
        }
        if (told) {
            if (compacts) {
                storage.compact(appliedIndex);
                storage.createSnapshot(entry.index(), configuration, state());
            }
            answer(entry);
        }
    }

    private void learn(ConfChangeV2 change, long index) {
        List<InetSocketAddress> addresses;
        try {
            addresses = Bincode.decodeAddresses(change.context().array());
        } catch (CodecException e) {
            fault = "the context of the change at " + index + ": " + e.getMessage();
            return;
        }
        if (addresses.size() < change.changes().size()) {
            fault = "the change at " + index + " has " + addresses.size() + " addresses";
            return;
        }
        for (int i = 0; i < change.changes().size(); i++) {
            ConfChangeSingle single = change.changes().get(i);
            if (single.type() != ConfChangeType.REMOVE_NODE) {
                peers.put(single.nodeId(), SocketAddresses.format(addresses.get(i)));
            } else if (single.nodeId() != id) {
                peers.remove(single.nodeId());
            }
        }
    }

    private Bytes state() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeInt(lines.size());
            for (String line : lines) {
                out.writeUTF(line);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Bytes.of(bytes.toByteArray());
    }

    private boolean leads() {
        return raw.leader() == id;
    }

    /** Proposes as the leader. An answer is given for the first entry with this number, whoever's it is. */
    private void propose(byte[] data, Consumer<Entry> sender) {
        long number = sequence++;
        senders.put(number, sender);
        raw.propose(List.of(new Entry(0, 0, EntryType.NORMAL, data, Bincode.encodeU64(number))));
    }

    /** Proposes a change as the leader; forgets whoever asked while another one is under way. */
    private void change(ChangeConfigArgs args, Consumer<Entry> sender) {
        if (pendingChange > appliedIndex) {
            return;
        }
        List<InetSocketAddress> addresses = new ArrayList<>();
        args.addrs().forEach(each -> addresses.add(SocketAddresses.parse(each)));
        ConfChangeTransition transition =
                args.changes().size() > 1 ? ConfChangeTransition.JOINT_EXPLICIT : ConfChangeTransition.AUTO;
        long number = sequence++;
        senders.put(number, sender);
        var proposal = raw.proposeConfChange(
                new ConfChangeV2(transition, args.changes(), Bytes.of(Bincode.encodeAddresses(addresses))),
                Bincode.encodeU64(number));
        if (proposal.outcome() == ProposalOutcome.APPENDED) {
            pendingChange = proposal.firstIndex();
        }
        if (forgetsEarly) {
            for (ConfChangeSingle each : args.changes()) {
                if (each.type() == ConfChangeType.REMOVE_NODE) {
                    peers.remove(each.nodeId());
                }
            }
        }
    }

    // ---- the service

    private interface Method<Q, R> {
        void perform(Q request, Call<R> call);
    }

    /** How one call is answered. */
    private interface Call<R> {
        void answer(R response);

        /** As when the task that serves the call panics. */
        void breakOff();
    }

    private ServerServiceDefinition service() {
        ServerServiceDefinition.Builder service = ServerServiceDefinition.builder("raft_service.RaftService");
        add(service, "SendMessage", RaftRsCodec.INSTANCE.messages(), Empty.CODEC, (message, call) -> {
            raw.step(message);
            call.answer(new Empty());
        });
        add(service, "RequestId", RequestIdArgs.CODEC, RequestIdResponse.CODEC, this::requestId);
        add(service, "ChangeConfig", ChangeConfigArgs.CODEC, ChangeConfigResponse.CODEC, this::changeConfig);
        add(service, "Propose", ProposeArgs.CODEC, ProposeResponse.CODEC, (args, call) -> {
            if (leads()) {
                propose(args.msg().array(), entry -> call.answer(new ProposeResponse("")));
            } else {
                call.breakOff();
            }
        });
        add(service, "GetPeers", Empty.CODEC, GetPeersResponse.CODEC, (none, call) -> {
            asked++;
            List<Member> members = new ArrayList<>();
            peers.forEach((peer, where) -> members.add(Member.voter(peer, where)));
            call.answer(new GetPeersResponse(RaftifyService.peersJson(members)));
        });
        return service.build();
    }

    private void requestId(RequestIdArgs args, Call<RequestIdResponse> call) {
        if (!leads()) {
            String leader = peers.get(raw.leader());
            if (leader == null) {
                call.breakOff();
            } else {
                passOn(client.raftService(leader).requestId(args, CALL_TIMEOUT), call);
            }
            return;
        }
        long reserved = 0;
        for (Map.Entry<Long, String> peer : peers.entrySet()) {
            reserved = peer.getValue().equals(args.raftAddr()) ? peer.getKey() : reserved;
        }
        if (reserved == 0) {
            reserved = 1 + new TreeMap<>(peers).lastKey();
        }
        call.answer(new RequestIdResponse(ResultCode.OK, id, address, reserved, peersNow(), ""));
    }

    private static <R> void passOn(CompletableFuture<R> answer, Call<R> call) {
        var unused = answer.whenComplete((response, trouble) -> {
            if (trouble == null) {
                call.answer(response);
            } else {
                call.breakOff();
            }
        });
    }

    private Bytes peersNow() {
        Map<Long, Peers.Peer> now = new TreeMap<>();
        peers.forEach(
                (peer, where) -> now.put(peer, new Peers.Peer(SocketAddresses.parse(where), InitialRole.VOTER, null)));
        return Bytes.of(Peers.of(now).encode());
    }

    private void changeConfig(ChangeConfigArgs args, Call<ChangeConfigResponse> call) {
        if (refusal != null) {
            call.answer(refusal);
            return;
        }
        String leader = peers.get(raw.leader());
        if (!leads() && leader != null) {
            passOn(client.raftService(leader).changeConfig(args, CALL_TIMEOUT), call);
            return;
        }
        // Whatever comes first: the answer, or the end of the server's patience.
        CompletableFuture<ChangeConfigResponse> first = new CompletableFuture<>();
        passOn(first, call);
        if (leads()) {
            change(args, entry -> first.complete(answerTo(args)));
        }
        var unused = loop.schedule(
                () -> first.complete(new ChangeConfigResponse(
                        ChangeConfigResultType.TIMEOUT_ERROR, List.of(), Bytes.EMPTY, "deadline has elapsed")),
                CHANGE_MILLIS,
                TimeUnit.MILLISECONDS);
    }

    private ChangeConfigResponse answerTo(ChangeConfigArgs args) {
        boolean joins = args.changes().stream().allMatch(each -> each.type() != ConfChangeType.REMOVE_NODE);
        List<Long> ids = args.changes().stream().map(ConfChangeSingle::nodeId).toList();
        return new ChangeConfigResponse(
                ChangeConfigResultType.SUCCESS, joins ? ids : List.of(), joins ? peersNow() : Bytes.EMPTY, "");
    }

    private <Q, R> void add(
            ServerServiceDefinition.Builder service,
            String name,
            Codec<Q> requests,
            Codec<R> responses,
            Method<Q, R> method) {
        MethodDescriptor<byte[], byte[]> descriptor = MethodDescriptor.newBuilder(OCTETS, OCTETS)
                .setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName("raft_service.RaftService/" + name)
                .build();
        service.addMethod(descriptor, (call, headers) -> {
            call.request(1);
            return new ServerCall.Listener<byte[]>() {
                @Override
                public void onMessage(byte[] bytes) {
                    Q request;
                    try {
                        request = requests.decode(bytes);
                    } catch (CodecException e) {
                        call.close(Status.INTERNAL.withDescription(e.getMessage()), new Metadata());
                        return;
                    }
                    turn(() -> method.perform(request, new OneCall<>(call, responses)));
                }
            };
        });
    }

    private record OneCall<R>(ServerCall<byte[], byte[]> call, Codec<R> responses) implements Call<R> {
        @Override
        public void answer(R response) {
            synchronized (call) {
                call.sendHeaders(new Metadata());
                call.sendMessage(responses.encode(response));
                call.close(Status.OK, new Metadata());
            }
        }

        @Override
        public void breakOff() {
            synchronized (call) {
                call.close(Status.UNKNOWN.withDescription("transport error"), new Metadata());
            }
        }
    }

    private static final MethodDescriptor.Marshaller<byte[]> OCTETS = new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] bytes) {
            return new ByteArrayInputStream(bytes);
        }

        @Override
        public byte[] parse(InputStream in) {
            try {
                return in.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    };
}
