package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import dev.coracle.node.Failure;
import dev.coracle.transport.grpc.CallException;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** How a {@link LeaderTask} travels, and how it comes back. */
final class Wire {
    /** Failures by their number on the wire: new ones go to the end. */
    private static final Failure.Kind[] KINDS = {
        Failure.Kind.NOT_LEADER,
        Failure.Kind.NO_LEADER,
        Failure.Kind.OVERLOADED,
        Failure.Kind.NO_SPACE,
        Failure.Kind.TOO_LARGE,
        Failure.Kind.TRANSFERRING,
        Failure.Kind.CHANGE_PENDING,
        Failure.Kind.REFUSED_CONFIG,
        Failure.Kind.REFUSED_TRANSFER,
        Failure.Kind.SNAPSHOT_FAILED,
        Failure.Kind.LOST,
        Failure.Kind.UNKNOWN,
        Failure.Kind.TIMED_OUT,
        Failure.Kind.STOPPED,
        Failure.Kind.SESSION_EXPIRED,
        Failure.Kind.SESSION_IN_DOUBT,
        Failure.Kind.RESULT_GONE
    };

    private Wire() {}

    /**
     * The head of a request.
     *
     * @param relayed whether a member that does not lead is to pass it on
     * @param leftNanos how much time there is
     */
    record Head(boolean relayed, long leftNanos) {
        static Head read(ByteReader in) throws MalformedException {
            Head head = new Head(in.bool("relayed"), in.int64("leftNanos"));
            ByteReader.require(head.leftNanos > 0, "leftNanos", head.leftNanos + " must be greater than 0");
            return head;
        }
    }

    static byte[] request(LeaderTask<?> task, boolean relayed, long leftNanos) {
        ByteWriter out = new ByteWriter().bool(relayed).int64(leftNanos);
        task.write(out);
        return out.toByteArray();
    }

    static <T extends @Nullable Object> byte[] result(LeaderTask<T> task, T result) {
        ByteWriter out = new ByteWriter().bool(true);
        task.writeResult(result, out);
        return out.toByteArray();
    }

    static byte[] failure(Failure failure) {
        int number = 0;
        while (KINDS[number] != failure.kind()) {
            number++;
        }
        return new ByteWriter()
                .bool(false)
                .int8(number)
                .int64(failure.leader())
                .text(failure.text())
                .toByteArray();
    }

    /** Reads a failure; null if the answer is a result, which is read next. */
    static @Nullable Failure readFailure(ByteReader in) throws MalformedException {
        if (in.bool("done")) {
            return null;
        }
        int number = in.int8("kind");
        long leader = in.int64("leader");
        String text = in.text("text");
        // What only a newer version knows may have been done.
        return new Failure(number < KINDS.length ? KINDS[number] : Failure.Kind.UNKNOWN, leader, text);
    }

    /** What it means that a request got no answer. */
    static Failure failure(Throwable trouble, long leader) {
        Throwable cause =
                trouble instanceof CompletionException && trouble.getCause() != null ? trouble.getCause() : trouble;
        String text = cause.getMessage() == null ? cause.toString() : cause.getMessage();
        if (!(cause instanceof CallException call)) {
            return new Failure(Failure.Kind.UNKNOWN, leader, text);
        }
        if (call.kind() == CallException.Kind.REFUSED || call.kind() == CallException.Kind.UNKNOWN_METHOD) {
            return new Failure(Failure.Kind.REFUSED_CONFIG, leader, text);
        }
        if (call.kind() == CallException.Kind.OVERLOADED) {
            return new Failure(Failure.Kind.OVERLOADED, leader, text);
        }
        if (!call.mayHaveArrived()) {
            return new Failure(Failure.Kind.NO_LEADER, leader, text);
        }
        return new Failure(
                call.kind() == CallException.Kind.DEADLINE ? Failure.Kind.TIMED_OUT : Failure.Kind.UNKNOWN,
                leader,
                text);
    }
}
