package dev.coracle;

import dev.coracle.codec.CodecException;
import dev.coracle.codec.raftify.ChangeConfigArgs;
import dev.coracle.codec.raftify.ChangeConfigResponse;
import dev.coracle.codec.raftify.ChangeConfigResultType;
import dev.coracle.codec.raftify.RequestIdArgs;
import dev.coracle.codec.raftify.RequestIdResponse;
import dev.coracle.codec.raftify.ResultCode;
import dev.coracle.node.Clock;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.transport.grpc.RaftServiceClient;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks one address after the other by raftify's service, whoever answers it, round after round until one gives what is
 * wanted or the time is up. raftify's nodes drop requests while they know no leader, or wait for another change, so what
 * fails may well succeed later; only a rejection is the end.
 */
final class RaftifyRounds<A> {
    /** Asks one node. */
    interface Question<A> {
        CompletableFuture<A> ask(RaftServiceClient client, Duration timeout);
    }

    /** Tells whether an answer is what was wanted. */
    interface Judge<A> {
        /** What is wrong with it; null for nothing. */
        @Nullable
        String fault(A answer) throws RejectedException;
    }

    /** Asking again makes no sense. */
    static final class RejectedException extends Exception {
        private static final long serialVersionUID = 1L;

        RejectedException(String text) {
            super(text);
        }
    }

    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    /** How long one node may take: raftify gives a change two seconds. */
    private static final long TURN_NANOS = TimeUnit.SECONDS.toNanos(3);

    private final Caller caller;
    private final World.Worker worker;
    private final Clock clock;
    private final List<String> addresses;
    private final Question<A> question;
    private final Judge<A> judge;
    private final long deadlineNanos;
    private final CompletableFuture<A> future = new CompletableFuture<>();
    private String last = "nobody was asked";

    private RaftifyRounds(
            Caller caller,
            World.Worker worker,
            Clock clock,
            List<String> addresses,
            Question<A> question,
            Judge<A> judge,
            long deadlineNanos) {
        this.caller = caller;
        this.worker = worker;
        this.clock = clock;
        this.addresses = addresses;
        this.question = question;
        this.judge = judge;
        this.deadlineNanos = deadlineNanos;
    }

    /** Asks for an id for the node at {@code own}, with the members; gives a {@link StartException} if there is none. */
    static CompletableFuture<RequestIdResponse> requestId(
            Caller caller, World.Worker worker, Clock clock, List<String> addresses, String own, long deadlineNanos) {
        return new RaftifyRounds<RequestIdResponse>(
                        caller,
                        worker,
                        clock,
                        addresses,
                        (client, timeout) -> client.requestId(new RequestIdArgs(own), timeout),
                        RaftifyRounds::fault,
                        deadlineNanos)
                .begin();
    }

    private static @Nullable String fault(RequestIdResponse answer) {
        if (answer.code() != ResultCode.OK || !answer.error().isEmpty()) {
            return answer.code() + ": " + answer.error();
        }
        try {
            RaftifyLeader.addresses(answer.peers());
            return answer.reservedId() == 0 ? "reserved_id: 0 is no node's" : null;
        } catch (CodecException e) {
            return e.getMessage();
        }
    }

    /** Has a node added as a voter; gives a {@link StartException} if it is not. */
    static CompletableFuture<ChangeConfigResponse> add(
            Caller caller,
            World.Worker worker,
            Clock clock,
            List<String> addresses,
            long id,
            String own,
            long deadlineNanos) {
        ChangeConfigArgs args =
                new ChangeConfigArgs(List.of(own), List.of(new ConfChangeSingle(ConfChangeType.ADD_NODE, id)));
        return new RaftifyRounds<ChangeConfigResponse>(
                        caller,
                        worker,
                        clock,
                        addresses,
                        (client, timeout) -> client.changeConfig(args, timeout),
                        answer -> {
                            String text = answer.resultType() + ": " + answer.error();
                            if (answer.resultType() == ChangeConfigResultType.REJECTED) {
                                throw new RejectedException(text);
                            }
                            boolean done =
                                    answer.error().isEmpty() && answer.resultType() == ChangeConfigResultType.SUCCESS;
                            return done ? null : text;
                        },
                        deadlineNanos)
                .begin();
    }

    private CompletableFuture<A> begin() {
        worker.execute(() -> ask(0));
        return future;
    }

    private void ask(int position) {
        long leftNanos = deadlineNanos - clock.nanoTime();
        if (future.isDone()) {
            return;
        }
        if (leftNanos <= 0) {
            future.completeExceptionally(new StartException(
                    StartException.Kind.UNREACHABLE,
                    "none of the members " + addresses + " could pass the request on to a leader in time: " + last));
        } else if (position == addresses.size()) {
            worker.schedule(() -> ask(0), PAUSE_NANOS);
        } else {
            String address = addresses.get(position);
            try {
                var unused = question.ask(
                                caller.raftService(address), Duration.ofNanos(Math.min(leftNanos, TURN_NANOS)))
                        .whenComplete((answer, trouble) -> worker.execute(() -> take(answer, trouble, position)));
            } catch (IllegalArgumentException e) {
                last = address + ": " + e.getMessage();
                ask(position + 1);
            }
        }
    }

    private void take(@Nullable A answer, @Nullable Throwable trouble, int position) {
        String address = addresses.get(position);
        if (answer == null) {
            Throwable cause =
                    trouble instanceof CompletionException && trouble.getCause() != null ? trouble.getCause() : trouble;
            last = address + ": " + (cause == null ? "no answer" : cause.getMessage());
            ask(position + 1);
            return;
        }
        try {
            String fault = judge.fault(answer);
            if (fault == null) {
                future.complete(answer);
                return;
            }
            last = address + ": " + fault;
            ask(position + 1);
        } catch (RejectedException e) {
            future.completeExceptionally(
                    new StartException(StartException.Kind.REFUSED, address + ": " + e.getMessage()));
        }
    }
}
