package dev.coracle;

import static dev.coracle.Cluster.leaderOf;
import static dev.coracle.Cluster.lines;
import static dev.coracle.Cluster.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.node.Disk;
import dev.coracle.node.Failure;
import dev.coracle.node.Reply;
import dev.coracle.node.StorageException;
import dev.coracle.transport.grpc.GrpcClient;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MembershipTest {
    @TempDir
    Path directory;

    private Cluster cluster;

    @BeforeEach
    void open() {
        cluster = new Cluster(directory);
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    private Raft<String, Long, Journal> join(String name, Raft<String, Long, Journal> through) throws Exception {
        return cluster.start(name, builder -> builder.join(through.raftAddress()));
    }

    private static List<String> addresses(Raft<String, Long, Journal> raft) {
        return raft.members().stream().map(Member::address).toList();
    }

    private static void delete(Path tree) throws IOException {
        try (Stream<Path> paths = Files.walk(tree)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    @Test
    void aLeaderThatIsClosedHandsOverFirst() throws Exception {
        // Nobody would stand for election before the test has given up.
        cluster.with(builder -> builder.electionTicks(10_000));
        Raft<String, Long, Journal> first = cluster.start("a");
        Raft<String, Long, Journal> second = join("b", first);
        Raft<String, Long, Journal> third = join("c", first);
        first.propose("one").join();

        cluster.stop("a");

        Raft<String, Long, Journal> next = leaderOf(List.of(second, third));
        assertThat(next.propose("two").join()).isEqualTo(2);
        Raft<String, Long, Journal> last = next == second ? third : second;
        assertThat(last.propose("three").join()).isEqualTo(3);
    }

    @Test
    void nodesJoinOneAfterTheOther() throws Exception {
        Raft<String, Long, Journal> first = cluster.start("a");
        first.propose("one").join();
        Raft<String, Long, Journal> second = join("b", first);
        assertThat(lines(second)).containsExactly("one");
        assertThat(second.propose("two").join()).isEqualTo(2);
        // Through a member that does not lead.
        Raft<String, Long, Journal> third = join("c", second);
        assertThat(third.propose("three").join()).isEqualTo(3);
        assertThat(List.of(first.id(), second.id(), third.id())).containsExactly(1L, 2L, 3L);
        List<String> all = List.of(first.raftAddress(), second.raftAddress(), third.raftAddress());
        for (Raft<String, Long, Journal> raft : List.of(first, second, third)) {
            assertThat(lines(raft)).containsExactly("one", "two", "three");
            assertThat(addresses(raft)).isEqualTo(all);
        }
    }

    @Test
    void nodesThatJoinAtTheSameMomentGetDifferentIds() throws Exception {
        Raft<String, Long, Journal> first = cluster.start("a");
        List<CompletableFuture<Raft<String, Long, Journal>>> starts = new ArrayList<>();
        List<RaftBuilder<String, Long, Journal>> builders = new ArrayList<>();
        for (String name : List.of("b", "c", "d")) {
            builders.add(cluster.builder(name).join(first.raftAddress()));
        }
        for (RaftBuilder<String, Long, Journal> builder : builders) {
            starts.add(CompletableFuture.supplyAsync(() -> {
                try {
                    return builder.start();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            }));
        }
        List<Raft<String, Long, Journal>> joined =
                starts.stream().map(CompletableFuture::join).toList();
        try {
            assertThat(joined.stream().map(Raft::id)).doesNotHaveDuplicates().doesNotContain(1L);
            until("all are members", () -> first.members().size() == 4);
            assertThat(first.propose("one").join()).isEqualTo(1);
        } finally {
            joined.forEach(Raft::close);
        }
    }

    @Test
    void aMemberLeavesAndJoinsAgainAsANewOne() throws Exception {
        Raft<String, Long, Journal> first = cluster.start("a");
        Raft<String, Long, Journal> second = join("b", first);
        second.propose("one").join();
        second.leave().join();
        assertThat(second.stopped().join().kind()).isEqualTo(StopReason.Kind.LEFT);
        assertThat(second.stopped().join().text()).endsWith("it left the cluster");
        assertThat(addresses(first)).containsExactly(first.raftAddress());
        assertThatThrownBy(() -> cluster.start("b"))
                .isInstanceOfSatisfying(
                        StartException.class,
                        refusal -> assertThat(refusal.kind()).isEqualTo(StartException.Kind.LEFT))
                .hasMessageContaining("join");
        Raft<String, Long, Journal> again = join("b", first);
        assertThat(again.id()).isEqualTo(3);
        assertThat(lines(again)).containsExactly("one");
        assertThat(cluster.directory("b").resolve("wal.left-2")).isDirectory();
    }

    @Test
    void aNodeCannotJoinItself() throws Exception {
        String own = "127.0.0.1:1";
        assertThatThrownBy(() -> cluster.builder("a").raftAddress(own).join(own).start())
                .isInstanceOfSatisfying(
                        StartException.class,
                        refusal -> assertThat(refusal.kind()).isEqualTo(StartException.Kind.CONTRADICTION))
                .hasMessageContaining("own address");
    }

    @Test
    void aNodeThatNobodyLetsInNamesOnceWhomItAsked() throws Exception {
        Raft<String, Long, Journal> first = cluster.start("a");
        Raft<String, Long, Journal> second = join("b", first);
        second.close();
        String asked = first.raftAddress();
        assertThatThrownBy(() -> cluster.builder("c")
                        .join(asked)
                        .requestTimeout(Duration.ofMillis(100))
                        .start())
                .isInstanceOf(StartException.class)
                .hasMessageMatching(
                        "none of the members \\[" + asked + "\\] could .* in time: " + asked + ": (?!" + asked + ").+");
    }

    @Test
    void aLeaderThatLeavesHandsOverFirst() throws Exception {
        Raft<String, Long, Journal> first = cluster.start("a");
        List<Raft<String, Long, Journal>> rafts = new ArrayList<>(List.of(first, join("b", first), join("c", first)));
        Raft<String, Long, Journal> leader = leaderOf(rafts);
        leader.leave().join();
        assertThat(leader.stopped().join().kind()).isEqualTo(StopReason.Kind.LEFT);
        rafts.remove(leader);
        for (Raft<String, Long, Journal> raft : rafts) {
            raft.propose("by " + raft.id()).join();
            assertThat(addresses(raft))
                    .isEqualTo(rafts.stream().map(Raft::raftAddress).toList());
        }
    }

    @Test
    void theLastVoterCannotLeave() throws Exception {
        Raft<String, Long, Journal> only = cluster.start("a");
        assertThatThrownBy(() -> only.leave().join())
                .cause()
                .isInstanceOfSatisfying(
                        RaftException.class,
                        refusal -> assertThat(refusal.kind()).isEqualTo(RaftException.Kind.REFUSED))
                .hasMessageContaining("last voter");
        assertThat(only.propose("one").join()).isEqualTo(1);
    }

    @Test
    void aMemberThatWasRemovedStopsAndStaysAway() throws Exception {
        Raft<String, Long, Journal> first = cluster.start("a");
        Raft<String, Long, Journal> second = join("b", first);
        first.remove(second.id()).join();
        StopReason reason = second.stopped().get(20, TimeUnit.SECONDS);
        assertThat(reason.kind()).isEqualTo(StopReason.Kind.REMOVED);
        first.remove(second.id()).join();
        assertThatThrownBy(() -> cluster.start("b")).isInstanceOf(StartException.class);
    }

    @Test
    void aMemberThatWasAwayWhenItWasRemovedIsToldSo() throws Exception {
        Raft<String, Long, Journal> first = cluster.start("a");
        Raft<String, Long, Journal> second = join("b", first);
        join("c", first);
        cluster.stop("b");
        first.remove(second.id()).join();
        Raft<String, Long, Journal> back = cluster.start("b");
        assertThat(back.stopped().get(20, TimeUnit.SECONDS).kind()).isEqualTo(StopReason.Kind.REMOVED);
    }

    @Test
    void aMemberWhoseDirectoryWasEmptiedTakesItsOwnPlace() throws Exception {
        Raft<String, Long, Journal> first = cluster.start("a");
        join("b", first);
        Raft<String, Long, Journal> third = join("c", first);
        first.propose("one").join();
        cluster.stop("c");
        delete(cluster.directory("c"));
        Raft<String, Long, Journal> again = cluster.start(
                "c", builder -> builder.raftAddress(third.raftAddress()).join(first.raftAddress()));
        assertThat(again.id()).isGreaterThan(3);
        assertThat(lines(again)).containsExactly("one");
        until(
                "it replaced itself",
                () -> first.members().stream().map(Member::id).toList().equals(List.of(1L, 2L, again.id())));
    }

    @Test
    void aNewMemberCatchesUpByASnapshotOnceTheLogIsCompacted() throws Exception {
        cluster.with(builder -> builder.snapshotEntries(50).catchUpEntries(5));
        Raft<String, Long, Journal> first = cluster.start("a");
        String line = "x".repeat(10_000);
        List<CompletableFuture<Long>> proposals = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            proposals.add(first.propose(i + line));
        }
        proposals.forEach(CompletableFuture::join);
        first.snapshot().join();
        until("the log was compacted", () -> first.status().firstIndex() > 100);
        Raft<String, Long, Journal> second = join("b", first);
        assertThat(lines(second)).hasSize(300).endsWith(299 + line);
        assertThat(second.status().snapshotIndex()).isPositive();
    }

    @Test
    void addressesOutliveTheEntriesThatCarriedThem() throws Exception {
        cluster.with(builder -> builder.snapshotEntries(20).catchUpEntries(0));
        Raft<String, Long, Journal> first = cluster.start("a");
        Raft<String, Long, Journal> second = join("b", first);
        Raft<String, Long, Journal> third = join("c", first);
        List<Raft<String, Long, Journal>> all = List.of(first, second, third);
        List<String> addresses = all.stream().map(Raft::raftAddress).toList();
        for (int i = 0; i < 100; i++) {
            first.propose("line " + i).join();
        }
        for (Raft<String, Long, Journal> raft : all) {
            assertThat(lines(raft)).hasSize(100);
            raft.snapshot().join();
            until("the log was compacted", () -> raft.status().firstIndex() > 50);
        }
        for (String name : List.of("a", "b", "c")) {
            cluster.stop(name);
            // What the directory remembers besides the log must not be what helps.
            forgetPeers(name);
        }
        for (int i = 0; i < 3; i++) {
            String address = addresses.get(i);
            cluster.start(Cluster.nameOf(i + 1), builder -> builder.raftAddress(address));
        }
        for (String name : List.of("a", "b", "c")) {
            assertThat(cluster.get(name).propose("again").join()).isGreaterThan(100);
            assertThat(addresses(cluster.get(name))).isEqualTo(addresses);
        }
    }

    private void forgetPeers(String name) throws Exception {
        Path path = cluster.directory(name);
        World world = World.real();
        try (DataDirectory opened = DataDirectory.open(world.disk(), path)) {
            opened.change(file -> file.withPeers(ClusterFile.byId()));
        }
    }

    @Test
    void aMemberThatMovedTellsTheOthers() throws Exception {
        Raft<String, Long, Journal> first = cluster.start("a");
        Raft<String, Long, Journal> second = join("b", first);
        join("c", first);
        String old = second.raftAddress();
        cluster.stop("b");
        Raft<String, Long, Journal> moved = cluster.start("b");
        assertThat(moved.raftAddress()).isNotEqualTo(old);
        until("the others know", () -> addresses(first).contains(moved.raftAddress()));
        assertThat(addresses(first)).hasSize(3).doesNotContain(old);
        assertThat(moved.propose("one").join()).isEqualTo(1);
    }

    @Test
    void aJoinThatWasCutOffGoesOnAtTheNextStart() throws Exception {
        Raft<String, Long, Journal> first = cluster.start("a");
        World real = World.real();
        AtomicInteger lost = new AtomicInteger();
        World cutOff = onNetwork(
                real,
                network -> new Wrapped(network, (address, kind, request, timeout) -> {
                    if (kind != CallKind.JOIN) {
                        return network.call(address, kind, request, timeout);
                    }
                    lost.incrementAndGet();
                    return CompletableFuture.failedFuture(new IOException("lost"));
                }));
        RaftBuilder<String, Long, Journal> builder =
                cluster.builder("b").join(first.raftAddress()).requestTimeout(Duration.ofMillis(200));
        assertThatThrownBy(() -> builder.start(cutOff))
                .isInstanceOfSatisfying(
                        StartException.class,
                        failure -> assertThat(failure.kind()).isEqualTo(StartException.Kind.UNREACHABLE));
        assertThat(lost.get()).isPositive();
        assertThat(addresses(first)).hasSize(1);
        Raft<String, Long, Journal> second = cluster.start("b");
        assertThat(second.id()).isEqualTo(2);
        assertThat(second.propose("one").join()).isEqualTo(1);
    }

    @Test
    void aJoinThatWasOvertakenDoesNotBringARemovedNodeBack() throws Exception {
        CompletableFuture<Done> gate = new CompletableFuture<>();
        AtomicInteger held = new AtomicInteger();
        World real = World.real();
        Raft<String, Long, Journal> first = cluster.builder("a")
                .start(onNetwork(
                        real,
                        network -> new Wrapped(network, (address, kind, request, timeout) -> {
                            CompletableFuture<byte[]> answer = network.call(address, kind, request, timeout);
                            boolean hold = kind == CallKind.IDENTIFY && held.getAndIncrement() == 0;
                            return hold ? gate.thenCombine(answer, (open, bytes) -> bytes) : answer;
                        })));
        RaftBuilder<String, Long, Journal> builder = cluster.builder("b").join(first.raftAddress());
        CompletableFuture<MemberTasks.Join> asked = new CompletableFuture<>();
        // Its own requests to join get lost; the test makes them instead, two of them.
        World mute = onNetwork(
                real,
                network -> new Wrapped(network, (address, kind, request, timeout) -> {
                    if (kind != CallKind.JOIN) {
                        return network.call(address, kind, request, timeout);
                    }
                    try {
                        ByteReader in = new ByteReader(request);
                        Wire.Head.read(in);
                        asked.complete(MemberTasks.Join.read(in));
                    } catch (ByteReader.MalformedException e) {
                        asked.completeExceptionally(e);
                    }
                    return CompletableFuture.failedFuture(new IOException("lost"));
                }));
        CompletableFuture<Raft<String, Long, Journal>> start = CompletableFuture.supplyAsync(() -> {
            try {
                return builder.start(mute);
            } catch (StartException | StorageException e) {
                throw new IllegalStateException(e);
            }
        });
        try (first) {
            Outcome overtaken = join(first, asked.join());
            until("it is held", () -> held.get() == 1);
            join(first, asked.join());
            try (Raft<String, Long, Journal> second = start.join()) {
                first.remove(second.id()).join();
            }
            gate.complete(Done.DONE);
            until("it has ended", overtaken::hasEnded);
            assertThat(overtaken.failure.get().text()).contains("was removed");
            assertThat(addresses(first)).containsExactly(first.raftAddress());
        }
    }

    private static Outcome join(Raft<String, Long, Journal> leader, MemberTasks.Join join) {
        Outcome outcome = new Outcome();
        long deadlineNanos = System.nanoTime() + Cluster.PATIENCE.toNanos();
        new Attempt<>(leader.engine(), join, deadlineNanos, outcome).begin();
        return outcome;
    }

    @Test
    void aStartEndsAlsoIfTheDiskFailsWhileTheOthersAreAsked() throws Exception {
        List<Member> members = Cluster.listed(2);
        World real = World.real();
        AtomicBoolean broken = new AtomicBoolean();
        Disk disk = (Disk) Proxy.newProxyInstance(
                Disk.class.getClassLoader(), new Class<?>[] {Disk.class}, (proxy, method, arguments) -> {
                    if (broken.get() && method.getName().equals("rename")) {
                        throw new IOException("broken by a test");
                    }
                    try {
                        return method.invoke(real.disk(), arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        World onNetwork = onNetwork(
                real,
                network -> new Wrapped(network, (address, kind, request, timeout) -> {
                    if (kind != CallKind.CONFIRM_IDENTITY) {
                        return network.call(address, kind, request, timeout);
                    }
                    // The other member asks the same meanwhile, and what it is promised cannot be written; it never
                    // answers.
                    broken.set(true);
                    try {
                        Identity own = Identity.read(new ByteReader(request));
                        byte[] others = new Identity(own.clusterId(), 2, 7).encode();
                        network.call(network.boundAddress(), CallKind.CONFIRM_IDENTITY, others, timeout);
                    } catch (ByteReader.MalformedException e) {
                        return CompletableFuture.failedFuture(e);
                    }
                    return new CompletableFuture<>();
                }));
        World world = new World(real.clock(), disk, real.random(), real.threads(), onNetwork.networks());
        RaftBuilder<String, Long, Journal> builder =
                cluster.builder("a").raftAddress(members.get(0).address()).members(members);
        CompletableFuture<Raft<String, Long, Journal>> start = CompletableFuture.supplyAsync(() -> {
            try {
                return builder.start(world);
            } catch (StartException | StorageException e) {
                throw new CompletionException(e);
            }
        });
        until("it has ended", start::isDone);
        assertThatThrownBy(start::join)
                .hasCauseInstanceOf(StorageException.class)
                .hasMessageContaining("broken by a test");
    }

    /** How an attempt ended. */
    private static final class Outcome implements Reply<Done> {
        private final AtomicReference<Failure> failure = new AtomicReference<>();
        private final AtomicReference<Done> result = new AtomicReference<>();

        @Override
        public void done(Done done) {
            result.set(done);
        }

        @Override
        public void failed(Failure newFailure) {
            failure.set(newFailure);
        }

        boolean hasEnded() {
            return failure.get() != null || result.get() != null;
        }
    }

    private static World onNetwork(World real, UnaryOperator<Network> change) {
        return new World(real.clock(), real.disk(), real.random(), real.threads(), new World.Networks() {
            @Override
            public Network bind(World.Binding binding) throws IOException {
                return change.apply(real.networks().bind(binding));
            }

            @Override
            public Caller caller(@Nullable ChannelCredentials credentials) {
                return real.networks().caller(credentials);
            }
        });
    }

    /** What becomes of a call. */
    private interface Calls {
        CompletableFuture<byte[]> call(String address, int kind, byte[] request, Duration timeout);
    }

    /** A network that does something else with calls. */
    private record Wrapped(Network real, Calls calls) implements Network {
        @Override
        public dev.coracle.node.Transport transport() {
            return real.transport();
        }

        @Override
        public String boundAddress() {
            return real.boundAddress();
        }

        @Override
        public void advertise(String address) {
            real.advertise(address);
        }

        @Override
        public CompletableFuture<byte[]> call(String address, int kind, byte[] request, Duration timeout) {
            return calls.call(address, kind, request, timeout);
        }

        @Override
        public void close() {
            real.close();
        }
    }

    @Test
    void aNodeThatTheLeaderCannotReachIsNotTakenIn() throws Exception {
        Raft<String, Long, Journal> first = cluster.start("a");
        String nobody = Cluster.freeAddresses(1).get(0);
        assertThatThrownBy(() -> cluster.start(
                        "b", builder -> builder.advertiseAddress(nobody).join(first.raftAddress())))
                .isInstanceOfSatisfying(
                        StartException.class,
                        refusal -> assertThat(refusal.kind()).isEqualTo(StartException.Kind.REFUSED))
                .hasMessageContaining(nobody);
        assertThat(first.propose("one").join()).isEqualTo(1);
        assertThat(addresses(first)).hasSize(1);
    }

    @Test
    void aNodeOfAnotherClusterIsRefusedByName() throws Exception {
        Raft<String, Long, Journal> first = cluster.start("a");
        assertThatThrownBy(() -> cluster.start(
                        "b", builder -> builder.clusterName("other").join(first.raftAddress())))
                .isInstanceOf(StartException.class)
                .hasMessageContaining("\"other\"")
                .hasMessageContaining("\"default\"");
    }

    @Test
    void anAddressThatANodeOfAnotherClusterHasTakenIsPassedOver() throws Exception {
        Raft<String, Long, Journal> first = cluster.start("a");
        Raft<String, Long, Journal> stranger = cluster.start("s", builder -> builder.clusterName("other"));
        World world = World.real();
        try (World.Worker worker = world.threads().worker("test");
                GrpcClient client =
                        GrpcClient.open(first.engine().file().clusterId(), InsecureChannelCredentials.create())) {
            LeaderTask<Ticket> task = new MemberTasks.Reserve("default", "127.0.0.1:9", 7);
            long deadlineNanos = System.nanoTime() + Cluster.PATIENCE.toNanos();
            List<String> both = List.of(stranger.raftAddress(), first.raftAddress());
            assertThat(AskAround.begin(caller(client), worker, world.clock(), both, task, deadlineNanos)
                            .get()
                            .id())
                    .isEqualTo(2);
            List<String> one = List.of(stranger.raftAddress());
            assertThatThrownBy(() -> AskAround.begin(caller(client), worker, world.clock(), one, task, deadlineNanos)
                            .get())
                    .hasCauseInstanceOf(StartException.class)
                    .hasMessageContainingAll(stranger.raftAddress(), "cluster");
        }
    }

    private static Caller caller(GrpcClient client) {
        return new Caller() {
            @Override
            public CompletableFuture<byte[]> call(String address, int kind, byte[] request, Duration timeout) {
                return client.call(address, kind, request, timeout);
            }

            @Override
            public void close() {
                client.close();
            }
        };
    }

    @Test
    void leadershipIsHandedOverAndGivenUp() throws Exception {
        Raft<String, Long, Journal> first = cluster.start("a");
        Raft<String, Long, Journal> second = join("b", first);
        Raft<String, Long, Journal> leader = leaderOf(List.of(first, second));
        Raft<String, Long, Journal> other = leader == first ? second : first;
        // Asked of a member that does not lead.
        other.transferLeadership(other.id()).join();
        until("it leads", () -> leader.leader().map(Member::id).orElse(0L) == other.id());
        long term = other.status().term();
        assertThatThrownBy(() -> leader.stepDown(term).join()).hasMessageContaining("does not lead");
        other.stepDown(term).join();
        until(
                "there is a leader again",
                () -> other.status().term() > term && other.leader().isPresent());
        assertThatThrownBy(() -> first.transferLeadership(9).join()).hasMessageContaining("9 is no voter");
        assertThatThrownBy(() -> first.leaveJoint().join()).hasMessageContaining("not joint");
    }
}
