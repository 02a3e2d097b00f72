package dev.coracle.node;

import dev.coracle.raft.ConfChange;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.SnapshotMetadata;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A caller's request on its way through the node. The loop owns it; the applier may end it while the loop lets its
 * deadline pass, so ending is decided by one atomic step.
 */
abstract class Request<T extends @Nullable Object> {
    /** What a request counts besides its data, so that a limit of bytes limits their number, too. */
    static final int OVERHEAD_BYTES = 128;

    private static final Logger LOGGER = LoggerFactory.getLogger(RaftNode.class);
    private static final VarHandle OPEN;

    static {
        try {
            OPEN = MethodHandles.lookup().findVarHandle(Request.class, "open", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final long deadlineNanos;
    final int sizeBytes;
    private final Reply<? super T> reply;
    private volatile boolean open = true;

    /** The neighbours in the wheel's list; null while in none. */
    @Nullable
    Request<?> previous;

    @Nullable
    Request<?> next;

    Request(long deadlineNanos, int dataBytes, Reply<? super T> reply) {
        this.deadlineNanos = deadlineNanos;
        this.sizeBytes = OVERHEAD_BYTES + dataBytes;
        this.reply = reply;
    }

    /** Tells whether it has not ended yet. */
    final boolean isOpen() {
        return open;
    }

    /** Ends it, unless it has ended. */
    final void done(T result) {
        if (OPEN.compareAndSet(this, true, false)) {
            try {
                reply.done(result);
            } catch (RuntimeException e) {
                LOGGER.error("a reply threw; the request is done all the same", e);
            }
        }
    }

    /** Ends it, unless it has ended. */
    final void fail(Failure failure) {
        if (OPEN.compareAndSet(this, true, false)) {
            try {
                reply.failed(failure);
            } catch (RuntimeException e) {
                LOGGER.error("a reply threw; the request has failed all the same", e);
            }
        }
    }

    /** Tells whether it can only be begun while a leader is known. */
    boolean needsLeader() {
        return false;
    }

    /** A request that becomes an entry of the log. */
    abstract static class OfLog<T extends @Nullable Object> extends Request<T> {
        private long term;
        private long index;

        OfLog(long deadlineNanos, int dataBytes, Reply<? super T> reply) {
            super(deadlineNanos, dataBytes, reply);
        }

        /** Notes its place, once it has one. */
        final void placeAt(long newTerm, long newIndex) {
            term = newTerm;
            index = newIndex;
        }

        final long term() {
            return term;
        }

        /** Its place in the log, or 0. */
        final long index() {
            return index;
        }

        @Override
        final boolean needsLeader() {
            return true;
        }

        /** Ends it with its result, after its entry was applied. Called by the applier. */
        abstract void finish();
    }

    /** A command for the state machine. */
    static final class Proposal extends OfLog<@Nullable Object> {
        final Entry entry;

        @Nullable
        Object result;

        Proposal(byte[] data, byte @Nullable [] context, long deadlineNanos, Reply<? super @Nullable Object> reply) {
            super(deadlineNanos, data.length, reply);
            entry = new Entry(0, 0, EntryType.NORMAL, data, context);
        }

        @Override
        @SuppressWarnings("NullAway") // It does not follow nullable type arguments.
        void finish() {
            done(result);
        }
    }

    /** A configuration change, in either form. */
    static final class Configuration extends OfLog<ConfState> {
        final @Nullable ConfChange older;
        final @Nullable ConfChangeV2 newer;

        /** The context of the entry; null for none. */
        final byte @Nullable [] context;

        private ConfState result = ConfState.EMPTY;

        Configuration(
                @Nullable ConfChange older,
                @Nullable ConfChangeV2 newer,
                byte @Nullable [] context,
                long deadlineNanos,
                Reply<? super ConfState> reply) {
            super(deadlineNanos, 0, reply);
            this.older = older;
            this.newer = newer;
            this.context = context;
        }

        /** Notes what it led to, before it goes to the applier. */
        void tookEffect(ConfState configuration) {
            result = configuration;
        }

        @Override
        void finish() {
            done(result);
        }
    }

    /** A read of the state machine. */
    static final class Read extends Request<Long> {
        final boolean linearizable;

        /** Whether the leader's lease will do. */
        final boolean leased;

        Read(boolean linearizable, boolean leased, long deadlineNanos, Reply<? super Long> reply) {
            super(deadlineNanos, 0, reply);
            this.linearizable = linearizable;
            this.leased = leased;
        }

        @Override
        boolean needsLeader() {
            return linearizable;
        }
    }

    /** Hands leadership to another node. */
    static final class Transfer extends Request<Long> {
        final long target;

        Transfer(long target, long deadlineNanos, Reply<? super Long> reply) {
            super(deadlineNanos, 0, reply);
            this.target = target;
        }

        @Override
        boolean needsLeader() {
            return true;
        }
    }

    /** Gives leadership up. */
    static final class StepDown extends Request<Long> {
        final long term;

        StepDown(long term, long deadlineNanos, Reply<? super Long> reply) {
            super(deadlineNanos, 0, reply);
            this.term = term;
        }
    }

    /** Makes a follower forget its leader. */
    static final class ForgetLeader extends Request<Boolean> {
        ForgetLeader(long deadlineNanos, Reply<? super Boolean> reply) {
            super(deadlineNanos, 0, reply);
        }
    }

    /** Starts an election. */
    static final class Campaign extends Request<Boolean> {
        Campaign(long deadlineNanos, Reply<? super Boolean> reply) {
            super(deadlineNanos, 0, reply);
        }
    }

    /** Takes a snapshot. */
    static final class TakeSnapshot extends Request<SnapshotMetadata> {
        TakeSnapshot(long deadlineNanos, Reply<? super SnapshotMetadata> reply) {
            super(deadlineNanos, 0, reply);
        }
    }

    /** Asks what the node knows of itself. */
    static final class AskStatus extends Request<NodeStatus> {
        AskStatus(long deadlineNanos, Reply<? super NodeStatus> reply) {
            super(deadlineNanos, 0, reply);
        }
    }
}
