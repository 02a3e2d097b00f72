package dev.coracle;

import java.time.Duration;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A client of the cluster that proposes by number (thesis §6.3). Whatever is proposed here is tried until the deadline,
 * at whichever member leads, also when nobody knows whether an earlier try was successful; it is applied exactly once all
 * the same, and the result is that of the one application. Opened by {@link Raft#openSession}, and taken up again on any
 * member by {@link Raft#session}. Any thread may call.
 *
 * <p>Up to 256 commands may be under way at once; they are applied in whatever order they reach the log. Who needs an
 * order waits for each.
 *
 * <p>The cluster keeps 4,096 sessions and 32 MiB of results. When there are more, the session that was not used for
 * longest expires: what is proposed in it fails with {@link RaftException.Kind#SESSION_EXPIRED} and is not applied. A
 * result of more than 64 KiB is not kept: if the first answer is lost, the command fails with {@link
 * RaftException.Kind#RESULT_GONE}, which says that it was applied.
 *
 * {@snippet :
 * ClientSession<String, Long> session = raft.openSession().join();
 * long count = session.propose("once").join();
 * }
 *
 * @param <C> the commands
 * @param <R> the results
 */
public final class ClientSession<C, R extends @Nullable Object> {
    /** Numbers commands. */
    interface Place {
        /** Gives a command its numbers; null if too many are under way. */
        Envelope.@Nullable InSession take(byte[] command);

        /** A command has ended: its answer is not waited for any more. */
        void leave(long sequence);
    }

    private final Raft<C, R, ?> raft;
    private final SessionId id;
    private final boolean resumed;
    private final Place place = new Numbers();

    /** The numbers whose answers are waited for. Guarded by itself, like what follows. */
    private final TreeSet<Long> waiting = new TreeSet<>();

    private long nextSequence;

    /** @param resumed whether somebody else may have proposed under the numbers that follow */
    ClientSession(Raft<C, R, ?> raft, SessionId id, long nextSequence, boolean resumed) {
        this.raft = raft;
        this.id = id;
        this.nextSequence = nextSequence;
        this.resumed = resumed;
    }

    /** The session's name, for {@link Raft#session}. */
    public SessionId id() {
        return id;
    }

    /**
     * The number that the next command gets. Who wants to be able to go on after a crash keeps it, with the command,
     * before proposing.
     */
    public long nextSequence() {
        synchronized (waiting) {
            return nextSequence;
        }
    }

    /**
     * Replicates a command, exactly once, within {@link RaftBuilder#requestTimeout}; gives what {@code apply} returned.
     *
     * @throws IllegalArgumentException if the codec refuses the command
     */
    public CompletableFuture<R> propose(C command) {
        return propose(command, raft.requestTimeout());
    }

    /**
     * Replicates a command, exactly once; gives what {@code apply} returned for it. If the deadline passes before it is
     * certain what became of it, the future fails with {@link RaftException.Certainty#UNKNOWN}: as long as no command
     * with a higher number was proposed since, it can be tried on under its own number by {@link Raft#session}.
     *
     * @param timeout how long it may take, greater than 0
     * @throws IllegalArgumentException if the codec refuses the command
     */
    public CompletableFuture<R> propose(C command, Duration timeout) {
        return raft.propose(command, timeout, place, !resumed);
    }

    /** Closes the session for good, so that its place is free; done when it is. Commands under way may fail. */
    public CompletableFuture<@Nullable Void> close() {
        return raft.close(id);
    }

    private final class Numbers implements Place {
        @Override
        public Envelope.@Nullable InSession take(byte[] command) {
            synchronized (waiting) {
                long lowest = waiting.isEmpty() ? nextSequence : waiting.first();
                if (nextSequence - lowest >= Sessions.WINDOW) {
                    return null;
                }
                waiting.add(nextSequence);
                return new Envelope.InSession(id, nextSequence++, lowest, command);
            }
        }

        @Override
        public void leave(long sequence) {
            synchronized (waiting) {
                waiting.remove(sequence);
            }
        }
    }
}
