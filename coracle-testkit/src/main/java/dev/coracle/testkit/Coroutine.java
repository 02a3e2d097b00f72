package dev.coracle.testkit;

import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Code that waits in the middle, as the start of a member does. It has a thread of its own, but one of the two runs at a
 * time: the simulation stands still until the code waits or ends, and the code until the simulation lets it go on.
 */
final class Coroutine {
    /** Thrown where the code waits, when its process has ended. Nothing may catch it. */
    static final class EndedError extends Error {
        private static final long serialVersionUID = 1L;

        EndedError() {
            super("the simulated process has ended", null, false, false);
        }
    }

    private static final ThreadLocal<@Nullable Coroutine> CURRENT = new ThreadLocal<>();

    private final Semaphore goOn = new Semaphore(0);
    private final Semaphore back = new Semaphore(0);
    private boolean ended;
    private boolean killed;
    private @Nullable Throwable thrown;

    /** Runs code until it waits or ends. */
    Coroutine(Runnable code) {
        Thread thread = new Thread(
                () -> {
                    goOn.acquireUninterruptibly();
                    CURRENT.set(this);
                    try {
                        code.run();
                    } catch (EndedError e) {
                        // As a process that was killed.
                    } catch (Throwable e) {
                        thrown = e;
                    } finally {
                        ended = true;
                        back.release();
                    }
                },
                "simulated-start");
        thread.setDaemon(true);
        thread.start();
        resume();
    }

    /** The one that runs on this thread. */
    static Coroutine current() {
        Coroutine current = CURRENT.get();
        if (current == null) {
            throw new IllegalStateException("only what starts or closes a simulated member may wait");
        }
        return current;
    }

    /** Lets the code go on until it waits again or ends. Called by the simulation. */
    void resume() {
        if (ended) {
            return;
        }
        goOn.release();
        back.acquireUninterruptibly();
        if (thrown != null) {
            Throwable cause = thrown;
            thrown = null;
            throw new AssertionError("a simulated start broke", cause);
        }
    }

    /** Ends the code where it waits. Called by the simulation. */
    void kill() {
        killed = true;
        resume();
    }

    /** Waits. Called by the code. */
    void pause() {
        if (!killed) {
            back.release();
            goOn.acquireUninterruptibly();
        }
        if (killed) {
            throw new EndedError();
        }
    }
}
