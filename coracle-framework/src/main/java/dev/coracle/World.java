package dev.coracle;

import dev.coracle.node.AgentRunner;
import dev.coracle.node.Clock;
import dev.coracle.node.Disk;
import dev.coracle.node.FileDisk;
import dev.coracle.node.NodeConfig;
import dev.coracle.node.RaftNode;
import dev.coracle.transport.grpc.GrpcClient;
import dev.coracle.transport.grpc.GrpcTransport;
import dev.coracle.transport.grpc.GrpcTransportConfig;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
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
 * machine's; a simulation hands in its own.
 */
record World(Clock clock, Disk disk, RandomGenerator random, Threads threads, Networks networks) {
    /** Where work runs. */
    interface Threads {
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
    }

    /** Does one thing after the other. */
    interface Worker extends AutoCloseable {
        /** Does something soon. Nothing is done after the end. */
        void execute(Runnable task);

        /** Does something after a while. Nothing is done after the end. */
        void schedule(Runnable task, long delayNanos);

        /** Ends; what is under way is finished. */
        @Override
        void close();
    }

    /** What binds and calls. */
    interface Networks {
        /** Opens the port. Requests are answered from now on, messages are taken once the transport was started. */
        Network bind(GrpcTransportConfig config) throws IOException;

        /** Calls in nobody's name. */
        Caller caller(@Nullable ChannelCredentials credentials);
    }

    /** The machine's. */
    static World real() {
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
        public Network bind(GrpcTransportConfig config) throws IOException {
            return new GrpcNetwork(GrpcTransport.bind(config));
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
        public CompletableFuture<byte[]> call(String address, int kind, byte[] request, Duration timeout) {
            return transport.call(address, kind, request, timeout);
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
        public void close() {
            client.close();
        }
    }
}
