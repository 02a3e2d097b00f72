package dev.coracle.transport.grpc;

import dev.coracle.codec.CodecException;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves single requests, of all kinds together no more than a limit at a time. */
final class UnaryService {
    /** Goes with a status that a node answers, so that it cannot be taken for one that gRPC made on the way. */
    static final Metadata.Key<String> REFUSED = Metadata.Key.of("coracle-refused", Metadata.ASCII_STRING_MARSHALLER);

    private static final Logger LOG = LoggerFactory.getLogger(GrpcTransport.class);

    private final int maxCalls;
    private final int maxRequestBytes;
    private final int maxResponseBytes;
    private final AtomicInteger calls = new AtomicInteger();

    UnaryService(int maxCalls, int maxRequestBytes, int maxResponseBytes) {
        this.maxCalls = maxCalls;
        this.maxRequestBytes = maxRequestBytes;
        this.maxResponseBytes = maxResponseBytes;
    }

    /** Takes the answer to one request; what comes after the first is ignored. Any thread may call. */
    interface Reply {
        void done(Payload response);

        /** Nothing was done. */
        void refused(Status status);

        /** It is not known whether it was done. */
        void failed(Status status);
    }

    /** What a method does. */
    interface Handler {
        /** Answers now or later. An exception is told to the caller: that the bytes are damaged, or that it failed. */
        void handle(byte[] request, Connection connection, Reply reply) throws CodecException;
    }

    /** A method that gRPC can call. */
    ServerCallHandler<byte[], Payload> method(Handler handler) {
        return anySize((request, connection, reply) -> {
            if (request.length > maxRequestBytes) {
                reply.refused(Status.RESOURCE_EXHAUSTED.withDescription(
                        "the request of " + request.length + " bytes is more than the limit of " + maxRequestBytes));
            } else {
                handler.handle(request, connection, reply);
            }
        });
    }

    /** A method whose requests may be as long as the port allows. */
    ServerCallHandler<byte[], Payload> anySize(Handler handler) {
        return (call, headers) -> {
            if (calls.incrementAndGet() > maxCalls) {
                calls.decrementAndGet();
                call.close(
                        Status.RESOURCE_EXHAUSTED.withDescription(
                                "more than " + maxCalls + " requests are waiting for their answers"),
                        refusal());
                return new ServerCall.Listener<>() {};
            }
            // One more than there may be, so that a second request is seen as an error.
            call.request(2);
            return new Exchange(call, handler);
        };
    }

    private static Metadata refusal() {
        Metadata trailers = new Metadata();
        trailers.put(REFUSED, "1");
        return trailers;
    }

    private final class Exchange extends ServerCall.Listener<byte[]> implements Reply {
        private final ServerCall<byte[], Payload> call;
        private final Handler handler;
        private final AtomicBoolean answered = new AtomicBoolean();
        private byte @Nullable [] request;
        private boolean surplus;

        Exchange(ServerCall<byte[], Payload> call, Handler handler) {
            this.call = call;
            this.handler = handler;
        }

        @Override
        public void onMessage(byte[] bytes) {
            surplus = request != null;
            request = bytes;
        }

        @Override
        public void onHalfClose() {
            byte[] bytes = request;
            request = null;
            if (bytes == null || surplus) {
                refused(Status.INVALID_ARGUMENT.withDescription("a call has one request"));
                return;
            }
            try {
                handler.handle(bytes, Connection.of(call.getAttributes()), this);
            } catch (CodecException e) {
                refused(Status.INVALID_ARGUMENT.withDescription(e.getMessage()));
            } catch (RuntimeException e) {
                LOG.error("{} failed", call.getMethodDescriptor().getFullMethodName(), e);
                failed(Status.UNKNOWN.withDescription("the node failed on it: " + e));
            }
        }

        @Override
        public void done(Payload response) {
            if (response.size() > maxResponseBytes) {
                failed(Status.UNKNOWN.withDescription(
                        "the answer of " + response.size() + " bytes is more than the limit of " + maxResponseBytes));
            } else if (answered.compareAndSet(false, true)) {
                call.sendHeaders(new Metadata());
                call.sendMessage(response);
                call.close(Status.OK, new Metadata());
            }
        }

        @Override
        public void refused(Status status) {
            if (answered.compareAndSet(false, true)) {
                call.close(status, refusal());
            }
        }

        @Override
        public void failed(Status status) {
            if (answered.compareAndSet(false, true)) {
                call.close(status, new Metadata());
            }
        }

        @Override
        public void onComplete() {
            calls.decrementAndGet();
        }

        @Override
        public void onCancel() {
            calls.decrementAndGet();
        }
    }
}
