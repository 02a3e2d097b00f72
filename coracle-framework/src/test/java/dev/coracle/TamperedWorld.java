package dev.coracle;

import dev.coracle.node.Transport;
import dev.coracle.transport.grpc.CallException;
import io.grpc.ChannelCredentials;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The machine's world with a network that somebody has his hands in. */
final class TamperedWorld {
    /** Tells of a request, by its kind, whether its answer gets lost, after it was carried out. */
    volatile IntPredicate losesAnswer = kind -> false;

    /** What becomes of each member's transport. */
    private final UnaryOperator<Transport> transports;

    TamperedWorld() {
        this(transport -> transport);
    }

    TamperedWorld(UnaryOperator<Transport> transports) {
        this.transports = transports;
    }

    World world() {
        World real = World.real();
        World.Networks networks = new World.Networks() {
            @Override
            public Network bind(World.Binding binding) throws IOException {
                return new TamperedNetwork(real.networks().bind(binding));
            }

            @Override
            public Caller caller(@Nullable ChannelCredentials credentials) {
                return real.networks().caller(credentials);
            }
        };
        return new World(real.clock(), real.disk(), real.random(), real.threads(), networks);
    }

    private final class TamperedNetwork implements Network {
        private final Network real;
        private final Transport transport;

        TamperedNetwork(Network real) {
            this.real = real;
            this.transport = transports.apply(real.transport());
        }

        @Override
        public Transport transport() {
            return transport;
        }

        @Override
        public String boundAddress() {
            return real.boundAddress();
        }

        @Override
        public void advertise(String address) {
            real.advertise(address);
        }

        @Override
        public CompletableFuture<byte[]> call(String address, int kind, byte[] request, Duration timeout) {
            CompletableFuture<byte[]> answer = real.call(address, kind, request, timeout);
            if (!losesAnswer.test(kind)) {
                return answer;
            }
            return answer.thenCompose(bytes -> CompletableFuture.failedFuture(
                    new CallException(CallException.Kind.UNREACHABLE, true, address + ": the answer got lost")));
        }

        @Override
        public void close() {
            real.close();
        }
    }
}
