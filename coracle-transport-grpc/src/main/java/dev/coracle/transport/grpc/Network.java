package dev.coracle.transport.grpc;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Connections to other nodes, one an address, and the threads that serve them.
 *
 * <p>gRPC waits longer and longer, up to two minutes, before it dials an address again that did not answer. Here the
 * users of a connection decide: one that failed is given back, and the next who asks gets a fresh one, which dials at
 * once.
 */
final class Network {
    /**
     * Begins calls in nobody's name. Nodes work on the threads that bring them messages, and a call that is begun there
     * would be cancelled with the one that is being answered.
     */
    private static final ClientInterceptor OUT_OF_CONTEXT = new ClientInterceptor() {
        @Override
        public <Q, R> ClientCall<Q, R> interceptCall(
                MethodDescriptor<Q, R> method, CallOptions options, Channel channel) {
            Context before = Context.ROOT.attach();
            try {
                return channel.newCall(method, options);
            } finally {
                Context.ROOT.detach(before);
            }
        }
    };

    private static final int CONNECT_TIMEOUT_MILLIS = 2_000;
    private static final int CALL_THREADS = 4;

    /** gRPC takes no less. Only calls without a deadline of their own, snapshots, depend on it. */
    private static final long KEEP_ALIVE_SECONDS = 10;

    private static final long KEEP_ALIVE_TIMEOUT_SECONDS = 2;

    final EventLoopGroup eventLoops;
    final ThreadPoolExecutor executor;
    private final ChannelCredentials credentials;
    private final int maxFrameBytes;
    private final int maxConnections;
    private final Map<String, ManagedChannel> byAddress = new LinkedHashMap<>(16, 0.75f, true);

    /** Given back, with calls that have not ended yet; and those that somebody opened for himself. */
    private final List<ManagedChannel> others = new ArrayList<>();

    private boolean closed;

    Network(ChannelCredentials credentials, int ioThreads, int maxFrameBytes, int maxConnections) {
        this.credentials = credentials;
        this.maxFrameBytes = maxFrameBytes;
        this.maxConnections = maxConnections;
        eventLoops =
                new MultiThreadIoEventLoopGroup(ioThreads, Threads.named("coracle-net"), NioIoHandler.newFactory());
        executor = Threads.pool("coracle-call", CALL_THREADS);
        // A call that is made after the end must fail, not stay open for ever: its caller's thread tells it so.
        executor.setRejectedExecutionHandler((task, pool) -> task.run());
    }

    /**
     * The connection to an address.
     *
     * @throws IllegalArgumentException if it is no address
     */
    synchronized ManagedChannel channel(String address) {
        ManagedChannel known = byAddress.get(address);
        if (known != null) {
            return known;
        }
        ManagedChannel fresh = build(address);
        byAddress.put(address, fresh);
        if (byAddress.size() > maxConnections) {
            Iterator<ManagedChannel> eldest = byAddress.values().iterator();
            retire(eldest.next());
            eldest.remove();
        }
        return fresh;
    }

    /** Gives back a connection that failed. Calls on it may end. */
    synchronized void discard(String address, ManagedChannel channel) {
        if (byAddress.remove(address, channel)) {
            retire(channel);
        }
    }

    /** A connection for the caller alone, who shuts it down. */
    synchronized ManagedChannel openChannel(String address) {
        ManagedChannel channel = build(address);
        others.removeIf(ManagedChannel::isTerminated);
        others.add(channel);
        return channel;
    }

    private void retire(ManagedChannel channel) {
        others.removeIf(ManagedChannel::isTerminated);
        others.add(channel);
        channel.shutdown();
    }

    private ManagedChannel build(String address) {
        HostPort hostPort = HostPort.parse(address, "address");
        ManagedChannel channel = NettyChannelBuilder.forAddress(hostPort.host(), hostPort.port(), credentials)
                .channelType(NioSocketChannel.class)
                .eventLoopGroup(eventLoops)
                .intercept(OUT_OF_CONTEXT)
                .executor(executor)
                .offloadExecutor(executor)
                .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
                .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
                .maxInboundMessageSize(maxFrameBytes)
                // Peers are reached directly; the proxies of the machine are for the world outside.
                .proxyDetector(target -> null)
                .disableServiceConfigLookUp()
                .disableRetry()
                .build();
        if (closed) {
            // Calls on it fail at once, as they do on all others.
            channel.shutdownNow();
        }
        return channel;
    }

    /** Breaks off every call and waits for the connections to end. New ones fail from now on. */
    void closeConnections(long timeoutMillis) {
        List<ManagedChannel> all;
        synchronized (this) {
            closed = true;
            all = new ArrayList<>(others);
            all.addAll(byAddress.values());
        }
        all.forEach(ManagedChannel::shutdownNow);
        Waiting.upTo(timeoutMillis, (time, unit) -> {
            for (ManagedChannel channel : all) {
                channel.awaitTermination(time, unit);
            }
        });
    }

    /** Ends the threads. */
    void closeThreads(long timeoutMillis) {
        executor.shutdown();
        Waiting.upTo(timeoutMillis, executor::awaitTermination);
        Future<?> ended = eventLoops.shutdownGracefully(0, timeoutMillis, TimeUnit.MILLISECONDS);
        Waiting.upTo(timeoutMillis, ended::await);
    }
}
