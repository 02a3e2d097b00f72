package dev.coracle;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Sends single requests to nodes. Part of a {@link World}. */
public interface Caller extends AutoCloseable {
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
