package dev.coracle;

import dev.coracle.node.Transport;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** What the framework needs of a network: the node's transport, and single requests beside it. */
interface Network extends Caller {
    /** What carries the node's messages. */
    Transport transport();

    /** The address that was bound, {@code host:port}. */
    String boundAddress();
}

/** Sends single requests to nodes. */
interface Caller extends AutoCloseable {
    /**
     * Sends a request.
     *
     * @return the answer, or a {@link dev.coracle.transport.grpc.CallException}
     * @throws IllegalArgumentException if the address is none
     */
    CompletableFuture<byte[]> call(String address, int kind, byte[] request, Duration timeout);

    @Override
    void close();
}
