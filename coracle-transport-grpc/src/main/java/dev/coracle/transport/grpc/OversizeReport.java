package dev.coracle.transport.grpc;

import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says in the log which setting it was that made gRPC refuse a message for its size. gRPC does so itself before the
 * message is in memory, and tells the sender both sizes.
 */
final class OversizeReport extends ServerStreamTracer.Factory {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcTransport.class);

    private final GrpcTransportConfig config;

    OversizeReport(GrpcTransportConfig config) {
        this.config = config;
    }

    @Override
    public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
        return new ServerStreamTracer() {
            @Override
            public void streamClosed(Status status) {
                String text = status.getDescription();
                if (text != null && text.startsWith("gRPC message exceeds maximum size")) {
                    LOG.warn("{}: {}; maxSnapshotMessageBytes is {}", method, text, config.maxSnapshotMessageBytes);
                }
            }
        };
    }
}
