package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import dev.coracle.node.Failure;
import dev.coracle.node.RaftNode;
import dev.coracle.node.Reply;
import dev.coracle.raft.RawNode;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One task on its way to the leader, whoever that is, until its deadline. What is certainly not done is tried again, at
 * once when the leader changes and after a growing pause otherwise. What may be done is told, unless doing it twice is
 * the same as doing it once.
 *
 * <p>At any moment one of these holds: the node has it, the network has it, it is parked with the engine, or it has
 * ended. Each of them ends in a call of {@link #done}, {@link #failed} or {@link #wake}.
 */
final class Attempt<T extends @Nullable Object> implements Reply<T> {
    private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long LONGEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

    /** What part of the time others get less, so that its own word arrives before the caller's patience ends. */
    private static final int MARGIN = 20;

    private final Engine<?, ?, ?> engine;
    private final long number;
    private final LeaderTask<T> task;
    private final long deadlineNanos;
    private final Reply<? super T> outcome;
    private final AtomicBoolean parked = new AtomicBoolean();
    private long pauseNanos = FIRST_PAUSE_NANOS;

    /** How long a try may take, and when this one ends: with all others, unless it is tried in parts. */
    private long tryNanos;

    private long tryDeadlineNanos;
    private @Nullable Failure last;

    /** The last try of which nobody knows whether it did it. */
    private @Nullable Failure doubt;

    Attempt(Engine<?, ?, ?> engine, LeaderTask<T> task, long deadlineNanos, Reply<? super T> outcome) {
        this.engine = engine;
        this.number = engine.nextAttempt();
        this.task = task;
        this.deadlineNanos = deadlineNanos;
        this.outcome = outcome;
        this.tryNanos = task.isTriedInParts() ? engine.firstTryNanos() : Long.MAX_VALUE;
        this.tryDeadlineNanos = deadlineNanos;
    }

    /** Tells it from the engine's other attempts; later ones have greater numbers. */
    long number() {
        return number;
    }

    /** Tries once. Does not block. */
    void begin() {
        long leftNanos = deadlineNanos - engine.nanoTime();
        boolean lastTry = tryNanos >= leftNanos;
        tryDeadlineNanos = lastTry ? deadlineNanos : deadlineNanos - leftNanos + tryNanos;
        Leading leading = engine.leading();
        if (leftNanos <= 0) {
            expire();
        } else if (leading == null || engine.hasStopped()) {
            failed(engine.notRunning());
        } else {
            RaftNode node = leading.node();
            long leader = node.view().leader();
            if (leader == node.id() || leader == RawNode.NONE) {
                // Without a leader the node keeps it until there is one.
                task.perform(leading, tryDeadlineNanos, this);
            } else {
                forward(leading, leader, lastTry ? leftNanos : tryNanos);
            }
        }
    }

    /** How long somebody who is asked may take, if the caller waits for {@code leftNanos}. */
    static long lessMargin(long leftNanos) {
        return Math.max(1, leftNanos - leftNanos / MARGIN);
    }

    private void forward(Leading leading, long leader, long leftNanos) {
        String address = engine.addressOf(leader);
        if (address == null) {
            failed(new Failure(
                    Failure.Kind.NO_LEADER, leader, "the address of " + Leading.name(leader) + " is not known yet"));
            return;
        }
        RaftifyLeader raftify = engine.raftifyLeader(leader, address);
        if (raftify != null) {
            task.performAt(raftify, deadlineNanos, this);
            return;
        }
        byte[] request = Wire.request(task, false, lessMargin(leftNanos));
        try {
            var unused = leading.caller()
                    .call(address, task.kind(), request, Duration.ofNanos(leftNanos))
                    .whenComplete((answer, trouble) -> {
                        if (trouble != null && engine.isRaftify(trouble, address)) {
                            begin();
                        } else if (trouble != null) {
                            failed(Wire.failure(trouble, leader));
                        } else {
                            answered(answer, leader);
                        }
                    });
        } catch (IllegalArgumentException e) {
            failed(new Failure(Failure.Kind.NO_LEADER, leader, String.valueOf(e.getMessage())));
        }
    }

    private void answered(byte[] answer, long leader) {
        T result;
        try {
            ByteReader in = new ByteReader(answer);
            Failure failure = Wire.readFailure(in);
            if (failure != null) {
                failed(failure);
                return;
            }
            result = task.readResult(in);
        } catch (MalformedException | RuntimeException e) {
            outcome.failed(new Failure(
                    Failure.Kind.UNKNOWN,
                    leader,
                    "it was done, and what came of it cannot be read: " + e.getMessage()));
            return;
        }
        done(result);
    }

    @Override
    public void done(T result) {
        outcome.done(result);
    }

    @Override
    public void failed(Failure failure) {
        if (!mayRepeat(failure)) {
            boolean expired = failure.kind() == Failure.Kind.SESSION_EXPIRED && doubt != null;
            outcome.failed(
                    expired ? new Failure(Failure.Kind.SESSION_IN_DOUBT, failure.leader(), failure.text()) : failure);
            return;
        }
        if (failure.certainty() == Failure.Certainty.UNKNOWN) {
            doubt = failure;
            // It may only be slow: more tries than these would make it slower.
            tryNanos = tryNanos > Long.MAX_VALUE / 2 ? Long.MAX_VALUE : 2 * tryNanos;
        }
        last = failure;
        long leftNanos = deadlineNanos - engine.nanoTime();
        long pause = Math.min(pauseNanos, Math.max(0, leftNanos));
        pauseNanos = Math.min(2 * pauseNanos, LONGEST_PAUSE_NANOS);
        // The node has just heard of another leader: nothing is to be waited for.
        boolean elsewhere = failure.kind() == Failure.Kind.NOT_LEADER
                && failure.leader() != RawNode.NONE
                && engine.knowsLeader(failure.leader())
                && pauseNanos <= 4 * FIRST_PAUSE_NANOS;
        parked.set(true);
        engine.park(this, elsewhere ? 0 : pause);
    }

    private boolean mayRepeat(Failure failure) {
        return switch (failure.kind()) {
            case NOT_LEADER, NO_LEADER, TRANSFERRING, CHANGE_PENDING, LOST -> true;
            // A node that stops while another one leads is no obstacle; this one's end is.
            case STOPPED -> !engine.hasStopped();
            case UNKNOWN, TIMED_OUT -> task.isRepeatable() && !engine.hasStopped();
            // What may be done already must be found out; and a try that was too short says nothing of the next one.
            case OVERLOADED, NO_SPACE -> doubt != null || (task.isTriedInParts() && hasTryEnded());
            case TOO_LARGE, REFUSED_CONFIG, REFUSED_TRANSFER, SNAPSHOT_FAILED -> false;
            case SESSION_EXPIRED, SESSION_IN_DOUBT, RESULT_GONE -> false;
        };
    }

    private boolean hasTryEnded() {
        return engine.nanoTime() - tryDeadlineNanos >= 0;
    }

    /** Tries again, unless somebody else has woken it already. */
    void wake() {
        if (parked.compareAndSet(true, false)) {
            engine.unpark(this);
            begin();
        }
    }

    /** Ends it, if it is parked, because the node stops. */
    void stop(Failure failure) {
        if (parked.compareAndSet(true, false)) {
            engine.unpark(this);
            outcome.failed(doubtful(failure));
        }
    }

    /** A failure, or the doubt that an earlier try has left. */
    private Failure doubtful(Failure failure) {
        Failure earlier = doubt;
        return earlier == null || failure.certainty() == Failure.Certainty.UNKNOWN ? failure : earlier;
    }

    private void expire() {
        Failure failure = last == null ? null : doubtful(last);
        if (failure == null) {
            outcome.failed(new Failure(Failure.Kind.NO_LEADER, RawNode.NONE, "there was no time to begin"));
        } else if (failure.kind() == Failure.Kind.NOT_LEADER) {
            outcome.failed(new Failure(
                    Failure.Kind.NO_LEADER, failure.leader(), "no leader was found in time: " + failure.text()));
        } else {
            outcome.failed(failure);
        }
    }
}
