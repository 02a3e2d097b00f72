package dev.coracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.node.StorageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Members in this process, each in a directory of its own, over real files and the loopback. */
final class Cluster implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Path root;
    private final Map<String, Raft<String, Long, Journal>> running = new LinkedHashMap<>();
    private final Map<String, Journal> journals = new LinkedHashMap<>();
    private Consumer<RaftBuilder<String, Long, Journal>> settings = builder -> {};
    private boolean inMemory;
    private World world = World.real();

    Cluster(Path root) {
        this.root = root;
    }

    /** Adds settings for all that are started from now on. */
    Cluster with(Consumer<RaftBuilder<String, Long, Journal>> more) {
        settings = settings.andThen(more);
        return this;
    }

    /** Has all that are started from now on keep nothing. */
    Cluster inMemory() {
        inMemory = true;
        return this;
    }

    /** Has all that are started from now on run in another world. */
    void in(World newWorld) {
        world = newWorld;
    }

    RaftBuilder<String, Long, Journal> builder(String name) {
        Journal journal = new Journal();
        journals.put(name, journal);
        RaftBuilder<String, Long, Journal> builder = Raft.builder(journal, Codec.utf8(), Codec.int64())
                .raftAddress("127.0.0.1:0")
                .tickInterval(Duration.ofMillis(40))
                .segmentBytes(64 << 10);
        if (inMemory) {
            builder.inMemory();
        } else {
            builder.dataDirectory(root.resolve(name));
        }
        settings.accept(builder);
        return builder;
    }

    Raft<String, Long, Journal> start(String name, Consumer<RaftBuilder<String, Long, Journal>> more)
            throws StartException, StorageException {
        RaftBuilder<String, Long, Journal> builder = builder(name);
        more.accept(builder);
        Raft<String, Long, Journal> raft = builder.start(world);
        running.put(name, raft);
        return raft;
    }

    Raft<String, Long, Journal> start(String name) throws StartException, StorageException {
        return start(name, builder -> {});
    }

    /** Starts first members named a, b, c and so on, with ids from 1. */
    List<Raft<String, Long, Journal>> startListed(List<Member> members) throws StartException, StorageException {
        List<Raft<String, Long, Journal>> started = new ArrayList<>();
        for (Member member : members) {
            started.add(startListed(member, members));
        }
        return started;
    }

    Raft<String, Long, Journal> startListed(Member me, List<Member> members) throws StartException, StorageException {
        return start(
                nameOf(me.id()), builder -> builder.raftAddress(me.address()).members(members));
    }

    static String nameOf(long id) {
        return String.valueOf((char) ('a' + id - 1));
    }

    Path directory(String name) {
        return root.resolve(name);
    }

    Raft<String, Long, Journal> get(String name) {
        return running.get(name);
    }

    Journal journal(String name) {
        return journals.get(name);
    }

    void stop(String name) {
        running.remove(name).close();
    }

    /** Voters with ids from 1 and addresses that were free a moment ago. */
    static List<Member> listed(int count) {
        List<Member> members = new ArrayList<>();
        for (String address : freeAddresses(count)) {
            members.add(Member.voter(members.size() + 1, address));
        }
        return members;
    }

    static List<String> freeAddresses(int count) {
        List<ServerSocket> sockets = new ArrayList<>();
        List<String> addresses = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                ServerSocket socket = new ServerSocket();
                sockets.add(socket);
                socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                addresses.add("127.0.0.1:" + socket.getLocalPort());
            }
            for (ServerSocket socket : sockets) {
                socket.close();
            }
            return addresses;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for something that nothing tells of. */
    static void until(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(deadline - System.nanoTime()).as("%s, in time", what).isPositive();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
        }
    }

    static Raft<String, Long, Journal> leaderOf(List<Raft<String, Long, Journal>> rafts) {
        Supplier<Raft<String, Long, Journal>> leader = () -> rafts.stream()
                .filter(raft -> raft.leader().map(Member::id).orElse(0L) == raft.id())
                .findFirst()
                .orElse(null);
        until("a leader", () -> leader.get() != null);
        return leader.get();
    }

    /** Makes a member lead, however often that must be tried: it may be behind, or the machine slow. */
    static void handOver(Raft<String, Long, Journal> by, long id) {
        until("node " + id + " leads", () -> {
            try {
                by.transferLeadership(id).join();
                return true;
            } catch (CompletionException e) {
                return false;
            }
        });
    }

    static List<String> lines(Raft<String, Long, Journal> raft) {
        return raft.read(Journal::lines).join();
    }

    @Override
    public void close() {
        running.values().forEach(Raft::close);
    }
}
