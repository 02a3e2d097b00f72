package dev.coracle;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A future whose dependents never run on the node's thread that answers it. Somebody who only waits is woken by that
 * thread directly, without a hand-off in between.
 *
 * <p>Answer and dependents meet like this: the answering thread publishes the answer and looks for dependents
 * afterwards; who adds a dependent marks the future first, and looks for an answer afterwards. One of the two sees the
 * other. If it is the answering thread, completing is left to an executor; if it is the adding one, that completes the
 * future itself. A thread that waits is no dependent: it sleeps beside the future.
 */
final class Promise<T extends @Nullable Object> extends CompletableFuture<T> {
    private static final VarHandle WAITER;

    static {
        try {
            WAITER = MethodHandles.lookup().findVarHandle(Promise.class, "waiter", Thread.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Executor executor;
    private volatile boolean watched;
    private volatile boolean answered;
    private @Nullable T value;
    private @Nullable Throwable failure;

    /** The first of those who wait; the others wait as dependents. */
    private volatile @Nullable Thread waiter;

    /** @param executor completes the future if there are dependents; runs them, that is */
    Promise(Executor executor) {
        this.executor = executor;
    }

    /** Completes the future. Called once at most, by a thread that must not run what depends on it. */
    void answer(T newValue) {
        value = newValue;
        answered();
    }

    /** Completes the future exceptionally. Called once at most, by a thread that must not run what depends on it. */
    void fail(Throwable newFailure) {
        failure = newFailure;
        answered();
    }

    private void answered() {
        answered = true;
        if (watched || getNumberOfDependents() > 0) {
            executor.execute(this::settle);
        } else {
            settle();
        }
    }

    @SuppressWarnings("NullAway") // The value is null only where the type allows it.
    private void settle() {
        Throwable failed = failure;
        if (failed != null) {
            completeExceptionally(failed);
        } else {
            complete(value);
        }
        wakeWaiter();
    }

    private void wakeWaiter() {
        Thread waiting = waiter;
        if (waiting != null) {
            LockSupport.unpark(waiting);
        }
    }

    /** Called by everything that adds a dependent to this future, before it does. */
    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
        watch();
        return new CompletableFuture<>();
    }

    /** Called by what adds a dependent to this and another future, before it does. */
    @Override
    public CompletableFuture<T> toCompletableFuture() {
        watch();
        return this;
    }

    private void watch() {
        if (!watched) {
            watched = true;
        }
        if (answered && !isDone()) {
            settle();
        }
    }

    @Override
    public boolean complete(T newValue) {
        boolean first = super.complete(newValue);
        wakeWaiter();
        return first;
    }

    @Override
    public boolean completeExceptionally(Throwable newFailure) {
        boolean first = super.completeExceptionally(newFailure);
        wakeWaiter();
        return first;
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        boolean cancelled = super.cancel(mayInterruptIfRunning);
        wakeWaiter();
        return cancelled;
    }

    @Override
    public T join() {
        if (becomeWaiter()) {
            boolean interrupted = false;
            try {
                while (!isDone()) {
                    LockSupport.park(this);
                    interrupted |= Thread.interrupted();
                }
            } finally {
                waiter = null;
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
        return super.join();
    }

    @Override
    public T get() throws InterruptedException, ExecutionException {
        if (becomeWaiter()) {
            try {
                while (!isDone()) {
                    LockSupport.park(this);
                    if (Thread.interrupted()) {
                        throw new InterruptedException();
                    }
                }
            } finally {
                waiter = null;
            }
        }
        return super.get();
    }

    @Override
    public T get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException {
        if (becomeWaiter()) {
            long deadline = System.nanoTime() + unit.toNanos(timeout);
            try {
                long left = unit.toNanos(timeout);
                while (!isDone() && left > 0) {
                    LockSupport.parkNanos(this, left);
                    if (Thread.interrupted()) {
                        throw new InterruptedException();
                    }
                    left = deadline - System.nanoTime();
                }
            } finally {
                waiter = null;
            }
            return super.get(0, TimeUnit.NANOSECONDS);
        }
        return super.get(timeout, unit);
    }

    /** Threads of a fork-join pool wait as dependents, so that the pool can replace them meanwhile. */
    private boolean becomeWaiter() {
        return !isDone()
                && !(Thread.currentThread() instanceof ForkJoinWorkerThread)
                && WAITER.compareAndSet(this, (Thread) null, Thread.currentThread());
    }
}
