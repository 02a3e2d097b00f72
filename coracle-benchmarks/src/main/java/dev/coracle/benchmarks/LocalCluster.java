package dev.coracle.benchmarks;

import dev.coracle.Codec;
import dev.coracle.Member;
import dev.coracle.Raft;
import dev.coracle.StartException;
import dev.coracle.node.StorageException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A cluster of durable nodes in this process that talk over loopback, with the defaults that any cluster has. */
final class LocalCluster implements AutoCloseable {
    private final List<Raft<byte[], @Nullable Void, Counter>> members = new CopyOnWriteArrayList<>();
    private boolean closed;

    /**
     * Starts the nodes one after the other, each in a directory of its own below {@code directory}, the first as a
     * cluster of one that the others join.
     *
     * @throws IllegalStateException if it is closed
     */
    void start(int nodes, Path directory) throws StartException, StorageException {
        for (int number = 1; number <= nodes; number++) {
            add(directory.resolve("node-" + number));
        }
    }

    private synchronized void add(Path directory) throws StartException, StorageException {
        if (closed) {
            throw new IllegalStateException("the cluster is closed");
        }
        var builder = Raft.builder(new Counter(), Codec.bytes(), Codec.nothing())
                .raftAddress("127.0.0.1:0")
                .dataDirectory(directory);
        members.add(
                members.isEmpty()
                        ? builder.bootstrap().start()
                        : builder.join(members.get(0).raftAddress()).start());
    }

    /** The members in the order of their start. */
    List<Raft<byte[], @Nullable Void, Counter>> members() {
        return members;
    }

    /** The member that leads. Waits, by a request, until there is one. */
    Raft<byte[], @Nullable Void, Counter> leader() {
        while (true) {
            for (Raft<byte[], @Nullable Void, Counter> member : members) {
                if (member.leader()
                        .map(Member::id)
                        .filter(id -> id == member.id())
                        .isPresent()) {
                    return member;
                }
            }
            members.get(0).propose(new byte[1]).join();
        }
    }

    /** The syncs of all logs so far. */
    long syncs() {
        long sum = 0;
        for (Raft<byte[], @Nullable Void, Counter> member : members) {
            sum += member.status().syncs();
        }
        return sum;
    }

    /** Stops all members. May be called again, and by any thread. */
    @Override
    public synchronized void close() {
        closed = true;
        members.forEach(Raft::close);
    }
}
