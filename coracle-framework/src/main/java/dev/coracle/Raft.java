package dev.coracle;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One running member of a cluster that replicates a {@link StateMachine}. Any member takes any request: what only the
 * leader can do is forwarded to it. All methods may be called by any thread.
 *
 * <p>Every future completes within its deadline: with its value, or exceptionally with a {@link RaftException} that says
 * what may be concluded. A request that is certainly not done, because there is no leader for the moment for example, is
 * tried again until the deadline; one whose fate is unknown never is, so that no command is applied twice by it. The
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
    private Raft() {}

    /** Begins to configure a member that replicates {@code machine}, which nobody else may change from now on. */
    public static <C, R extends @Nullable Object, S extends StateMachine<C, R>> RaftBuilder<C, R, S> builder(
            S machine, Codec<C> commands, Codec<R> results) {
        return new RaftBuilder<>(machine, commands, results);
    }

    /** Replicates a command, within {@link RaftBuilder#requestTimeout}; gives what {@code apply} returned. */
    public CompletableFuture<R> propose(C command) {
        throw new UnsupportedOperationException();
    }

    /**
     * Replicates a command; gives what {@code apply} returned for it.
     *
     * @param timeout how long it may take, greater than 0
     */
    public CompletableFuture<R> propose(C command, Duration timeout) {
        throw new UnsupportedOperationException();
    }

    /**
     * Reads the state, linearizably, within {@link RaftBuilder#requestTimeout}.
     *
     * @param query see {@link #read(Consistency, Function, Duration)}
     */
    public <T extends @Nullable Object> CompletableFuture<T> read(Function<? super S, ? extends T> query) {
        throw new UnsupportedOperationException();
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
        throw new UnsupportedOperationException();
    }

    /** This member's id. */
    public long id() {
        throw new UnsupportedOperationException();
    }

    /** The address that the other members use, with the port that was bound. */
    public String raftAddress() {
        throw new UnsupportedOperationException();
    }

    /** Who leads, as far as this member knows. */
    public Optional<Member> leader() {
        throw new UnsupportedOperationException();
    }

    /** The members, ascending by id, as of the last configuration that this member has applied. */
    public List<Member> members() {
        throw new UnsupportedOperationException();
    }

    /**
     * What this member knows about itself. Waits for a turn of the node's loop.
     *
     * @throws RaftException if the node has stopped
     */
    public RaftStatus status() {
        throw new UnsupportedOperationException();
    }

    /** Hands leadership to a voter; done when it leads. Nothing is done if it leads already. */
    public CompletableFuture<Void> transferLeadership(long id) {
        throw new UnsupportedOperationException();
    }

    /** Lets this member ask for votes now. Whether it wins shows in {@link #leader}. */
    public void campaign() {
        throw new UnsupportedOperationException();
    }

    /**
     * Lets this member give leadership up if it leads in {@code term}; refused otherwise. Never changes the term.
     */
    public CompletableFuture<Void> stepDown(long term) {
        throw new UnsupportedOperationException();
    }

    /** Ends a joint configuration that waits for it; refused if the configuration is not joint. */
    public CompletableFuture<Void> leaveJoint() {
        throw new UnsupportedOperationException();
    }

    /** Takes a snapshot of this member's state; gives the index that it covers. */
    public CompletableFuture<Long> snapshot() {
        throw new UnsupportedOperationException();
    }

    /**
     * Leaves the cluster for good: hands leadership over, removes itself, and stops. The directory is marked, so that it
     * does not start again unless by {@link RaftBuilder#join}. The last voter cannot leave.
     */
    public CompletableFuture<Void> leave() {
        throw new UnsupportedOperationException();
    }

    /** Removes another member; done when the removal is applied. Nothing is done if it is no member any more. */
    public CompletableFuture<Void> remove(long id) {
        throw new UnsupportedOperationException();
    }

    /** Completes, always with a value, when the node is down. */
    public CompletableFuture<StopReason> stopped() {
        throw new UnsupportedOperationException();
    }

    /** Stops the node and waits until it is down. Requests under way fail as stopped. May be called again. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
