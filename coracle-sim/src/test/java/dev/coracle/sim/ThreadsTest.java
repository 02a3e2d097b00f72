package dev.coracle.sim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.codec.EtcdConfChangeCodec;
import dev.coracle.node.AgentRunner;
import dev.coracle.node.Failure;
import dev.coracle.node.NodeConfig;
import dev.coracle.node.RaftNode;
import dev.coracle.node.Reply;
import dev.coracle.node.Transport;
import dev.coracle.raft.Bootstrap;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.Message;
import dev.coracle.raft.RaftLogger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The same nodes with a real thread for each agent, as in production. */
class ThreadsTest {
    private static final long PATIENCE_SECONDS = 120;
    private static final int CLIENTS = 3;
    private static final int WRITES = 8_000;
    private static final int WINDOW = 200;

    private final Map<Long, RaftNode> nodes = new ConcurrentHashMap<>();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    /** Hands messages over in the sender's thread; drops what the receiver has no room for. */
    private final class Direct implements Transport {
        @Override
        public void start(Inbound inbound) {}

        @Override
        public void send(long group, Message message) {
            RaftNode receiver = nodes.get(message.to());
            if (receiver != null) {
                receiver.inbound().offer(group, message);
            }
        }

        @Override
        public void flush() {}

        @Override
        public void setPeer(long id, String address) {}

        @Override
        public void removePeer(long id) {}

        @Override
        public void close() {}
    }

    @Test
    void clientsOfManyThreadsGetOneAnswerEachAndAllNodesAgree() throws Exception {
        List<Bootstrap.Peer> peers = new ArrayList<>();
        for (long id = 1; id <= 3; id++) {
            peers.add(new Bootstrap.Peer(id, Bytes.EMPTY));
        }
        List<AutoCloseable> running = new ArrayList<>();
        List<Register> registers = new ArrayList<>();
        for (long id = 1; id <= 3; id++) {
            NodeConfig config = NodeConfig.builder()
                    .id(id)
                    .tickNanos(20_000_000)
                    .snapshotEntries(2_000)
                    .catchUpEntries(100_000)
                    .bootstrap(peers)
                    .logger(RaftLogger.NONE)
                    .build();
            Register register = new Register();
            registers.add(register);
            SimSnapshotStore snapshots = new SimSnapshotStore();
            RaftNode node = new RaftNode(
                    config,
                    new SimLogStore(snapshots),
                    snapshots,
                    new Direct(),
                    register,
                    new Random(id)::nextInt,
                    EtcdConfChangeCodec.INSTANCE);
            node.onFailure(failure::set);
            nodes.put(id, node);
            running.add(AgentRunner.startAll(node, config, System::nanoTime, failure::set));
        }

        CountDownLatch done = new CountDownLatch(CLIENTS * WRITES);
        List<Thread> clients = new ArrayList<>();
        for (int c = 0; c < CLIENTS; c++) {
            long first = 1L + (long) c * WRITES;
            Thread client = new Thread(() -> write(first, done));
            clients.add(client);
            client.start();
        }
        assertThat(done.await(PATIENCE_SECONDS, TimeUnit.SECONDS))
                .as("all writes done")
                .isTrue();
        for (Thread client : clients) {
            client.join();
        }
        // A linearizable read on each node, so that each has applied everything.
        for (RaftNode node : nodes.values()) {
            CountDownLatch read = new CountDownLatch(1);
            read(node, read);
            assertThat(read.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        }
        for (AutoCloseable one : running) {
            one.close();
        }
        assertThat(failure.get()).isNull();
        List<Long> expected = registers.get(0).numbers();
        assertThat(expected).hasSize(CLIENTS * WRITES).doesNotHaveDuplicates();
        for (Register register : registers) {
            assertThat(register.numbers()).isEqualTo(expected);
            assertThat(register.openPins()).isZero();
        }
    }

    private void write(long first, CountDownLatch done) {
        Semaphore window = new Semaphore(WINDOW);
        for (long number = first; number < first + WRITES; number++) {
            window.acquireUninterruptibly();
            write(number, window, done);
        }
    }

    /** Writes on whatever node leads, until it is done: all failures here are of the kind that may be tried again. */
    private void write(long number, Semaphore window, CountDownLatch done) {
        RaftNode node = nodes.values().stream()
                .filter(candidate -> candidate.view().leader() == candidate.id())
                .findFirst()
                .orElse(nodes.get(1L));
        node.propose(
                Register.command(number, 32),
                System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS),
                new Reply<@Nullable Object>() {
                    @Override
                    public void done(@Nullable Object result) {
                        window.release();
                        done.countDown();
                    }

                    @Override
                    public void failed(Failure refusal) {
                        if (refusal.certainty() == Failure.Certainty.RETRY) {
                            write(number, window, done);
                        } else {
                            failure.set(new AssertionError(refusal.toString()));
                        }
                    }
                });
    }

    private void read(RaftNode node, CountDownLatch read) {
        node.read(System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS), new Reply<Long>() {
            @Override
            public void done(Long index) {
                read.countDown();
            }

            @Override
            public void failed(Failure refusal) {
                failure.set(new AssertionError(refusal.toString()));
            }
        });
    }
}
