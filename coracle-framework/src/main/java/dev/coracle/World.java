package dev.coracle;

import dev.coracle.codec.Dialect;
import dev.coracle.node.AgentRunner;
import dev.coracle.node.Clock;
import dev.coracle.node.Disk;
import dev.coracle.node.FileDisk;
import dev.coracle.node.NodeConfig;
import dev.coracle.node.RaftNode;
import dev.coracle.node.SnapshotStore;
import dev.coracle.raft.RandomSource;
import dev.coracle.transport.grpc.Admission;
import dev.coracle.transport.grpc.CallHandler;
import dev.coracle.transport.grpc.GrpcClient;
import dev.coracle.transport.grpc.GrpcTransport;
import dev.coracle.transport.grpc.GrpcTransportConfig;
import dev.coracle.transport.grpc.RaftServiceClient;
import dev.coracle.transport.grpc.RaftServiceHandler;
import dev.coracle.transport.grpc.TransportListener;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ServerCredentials;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Everything around a member that is not its own: time, disk, network, chance and threads. {@link #real} has the
 * machine's; a simulation hands in its own, which is what this type is public for: applications never see it.
 *
 * @param clock the member's time
 * @param disk its files
 * @param random where its identity and its election timeouts come from; used by one thread at a time
 * @param threads where its work runs
 * @param networks how it reaches others
 */
public record World(Clock clock, Disk disk, RandomGenerator random, Threads threads, Networks networks) {
    /** Where work runs. */
    public interface Threads {
        /**
         * Runs a node's agents.
         *
         * @param onError hears of what an agent threw past the node
         * @return what ends them and waits for it
         */
        AutoCloseable run(RaftNode node, NodeConfig config, Clock clock, Consumer<Throwable> onError);

        /** A worker for small things that may wait for the disk, one at a time. */
        Worker worker(String name);

        /** Runs something that waits for the others to end. */
        void runToEnd(String name, Runnable task);

        /** Runs what depends on futures. */
        Executor dependents();

        /**
         * Waits until a future is done, for a start or an end. Called by whoever starts or closes a member.
         *
         * @throws InterruptedException if the thread is not to wait any longer
         */
        void await(CompletableFuture<?> future) throws InterruptedException;
    }

    /** Does one thing after the other. */
    public interface Worker extends AutoCloseable {
        /** Does something soon. Nothing is done after the end. */
        void execute(Runnable task);

        /** Does something after a while. Nothing is done after the end. */
        void schedule(Runnable task, long delayNanos);

        /** Ends; what is under way is finished. */
        @Override
        void close();
    }

    /**
     * A member as its network sees it.
     *
     * @param id its id
     * @param clusterId its cluster
     * @param incarnation the identity of its directory
     * @param dialect its cluster's, by which the members speak to each other
     * @param listenAddress where it listens, {@code host:port}
     * @param snapshots what it sends from and receives into
     * @param maxSnapshotTransfers how many snapshots may be on their way at once, in each direction
     * @param snapshotBytesPerSecond how many bytes of snapshots may pass in a second, in each direction; 0 for no limit
     * @param random chance, for the waits between attempts
     * @param admission who may talk to it
     * @param listener hears of refusals
     * @param callHandler answers requests
     * @param raftServiceHandler answers raftify's requests
     * @param serverCredentials TLS for those who call, or null
     * @param channelCredentials TLS for those who are called, or null
     */
    public record Binding(
            long id,
            long clusterId,
            long incarnation,
            Dialect dialect,
            String listenAddress,
            SnapshotStore snapshots,
            int maxSnapshotTransfers,
            long snapshotBytesPerSecond,
            RandomSource random,
            Admission admission,
            TransportListener listener,
            CallHandler callHandler,
            RaftServiceHandler raftServiceHandler,
            @Nullable ServerCredentials serverCredentials,
            @Nullable ChannelCredentials channelCredentials) {}

    /** What binds and calls. */
    public interface Networks {
        /** Opens the port. Requests are answered from now on, messages are taken once the transport was started. */
        Network bind(Binding binding) throws IOException;

        /** Calls in nobody's name. */
        Caller caller(@Nullable ChannelCredentials credentials);
    }

    /** The machine's. */
    public static World real() {
        return new World(System::nanoTime, new FileDisk(), new SecureRandom(), new RealThreads(), new GrpcNetworks());
    }

    private static final class RealThreads implements Threads {
        /**
         * The common pool, as for any other future. On one or two processors CompletableFuture starts a thread for each
         * task instead: that costs more than the request, and nothing bounds how many there are.
         */
        private static final Executor DEPENDENTS = ForkJoinPool.getCommonPoolParallelism() > 1
                ? ForkJoinPool.commonPool()
                : new ForkJoinPool(2, ForkJoinPool.defaultForkJoinWorkerThreadFactory, null, true);

        @Override
        public AutoCloseable run(RaftNode node, NodeConfig config, Clock clock, Consumer<Throwable> onError) {
            return AgentRunner.startAll(node, config, clock, onError);
        }

        @Override
        public Worker worker(String name) {
            return new RealWorker(name);
        }

        @Override
        public void runToEnd(String name, Runnable task) {
            // Not a daemon: the process must not end before the log is closed.
            new Thread(task, name).start();
        }

        @Override
        public Executor dependents() {
            return DEPENDENTS;
        }

        @Override
        public void await(CompletableFuture<?> future) throws InterruptedException {
            try {
                future.get();
            } catch (ExecutionException | CancellationException e) {
                // How it is done is the caller's to see.
            }
        }
    }

    private static final class RealWorker implements Worker {
        private final ScheduledThreadPoolExecutor executor;

        RealWorker(String name) {
            executor = new ScheduledThreadPoolExecutor(1, task -> {
                Thread thread = new Thread(task, name);
                thread.setDaemon(true);
                return thread;
            });
            executor.setRemoveOnCancelPolicy(true);
            executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        }

        @Override
        public void execute(Runnable task) {
            schedule(task, 0);
        }

        @Override
        public void schedule(Runnable task, long delayNanos) {
            try {
                var unused = executor.schedule(task, delayNanos, TimeUnit.NANOSECONDS);
            } catch (RejectedExecutionException e) {
                // It has ended.
            }
        }

        @Override
        public void close() {
            executor.shutdown();
        }
    }

    private static final class GrpcNetworks implements Networks {
        @Override
        public Network bind(Binding binding) throws IOException {
            GrpcTransportConfig.Builder config = GrpcTransportConfig.builder()
                    .id(binding.id)
                    .clusterId(binding.clusterId)
                    .incarnation(binding.incarnation)
                    .dialect(binding.dialect)
                    .listenAddress(binding.listenAddress)
                    .snapshots(binding.snapshots)
                    .maxIncomingSnapshots(binding.maxSnapshotTransfers)
                    .maxOutgoingSnapshots(binding.maxSnapshotTransfers)
                    .snapshotBytesPerSecond(binding.snapshotBytesPerSecond)
                    .random(binding.random)
                    .admission(binding.admission)
                    .listener(binding.listener)
                    .callHandler(binding.callHandler)
                    .raftServiceHandler(binding.raftServiceHandler);
            if (binding.serverCredentials != null && binding.channelCredentials != null) {
                config.serverCredentials(binding.serverCredentials).channelCredentials(binding.channelCredentials);
            }
            return new GrpcNetwork(GrpcTransport.bind(config.build()));
        }

        @Override
        public Caller caller(@Nullable ChannelCredentials credentials) {
            return new GrpcCaller(
                    GrpcClient.open(0, credentials == null ? InsecureChannelCredentials.create() : credentials));
        }
    }

    private record GrpcNetwork(GrpcTransport transport) implements Network {
        @Override
        public String boundAddress() {
            return transport.boundAddress();
        }

        @Override
        public void advertise(String address) {
            transport.advertise(address);
        }

        @Override
        public CompletableFuture<byte[]> call(String address, int kind, byte[] request, Duration timeout) {
            return transport.call(address, kind, request, timeout);
        }

        @Override
        public RaftServiceClient raftService(String address) {
            return transport.client().raftService(address);
        }

        @Override
        public void close() {
            transport.close();
        }
    }

    private record GrpcCaller(GrpcClient client) implements Caller {
        @Override
        public CompletableFuture<byte[]> call(String address, int kind, byte[] request, Duration timeout) {
            return client.call(address, kind, request, timeout);
        }

        @Override
        public RaftServiceClient raftService(String address) {
            return client.raftService(address);
        }

        @Override
        public void close() {
            client.close();
        }
    }
}
