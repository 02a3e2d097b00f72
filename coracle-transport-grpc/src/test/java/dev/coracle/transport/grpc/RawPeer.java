package dev.coracle.transport.grpc;

import dev.coracle.contracts.RecordingInbound;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** Somebody who calls a node and says whatever a test wants. */
final class RawPeer implements AutoCloseable {
    final BlockingQueue<byte[]> answers = new LinkedBlockingQueue<>();
    final BlockingQueue<Status> end = new LinkedBlockingQueue<>();
    private final Network network = new Network(InsecureChannelCredentials.create(), 1, 64 << 20, 4);
    private final ClientCall<Payload, byte[]> call;

    RawPeer(String address, Methods.Method method) {
        ManagedChannel channel = network.channel(address);
        call = channel.newCall(method.client, CallOptions.DEFAULT);
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onMessage(byte[] bytes) {
                        answers.add(bytes);
                    }

                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        end.add(status);
                    }
                },
                new Metadata());
        call.request(1_000);
    }

    RawPeer send(Payload payload) {
        call.sendMessage(payload);
        return this;
    }

    RawPeer send(byte... bytes) {
        return send(Payload.of(bytes));
    }

    RawPeer finish() {
        call.halfClose();
        return this;
    }

    Answer answer() throws Exception {
        return Answer.CODEC.decode(RecordingInbound.next(answers));
    }

    SnapshotAnswer snapshotAnswer() throws Exception {
        return SnapshotAnswer.CODEC.decode(RecordingInbound.next(answers));
    }

    /** Breaks the connection off. */
    void breakOff() {
        call.cancel("broken off by a test", null);
    }

    Status end() throws InterruptedException {
        return RecordingInbound.next(end);
    }

    @Override
    public void close() {
        network.closeConnections(500);
        network.closeThreads(500);
    }
}
