package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import dev.coracle.node.Clock;
import dev.coracle.node.Failure;
import dev.coracle.raft.RawNode;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks one address after the other for the same task, to be passed on to the leader, round after round until one answers
 * or the time is up. For a node that does not know the leader yet.
 *
 * <p>What the leader refuses is refused. That an address refuses to be asked is the word of whoever listens there, perhaps
 * a node of another cluster since a member has moved away: it counts only if all do.
 */
final class AskAround<T extends @Nullable Object> {
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** How long one member may take, so that the others get their turn. */
    private static final long TURN_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Caller caller;
    private final World.Worker worker;
    private final Clock clock;
    private final List<String> addresses;
    private final LeaderTask<T> task;
    private final long deadlineNanos;
    private final CompletableFuture<T> future = new CompletableFuture<>();
    private int refusals;
    private Failure last = new Failure(Failure.Kind.NO_LEADER, RawNode.NONE, "nobody was asked");

    private AskAround(
            Caller caller,
            World.Worker worker,
            Clock clock,
            List<String> addresses,
            LeaderTask<T> task,
            long deadlineNanos) {
        this.caller = caller;
        this.worker = worker;
        this.clock = clock;
        this.addresses = addresses;
        this.task = task;
        this.deadlineNanos = deadlineNanos;
    }

    /** The result, or a {@link StartException}. */
    static <T extends @Nullable Object> CompletableFuture<T> begin(
            Caller caller,
            World.Worker worker,
            Clock clock,
            List<String> addresses,
            LeaderTask<T> task,
            long deadlineNanos) {
        AskAround<T> around = new AskAround<>(caller, worker, clock, addresses, task, deadlineNanos);
        worker.execute(() -> around.ask(0));
        return around.future;
    }

    private void ask(int position) {
        if (future.isDone()) {
            return;
        }
        long leftNanos = deadlineNanos - clock.nanoTime();
        if (leftNanos <= 0) {
            future.completeExceptionally(new StartException(
                    StartException.Kind.UNREACHABLE,
                    "none of the members " + addresses + " could pass the request on to a leader in time: "
                            + last.text()));
        } else if (position == addresses.size() && position > 0 && refusals == position) {
            future.completeExceptionally(new StartException(StartException.Kind.REFUSED, last.text()));
        } else if (position == addresses.size()) {
            refusals = 0;
            worker.schedule(() -> ask(0), PAUSE_NANOS);
        } else {
            long turnNanos = Math.min(leftNanos, TURN_NANOS);
            byte[] request = Wire.request(task, true, Attempt.lessMargin(turnNanos));
            try {
                var unused = caller.call(addresses.get(position), task.kind(), request, Duration.ofNanos(turnNanos))
                        .whenComplete((answer, trouble) -> worker.execute(() -> take(answer, trouble, position)));
            } catch (IllegalArgumentException e) {
                goOn(Leading.refused(String.valueOf(e.getMessage())), position);
            }
        }
    }

    private void take(byte @Nullable [] answer, @Nullable Throwable trouble, int position) {
        if (answer == null) {
            Throwable cause = trouble == null ? new IllegalStateException("no answer") : trouble;
            goOn(Wire.failure(cause, RawNode.NONE), position);
            return;
        }
        Failure failure;
        try {
            ByteReader in = new ByteReader(answer);
            failure = Wire.readFailure(in);
            if (failure == null) {
                future.complete(task.readResult(in));
                return;
            }
        } catch (MalformedException e) {
            failure = new Failure(Failure.Kind.UNKNOWN, RawNode.NONE, "the answer cannot be read: " + e.getMessage());
        }
        String text = addresses.get(position) + ": " + failure.text();
        if (failure.certainty() == Failure.Certainty.NOT_DONE) {
            future.completeExceptionally(new StartException(StartException.Kind.REFUSED, text));
        } else {
            goOn(new Failure(failure.kind(), failure.leader(), text), position);
        }
    }

    private void goOn(Failure failure, int position) {
        refusals += failure.certainty() == Failure.Certainty.NOT_DONE ? 1 : 0;
        last = failure;
        ask(position + 1);
    }
}
