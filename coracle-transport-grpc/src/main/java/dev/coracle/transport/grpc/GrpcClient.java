package dev.coracle.transport.grpc;

import dev.coracle.codec.CodecException;
import dev.coracle.raft.Bytes;
import io.grpc.CallOptions;
import io.grpc.ChannelCredentials;
import io.grpc.ClientCall;
import io.grpc.ClientStreamTracer;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Single requests to nodes, also from programs that are no node themselves. Thread-safe. Futures complete on a thread
 * of the client, of which there are few.
 */
public final class GrpcClient implements AutoCloseable {
    /** How long {@link #close} waits for each of its steps. */
    private static final long CLOSE_MILLIS = 500;

    private static final int MOST_CONNECTIONS = 256;

    private final Network network;
    private final boolean ownsNetwork;
    private final long clusterId;
    private final long from;
    private final int maxRequestBytes;
    private final int maxCalls;
    private final AtomicInteger calls = new AtomicInteger();

    GrpcClient(Network network, long clusterId, long from, int maxFrameBytes, int maxCalls) {
        this(network, false, clusterId, from, maxFrameBytes, maxCalls);
    }

    private GrpcClient(
            Network network, boolean ownsNetwork, long clusterId, long from, int maxFrameBytes, int maxCalls) {
        this.network = network;
        this.ownsNetwork = ownsNetwork;
        this.clusterId = clusterId;
        this.from = from;
        this.maxRequestBytes = maxFrameBytes - Batch.OVERHEAD_BYTES;
        this.maxCalls = maxCalls;
    }

    /**
     * A client that is no node.
     *
     * @param clusterId the cluster that it wants, or 0 for whichever it meets
     * @param credentials for TLS, or {@code InsecureChannelCredentials}
     */
    public static GrpcClient open(long clusterId, ChannelCredentials credentials) {
        int maxFrameBytes = GrpcTransportConfig.DEFAULT_MAX_FRAME_BYTES;
        Network network = new Network(credentials, 1, maxFrameBytes, MOST_CONNECTIONS);
        return new GrpcClient(network, true, clusterId, 0, maxFrameBytes, GrpcTransportConfig.DEFAULT_MAX_CALLS);
    }

    /**
     * Sends one request of the framework.
     *
     * @param address the node's {@code host:port}
     * @param kind the kind of request, not negative
     * @param request the request, not to be changed afterwards
     * @param timeout after which the future fails in any case
     * @return the answer, or a {@link CallException}; cancelling it breaks off the request
     * @throws IllegalArgumentException if the address is none, or the kind is negative
     */
    public CompletableFuture<byte[]> call(String address, int kind, byte[] request, Duration timeout) {
        if (kind < 0) {
            throw new IllegalArgumentException("kind " + kind + " must not be negative");
        }
        CallRequest call = new CallRequest(clusterId, from, kind, Bytes.of(request));
        return unary(address, Methods.CALL, Payload.of(CallRequest.CODEC, call), timeout, bytes -> bytes);
    }

    /**
     * Calls a node's {@code raft_service.RaftService}.
     *
     * @param address the node's {@code host:port}
     */
    public RaftServiceClient raftService(String address) {
        return new RaftServiceClient(this, address);
    }

    /** What turns an answer's bytes into a value. */
    interface Decoder<T> {
        T decode(byte[] bytes) throws CodecException;
    }

    <T> CompletableFuture<T> unary(
            String address, Methods.Method method, Payload request, Duration timeout, Decoder<T> decoder) {
        ManagedChannel channel = network.channel(address);
        if (request.size() > maxRequestBytes) {
            return CompletableFuture.failedFuture(refused(
                    address, "a request of " + request.size() + " bytes is more than the limit of " + maxRequestBytes));
        }
        if (calls.incrementAndGet() > maxCalls) {
            calls.decrementAndGet();
            return CompletableFuture.failedFuture(new CallException(
                    CallException.Kind.OVERLOADED,
                    false,
                    address + ": more than " + maxCalls + " requests are waiting for their answers"));
        }
        Sent sent = new Sent();
        ClientCall<Payload, byte[]> call = channel.newCall(
                method.client,
                CallOptions.DEFAULT
                        .withDeadlineAfter(Math.max(1, timeout.toNanos()), TimeUnit.NANOSECONDS)
                        .withStreamTracerFactory(sent));
        Exchange<T> exchange = new Exchange<>(address, channel, call, sent, decoder);
        call.start(exchange, new Metadata());
        // One more than there may be, so that a second answer is seen as an error.
        call.request(2);
        call.sendMessage(request);
        call.halfClose();
        return exchange.future;
    }

    private static CallException refused(String address, String text) {
        return new CallException(CallException.Kind.REFUSED, false, address + ": " + text);
    }

    /** Breaks off what is under way and ends the threads. Closing again does nothing. */
    @Override
    public void close() {
        if (ownsNetwork) {
            network.closeConnections(CLOSE_MILLIS);
            network.closeThreads(CLOSE_MILLIS);
        }
    }

    /** Sees whether a request was handed to a connection. */
    private static final class Sent extends ClientStreamTracer.Factory {
        private volatile boolean sent;

        @Override
        public ClientStreamTracer newClientStreamTracer(ClientStreamTracer.StreamInfo info, Metadata headers) {
            return new ClientStreamTracer() {
                @Override
                public void outboundMessage(int sequence) {
                    sent = true;
                }
            };
        }
    }

    /** One request and, in the end, its answer. */
    private final class Exchange<T> extends ClientCall.Listener<byte[]> {
        final CompletableFuture<T> future = new CompletableFuture<>() {
            @Override
            public boolean cancel(boolean mayInterruptIfRunning) {
                boolean cancelled = super.cancel(mayInterruptIfRunning);
                if (cancelled) {
                    call.cancel("the caller lost interest", null);
                }
                return cancelled;
            }
        };
        private final String address;
        private final ManagedChannel channel;
        private final ClientCall<Payload, byte[]> call;
        private final Sent sent;
        private final Decoder<T> decoder;
        private byte @Nullable [] answer;

        Exchange(
                String address,
                ManagedChannel channel,
                ClientCall<Payload, byte[]> call,
                Sent sent,
                Decoder<T> decoder) {
            this.address = address;
            this.channel = channel;
            this.call = call;
            this.sent = sent;
            this.decoder = decoder;
        }

        @Override
        public void onMessage(byte[] bytes) {
            answer = bytes;
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            calls.decrementAndGet();
            if (status.getCode() == Status.Code.UNAVAILABLE) {
                network.discard(address, channel);
            }
            if (!status.isOk()) {
                future.completeExceptionally(
                        CallException.of(status, trailers.containsKey(UnaryService.REFUSED), sent.sent, address));
                return;
            }
            try {
                if (answer == null) {
                    throw new CodecException("answer", 0, "there is none");
                }
                future.complete(decoder.decode(answer));
            } catch (CodecException e) {
                // It was done, but what came of it is not readable.
                future.completeExceptionally(new CallException(
                        CallException.Kind.UNREACHABLE, true, address + ": the answer is damaged: " + e.getMessage()));
            }
        }
    }
}
