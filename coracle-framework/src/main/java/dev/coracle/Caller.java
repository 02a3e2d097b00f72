package dev.coracle;

import dev.coracle.transport.grpc.RaftServiceClient;
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

    /**
     * Calls raftify's service at a node. Only where clusters of raft-rs's dialect can be run: the machine's own network.
     *
     * @throws IllegalArgumentException if the address is none
     */
    default RaftServiceClient raftService(String address) {
        throw new UnsupportedOperationException("this network does not carry raftify's service");
    }

    @Override
    void close();
}
