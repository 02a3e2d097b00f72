package dev.coracle;

import dev.coracle.node.Failure;
import dev.coracle.node.RaftNode;
import dev.coracle.node.Reply;
import dev.coracle.raft.RawNode;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One running member of a cluster that replicates a {@link StateMachine}. Any member takes any request: what only the
 * leader can do is forwarded to it. All methods may be called by any thread.
 *
 * <p>Every future completes within its deadline: with its value, or exceptionally with a {@link RaftException} that says
 * what may be concluded. A request that is certainly not done, because there is no leader for the moment for example, is
 * tried again until the deadline; one whose fate is unknown never is, so that no command is applied twice by it, unless
 * it belongs to a {@link ClientSession}, which sees to that in another way. The
 * threads of the node run nothing that depends on a future: that runs on the common pool, or on the thread that adds it
 * if the future is complete already.
 *
 * {@snippet :
 * try (Raft<String, Long, Journal> raft = Raft.builder(new Journal(), Codec.utf8(), Codec.int64())
 *         .raftAddress("127.0.0.1:60061")
 *         .dataDirectory(Path.of("data"))
 *         .start()) {
 *     long line = raft.propose("hello").join();
 *     String text = raft.read(journal -> journal.line(line)).join();
 * }
 * }
 *
 * @param <C> the commands
 * @param <R> the results
 * @param <S> the state machine
 */
public final class Raft<C, R extends @Nullable Object, S extends StateMachine<C, R>> implements AutoCloseable {
    /** What a request counts besides its command: as in the node. */
    private static final int REQUEST_BYTES = 128;

    private static final Duration LONGEST = Duration.ofDays(365);

    private final Settings<C, R, S> settings;
    private final Engine<C, R, S> engine;
    private final AtomicLong openBytes = new AtomicLong();

    Raft(Settings<C, R, S> settings, Engine<C, R, S> engine) {
        this.settings = settings;
        this.engine = engine;
    }

    /** Begins to configure a member that replicates {@code machine}, which nobody else may change from now on. */
    public static <C, R extends @Nullable Object, S extends StateMachine<C, R>> RaftBuilder<C, R, S> builder(
            S machine, Codec<C> commands, Codec<R> results) {
        return new RaftBuilder<>(machine, commands, results);
    }

    /**
     * Replicates a command, within {@link RaftBuilder#requestTimeout}; gives what {@code apply} returned.
     *
     * @throws IllegalArgumentException if the codec refuses the command
     */
    public CompletableFuture<R> propose(C command) {
        return propose(command, settings.requestTimeout);
    }

    /**
     * Replicates a command; gives what {@code apply} returned for it.
     *
     * @param timeout how long it may take, greater than 0
     * @throws IllegalArgumentException if the codec refuses the command
     */
    public CompletableFuture<R> propose(C command, Duration timeout) {
        byte[] bytes = settings.commands.encode(command);
        return isTooLarge(bytes)
                ? failed(tooLarge(bytes))
                : lead(
                        new Tasks.Propose<>(engine.replica().rules().wrap(bytes), settings.results),
                        bytes.length,
                        timeout);
    }

    private boolean isTooLarge(byte[] command) {
        return command.length > settings.maxEntryBytes;
    }

    private Failure tooLarge(byte[] command) {
        return new Failure(
                Failure.Kind.TOO_LARGE,
                RawNode.NONE,
                "command: " + command.length + " bytes, must not exceed maxEntryBytes " + settings.maxEntryBytes);
    }

    private <T extends @Nullable Object> CompletableFuture<T> failed(Failure failure) {
        return CompletableFuture.failedFuture(exception(failure));
    }

    /** Hands a task to whoever leads. */
    private <T extends @Nullable Object> CompletableFuture<T> lead(LeaderTask<T> task, int bytes, Duration timeout) {
        long deadlineNanos = deadline(timeout);
        Promise<T> promise = engine.newPromise();
        Answer<T> answer = new Answer<>(promise, REQUEST_BYTES + bytes);
        if (answer.isAdmitted()) {
            new Attempt<>(engine, task, deadlineNanos, answer).begin();
        }
        return promise;
    }

    /**
     * Opens a client's session, within {@link RaftBuilder#requestTimeout}: what is proposed in it is applied once,
     * however often it must be tried. Sessions cost a place in the replicated state, so a client opens one and keeps it.
     */
    public CompletableFuture<ClientSession<C, R>> openSession() {
        CompletableFuture<SessionId> opened =
                lead(new SessionTasks.OpenSession(engine.newNonce()), 0, settings.requestTimeout);
        return opened.thenApply(id -> new ClientSession<>(this, id, 1, false));
    }

    /**
     * Goes on with a session that was opened by any member of the cluster: after a restart of the application, or on
     * another machine. Whoever kept {@code id} and the number of each command before proposing it can propose the
     * commands whose fate it does not know once more, under the same numbers: they are applied once.
     *
     * <p>Nobody else may use the session any more. Nothing is asked of the cluster: a session that has expired is noticed
     * by the first command.
     *
     * @param nextSequence the number of the next command; answers to those below are not waited for any more
     * @throws IllegalArgumentException if {@code nextSequence} is not greater than 0
     */
    public ClientSession<C, R> session(SessionId id, long nextSequence) {
        if (nextSequence <= 0) {
            throw new IllegalArgumentException("nextSequence: " + nextSequence + " must be greater than 0");
        }
        return new ClientSession<>(this, id, nextSequence, true);
    }

    /** What {@link RaftBuilder#requestTimeout} says. */
    Duration requestTimeout() {
        return settings.requestTimeout;
    }

    /**
     * Replicates a command of a session.
     *
     * @param place takes the command's numbers once it is certain that it will be tried; may find no room
     * @param first whether nobody can have tried it before
     */
    CompletableFuture<R> propose(C command, Duration timeout, ClientSession.Place place, boolean first) {
        byte[] bytes = settings.commands.encode(command);
        if (isTooLarge(bytes)) {
            return failed(tooLarge(bytes));
        }
        long deadlineNanos = deadline(timeout);
        Promise<R> promise = engine.newPromise();
        Answer<R> answer = new Answer<>(promise, REQUEST_BYTES + bytes.length);
        if (!answer.isAdmitted()) {
            return promise;
        }
        Envelope.InSession numbered = place.take(bytes);
        if (numbered == null) {
            answer.failed(new Failure(
                    Failure.Kind.OVERLOADED,
                    RawNode.NONE,
                    "the session waits for as many as " + Sessions.WINDOW + " commands already, or for one that is as"
                            + " many numbers behind"));
            return promise;
        }
        Reply<R> reply = new Reply<>() {
            @Override
            public void done(R result) {
                place.leave(numbered.sequence());
                answer.done(result);
            }

            @Override
            public void failed(Failure failure) {
                place.leave(numbered.sequence());
                boolean triedElsewhere = failure.kind() == Failure.Kind.SESSION_EXPIRED && !first;
                answer.failed(
                        triedElsewhere
                                ? new Failure(Failure.Kind.SESSION_IN_DOUBT, failure.leader(), failure.text())
                                : failure);
            }
        };
        new Attempt<>(
                        engine,
                        new SessionTasks.ProposeInSession<>(numbered.encode(), settings.results),
                        deadlineNanos,
                        reply)
                .begin();
        return promise;
    }

    /** Closes a session. */
    CompletableFuture<@Nullable Void> close(SessionId session) {
        return leadSilently(new SessionTasks.CloseSession(session));
    }

    private CompletableFuture<@Nullable Void> leadSilently(LeaderTask<Done> task) {
        return silently(answer -> new Attempt<>(engine, task, deadline(settings.requestTimeout), answer).begin());
    }

    /** A future of nothing, for what has no result. */
    @SuppressWarnings("NullAway") // The checker does not see that a value of Void is null.
    private CompletableFuture<@Nullable Void> silently(Consumer<Reply<Done>> request) {
        Promise<@Nullable Void> promise = engine.newPromise();
        request.accept(new Reply<>() {
            @Override
            public void done(Done done) {
                promise.answer(null);
            }

            @Override
            public void failed(Failure failure) {
                promise.fail(exception(failure));
            }
        });
        return promise;
    }

    private long deadline(Duration timeout) {
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException("timeout: " + timeout + " must be greater than 0");
        }
        // A year is for ever, and no sum with it overflows.
        Duration bounded = timeout.compareTo(LONGEST) > 0 ? LONGEST : timeout;
        return engine.nanoTime() + bounded.toNanos();
    }

    /**
     * Reads the state, linearizably, within {@link RaftBuilder#requestTimeout}.
     *
     * @param query see {@link #read(Consistency, Function, Duration)}
     */
    public <T extends @Nullable Object> CompletableFuture<T> read(Function<? super S, ? extends T> query) {
        return read(Consistency.LINEARIZABLE, query, settings.requestTimeout);
    }

    /**
     * Reads the state of this member, once it is as new as {@code consistency} asks.
     *
     * @param query runs between two commands on the thread that applies them, so it must be quick, must not wait for
     *     anything, and must not hand out parts of the state that commands change
     * @param timeout how long it may take, greater than 0
     */
    public <T extends @Nullable Object> CompletableFuture<T> read(
            Consistency consistency, Function<? super S, ? extends T> query, Duration timeout) {
        long deadlineNanos = deadline(timeout);
        Promise<T> promise = engine.newPromise();
        Answer<T> answer = new Answer<>(promise, REQUEST_BYTES);
        if (!answer.isAdmitted()) {
            return promise;
        }
        RaftNode node = engine.node();
        if (node == null) {
            answer.failed(engine.notRunning());
            return promise;
        }
        Reply<Long> reply = new Reply<>() {
            @Override
            public void done(Long index) {
                T result;
                try {
                    result = query.apply(settings.machine);
                } catch (Throwable thrown) {
                    answer.threw(thrown);
                    return;
                }
                answer.done(result);
            }

            @Override
            public void failed(Failure failure) {
                if (failure.kind() == Failure.Kind.OVERLOADED && engine.nanoTime() - deadlineNanos >= 0) {
                    answer.timedOut(failure.text());
                } else {
                    answer.failed(failure);
                }
            }
        };
        switch (consistency) {
            case LINEARIZABLE -> node.read(deadlineNanos, reply);
            case LEASE -> node.leaseRead(deadlineNanos, reply);
            case STALE -> node.staleRead(deadlineNanos, reply);
        }
        return promise;
    }

    /** This member's id. */
    public long id() {
        return engine.id();
    }

    /** The address that the other members use, with the port that was bound. */
    public String raftAddress() {
        return engine.file().address();
    }

    /** Who leads, as far as this member knows. */
    public Optional<Member> leader() {
        return Optional.ofNullable(leader(RawNode.NONE));
    }

    /** The members, ascending by id, as of the last configuration that this member has applied. */
    public List<Member> members() {
        return engine.members();
    }

    /**
     * What this member knows about itself. Waits for a turn of the node's loop, so it must not be called by a query or by
     * the state machine.
     *
     * @throws RaftException if the node has stopped, or does not take part yet
     */
    public RaftStatus status() {
        Promise<RaftStatus> promise = engine.newPromise();
        engine.status(deadline(settings.requestTimeout), new Answer<>(promise, 0));
        try {
            return promise.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RaftException known ? known : e;
        }
    }

    /** Hands leadership to a voter; done when it leads. Nothing is done if it leads already. */
    public CompletableFuture<@Nullable Void> transferLeadership(long id) {
        return leadSilently(new Tasks.Transfer(id));
    }

    /**
     * Lets this member ask for votes now. Whether it wins shows in {@link #leader}. Nothing happens within an election
     * timeout after it has heard from a leader, who counts on that ({@link Consistency#LEASE}), or has started again; to
     * change a leader that is well, use {@link #transferLeadership}.
     */
    public void campaign() {
        RaftNode node = engine.node();
        if (node != null) {
            node.campaign(deadline(settings.requestTimeout), new Engine.Ignored<>());
        }
    }

    /**
     * Lets this member give leadership up if it leads in {@code term}; refused otherwise. No term is ever set to what a
     * caller says: the member moves on to the next one. Any member, this one too, may be elected then.
     */
    public CompletableFuture<@Nullable Void> stepDown(long term) {
        return silently(reply -> engine.stepDown(term, deadline(settings.requestTimeout), reply));
    }

    /** Ends a joint configuration that waits for it; refused if the configuration is not joint. */
    public CompletableFuture<@Nullable Void> leaveJoint() {
        return leadSilently(new MemberTasks.LeaveJoint());
    }

    /**
     * Takes a snapshot of this member's state, or waits for the one that is being taken; gives the index that it covers.
     */
    public CompletableFuture<Long> snapshot() {
        Promise<Long> promise = engine.newPromise();
        engine.snapshot(deadline(settings.requestTimeout), new Answer<>(promise, 0));
        return promise;
    }

    /**
     * Leaves the cluster for good: hands leadership over, removes itself, and stops; done when it is down. The directory
     * is marked, so that it does not start again unless by {@link RaftBuilder#join}. The last voter cannot leave.
     */
    public CompletableFuture<@Nullable Void> leave() {
        return silently(reply -> engine.leave(deadline(settings.requestTimeout), reply));
    }

    /**
     * Removes a member; done when the removal is applied. Nothing is done if it is no member any more. For this member it
     * is the same as {@link #leave}.
     */
    public CompletableFuture<@Nullable Void> remove(long id) {
        return id == engine.id() ? leave() : leadSilently(new MemberTasks.Remove(id));
    }

    /** Completes, always with a value, when the node is down. */
    public CompletableFuture<StopReason> stopped() {
        return engine.stopped();
    }

    /**
     * Stops the node and waits until it is down. If it leads it hands leadership over first, for which it takes no longer
     * than an election timeout or a request. Requests under way fail: as stopped, or as unknown if they are in the log.
     * May be called again; not by a query or by the state machine, for which it would wait.
     */
    @Override
    public void close() {
        engine.handOver();
        engine.stop(new StopReason(StopReason.Kind.CLOSED, "it was closed", null));
        engine.awaitStopped();
    }

    Engine<C, R, S> engine() {
        return engine;
    }

    /** The member that leads, as far as is known. */
    private @Nullable Member leader(long told) {
        long leader = told == RawNode.NONE ? engine.leader() : told;
        String address = leader == RawNode.NONE ? null : engine.addressOf(leader);
        return address == null ? null : new Member(leader, address, Member.Role.LEADER);
    }

    private RaftException exception(Failure failure) {
        RaftException.Kind kind = switch (failure.kind()) {
            case NOT_LEADER, NO_LEADER -> RaftException.Kind.NO_LEADER;
            case OVERLOADED -> RaftException.Kind.OVERLOADED;
            case NO_SPACE -> RaftException.Kind.NO_SPACE;
            case TOO_LARGE -> RaftException.Kind.TOO_LARGE;
            case TRANSFERRING -> RaftException.Kind.TRANSFERRING;
            case CHANGE_PENDING, REFUSED_CONFIG, REFUSED_TRANSFER, SNAPSHOT_FAILED -> RaftException.Kind.REFUSED;
            case LOST -> RaftException.Kind.LOST;
            case UNKNOWN -> RaftException.Kind.UNKNOWN;
            case TIMED_OUT -> RaftException.Kind.TIMED_OUT;
            case STOPPED -> RaftException.Kind.STOPPED;
            case SESSION_EXPIRED, SESSION_IN_DOUBT -> RaftException.Kind.SESSION_EXPIRED;
            case RESULT_GONE -> RaftException.Kind.RESULT_GONE;
        };
        RaftException.Certainty certainty = switch (failure.certainty()) {
            case NOT_DONE -> RaftException.Certainty.NOT_DONE;
            case RETRY -> RaftException.Certainty.RETRY;
            case UNKNOWN -> RaftException.Certainty.UNKNOWN;
        };
        return new RaftException(kind, certainty, leader(failure.leader()), failure.text(), null);
    }

    /** Answers a promise, and counts what is under way. */
    private final class Answer<T extends @Nullable Object> implements Reply<T> {
        private final Promise<T> promise;
        private final int bytes;

        Answer(Promise<T> promise, int bytes) {
            this.promise = promise;
            this.bytes = bytes;
        }

        /** Counts the request, or fails it if there are too many. */
        boolean isAdmitted() {
            long open = openBytes.addAndGet(bytes);
            if (open <= settings.maxPendingBytes) {
                return true;
            }
            failed(new Failure(
                    Failure.Kind.OVERLOADED,
                    RawNode.NONE,
                    "requests of " + (open - bytes) + " bytes are under way, maxPendingBytes is "
                            + settings.maxPendingBytes));
            return false;
        }

        @Override
        public void done(T result) {
            openBytes.addAndGet(-bytes);
            promise.answer(result);
        }

        @Override
        public void failed(Failure failure) {
            openBytes.addAndGet(-bytes);
            promise.fail(exception(failure));
        }

        /** A read got no answer in time, which has changed nothing. */
        void timedOut(String text) {
            openBytes.addAndGet(-bytes);
            promise.fail(new RaftException(
                    RaftException.Kind.TIMED_OUT, RaftException.Certainty.RETRY, leader(RawNode.NONE), text, null));
        }

        /** The application failed where only the request suffers. */
        void threw(Throwable thrown) {
            openBytes.addAndGet(-bytes);
            promise.fail(new RaftException(
                    RaftException.Kind.APPLICATION,
                    RaftException.Certainty.NOT_DONE,
                    null,
                    "the query threw: " + thrown,
                    thrown));
        }
    }
}
